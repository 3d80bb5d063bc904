"""The pass over a whole library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cqlmeasure.elm import Library
from cqlmeasure.models import fhir_types

# Each of these registers the rules of its nodes.
from cqlmeasure.translator.infer import operators, queries, references, values
from cqlmeasure.translator.infer.core import Inference, Step
from cqlmeasure.translator.infer.datatypes import DataTypes
from cqlmeasure.translator.infer.references import define

CHAPTERS = (values, operators, references, queries)


def infer_types(library: Library, includes: Mapping[str, Library] | None = None) -> Library:
    """The library with a ``result_type`` at every expression, definition, operand and parameter.

    ``includes`` are the included libraries by local name, typed already; a reference to one that is not there is of
    type ``System.Any``.  Types that the library states are kept, with profile classes replaced by their FHIR types.
    """
    inference = Inference(library, includes or {}, DataTypes(fhir_types(), library.usings))
    return inference.run(_library(inference))  # type: ignore[no-any-return]


def _library(inference: Inference) -> Step:
    library = inference.library
    changes: dict[str, Any] = {}
    for section in ("parameters", "code_systems", "value_sets", "codes", "concepts"):
        definitions = []
        for definition in getattr(library, section):
            found = yield definition
            definitions.append(found)
        changes[section] = tuple(definitions)
        if section == "parameters":
            inference.index.parameters = {parameter.name: parameter for parameter in definitions}
    for position in range(len(library.statements)):
        yield from define(inference, position)
    changes["statements"] = tuple(inference.done[position] for position in range(len(library.statements)))
    return msgspec.structs.replace(library, **changes)
