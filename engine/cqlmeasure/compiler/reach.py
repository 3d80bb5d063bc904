"""What functions reach: whether the value of one is worth keeping for each subject.

Always holds: a function is memoised only if its value depends on nothing but the subject and the identity of its
arguments, and evaluating it a second time would show nothing (a message) that once does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cqlmeasure.compiler.kinds import is_fhir
from cqlmeasure.elm import ExpressionDef, FunctionDef
from cqlmeasure.elm.library import ExpressionRef, FunctionRef
from cqlmeasure.elm.literals import Literal
from cqlmeasure.elm.logical import Message
from cqlmeasure.elm.queries import Retrieve
from cqlmeasure.elm.walk import walk
from cqlmeasure.models import FhirTypes
from cqlmeasure.typesys import CODE, CONCEPT, VALUE_SET, ChoiceType, DataType, NamedType

_CONTEXTS = frozenset({"Patient", "Practitioner", "Unfiltered"})


class Library(Protocol):
    """What is asked of a library here."""

    @property
    def key(self) -> str: ...

    @property
    def includes(self) -> Mapping[str, str]: ...

    @property
    def functions(self) -> Mapping[str, list[FunctionDef]]: ...


@dataclass(slots=True, frozen=True)
class Reached:
    """``data``: retrieves or definitions of the subject; ``messages``: it may write one."""

    data: bool = False
    messages: bool = False


@dataclass(slots=True)
class Reach:
    """Answers for all functions of a set of libraries, each found out once."""

    libraries: Mapping[str, Library]
    fhir: FhirTypes
    _known: dict[int, Reached] = field(default_factory=dict)

    def memoises(self, library: Library, definition: FunctionDef) -> bool:
        """Whether the values of a function should be kept."""
        kinds = [operand.operand_type for operand in definition.operand]
        if not any(is_fhir(kind) or isinstance(kind, ChoiceType) for kind in kinds):
            return False
        if not all(self._has_identity(kind) for kind in kinds):
            return False
        reached = self._of(library, definition)
        return reached.data and not reached.messages

    def _has_identity(self, kind: DataType | None) -> bool:
        """Whether values of the type are objects that stay as they are: JSON, codes, value sets."""
        if isinstance(kind, ChoiceType):
            return all(
                isinstance(one, NamedType) and is_fhir(one) and self.fhir.is_resource(one.name)
                for one in kind.alternatives
            )
        if isinstance(kind, NamedType) and is_fhir(kind):
            return not self.fhir.is_primitive(kind.name)
        return kind in (VALUE_SET, CODE, CONCEPT)

    def _of(self, library: Library, definition: ExpressionDef) -> Reached:
        known = self._known.get(id(definition))
        if known is not None:
            return known
        self._known[id(definition)] = Reached()  # a function that calls itself adds nothing to what it reaches
        data = messages = False
        for node in walk(definition.expression) if definition.expression is not None else ():
            if isinstance(node, Retrieve) or (isinstance(node, ExpressionRef) and node.name not in _CONTEXTS):
                data = True
            elif isinstance(node, Message):
                messages = messages or not _only_fails(node)
            elif isinstance(node, FunctionRef):
                for owner, called in self._called(library, node):
                    found = self._of(owner, called)
                    data, messages = data or found.data, messages or found.messages
        found = self._known[id(definition)] = Reached(data, messages)
        return found

    def _called(self, library: Library, node: FunctionRef) -> Iterator[tuple[Library, FunctionDef]]:
        """The functions that a call may mean: all of that name with as many operands."""
        owner: Library | None = library
        if node.library_name is not None:
            owner = self.libraries.get(library.includes.get(node.library_name, ""))
        if owner is not None:
            for called in owner.functions.get(node.name, ()):
                if len(called.operand) == len(node.operand):
                    yield owner, called


def _only_fails(node: Message) -> bool:
    """Whether a message ends the evaluation: it is never written twice."""
    return isinstance(node.severity, Literal) and node.severity.value == "Error"
