"""Parts of a library that is put together from what callers type: declarations and definitions, each with its place.

Always holds: a piece is whole, so a library made of pieces has errors only within them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from cqlmeasure.errors import Diagnostic, Severity, Span, TranslationError, UsageError

# The FHIRHelpers that a model's conversions are written for.
_HELPERS = {"FHIR": "4.0.1"}
_NEWEST_HELPERS = "4.4.000"
_STARTS = re.compile(
    r"\s*(?:(?:public|private)\s+)?(?:define|codesystem|valueset|code|concept|parameter|include|using|context|library)\b"
    r'\s*(?:[A-Za-z_"@#]|$)'
)
_SELECTOR = re.compile(r"\s*(?:code|concept)\s*['{]", re.IGNORECASE)
SECTIONS = ("using", "include", "codesystem", "valueset", "code", "concept", "parameter", "context", "define")
_FIELDS = {
    "usings": "using",
    "includes": "include",
    "code_systems": "codesystem",
    "value_sets": "valueset",
    "codes": "code",
    "concepts": "concept",
    "parameters": "parameter",
    "statements": "define",
}
_OPEN = ("unexpected-end", "unterminated-string", "unterminated-comment", "unterminated-name")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a library.

    ``key`` is what it names, with the operand types if it is a function; ``first`` is the line of ``file`` on which
    it starts.  Pieces without a ``kind`` are not the caller's.
    """

    section: str
    text: str
    key: str | None = None
    kind: str = ""
    file: str | None = None
    first: int = 1

    @property
    def height(self) -> int:
        """How many lines it has."""
        return self.text.count("\n") + 1


def is_definition(text: str) -> bool:
    """Whether the text begins a definition or a declaration, and no expression."""
    return _STARTS.match(text) is not None and _SELECTOR.match(text) is None


def is_complete(text: str) -> bool:
    """Whether the text does not end where more has to come."""
    # The parser is loaded only for those who type line by line.
    from cqlmeasure.translator.parser import parse_expression, parse_library

    found = parse_library(text) if is_definition(text) else parse_expression(text)
    return not any(one.code in _OPEN for one in found.diagnostics)


def read_pieces(text: str, file: str | None = None) -> list[Piece]:
    """The declarations and definitions of a text; ``TranslationError`` if it cannot be read."""
    # The parser is loaded only where definitions are typed or read.
    from cqlmeasure.translator.parser import parse_library

    parsed = parse_library(text, file=file)
    errors = [one for one in parsed.diagnostics if one.severity is Severity.ERROR]
    if errors:
        raise TranslationError(diagnostics=[msgspec.structs.replace(one, library=None) for one in errors])
    lines = text.splitlines()
    found = []
    for field, section in _FIELDS.items():
        for node in getattr(parsed.library, field):
            span: Span = node.span
            name = getattr(node.name, "text", None) or getattr(node.name, "name", None)
            alias = getattr(node, "alias", None)
            key = alias.text if alias is not None else str(name)
            operands = getattr(node, "operands", None)
            if operands is not None:
                key = f"{key}({', '.join(_slice(lines, operand.type.span).strip() for operand in operands)})"
            if type(node).__name__ != "ContextStatement":
                own = _slice(lines, span)
                found.append(Piece(section=section, text=own, key=key, kind="own", file=file, first=span.line))
    if not found and lines:
        raise UsageError("that is no definition", code="no-definition", hint='write it as: define "Name": expression')
    return found


def _slice(lines: Sequence[str], span: Span) -> str:
    """The text of a span, in its columns."""
    chosen = list(lines[span.line - 1 : span.end_line])
    chosen[-1] = chosen[-1][: span.end_column]
    chosen[0] = " " * (span.column - 1) + chosen[0][span.column - 1 :]
    return "\n".join(chosen)


def head(using: str | None, includes: Iterable[str]) -> list[Piece]:
    """The declarations of a model, the FHIRHelpers for it, and included libraries."""
    found = []
    if using is not None:
        model, version = _named(using)
        found.append(Piece(section="using", text=f"using {quoted(model)}{version}", key=model))
        if model != "System":
            version = _HELPERS.get(model, _NEWEST_HELPERS)
            text = f"include FHIRHelpers version '{version}'"
            found.append(Piece(section="include", text=text, key="FHIRHelpers"))
    for include in includes:
        name, version = _named(include)
        alias = name.rpartition(".")[2]
        text = f"include {quoted(name)}{version} called {quoted(alias)}"
        found.append(Piece(section="include", text=text, key=alias))
    return found


def placed(found: Diagnostic, pieces: Sequence[Piece]) -> Diagnostic:
    """The finding with its place in the piece that it is about."""
    span = found.span
    if span is None:
        return found
    start = 0
    for piece in pieces:
        if span.line <= start + piece.height:
            break
        start += piece.height
    shift = piece.first - 1 - start
    own = Span(
        span.line + shift, span.column, min(span.end_line - start, piece.height) + piece.first - 1, span.end_column
    )
    about = f"parameter {piece.key!r}: " if piece.kind == "given" else ""
    return msgspec.structs.replace(found, span=own, library=None, file=piece.file, message=about + found.message)


def _named(text: str) -> tuple[str, str]:
    """Name and version clause of ``NAME VERSION``, ``NAME|VERSION`` or ``NAME``."""
    name, _, version = text.strip().replace("|", " ").partition(" ")
    version = version.strip().strip("'")
    if "'" in version or "\\" in version:
        raise UsageError(f"there is no version {version}", code="no-version")
    return name.strip('"'), f" version '{version}'" if version else ""


def quoted(name: str, whole: bool = False) -> str:
    """A name as CQL quotes it; of a qualified one each part."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return ".".join(f'"{part}"' for part in ([escaped] if whole else escaped.split(".")))
