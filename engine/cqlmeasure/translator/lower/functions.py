"""Calls: functions of this and of included libraries, fluent calls, and the operators that CQL spells as functions.

CQL specification, Developer's Guide, "Function resolution"; Author's Guide, "Fluent functions".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from cqlmeasure.elm import library as elm_library
from cqlmeasure.elm import lists, literals, logical
from cqlmeasure.errors import Span
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.advice import did_you_mean, no_overload, shown
from cqlmeasure.translator.lower.build import operate
from cqlmeasure.translator.lower.conditionals import condition
from cqlmeasure.translator.lower.core import Abandoned, Lowering, Typed, lowers
from cqlmeasure.translator.lower.merging import merge
from cqlmeasure.translator.lower.names import included_library, reference
from cqlmeasure.translator.lower.overloads import Chosen, choose
from cqlmeasure.translator.lower.properties import access
from cqlmeasure.translator.symbols import FunctionSymbol, Kind
from cqlmeasure.typesys import INTEGER, STRING, ListType, Signature, operators, signatures

_AGE = re.compile(r"(Calculate)?AgeIn(Year|Month|Week|Day|Hour|Minute|Second)s(At)?$")


@lowers(syntax.FunctionCall)
def lower_call(lowering: Lowering, node: syntax.FunctionCall) -> Typed:
    """A call: ``f(x)``, ``Library.f(x)``, ``x.f()``."""
    if node.source is None:
        return _call(lowering, node, lowering.lower_all(node.arguments))
    if _is_system(lowering, node.source):
        arguments = lowering.lower_all(node.arguments)
        found = _system(lowering, node, arguments)
        if found is None:
            raise _unknown(lowering, node.name.text, (), arguments, node)
        return found
    alias = included_library(lowering, node.source)
    if alias is not None:
        return _included(lowering, alias, node, lowering.lower_all(node.arguments))
    if not lowering.options.method_invocation:
        hint = f"the option DisableMethodInvocation is set; write {node.name.text}(...)"
        raise lowering.fail("method-invocation", f"'{node.name.text}' is called as a method", node.name.span, hint=hint)
    return _fluent(lowering, node, lowering.lower_all([node.source, *node.arguments]))


def _is_system(lowering: Lowering, source: syntax.Expression) -> bool:
    """Whether an expression names the library of CQL's own operators."""
    if not isinstance(source, syntax.IdentifierExpression) or source.name != "System":
        return False
    return "System" not in lowering.includes and not any("System" in scope.names for scope in lowering.scopes)


def _call(lowering: Lowering, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed:
    """An own function or one of System's, whichever fits better."""
    name = node.name.text
    own = lowering.require_functions(name, node.name.span)
    chosen = _choose(lowering, own, arguments)
    system = choose(lowering, signatures(name), [argument.type for argument in arguments])
    if chosen is not None and (system is None or chosen.cost <= system.cost):
        return _function_ref(lowering, own, chosen, arguments, None, node.span)
    found = _system(lowering, node, arguments)
    if found is not None:
        return found
    raise _unknown(lowering, name, own, arguments, node)


def _included(lowering: Lowering, alias: str, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed:
    name = node.name.text
    overloads = lowering.includes[alias].functions.get(name, ())
    chosen = _choose(lowering, overloads, arguments)
    if chosen is None:
        if alias in lowering.incomplete:
            raise Abandoned
        raise _unknown(lowering, f"{alias}.{name}", overloads, arguments, node)
    if overloads[chosen.position].private:
        raise lowering.fail("private", f"'{name}' is private to {lowering.includes[alias].name}", node.name.span)
    return _function_ref(lowering, overloads, chosen, arguments, alias, node.span)


def _fluent(lowering: Lowering, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed:
    """A fluent function of this library or of any included one, the closest fit; own ones first."""
    name = node.name.text
    best: tuple[Chosen, Sequence[FunctionSymbol], str | None] | None = None
    seen: list[FunctionSymbol] = []
    places: list[tuple[str | None, Sequence[FunctionSymbol]]] = [
        (None, lowering.require_functions(name, node.name.span))
    ]
    places += [(alias, symbols.functions.get(name, ())) for alias, symbols in lowering.includes.items()]
    for place, overloads in places:
        fluent = [overload for overload in overloads if overload.fluent and not (place and overload.private)]
        seen += fluent
        chosen = _choose(lowering, fluent, arguments)
        if chosen is not None and (best is None or chosen.cost < best[0].cost):
            best = (chosen._replace(position=list(overloads).index(fluent[chosen.position])), overloads, place)
    if best is not None:
        chosen, overloads, alias = best
        return _function_ref(lowering, overloads, chosen, arguments, alias, node.span)
    method = _METHODS.get(name) if not seen else None
    if method is not None:
        identifier = msgspec.structs.replace(node.name, text=method)
        found = _system(lowering, msgspec.structs.replace(node, name=identifier), arguments)
        if found is not None:
            return found
    raise _unknown(lowering, name, seen, arguments, node, fluent=True)


def _choose(lowering: Lowering, overloads: Sequence[FunctionSymbol], arguments: Sequence[Typed]) -> Chosen | None:
    """The overload for the arguments; failing that, one that takes them as the data have them.

    The second try is for libraries that exist only as ELM, whose operand types are those of the data.
    """
    table = [Signature(overload.operands, overload.result) for overload in overloads]
    kinds = [argument.type for argument in arguments]
    chosen = choose(lowering, table, kinds)
    if chosen is None and table:
        chosen = choose(lowering, table, [lowering.data_type(kind) for kind in kinds])
    return chosen


def _function_ref(
    lowering: Lowering,
    overloads: Sequence[FunctionSymbol],
    chosen: Chosen,
    arguments: Sequence[Typed],
    alias: str | None,
    span: Span,
) -> Typed:
    function = overloads[chosen.position]
    if alias is None:
        function = lowering.finish_function(function, span)
    lowering.used.add(alias)
    converted = chosen.apply(arguments)
    signature = tuple(lowering.data_type(kind) for kind in function.operands) if len(overloads) > 1 else ()
    return lowering.typed(
        elm_library.FunctionRef,
        span,
        function.result,
        name=function.name,
        library_name=alias,
        signature=signature,
        operand=tuple(argument.node for argument in converted),
    )


def _unknown(
    lowering: Lowering,
    name: str,
    overloads: Sequence[FunctionSymbol],
    arguments: Sequence[Typed],
    node: syntax.FunctionCall,
    *,
    fluent: bool = False,
) -> Abandoned:
    if name.rpartition(".")[2] in lowering.broken or (fluent and lowering.incomplete):
        return Abandoned()  # what it may have meant could not be read, which has been reported
    known = [Signature(overload.operands, overload.result) for overload in overloads]
    if not fluent:
        known += signatures(name)
    if known:
        kinds = [argument.type for argument in arguments]
        return no_overload(lowering, name, known, kinds, node.span, function=True)
    sort = "fluent function" if fluent else "function"
    hint = _hint_for_function(lowering, name, fluent)
    return lowering.fail("unknown-function", f"there is no {sort} '{name}'", node.name.span, hint=hint)


def _hint_for_function(lowering: Lowering, name: str, fluent: bool) -> str | None:
    """Where a function of that name is, or near names."""
    alias, _, plain = name.rpartition(".")
    owners = [other for other, symbols in lowering.includes.items() if plain in symbols.functions]
    if fluent:
        if plain in lowering.functions or plain in operators():
            return f"{plain} is no fluent function: write {plain}(x)"
        if owners:
            return f"{owners[0]}.{plain} is no fluent function: write {owners[0]}.{plain}(x)"
    elif owners:
        return f"{owners[0]} has it: write {owners[0]}.{plain}(...)"
    elif lowering.has_value(plain) and not alias:
        return f"'{plain}' is no function: leave out the parentheses"
    if alias:
        return did_you_mean(plain, lowering.includes[alias].functions)
    names = [*lowering.functions, *operators()]
    names += [other for symbols in lowering.includes.values() for other in symbols.functions]
    return did_you_mean(plain, names)


# --- operators spelled as functions ---


def _system(lowering: Lowering, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed | None:
    name = node.name.text
    age = _AGE.match(name)
    if age is not None:
        return _age(lowering, node, arguments, bool(age[1]), age[2], bool(age[3]))
    special = _SPECIAL.get(name)
    if special is not None:
        return special(lowering, node, arguments)
    if name not in operators():
        return None
    return operate(lowering, name, arguments, node.span, node.span)


def _age(
    lowering: Lowering,
    node: syntax.FunctionCall,
    arguments: list[Typed],
    explicit: bool,
    precision: str,
    at: bool,
) -> Typed:
    """``AgeInYears()``, ``AgeInYearsAt(d)`` of the patient; ``CalculateAgeInYears(b)``, ``...At(b, d)``."""
    operands = arguments if explicit else [_birth_date(lowering, node.span), *arguments]
    operator = "CalculateAgeAt" if at else "CalculateAge"
    return operate(lowering, operator, operands, node.span, node.span, precision=precision)


def _birth_date(lowering: Lowering, span: Span) -> Typed:
    """The patient's birth date, by the path that the model gives."""
    patient = lowering.require_value("Patient", span)
    paths = [path for model in lowering.models.used if (path := model.birth_date_path())]
    if patient is None and "Patient" in lowering.broken:
        raise Abandoned
    if patient is None or patient.kind is not Kind.EXPRESSION or not paths:
        raise lowering.fail(
            "no-birth-date",
            "the age of the patient is not known here",
            span,
            hint="it needs 'context Patient' and a model with patients, or CalculateAge... with a birth date",
        )
    model = next(model for model in lowering.models.used if model.birth_date_path())
    value = reference(lowering, patient, None, span)
    for step in (model.birth_date_path() or "").split("."):
        value = access(lowering, value, step, span)
    return value


def _coalesce(lowering: Lowering, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed:
    """Any number of values, or one list of them."""
    if len(arguments) == 1 and isinstance(arguments[0].type, ListType):
        return lowering.typed(logical.Coalesce, node.span, arguments[0].type.element, operand=(arguments[0].node,))
    if not arguments:
        raise lowering.fail("no-overload", "Coalesce needs at least one argument", node.span)
    merged, kind = merge(lowering, arguments)
    return lowering.typed(logical.Coalesce, node.span, kind, operand=tuple(value.node for value in merged))


def _message(lowering: Lowering, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed:
    """``Message(source, condition, code, severity, message)``."""
    if len(arguments) != 5:
        raise lowering.fail(
            "no-overload",
            f"Message takes 5 arguments, found {len(arguments)}",
            node.span,
            hint="Message(source, condition Boolean, code String, severity String, message String)",
        )
    source, test, *texts = arguments
    test = condition(lowering, test, node.arguments[1])
    code, severity, message = (
        _as_text(lowering, text, argument).node for text, argument in zip(texts, node.arguments[2:], strict=True)
    )
    return lowering.typed(
        logical.Message,
        node.span,
        source.type,
        source=source.node,
        condition=test.node,
        code=code,
        severity=severity,
        message=message,
    )


def _as_text(lowering: Lowering, value: Typed, node: syntax.Expression) -> Typed:
    converted, kind = merge(
        lowering, [value, lowering.typed(literals.Literal, None, STRING, value_type=STRING, value="")]
    )
    if kind != STRING:
        raise lowering.fail("type-mismatch", f"expected a String, found {shown(value.type)}", node.span)
    return converted[0]


def _slice(lowering: Lowering, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed:
    """``Skip``, ``Take`` and ``Tail``, which are slices in ELM."""
    name = node.name.text
    chosen = choose(lowering, signatures(name), [argument.type for argument in arguments])
    if chosen is None:
        raise _unknown(lowering, name, (), arguments, node)
    source, *rest = chosen.apply(arguments)
    start = rest[0].node if name == "Skip" else _number(lowering, 0 if name == "Take" else 1)
    end = None
    if name == "Take":
        zero = lowering.typed(literals.Literal, None, INTEGER, value_type=INTEGER, value="0")
        end = lowering.typed(logical.Coalesce, None, INTEGER, operand=(rest[0].node, zero.node)).node
    return lowering.typed(lists.Slice, node.span, source.type, source=source.node, start_index=start, end_index=end)


def _number(lowering: Lowering, value: int) -> literals.Literal:
    return lowering.make(literals.Literal, None, INTEGER, value_type=INTEGER, value=str(value))


def _descendents(lowering: Lowering, node: syntax.FunctionCall, arguments: list[Typed]) -> Typed:
    return operate(lowering, "Descendents", arguments, node.span, node.span)


_SPECIAL = {
    "Coalesce": _coalesce,
    "Message": _message,
    "Skip": _slice,
    "Take": _slice,
    "Tail": _slice,
    "Descendants": _descendents,
}

_FHIRPATH = """
    Abs Ceiling Exp Floor Ln Log Power Round Truncate
    Children Count Descendants Descendents Distinct Exists First IndexOf Last Skip SingletonFrom Tail Take
    EndsWith Length Lower Matches ReplaceMatches Split StartsWith Substring Upper
    ConvertsToBoolean ConvertsToDate ConvertsToDateTime ConvertsToDecimal ConvertsToInteger ConvertsToQuantity
    ConvertsToString ConvertsToTime ToBoolean ToDate ToDateTime ToDecimal ToInteger ToQuantity ToString ToTime
    AllTrue AnyTrue HighBoundary LowBoundary Precision
"""
_METHODS = {name[0].lower() + name[1:]: name for name in _FHIRPATH.split()} | {"single": "SingletonFrom"}
"""Functions of FHIRPath that are operators of CQL: ``x.count()`` is ``Count(x)``; fluent functions go first."""
