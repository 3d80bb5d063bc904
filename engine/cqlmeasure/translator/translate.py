"""From the text of a library to typed ELM, with the libraries that it includes.

Always holds: a library is translated once per set, includes before what includes them; errors of all libraries are
collected and raised together; a version that is not there is an error unless ``any_version`` is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from cqlmeasure import elm
from cqlmeasure.elm.library import IncludeDef
from cqlmeasure.errors import ContentError, Diagnostic, Severity, Span, TranslationError
from cqlmeasure.models import Model, ModelProvider, ModelSet, builtin, builtin_versions
from cqlmeasure.translator import syntax
from cqlmeasure.translator.date_ranges import optimize_date_ranges
from cqlmeasure.translator.elm_symbols import symbols_of
from cqlmeasure.translator.infer import infer_types
from cqlmeasure.translator.lexer import LEXICAL_ERRORS, split_lines
from cqlmeasure.translator.lint import lint, unreached
from cqlmeasure.translator.lower import LibraryLowering
from cqlmeasure.translator.lower.advice import did_you_mean
from cqlmeasure.translator.options import DEFAULT, TranslatorOptions
from cqlmeasure.translator.parser import ParseResult, parse_library
from cqlmeasure.translator.symbols import LibrarySymbols

LibraryKey = tuple[str, str | None]


class SourceText(msgspec.Struct, frozen=True):
    """A library to translate: its CQL or, where there is none, its ELM.  ``file`` is for messages."""

    name: str
    version: str | None
    cql: str | None = None
    elm: elm.Library | None = None
    file: str | None = None


class LibraryProvider(Protocol):
    """Where included libraries come from."""

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        """The library of that name (qualified, if it is) and version; without a version, the newest."""

    def versions(self, name: str, /) -> Sequence[str]:
        """The versions that there are of a library."""


class Translated(msgspec.Struct, frozen=True):
    """One library: its ELM, what it offers to others, where it came from.  ``includes`` are keys by local name."""

    key: LibraryKey
    library: elm.Library
    symbols: LibrarySymbols
    includes: dict[str, LibraryKey]
    file: str | None
    from_elm: bool = False


class Translation(msgspec.Struct, frozen=True):
    """A library with all that it includes; ``libraries`` in an order in which includes come first."""

    primary: LibraryKey
    libraries: dict[LibraryKey, Translated]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def main(self) -> Translated:
        """The primary library."""
        return self.libraries[self.primary]


class NoLibraries:
    """A provider that has none."""

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        """Nothing."""
        return None

    def versions(self, name: str, /) -> Sequence[str]:
        """None."""
        return ()


def translate(
    source: SourceText,
    provider: LibraryProvider | None = None,
    *,
    models: ModelProvider = builtin,
    any_version: bool = False,
    prefer_elm: bool = False,
    warn: bool = False,
    roots: Sequence[str] = (),
    options: TranslatorOptions = DEFAULT,
) -> Translation:
    """Translate a library and its includes.

    With ``prefer_elm`` a library that has both is taken from its ELM.  With ``warn`` the library itself (not what it
    includes) is looked through for suspicious CQL; ``roots``, if given, are the definitions that count, and what they
    do not reach is a warning too.  Raises ``TranslationError`` with all errors of
    all libraries if there are any; warnings are in the result.  Of the ``options`` those count that change what CQL
    means; :func:`cqlmeasure.translator.write_elm` applies the others.
    """
    run = _Run(provider or NoLibraries(), models, any_version, prefer_elm, warn, roots, options)
    with elm.deep_recursion():
        key = run.library(source, ())
    errors = [found for found in run.diagnostics if found.severity is Severity.ERROR]
    if errors or key not in run.libraries:
        raise TranslationError(diagnostics=errors)
    return Translation(key, run.libraries, tuple(run.diagnostics))


def translate_all(
    sources: Iterable[SourceText],
    provider: LibraryProvider | None = None,
    *,
    models: ModelProvider = builtin,
    any_version: bool = False,
    prefer_elm: bool = False,
) -> dict[LibraryKey, Translated]:
    """Translate many libraries, each once, however many others include it.

    Raises ``TranslationError`` with all errors of all libraries if there are any.
    """
    run = _Run(provider or NoLibraries(), models, any_version, prefer_elm, False, (), DEFAULT)
    with elm.deep_recursion():
        for source in sources:
            run.library(source, ())
    errors = [found for found in run.diagnostics if found.severity is Severity.ERROR]
    if errors:
        raise TranslationError(diagnostics=errors)
    return run.libraries


class _Run:
    def __init__(
        self,
        provider: LibraryProvider,
        models: ModelProvider,
        any_version: bool,
        prefer_elm: bool,
        warn: bool,
        roots: Sequence[str],
        options: TranslatorOptions,
    ) -> None:
        self.options = options
        self.provider = provider
        self.models = models
        self.any_version = any_version
        self.prefer_elm = prefer_elm
        self.warn = warn
        self.roots = roots
        self.libraries: dict[LibraryKey, Translated] = {}
        self.diagnostics: list[Diagnostic] = []
        self.failed: set[LibraryKey] = set()
        self.partial: dict[LibraryKey, LibrarySymbols] = {}  # what is known of libraries with errors

    def library(self, source: SourceText, path: tuple[LibraryKey, ...]) -> LibraryKey:
        """Translate one library; its key, which is in ``libraries`` if it has no errors."""
        key = (source.name, source.version)
        if key in self.libraries or key in self.failed:
            return key
        done = self.from_elm(source, key, path) if self.takes_elm(source) else self.from_cql(source, key, path)
        if not done:
            self.failed.add(key)
        return key

    def takes_elm(self, source: SourceText) -> bool:
        return source.elm is not None and (source.cql is None or self.prefer_elm)

    # CQL

    def from_cql(self, source: SourceText, key: LibraryKey, path: tuple[LibraryKey, ...]) -> bool:
        text = source.cql
        if text is None:
            self.diagnostics.append(
                Diagnostic(
                    code="empty-library", message=f"the library {source.name} has neither CQL nor ELM", file=source.file
                )
            )
            return False
        parsed = parse_library(text, file=source.file)
        tree, doubtful = _without_doubtful(parsed)
        found = list(parsed.diagnostics)
        lines = split_lines(text)
        message = _Messages(found, source.name, source.file, lines)
        models = self.model_set(tree, message)
        includes: dict[str, LibrarySymbols] = {}
        keys: dict[str, LibraryKey] = {}
        # Of these libraries not all is known: names that they may have are not reported as unknown.
        incomplete = {""} if "include" in parsed.unread else set()
        places: dict[str, syntax.Include] = {}
        for item in tree.includes:
            alias = item.alias.text if item.alias is not None else item.name.name
            if alias in places:
                other = places[alias]
                text = f"'{other.name.text}' of {other.span.line}:{other.span.column} is called '{alias}' too"
                hint = f"{text}: give one of them another name with 'called'"
                message.error("duplicate-name", f"two libraries are included as '{alias}'", item.span, hint)
                continue
            places[alias] = item
            included = self.include(item.name.text, item.version, (*path, key), message, item.span)
            if included in self.libraries:
                keys[alias] = included
                includes[alias] = self.libraries[included].symbols
            else:
                incomplete.add(alias)
                known = self.partial.get(included) if included is not None else None
                includes[alias] = known or LibrarySymbols(item.name.text, item.version, {}, {})
        if models is None or "using" in parsed.unread:
            # Without its model next to nothing of a library can be understood.
            self.diagnostics.extend(found)
            return False
        lowering = LibraryLowering(
            tree,
            file=source.file,
            lines=lines,
            models=models,
            includes=includes,
            versions={alias: included[1] for alias, included in keys.items()},
            broken=parsed.abandoned | doubtful,
            incomplete=incomplete,
            options=self.options,
        )
        try:
            library, symbols = lowering.run()
        except RecursionError:
            text = "expressions are nested too deeply to be translated"
            message.error("nesting-too-deep", text, None, "move inner expressions to definitions of their own")
            self.diagnostics.extend(found)
            return False
        if self.warn and not path and not _has_errors([*found, *lowering.diagnostics]):
            lint(lowering)
            for name in self.roots:
                if name not in symbols.values:
                    message.error(
                        "unknown-definition",
                        f"there is no definition '{name}'",
                        None,
                        did_you_mean(name, symbols.values),
                    )
            for finding in unreached(library, self.roots) if self.roots else ():
                message.error(finding.code, finding.message, finding.span, finding.hint, severity=Severity.WARNING)
        found.extend(lowering.diagnostics)
        found.sort(key=lambda item: (item.span.line, item.span.column) if item.span else (0, 0))
        self.diagnostics.extend(found)
        if incomplete or _has_errors(found):
            self.partial[key] = symbols
            return False
        if self.options.date_range_optimization:
            library = optimize_date_ranges(library)
        self.libraries[key] = Translated(key, library, symbols, keys, source.file)
        return True

    def model_set(self, tree: syntax.Library, message: _Messages) -> ModelSet | None:
        used: list[Model] = []
        aliases: dict[str, str] = {}
        for item in tree.usings:
            name = item.name.text
            model = self.models(name, item.version)
            if model is None:
                known = builtin_versions(name)
                hint = f"versions that ship: {', '.join(known)}" if known else "give its model info file"
                wanted = f"{name} {item.version}" if item.version else name
                message.error("unknown-model", f"there is no model {wanted}", item.span, hint)
                return None
            used.append(model)
            if item.alias is not None:
                aliases[item.alias.text] = name
        try:
            return ModelSet(used, aliases=aliases, provider=self.models)
        except ContentError as error:
            span = tree.usings[0].span if tree.usings else Span(1, 1, 1, 1)
            for diagnostic in error.diagnostics:
                message.error(diagnostic.code, diagnostic.message, span, diagnostic.hint)
            return None

    # ELM

    def from_elm(self, source: SourceText, key: LibraryKey, path: tuple[LibraryKey, ...]) -> bool:
        assert source.elm is not None
        message = _Messages(self.diagnostics, source.name, source.file, ())
        keys: dict[str, LibraryKey] = {}
        for item in source.elm.includes:
            span = Span.from_locator(item.locator) if item.locator else None
            included = self.include(item.path, item.version, (*path, key), message, span)
            if included is None or included not in self.libraries:
                return False
            keys[item.local_identifier] = included
        includes = {alias: self.libraries[included].library for alias, included in keys.items()}
        library = infer_types(_with_versions(source.elm, keys), includes)
        self.libraries[key] = Translated(key, library, symbols_of(library), keys, source.file, from_elm=True)
        return True

    # includes

    def include(
        self, name: str, version: str | None, path: tuple[LibraryKey, ...], message: _Messages, span: Span | None
    ) -> LibraryKey | None:
        wanted = f"{name} version '{version}'" if version else name
        found = self.provider.find(name, version)
        if found is None and self.any_version:
            found = self.provider.find(name, None)
            if found is not None:
                text = f"{wanted} is not there; version '{found.version}' is used"
                message.error("other-version", text, span, severity=Severity.WARNING)
        if found is None:
            versions = list(self.provider.versions(name))
            if versions:
                shown = ", ".join(f"'{known}'" for known in versions)
                hint = f"there {'are versions' if len(versions) > 1 else 'is version'} {shown}; --any-version uses it"
            else:
                hint = "no version of it is in the content"
            message.error("missing-library", f"the library {wanted} was not found", span, hint)
            return None
        key = (found.name, found.version)
        if key in path:
            cycle = " -> ".join(known for known, _ in (*path[path.index(key) :], key))
            message.error("circular-include", f"libraries include each other: {cycle}", span)
            return None
        return self.library(found, path)


class _Messages:
    """Findings about one library's text."""

    def __init__(self, found: list[Diagnostic], library: str, file: str | None, lines: Sequence[str]) -> None:
        self.found = found
        self.library = library
        self.file = file
        self.lines = lines

    def error(
        self,
        code: str,
        message: str,
        span: Span | None,
        hint: str | None = None,
        *,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Record one."""
        line = self.lines[span.line - 1] if span is not None and 0 < span.line <= len(self.lines) else None
        self.found.append(
            Diagnostic(
                code=code,
                message=message,
                severity=severity,
                library=self.library,
                file=self.file,
                span=span,
                source_line=line,
                hint=hint,
            )
        )


def _without_doubtful(parsed: ParseResult) -> tuple[syntax.Library, set[str]]:
    """The tree without definitions in which the lexer found an error, and their names.

    What such a definition says is a guess, and what is wrong with the guess would only confuse.
    """
    places = [one.span for one in parsed.diagnostics if one.span is not None and one.code in LEXICAL_ERRORS]
    tree = parsed.library
    doubtful = [item for item in tree.statements if any(_within(place, item.span) for place in places)]
    if not doubtful:
        return tree, set()
    statements = tuple(item for item in tree.statements if item not in doubtful)
    return msgspec.structs.replace(tree, statements=statements), {item.name.text for item in doubtful}


def _within(inner: Span, outer: Span) -> bool:
    start, end = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return start <= (inner.line, inner.column) <= end


def _has_errors(found: Sequence[Diagnostic]) -> bool:
    return any(one.severity is Severity.ERROR for one in found)


def _with_versions(library: elm.Library, keys: dict[str, LibraryKey]) -> elm.Library:
    includes: tuple[IncludeDef, ...] = tuple(
        msgspec.structs.replace(item, version=keys[item.local_identifier][1]) for item in library.includes
    )
    return msgspec.structs.replace(library, includes=includes)
