"""ELM chapter on interval operators; those that lists share (``In``, ``Union`` ...) are here too."""

from __future__ import annotations

from cqlmeasure.elm.base import BinaryExpression, NaryExpression, TimingExpression, UnaryExpression


class Start(UnaryExpression, frozen=True, kw_only=True): ...


class End(UnaryExpression, frozen=True, kw_only=True): ...


class Width(UnaryExpression, frozen=True, kw_only=True): ...


class Size(UnaryExpression, frozen=True, kw_only=True): ...


class PointFrom(UnaryExpression, frozen=True, kw_only=True): ...


class In(TimingExpression, frozen=True, kw_only=True): ...


class Contains(TimingExpression, frozen=True, kw_only=True): ...


class ProperIn(TimingExpression, frozen=True, kw_only=True): ...


class ProperContains(TimingExpression, frozen=True, kw_only=True): ...


class Includes(TimingExpression, frozen=True, kw_only=True): ...


class IncludedIn(TimingExpression, frozen=True, kw_only=True): ...


class ProperIncludes(TimingExpression, frozen=True, kw_only=True): ...


class ProperIncludedIn(TimingExpression, frozen=True, kw_only=True): ...


class Meets(TimingExpression, frozen=True, kw_only=True): ...


class MeetsBefore(TimingExpression, frozen=True, kw_only=True): ...


class MeetsAfter(TimingExpression, frozen=True, kw_only=True): ...


class Overlaps(TimingExpression, frozen=True, kw_only=True): ...


class OverlapsBefore(TimingExpression, frozen=True, kw_only=True): ...


class OverlapsAfter(TimingExpression, frozen=True, kw_only=True): ...


class Starts(TimingExpression, frozen=True, kw_only=True): ...


class Ends(TimingExpression, frozen=True, kw_only=True): ...


class Union(NaryExpression, frozen=True, kw_only=True): ...


class Intersect(NaryExpression, frozen=True, kw_only=True): ...


class Except(NaryExpression, frozen=True, kw_only=True): ...


class Collapse(BinaryExpression, frozen=True, kw_only=True):
    """A list of intervals, and the ``per`` quantity or null."""


class Expand(BinaryExpression, frozen=True, kw_only=True):
    """An interval or a list of them, and the ``per`` quantity or null."""
