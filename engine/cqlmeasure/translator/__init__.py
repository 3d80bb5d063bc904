"""The translator: CQL text to tokens, to a syntax tree, to typed ELM; and types for ELM that came without them.

Always holds: what comes out without an error is typed throughout; errors have a place in the text and a next step;
nothing is evaluated here.
"""

from cqlmeasure.translator.annotate import annotate
from cqlmeasure.translator.elm_symbols import symbols_of
from cqlmeasure.translator.infer import infer_types
from cqlmeasure.translator.options import TranslatorOptions, options_of
from cqlmeasure.translator.parser import parse_expression, parse_library
from cqlmeasure.translator.symbols import FunctionSymbol, Kind, LibrarySymbols, Symbol
from cqlmeasure.translator.translate import (
    LibraryKey,
    LibraryProvider,
    NoLibraries,
    SourceText,
    Translated,
    Translation,
    translate,
    translate_all,
)
from cqlmeasure.translator.write import write_elm

__all__ = [
    "FunctionSymbol",
    "Kind",
    "LibraryKey",
    "LibraryProvider",
    "LibrarySymbols",
    "NoLibraries",
    "SourceText",
    "Symbol",
    "Translated",
    "Translation",
    "TranslatorOptions",
    "annotate",
    "infer_types",
    "options_of",
    "parse_expression",
    "parse_library",
    "symbols_of",
    "translate",
    "translate_all",
    "write_elm",
]
