"""Help in parts: the options that everybody needs first, the others below, each part under its heading."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])


def advanced(part: str) -> Callable[..., Callable[[F], F]]:
    """``click.option`` for options that are listed below, under the heading ``part``."""
    return partial(click.option, cls=_Advanced, part=part)


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
    """An option that is listed under the heading ``part``."""

    def __init__(self, *arguments: Any, part: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.part = part


class Grouped(click.Command):
    """A command whose ``--help`` lists advanced options, and those in ``later``, under headings of their own."""

    later: tuple[str, ...] = ("timezone", "any_version", "prefer_elm", "lenient_terminology", "parameters", "now")
    last = "CQL and terminology"

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write all parts, in the order in which their first options are declared."""
        parts: dict[str, list[tuple[str, str]]] = {"Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                part = self.last if parameter.name in self.later else getattr(parameter, "part", "Options")
                parts.setdefault(part, []).append(record)
        for title, records in parts.items():
            with formatter.section(title):
                formatter.write_dl(records)
