"""Rules for what does not depend on data: literals, codes, value sets, parameters."""

from __future__ import annotations

from cqlmeasure.elm import clinical, literals
from cqlmeasure.elm import library as names
from cqlmeasure.requirements.run import Run, Scope, handler
from cqlmeasure.requirements.times import Literal, Parameter
from cqlmeasure.requirements.values import EMPTY, NULL, CodeKey, Codes, Constant, Moment, Terminology, Value, join
from cqlmeasure.typesys import DATE, DATETIME, SYSTEM, IntervalType, NamedType


@handler(names.ParameterRef)
def parameter_ref(run: Run, node: names.ParameterRef, scope: Scope) -> Value:
    found = run.libraries.parameter(scope.library, node.name, node.library_name)
    kind = found.parameter_type or found.result_type
    point = kind.point if isinstance(kind, IntervalType) else kind
    if point in (DATE, DATETIME):
        return Value(symbol=Moment(Parameter(node.name, point == DATE)))
    return EMPTY


@handler(literals.Null)
def null(run: Run, node: literals.Null, scope: Scope) -> Value:
    return NULL


@handler(literals.Literal)
def literal(run: Run, node: literals.Literal, scope: Scope) -> Value:
    text = node.value or ""
    if node.value_type == NamedType(SYSTEM, "String"):
        return Value(symbol=Codes(((None, text, None),)))
    return Value(symbol=Constant(text))


@handler(literals.Quantity)
def quantity(run: Run, node: literals.Quantity, scope: Scope) -> Value:
    return Value(symbol=Constant(str(node.value), node.unit or "1"))


@handler(literals.DateTime, literals.Date)
def date_time(run: Run, node: literals.DateTime | literals.Date, scope: Scope) -> Value:
    parts = [node.year, node.month, node.day]
    if isinstance(node, literals.DateTime):
        if node.timezone_offset is not None:
            return run.other(node, scope)
        parts += [node.hour, node.minute, node.second, node.millisecond]
    values = [run.evaluate(part, scope) for part in parts if part is not None]
    numbers = [value.symbol.value for value in values if isinstance(value.symbol, Constant)]
    if len(numbers) != len(values) or not all(number.isdigit() for number in numbers):
        return run.consumed(node, values)
    return Value(symbol=Moment(Literal(tuple(map(int, numbers)))))


@handler(clinical.CodeRef)
def code_ref(run: Run, node: clinical.CodeRef, scope: Scope) -> Value:
    return Value(symbol=Codes((_declared(run, scope, node),)))


@handler(clinical.ConceptRef)
def concept_ref(run: Run, node: clinical.ConceptRef, scope: Scope) -> Value:
    owner = run.libraries.owner(scope.library, node.library_name)
    found = run.libraries.concept(scope.library, node.name, node.library_name)
    inside = Scope(owner, scope.definition)
    return Value(symbol=Codes(tuple(_declared(run, inside, code) for code in found.code)))


def _declared(run: Run, scope: Scope, node: clinical.CodeRef) -> CodeKey:
    owner = run.libraries.owner(scope.library, node.library_name)
    found = run.libraries.code(scope.library, node.name, node.library_name)
    return _system(run, owner, found.code_system), found.id, found.display


def _system(run: Run, library: names.Library, ref: clinical.CodeSystemRef | None) -> str | None:
    return run.libraries.code_system(library, ref.name, ref.library_name).id if ref is not None else None


@handler(clinical.Code)
def code(run: Run, node: clinical.Code, scope: Scope) -> Value:
    return Value(symbol=Codes(((_system(run, scope.library, node.system), node.code, node.display),)))


@handler(clinical.Concept)
def concept(run: Run, node: clinical.Concept, scope: Scope) -> Value:
    return join([code(run, one, scope) for one in node.code])


@handler(clinical.ValueSetRef)
def value_set_ref(run: Run, node: clinical.ValueSetRef, scope: Scope) -> Value:
    found = run.libraries.value_set(scope.library, node.name, node.library_name)
    return Value(symbol=Terminology(f"{found.id}|{found.version}" if found.version else found.id))
