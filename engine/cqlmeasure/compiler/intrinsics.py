"""FHIRHelpers as intrinsics, and the external functions that FHIR's libraries declare.

Always holds: only a library named FHIRHelpers is treated so, and only functions that ``runtime.fhir_helpers`` has;
other functions of such a library are compiled like any.
"""

from __future__ import annotations

from cqlmeasure.compiler.code import Py, slug
from cqlmeasure.compiler.emitter import Emitter, Scope
from cqlmeasure.compiler.kinds import is_fhir, value_type
from cqlmeasure.compiler.properties import primitive
from cqlmeasure.elm.library import FunctionDef, FunctionRef
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    CODE,
    CONCEPT,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    QUANTITY,
    RATIO,
    STRING,
    TIME,
    VALUE_SET,
    ChoiceType,
    DataType,
    IntervalType,
    NamedType,
)

_LIBRARY = "FHIRHelpers"
_SIMPLE: dict[str, DataType] = {
    "ToString": STRING,
    "ToBoolean": BOOLEAN,
    "ToInteger": INTEGER,
    "ToDecimal": DECIMAL,
    "ToDate": DATE,
    "ToDateTime": DATETIME,
    "ToTime": TIME,
}
_CALLS: dict[str, tuple[str, DataType]] = {
    "ToQuantity": ("to_quantity", QUANTITY),
    "ToQuantityIgnoringComparator": ("to_quantity_ignoring_comparator", QUANTITY),
    "ToRatio": ("to_ratio", RATIO),
    "ToCalendarUnit": ("to_calendar_unit", STRING),
    "ToValueSet": ("to_value_set", VALUE_SET),
}
_SAME: dict[str, DataType] = {"ToCode": CODE, "ToConcept": CONCEPT}
_INTERVALS: dict[str, tuple[str, DataType]] = {
    "Period": ("to_interval_period", DATETIME),
    "Range": ("to_interval_range", QUANTITY),
    "Quantity": ("to_interval_quantity", QUANTITY),
}


def is_fhir_helpers(scope: Scope) -> bool:
    """Whether a library is FHIRHelpers, with or without a namespace."""
    return (scope.library.identifier.id or "").rpartition(".")[2] == _LIBRARY


def call(em: Emitter, scope: Scope, node: FunctionRef, arguments: list[Py]) -> Py | None:
    """The intrinsic for a call, ``None`` if it is a call like any."""
    if len(arguments) != 1 or not is_fhir_helpers(scope):
        return None
    name, argument = node.name, _plain(em, arguments[0])
    if name in _SAME:
        return argument.typed(_SAME[name])
    if name in _SIMPLE:
        own = argument.type
        if isinstance(own, NamedType) and is_fhir(own) and em.fhir.is_primitive(own.name):
            return primitive(em, argument, _SIMPLE[name])
        if own == _SIMPLE[name]:
            return argument
        em.import_("general", "primitive_value")
        return Py(f"primitive_value({em.use(argument)}, {_SIMPLE[name].name!r}, DATE_TIMES)", _SIMPLE[name])  # type: ignore[union-attr]  # all named types
    if name in _CALLS:
        function, kind = _CALLS[name]
        em.import_("fhir_helpers", function)
        return Py(f"{function}({em.use(argument)})", kind)
    if name == "ToInterval":
        return _interval(em, node, argument)
    if name == "ToValue":
        return _to_value(em, arguments[0])
    return None


def identity(em: Emitter, scope: Scope, name: str) -> tuple[DataType, DataType] | None:
    """The types that a conversion takes and gives, if it has nothing to do on JSON."""
    if not is_fhir_helpers(scope) or name not in _SAME:
        return None
    return em.fhir.type("CodeableConcept" if name == "ToConcept" else "Coding"), _SAME[name]


def _plain(em: Emitter, argument: Py) -> Py:
    """Without the wrapping of a choice value: the conversion names the type that is meant."""
    if isinstance(argument.type, ChoiceType) or argument.type is None:
        em.import_("general", "plain")
        return Py(f"plain({em.use(argument)})", argument.type)
    return argument


def _interval(em: Emitter, node: FunctionRef, argument: Py) -> Py:
    kind = node.signature[0] if node.signature else argument.type
    name = kind.name if isinstance(kind, NamedType) else ""
    if is_fhir(kind) and name and em.fhir.is_quantity(name):
        name = "Quantity"
    if name not in _INTERVALS:
        em.import_("general", "to_interval_any")
        return Py(f"to_interval_any({em.use(argument)}, DATE_TIMES)", None)
    function, point = _INTERVALS[name]
    em.import_("fhir_helpers", function)
    dates = ", DATE_TIMES" if name == "Period" else ""
    return Py(f"{function}({em.use(argument)}{dates})", IntervalType(point))


def _to_value(em: Emitter, argument: Py) -> Py:
    kind = value_type(em.fhir, argument.type)
    if argument.owner is not None and argument.keys is not None:
        em.import_("fhir_helpers", "choice_value")
        return Py(f"choice_value({argument.owner}, {argument.keys}, DATE_TIMES)", kind)
    own = argument.type
    if isinstance(own, NamedType) and is_fhir(own):
        em.import_("general", "value_of_type")
        return Py(f"value_of_type({own.name!r}, {em.use(argument)}, DATE_TIMES)", kind)
    em.import_("fhir_helpers", "to_value")
    return Py(f"to_value({em.use(argument)}, DATE_TIMES)", kind)


def external(em: Emitter, scope: Scope, definition: FunctionDef, arguments: list[Py], kind: DataType | None) -> Py:
    """A function without a body: one that FHIR's libraries declare, or one that is registered as Python."""
    name = definition.name
    texts = [em.use(argument) for argument in arguments]
    match name, len(texts):
        case (("extension" | "modifierExtension"), 2):
            em.import_("fhir", "extensions")
            return Py(f"extensions({texts[0]}, {texts[1]}, {name!r})", kind)
        case "resolve", 1:
            em.import_("general", "resolve")
            return Py(f"resolve(c[0], {texts[0]})", kind)
        case "reference", 1:
            em.import_("general", "reference")
            return Py(f"reference({texts[0]})", kind)
        case "hasValue", 1:
            em.import_("general", "has_value")
            return Py(f"has_value({texts[0]})", kind, True)
        case "getValue", 1:
            em.import_("fhir", "dynamic")
            return Py(f"dynamic({texts[0]}, 'value', DATE_TIMES)", kind)
        case "conformsTo", 2:
            em.import_("general", "conforms_to")
            return Py(f"conforms_to({texts[0]}, {texts[1]})", kind)
        case _:
            signature = tuple(str(operand.operand_type or ANY) for operand in definition.operand)
            find = f"ENV.functions.find({scope.library.identifier.id!r}, {name!r}, {signature!r})"
            function = em.module.constant(find, em.frame.place, f"X_{slug(name, 32)}_")
            return Py(f"{function}({', '.join(texts)})", kind)
