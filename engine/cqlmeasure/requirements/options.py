"""How requirements are written."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cqlmeasure.requirements.filters import Periods


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How requirements are written.

    ``reference``: the entries and paths that the reference tooling gives, for comparison.  ``cqfm``: extension names
    of the older quality-measure guide instead of FHIR's and CRMI's.  ``patterns``: searches with every entry.
    ``library_base``: canonical base of included libraries, instead of that of each measure.
    """

    periods: Periods = Periods()
    reference: bool = False
    cqfm: bool = False
    patterns: bool = True
    library_base: str | None = None
    texts: Mapping[str, str] = {}


DEFAULT = Options()
