"""Types of the real data: profile classes replaced by what they are profiles of, and the elements of any type."""

from __future__ import annotations

from collections.abc import Iterable

from cqlmeasure.elm.library import UsingDef
from cqlmeasure.models import FhirTypes, Model, builtin
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    SYSTEM,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    choice_of,
    unify,
)


class DataTypes:
    """What one library's type names stand for in the data, and the types of elements.

    A name that FHIR does not have is looked up in the models that the library uses: it stands for the class that its
    class is a profile of, or else for its nearest base that FHIR or System has.  Unknown names stay as they are.
    """

    __slots__ = ("_elements", "_known", "_profiles", "_usings", "fhir")

    def __init__(self, fhir: FhirTypes, usings: Iterable[UsingDef]) -> None:
        self.fhir = fhir
        self._usings = tuple(usings)
        self._profiles: tuple[Model, ...] | None = None
        self._known: dict[DataType, DataType] = {}
        self._elements: dict[tuple[DataType, str], DataType | None] = {}

    def of(self, kind: DataType) -> DataType:
        """The type of the data that a type stands for."""
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = self._data_type(kind)
        return found

    def path(self, owner: DataType, path: str) -> DataType:
        """The type at the end of a dotted path; ``System.Any`` if the path leaves what is known."""
        kind = owner
        for step in path.split("."):
            name, bracket, _ = step.partition("[")
            found = self.element(kind, name)
            if found is None:
                return ANY
            kind = found.element if bracket and isinstance(found, ListType) else found
        return kind

    def element(self, owner: DataType, name: str) -> DataType | None:
        """The type of one element; of the items' element if ``owner`` is a list; ``None`` if there is none."""
        key = (owner, name)
        if key not in self._elements:
            self._elements[key] = self._element(owner, name)
        return self._elements[key]

    def common(self, types: Iterable[DataType]) -> DataType:
        """The type of a value that may be of any of ``types``.

        Unlike in :func:`cqlmeasure.typesys.unify`, unknown parts give way too: an empty list has the type of the
        list beside it.
        """
        known = list(dict.fromkeys(kind for kind in types if kind != ANY))
        if len(known) <= 1:
            return known[0] if known else ANY
        lists = [kind for kind in known if isinstance(kind, ListType)]
        if len(lists) == len(known):
            return ListType(self.common(kind.element for kind in lists))
        intervals = [kind for kind in known if isinstance(kind, IntervalType)]
        if len(intervals) == len(known):
            point = self.common(kind.point for kind in intervals)
            return unify(known, self.fhir.models) if isinstance(point, ChoiceType) else IntervalType(point)
        tuples = [kind for kind in known if isinstance(kind, TupleType)]
        if len(tuples) == len(known) and len({frozenset(dict(kind.elements)) for kind in tuples}) == 1:
            names = [name for name, _ in tuples[0].elements]
            return TupleType(tuple((name, self.common(kind.element(name) or ANY for kind in tuples)) for name in names))
        return unify(known, self.fhir.models)

    def merged(self, types: Iterable[DataType]) -> DataType:
        """The tuple type with the elements of all of ``types``; ``System.Any`` if one is no tuple."""
        elements: dict[str, DataType] = {}
        for kind in types:
            if not isinstance(kind, TupleType):
                return ANY
            elements.update(kind.elements)
        return TupleType(tuple(elements.items()))

    def _element(self, owner: DataType, name: str) -> DataType | None:
        match owner:
            case NamedType():
                facts = self.fhir.models.element(owner, name)
                return facts.type if facts is not None else None
            case TupleType():
                return owner.element(name)
            case IntervalType(point):
                return {"low": point, "high": point, "lowClosed": BOOLEAN, "highClosed": BOOLEAN}.get(name)
            case ListType(item):
                found = self.element(item, name)
                return found if found is None or isinstance(found, ListType) else ListType(found)
            case ChoiceType(alternatives):
                types = [kind for item in alternatives if (kind := self.element(item, name)) is not None]
                return choice_of(*types) if types else None
        return None

    def _data_type(self, kind: DataType) -> DataType:
        match kind:
            case NamedType():
                return self._named(kind)
            case ListType(element):
                return ListType(self.of(element))
            case IntervalType(point):
                return IntervalType(self.of(point))
            case ChoiceType(alternatives):
                return choice_of(*(self.of(item) for item in alternatives)) if alternatives else ANY
            case TupleType(elements):
                return TupleType(tuple((name, self.of(item)) for name, item in elements))
        return ANY

    def _named(self, kind: NamedType) -> NamedType:
        if kind.model == SYSTEM or (kind.model == self.fhir.name and self._in_fhir(kind)):
            return kind
        for model in self.profiles:
            facts = model.classes.get(kind.name)
            if facts is None or kind.model not in (model.name, self.fhir.name):
                continue
            if facts.target is not None:
                return self.fhir.type(facts.target)
            if self._in_fhir(kind):
                return self.fhir.type(kind.name)
            seen = {facts.name}
            while facts is not None and isinstance(facts.base, NamedType) and facts.base.name not in seen:
                base = facts.base
                if base.model == SYSTEM or self._in_fhir(base):
                    return base if base.model == SYSTEM else self.fhir.type(base.name)
                seen.add(base.name)
                facts = model.classes.get(base.name)
        return kind

    def _in_fhir(self, kind: NamedType) -> bool:
        return self.fhir.models.class_of(self.fhir.type(kind.name)) is not None

    @property
    def profiles(self) -> tuple[Model, ...]:
        """The shipped models of profiles that the library uses, in the version it names or else the newest."""
        if self._profiles is None:
            found = [
                builtin(using.local_identifier, using.version) or builtin(using.local_identifier)
                for using in self._usings
                if using.local_identifier not in (SYSTEM, self.fhir.name)
            ]
            self._profiles = tuple(model for model in found if model is not None)
        return self._profiles
