"""The models of one library together: names, inheritance across models, conversions, and type names of ELM.

Always holds: ``System`` is there; every model that another requires is there; chains of bases end at ``System.Any``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from cqlmeasure.errors import ContentError
from cqlmeasure.models.builtin import builtin, builtin_versions
from cqlmeasure.models.facts import ClassFacts, ContextFacts, Conversion, ElementFacts
from cqlmeasure.models.model import Model
from cqlmeasure.typesys import ANY, SYSTEM, DataType, NamedType


class ModelProvider(Protocol):
    """Finds a model by name and version; ``None`` if it has none.  :func:`cqlmeasure.models.builtin` is one."""

    def __call__(self, name: str, version: str | None = None, /) -> Model | None:
        """The model of that name and version."""


class ModelSet:
    """The models that a library uses, and those that these require.

    ``models`` are the used ones; unqualified names are looked up in them and in System only.  ``aliases`` maps the
    local names of ``using ... called`` to model names.  ``provider`` finds required models that are not among
    ``models``; what it does not have is taken from those that ship.  Is the hierarchy of named types for the relations
    of ``typesys``.
    """

    __slots__ = ("_aliases", "_all", "_ancestors", "_elements", "_from_source", "conversions", "used")

    def __init__(
        self,
        models: Iterable[Model] = (),
        *,
        aliases: Mapping[str, str] | None = None,
        provider: ModelProvider = builtin,
    ) -> None:
        self._all: dict[str, Model] = {}
        self._aliases = dict(aliases or {})
        self._ancestors: dict[NamedType, tuple[DataType, ...]] = {}
        self._elements: dict[NamedType, Mapping[str, ElementFacts]] = {}
        self._from_source: dict[DataType, tuple[Conversion, ...]] = {}
        used = list(models)
        if all(model.name != SYSTEM for model in used):
            used.insert(0, _required(provider, SYSTEM, None, None))
        for model in used:
            present = self._all.setdefault(model.name, model)
            if present.version != model.version:
                raise _two_versions(model.name, present.version, model.version)
        self.used: tuple[Model, ...] = tuple(self._all.values())
        waiting = list(self.used)
        while waiting:
            asking = waiting.pop(0)
            for name, version in asking.required:
                present_or_none = self._all.get(name)
                if present_or_none is None:
                    found = self._all[name] = _required(provider, name, version, asking)
                    waiting.append(found)
                elif version is not None and present_or_none.version != version:
                    raise _two_versions(name, present_or_none.version, version)
        self.conversions: tuple[Conversion, ...] = tuple(
            conversion for model in self._all.values() for conversion in model.conversions
        )

    @property
    def models(self) -> tuple[Model, ...]:
        """All models, the used ones first."""
        return tuple(self._all.values())

    def model(self, name: str) -> Model | None:
        """The model with a local name or a name."""
        return self._all.get(self._aliases.get(name, name))

    # names

    def find_types(self, name: str, model: str | None = None) -> tuple[NamedType, ...]:
        """All types that a name can mean: none if unknown, several if ambiguous.

        ``name`` may be a class name, qualified (``FHIR.Account.Coverage``) or not, or a label; names go before labels.
        ``model`` restricts the search to one model (its name or local name).
        """
        if model is not None:
            found = self.model(model)
            facts = found.class_named(name) if found else None
            return (facts.type,) if facts else ()
        qualifier, dot, rest = name.partition(".")
        qualified = self.model(qualifier) if dot else None
        if qualified is not None and rest in qualified.classes:
            return (NamedType(qualified.name, rest),)
        named = tuple(NamedType(used.name, name) for used in self.used if name in used.classes)
        if named:
            return named
        return tuple(facts.type for used in self.used if (facts := used.class_labelled(name)) is not None)

    def resolve(self, name: str, model: str | None = None) -> NamedType | None:
        """The type that a name means, ``None`` if unknown.  Raises ``ContentError`` if it can mean several."""
        found = self.find_types(name, model)
        if len(found) > 1:
            message = f"the type name '{name}' is ambiguous: {' or '.join(map(str, found))}"
            raise ContentError(message, code="ambiguous-type", hint=f"qualify it, for example {found[-1]}")
        return found[0] if found else None

    def class_of(self, kind: DataType) -> ClassFacts | None:
        """The facts of a named type; ``None`` for other types and unknown names."""
        if not isinstance(kind, NamedType):
            return None
        model = self._all.get(kind.model)
        return model.classes.get(kind.name) if model is not None else None

    # inheritance

    def base(self, kind: DataType) -> DataType | None:
        """The type that a type extends: ``None`` for System.Any, System.Any for what is not a known class."""
        if isinstance(kind, NamedType):
            ancestors = self.ancestors(kind)
            return ancestors[0] if ancestors else None
        return ANY

    def ancestors(self, kind: NamedType) -> tuple[DataType, ...]:
        """The bases of a type, nearest first, up to System.Any.  Raises ``ContentError`` if a class extends itself."""
        known = self._ancestors.get(kind)
        if known is not None:
            return known
        chain: list[DataType] = []
        current: DataType | None = kind
        while current is not None and current != ANY:
            facts = self.class_of(current)
            current = facts.base if facts is not None else ANY
            if current == kind or current in chain:
                raise ContentError(f"the class {kind} is among its own bases", code="model-info")
            if current is not None:
                chain.append(current)
        self._ancestors[kind] = tuple(chain)
        return self._ancestors[kind]

    def is_subtype(self, kind: NamedType, of: DataType) -> bool:
        """Whether a named type is, or descends from, another."""
        return kind == of or of in self.ancestors(kind)

    def elements(self, kind: DataType) -> Mapping[str, ElementFacts]:
        """All elements of a class: those of its bases first; an own one replaces an inherited one of its name."""
        if not isinstance(kind, NamedType):
            return {}
        known = self._elements.get(kind)
        if known is None:
            merged: dict[str, ElementFacts] = {}
            for owner in (*reversed(self.ancestors(kind)), kind):
                facts = self.class_of(owner)
                if facts is not None:
                    merged.update(facts.elements)
            known = self._elements[kind] = merged
        return known

    def element(self, kind: DataType, name: str) -> ElementFacts | None:
        """One element of a class, its own or inherited; ``None`` if there is none of that name."""
        if not isinstance(kind, NamedType):
            return None
        facts = self.class_of(kind)
        if facts is not None and name in facts.elements:
            return facts.elements[name]
        for ancestor in self.ancestors(kind):
            facts = self.class_of(ancestor)
            if facts is not None and name in facts.elements:
                return facts.elements[name]
        return None

    # conversions

    def conversions_from(self, source: DataType) -> tuple[Conversion, ...]:
        """The models' implicit conversions that apply to a type: its own, then those of its bases."""
        known = self._from_source.get(source)
        if known is None:
            chain = (source, *self.ancestors(source)) if isinstance(source, NamedType) else (source,)
            known = tuple(found for kind in chain for found in self.conversions if found.source == kind)
            self._from_source[source] = known
        return known

    def conversion(self, source: DataType, target: DataType) -> Conversion | None:
        """The models' implicit conversion from a type, or its nearest base, to exactly another."""
        return next((found for found in self.conversions_from(source) if found.target == target), None)

    # contexts

    def context(self, name: str, model: str | None = None) -> ContextFacts | None:
        """The context of a name, in one model or in the first used model that has it."""
        models = self.used if model is None else tuple(filter(None, (self.model(model),)))
        return next((found for used in models if (found := used.context(name)) is not None), None)

    # ELM

    def qname(self, kind: NamedType) -> str:
        """The name of a type in ELM, ``{namespace}name``: that of the class that stands for it in the real data."""
        model = self._all.get(kind.model)
        facts = self.class_of(kind)
        name = facts.target if facts is not None and facts.target else kind.name
        return f"{{{(model.elm_url if model else None) or kind.model}}}{name}"

    def from_qname(self, text: str) -> NamedType | None:
        """The type of a name in ELM; ``None`` if it is unknown.

        A model whose own namespace it is goes before models that only target it, so with FHIR in the set
        ``{http://hl7.org/fhir}Patient`` is ``FHIR.Patient``; profiles are never found, their name is not in ELM.
        """
        if not text.startswith("{"):
            return None
        url, _, name = text[1:].partition("}")
        models = self._all.values()
        for model in (*(m for m in models if m.url == url), *(m for m in models if m.target_url == url)):
            if name in model.classes:
                return NamedType(model.name, name)
        return None


def _required(provider: ModelProvider, name: str, version: str | None, asking: Model | None) -> Model:
    found = provider(name, version) or builtin(name, version)
    if found is not None:
        return found
    wanted = f"{name} {version}" if version else name
    reason = f", which the model {asking.name} {asking.version} requires" if asking is not None else ""
    shipped = ", ".join(builtin_versions(name)) or "none"
    hint = f"give its model info file (versions of {name} that ship: {shipped})"
    raise ContentError(f"the model {wanted}{reason}, was not found", code="unknown-model", hint=hint)


def _two_versions(name: str, one: str | None, other: str | None) -> ContentError:
    message = f"the model {name} is needed in two versions, {one} and {other}"
    return ContentError(message, code="model-versions", hint="use one version, or models that require the same one")
