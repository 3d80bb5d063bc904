"""What an evaluation knows: the environment that all subjects share, and the context of one subject.

Always holds: "now", the default offset, the parameters and the value sets are fixed when the environment is made; the
memo of a subject has a slot for each value, which generated code tests inline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.code_index import CodeIndex, CodeIndexes, CodeTable
from cqlmeasure.runtime.external import Functions
from cqlmeasure.runtime.lists import union_lists
from cqlmeasure.runtime.messages import Message
from cqlmeasure.runtime.retrieve import Profile, find_codes, select, select_codes, select_not_done
from cqlmeasure.runtime.subject import CodePath, Resource, Subject
from cqlmeasure.runtime.temporal import DateTime
from cqlmeasure.runtime.values import CodeSystem, ValueSet


class Unset:
    """The type of the mark of a slot that has no value yet (null is a value)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "unset"


UNSET = Unset()


def keep(memo: list[Any], slot: int, value: Any) -> Any:
    """Keeps a value that several definitions need."""
    memo[slot] = value
    return value


class Environment:
    """What one evaluator fixes for all its subjects.

    ``parameters`` maps names, or pairs of library and name, to values.  ``value_set`` and ``code_system`` resolve a
    canonical url and version.  ``indexes`` are those of measures that are evaluated together,
    ``functions`` those that CQL declares as external.
    """

    __slots__ = ("code_system", "functions", "indexes", "now", "offset", "offset_hours", "parameters", "value_set")

    def __init__(
        self,
        now: DateTime,
        parameters: Mapping[Any, Any],
        value_set: Callable[[str, str | None], ValueSet],
        code_system: Callable[[str, str | None], CodeSystem],
        indexes: CodeIndexes | None = None,
        functions: Functions | None = None,
    ) -> None:
        self.now = now
        self.offset = now.offset
        self.offset_hours = Decimal(now.offset) / 60
        self.parameters = parameters
        self.value_set = value_set
        self.code_system = code_system
        self.functions = functions or Functions()
        self.indexes = CodeIndexes() if indexes is None else indexes

    def has_parameter(self, library: str, name: str) -> bool:
        """Whether a value was given."""
        return (library, name) in self.parameters or name in self.parameters

    def parameter(self, library: str, name: str) -> Any:
        """The value that was given; null if none was."""
        found = self.parameters.get((library, name))
        return self.parameters.get(name) if found is None else found


Memo = list[Any]
"""What generated code is given: the context of a subject, then a slot for each definition and retrieve.

It is a plain list because nothing else is read as fast.
"""


def memo_of(subject: Subject, slots: int) -> Memo:
    """A memo with that many slots, the context among them; the others are empty."""
    found: Memo = [UNSET] * slots
    found[0] = Context(subject)
    return found


class Context:
    """One subject under evaluation: its retrieves keep what they find in the slots of the memo."""

    __slots__ = ("messages", "retrieved", "subject")

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.messages: list[Message] = []
        self.retrieved: list[list[Resource]] = []

    def retrieve(self, memo: Memo, slot: int, kind: str, profile: Profile | None) -> list[Resource]:
        """A retrieve without codes."""
        found = memo[slot] = select(self.subject, kind, profile)
        if found:
            self.retrieved.append(found)
        return found

    def retrieve_codes(
        self, memo: Memo, slot: int, profile: Profile | None, index: CodeIndex, table: int
    ) -> list[Resource]:
        """A retrieve with the codes of a table."""
        subject = self.subject
        hits = subject.hits.get(index)
        if hits is None or len(hits) < index.size:
            hits = find_codes(subject, index)
        found = hits[table]
        if found is None:
            memo[slot] = found = []
            return found
        if profile is not None:
            found = profile.accepted(found)
        memo[slot] = found
        if found:
            self.retrieved.append(found)
        return found

    def retrieve_any(
        self, memo: Memo, slot: int, profile: Profile | None, index: CodeIndex, tables: tuple[int, ...]
    ) -> list[Resource]:
        """The union of retrieves with the codes of several tables, in the order of the tables."""
        subject = self.subject
        hits = subject.hits.get(index)
        if hits is None or len(hits) < index.size:
            hits = find_codes(subject, index)
        lists = [found for table in tables if (found := hits[table]) is not None]
        if profile is not None:
            lists = [profile.accepted(found) for found in lists]
        self.retrieved += lists
        union = memo[slot] = lists[0] if len(lists) == 1 and len(lists[0]) < 2 else union_lists(*lists)
        return union

    def retrieve_dynamic(self, profile: Profile | None, path: CodePath, codes: CodeTable) -> list[Resource]:
        """A retrieve with codes that depend on the subject; it is not memoised."""
        found = select_codes(self.subject, profile, path, codes)
        if found:
            self.retrieved.append(found)
        return found

    def retrieve_not_done(
        self, memo: Memo, slot: int, profile: Profile | None, path: CodePath, value_set: ValueSet | None
    ) -> list[Resource]:
        """A retrieve of what was not done for a whole value set."""
        found = memo[slot] = select_not_done(self.subject, profile, path, value_set)
        if found:
            self.retrieved.append(found)
        return found
