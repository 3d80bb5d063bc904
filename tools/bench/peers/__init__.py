"""The same patients evaluated here and by other engines, in one run.

Owns what other engines need (their installation, the measure as they take it), the rounds of each in a process of its
own, and the comparison of what is found.  Always holds: nothing is installed in the repository; an engine that is not
there or fails is left out with a message, and the others are measured all the same; a new engine is an entry in
``engines`` and a script beside it.
"""
