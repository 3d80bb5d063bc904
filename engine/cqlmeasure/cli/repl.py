"""``cqlmeasure repl``: CQL line by line."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import orjson

import cqlmeasure as cm
from cqlmeasure.cli.options import content_option, parameter_option, parameters_of, session_options, timezone_option
from cqlmeasure.errors import CqlMeasureError, render

EXAMPLES = """\b
cqlmeasure repl --content measures/diabetes-hba1c --data patient.json --using "QICore 6.0.0"
echo '1 + 1' | cqlmeasure repl
"""
HELP = """\
EXPRESSION       its value
define ...       keep a definition; also parameter, valueset, code ...
:type EXPRESSION     its type
:elm EXPRESSION      its ELM
:python EXPRESSION   the Python that it becomes
:load FILE           keep what a CQL file defines
:data FILE           take another patient
:names               what has been defined
:help, :quit
A text that cannot end yet goes on in the next line; an empty line ends it."""
PROMPT, MORE = "cql> ", "...  "
_HISTORY_LENGTH = 1000


@click.command("repl", epilog=EXAMPLES)
@content_option("Where libraries and value sets are; repeatable.")
@session_options
@parameter_option
@timezone_option
def repl(
    content: tuple[Path, ...],
    data: Path | None,
    using: str | None,
    includes: tuple[str, ...],
    period: str | None,
    parameters: tuple[str, ...],
    now: str | None,
    timezone: str | None,
) -> int:
    """Try CQL out: type expressions and see their values, define what you need again.

    Definitions are kept until you quit; :help tells the rest. Without a terminal, lines are read from standard input;
    the exit status is then 1 if one of them failed.
    """
    session = cm.Session(
        *content,
        data=data,
        using=using,
        includes=includes,
        period=period,
        parameters=parameters_of(parameters),
        now=now,
        timezone=timezone,
    )
    interactive = sys.stdin.isatty()
    if interactive:
        click.echo(f"cqlmeasure {cm.__version__}; :help for help, :quit to leave")
    with _history(interactive):
        failed = _Loop(session, interactive).run()
    return 1 if failed and not interactive else 0


class _Loop:
    """Reads, evaluates, prints."""

    def __init__(self, session: cm.Session, interactive: bool) -> None:
        self._session = session
        self._interactive = interactive
        self._failed = False
        self._commands: dict[str, Callable[[str], None]] = {
            "type": lambda text: click.echo(str(session.type_of(text))),
            "elm": lambda text: click.echo(orjson.dumps(session.elm_of(text), option=orjson.OPT_INDENT_2).decode()),
            "python": lambda text: click.echo(session.python_of(text)),
            "load": lambda text: self._kept(session.load(text)),
            "data": lambda text: self._note(f"patient {session.load_data(text).id}"),
            "names": lambda _: click.echo("\n".join(session.definitions) or "nothing has been defined"),
            "help": lambda _: click.echo(HELP),
        }

    def run(self) -> bool:
        """Until the input ends or ``:quit``; whether anything failed."""
        for text in self._inputs():
            if text.strip() in (":quit", ":q", ":exit"):
                break
            try:
                self._handle(text)
            except CqlMeasureError as error:
                self._failed = True
                for diagnostic in error.diagnostics:
                    click.echo(render(diagnostic), err=True)
        return self._failed

    def _handle(self, text: str) -> None:
        if text.startswith(":"):
            name, _, rest = text[1:].partition(" ")
            command = self._commands.get(name.strip())
            if command is None:
                raise cm.UsageError(f"there is no command :{name.strip()}", code="unknown-command", hint="see :help")
            command(rest.strip())
        elif cm.is_definition(text):
            self._kept(self._session.define(text))
        else:
            click.echo(cm.to_cql(self._session.evaluate(text).value))

    def _kept(self, names: list[str]) -> None:
        self._note(f"defined {', '.join(names)}")

    def _note(self, text: str) -> None:
        # What only confirms is for people; output that is read by programs has values alone.
        if self._interactive:
            click.echo(text)

    def _inputs(self) -> Iterator[str]:
        """Whole inputs: a line, or as many as it takes until the text can end."""
        pending: list[str] = []
        block = False  # a definition whose first line cannot end: it goes on until an empty line
        while True:
            line = self._line(MORE if pending else PROMPT)
            if line is None:
                break
            first = line.startswith(":") or (block and cm.is_definition(line))
            if pending and (not line.strip() or first):
                yield "\n".join(pending)
                pending, block = [], False
            if not line.strip():
                continue
            pending.append(line)
            whole = line.startswith(":") or cm.is_complete("\n".join(pending))
            if whole and not block:
                yield "\n".join(pending)
                pending = []
            elif len(pending) == 1:
                block = cm.is_definition(line)
        if pending:
            yield "\n".join(pending)

    def _line(self, prompt: str) -> str | None:
        if not self._interactive:
            line = sys.stdin.readline()
            return line.rstrip("\n") if line else None
        try:
            return input(prompt)
        except EOFError:
            click.echo()
            return None
        except KeyboardInterrupt:
            click.echo()
            return ""


@contextlib.contextmanager
def _history(interactive: bool) -> Iterator[None]:
    """Line editing and the history of earlier runs, where the platform has them."""
    file = cm.cache_folder() if interactive else None
    try:
        import readline  # not on every platform
    except ImportError:
        yield
        return
    if file is None:
        yield
        return
    file = file / "repl-history"
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        readline.set_history_length(_HISTORY_LENGTH)
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            readline.write_history_file(file)
