"""The data requirements of Measures or of a library, in one call: what ``$data-requirements`` answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from cqlmeasure.elm import Library
from cqlmeasure.requirements.infer import Inferred, infer
from cqlmeasure.requirements.measures import criteria_of
from cqlmeasure.requirements.module import into_measure, module_definition
from cqlmeasure.requirements.narrative import narrative
from cqlmeasure.requirements.options import DEFAULT, Options

_ID_LENGTH = 64
_SUFFIX = "-data-requirements"
_FIRST = 32


class MeasureLogic(msgspec.Struct, frozen=True):
    """A Measure with its primary library and all those that this includes, directly or not."""

    measure: Mapping[str, Any]
    primary: Library
    libraries: Sequence[Library]

    @property
    def base(self) -> str | None:
        """The canonical base that the Measure's url has."""
        base, slash, _ = str(self.measure.get("url", "")).partition("Measure/")
        return base if slash else None

    def inferred(self) -> Inferred:
        """What it needs; ``ContentError`` if an expression that the Measure names is not there."""
        criteria = criteria_of(self.measure)
        found = infer(
            self.primary,
            self.libraries,
            criteria.expressions,
            membership=criteria.membership,
            perhaps=criteria.perhaps,
        )
        return msgspec.structs.replace(found, base=self.base)


def measure_requirements(
    measures: Sequence[MeasureLogic],
    options: Options = DEFAULT,
    *,
    asked: Sequence[Mapping[str, Any]] = (),
    contained: bool = False,
) -> dict[str, Any]:
    """The requirements of Measures, merged into one Library; if ``contained``, of one Measure: the Measure with it.

    ``asked``: the Measures that were asked for, where ``measures`` are the components that they are made of.
    ``ContentError`` if an expression that a Measure names is not there.
    """
    found = [one.inferred() for one in measures]
    named = asked or [one.measure for one in measures]
    if contained:
        return into_measure(named[0], module_definition(found, options), options)
    base = options.library_base or measures[0].base
    names = [_name(one) or str(measures[0].primary.identifier.id) for one in named]
    header = _header(_joined(names), base, named[0].get("version") if len(named) == 1 else None)
    return _told(module_definition(found, options, **header))


def _name(measure: Mapping[str, Any]) -> str:
    """What a Measure is known by."""
    return str(measure.get("id") or measure.get("name") or "")


def _joined(names: Sequence[str]) -> str:
    """One name for several: all of them if that is short enough."""
    whole = "-".join(names)
    if len(names) == 1 or len(whole) + len(_SUFFIX) <= _ID_LENGTH:
        return whole
    return f"{names[0][:_FIRST]}-and-{len(names) - 1}-more"


def library_requirements(
    primary: Library,
    libraries: Iterable[Library],
    expressions: Sequence[str] | None = None,
    options: Options = DEFAULT,
) -> dict[str, Any]:
    """The requirements of named expressions of a library, or of all that it defines."""
    found = infer(primary, libraries, expressions)
    name = str(primary.identifier.id)
    return _told(module_definition(found, options, **_header(name, options.library_base, primary.identifier.version)))


def _told(library: dict[str, Any]) -> dict[str, Any]:
    """With its narrative, which comes before the extensions."""
    first = {name: library.pop(name) for name in ("resourceType", "id")}
    return {**first, "text": narrative(library), **library}


def _header(name: str, base: str | None, version: str | None) -> dict[str, Any]:
    identifier = f"{name.replace('_', '-')[: _ID_LENGTH - len(_SUFFIX)]}{_SUFFIX}"
    return {"id": identifier, "url": f"{base}Library/{identifier}" if base else None, "version": version}
