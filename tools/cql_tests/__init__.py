"""Runs the CQL conformance suite: XML files of tests, each one expression and the value that it must have.

Owns the reading of the files and of expected values, the comparison and the reports.  Always holds: expected values are
read here, never by the engine under test; a test that is excluded and passes is a failure of the list of exclusions.
"""
