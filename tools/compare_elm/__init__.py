"""Holds our ELM against a published translation of the same CQL, definition by definition."""
