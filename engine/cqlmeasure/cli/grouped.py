"""Help in two parts: the options that everybody needs first, the others at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])


def advanced(*arguments: Any, **settings: Any) -> Callable[[F], F]:
    """``click.option`` for an option that is listed at the end."""
    return click.option(*arguments, cls=_Advanced, **settings)


def collected(kind: type[msgspec.Struct], name: str, *options: Callable[[F], F]) -> Callable[[F], Callable[..., Any]]:
    """Options whose values the function gets as one: a ``kind`` (whose fields have their names), called ``name``."""
    names = kind.__struct_fields__

    def decorate(function: F) -> Callable[..., Any]:
        @wraps(function)
        def gathered(**given: Any) -> Any:
            own = kind(**{one: given.pop(one) for one in names})
            return function(**given, **{name: own})

        found: Any = gathered
        for option in reversed(options):
            found = option(found)
        return found  # type: ignore[no-any-return]

    return decorate


class _Advanced(click.Option):
    """An option that is listed at the end."""


class Grouped(click.Command):
    """A command whose ``--help`` lists advanced options, and those in ``later``, under a heading of their own."""

    later: tuple[str, ...] = ("timezone", "any_version", "prefer_elm", "lenient_terminology", "parameters", "now")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both parts."""
        first: list[tuple[str, str]] = []
        last: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                behind = isinstance(parameter, _Advanced) or parameter.name in self.later
                (last if behind else first).append(record)
        for title, records in (("Options", first), ("Advanced options", last)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
