"""The command line: a thin shell over the Python API.

Owns options, the form of what is printed, and exit statuses.  Always holds: results go to standard output, everything
else to standard error; an error that a user can cause is printed with its place and a hint, never as a traceback; the
exit status is 0 (all well), 1 (mismatches or failed subjects) or 2 (usage or input errors).
"""

from cqlmeasure.cli.app import main

__all__ = ["main"]
