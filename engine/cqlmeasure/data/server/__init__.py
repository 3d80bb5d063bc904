"""A FHIR server as a source of subjects: asked for what a plan of searches names, and for nothing else.

Owns HTTP to one server, paging, and how answers become subjects; knows nothing of measures.  Always holds: no host but
the named server is asked; what is read is bounded; a subject whose data cannot be read does not lose the others.  What
reads files loads none of this.
"""
