"""A FHIR server for tests, in a process of its own."""
