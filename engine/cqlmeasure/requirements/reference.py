"""Entries as the reference tooling gives them, so that both can be compared.

It has no filters but those of retrieves.  A path goes to the retrieve that a query source stands for, else to all
entries of the same profile; a path of anything but a query source makes an entry without codes; and of what may be of
several profiles nothing is known.
"""

from __future__ import annotations

import msgspec

from cqlmeasure.requirements.infer import Entry, Inferred
from cqlmeasure.requirements.run import Read

Key = tuple[object, ...]


def reference_entries(found: Inferred) -> list[tuple[Entry, list[str]]]:
    """Entries, each with its must-support paths."""
    entries: dict[Key, Entry] = {}
    paths: dict[Key, dict[str, None]] = {}
    for entry in found.entries:
        entries.setdefault(entry.key, msgspec.structs.replace(entry, filters=frozenset()))
        code = {entry.code_path: None} if entry.code_path is not None else {}
        paths.setdefault(entry.key, {}).update(code)
    for read in found.run.texts:
        for entry in _targets(found, read, entries):
            entries.setdefault(entry.key, entry)
            paths.setdefault(entry.key, {}).setdefault(read.path)
    return [(entry, list(paths[key])) for key, entry in entries.items()]


def _targets(found: Inferred, read: Read, entries: dict[Key, Entry]) -> list[Entry]:
    sites = [found.run.sites[number] for number in sorted(read.sites)]
    if read.origin in ("source", "inner"):
        return [entry for entry in entries.values() if read.sites & set(entry.sites)]
    profiles = {(site.resource, site.retrieve.template_id) for site in sites}
    if not read.whole or len(profiles) > 1:
        return []
    resource, profile = profiles.pop()
    if read.origin == "rows":
        return [entry for entry in entries.values() if (entry.resource, entry.profile) == (resource, profile)]
    return [Entry(resource, profile, None, None)]
