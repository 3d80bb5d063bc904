"""References: to definitions, functions, parameters, terminology, and names in scope."""

from __future__ import annotations

from dataclasses import replace

from cqlmeasure.compiler import intrinsics
from cqlmeasure.compiler.code import Py, slug
from cqlmeasure.compiler.emitter import Emitter, Handler, Scope
from cqlmeasure.compiler.properties import access
from cqlmeasure.elm import clinical
from cqlmeasure.elm.base import Element
from cqlmeasure.elm.library import ExpressionRef, FunctionRef, IdentifierRef, OperandRef, ParameterRef
from cqlmeasure.elm.queries import AliasRef, QueryLetRef
from cqlmeasure.errors import ContentError
from cqlmeasure.typesys import CODE, CODE_SYSTEM, CONCEPT, VALUE_SET, ListType


def _expression(em: Emitter, node: ExpressionRef) -> Py:
    scope = em.other(node.library_name)
    found = em.reference(scope, node.name)
    definition = scope.expressions[node.name]
    if definition.result_type is not None and node.result_type == ListType(definition.result_type):
        # Unfiltered, a definition of a context is the list of its values for all subjects: here there is one.
        return em.combine("[{}]", (found,), node.result_type, True)
    return found


def _function(em: Emitter, node: FunctionRef) -> Py:
    scope = em.other(node.library_name)
    arguments = [em.value(operand) for operand in node.operand]
    found = intrinsics.call(em, scope, node, arguments)
    if found is not None:
        return found
    definition = em.overload(scope, node.name, node.signature, arguments)
    if definition is None:
        raise ContentError(
            f'library {scope.key} has no function "{node.name}" with {len(arguments)} operands', code="unknown-function"
        )
    if definition.expression is None:
        return intrinsics.external(em, scope, definition, arguments, node.result_type or definition.result_type)
    facts = tuple((one.sure, one.items and isinstance(one.type, ListType)) for one in arguments)
    compiled = em.function_definition(scope, definition, facts)
    text = f"{compiled.name}({', '.join(['c', *(em.use(argument) for argument in arguments)])})"
    return replace(compiled.value, text=text)


def _parameter(em: Emitter, node: ParameterRef) -> Py:
    scope = em.other(node.library_name)
    definition = scope.named("parameters", node.name)
    if definition is None:
        raise ContentError(f'library {scope.key} has no parameter "{node.name}"', code="unknown-parameter")
    key = (scope.library.identifier.id or "", node.name)
    kind = definition.parameter_type or definition.result_type
    if definition.default is not None:
        saved = em.scope
        em.scope = scope
        default = em.value(definition.default)
        em.scope = saved
        kind = kind or default.type
        text = (
            f"(ENV.parameter({key[0]!r}, {key[1]!r}) if ENV.has_parameter({key[0]!r}, {key[1]!r}) else {default.text})"
        )
    else:
        text = f"ENV.parameter({key[0]!r}, {key[1]!r})"
    em.parameters[key] = kind
    name = em.module.constant(text, em.frame.place, f"P_{slug(node.name)}_")
    return Py(name, kind, constant=True, atom=True)


def _operand(em: Emitter, node: OperandRef) -> Py:
    return em.look_up("operand", node.name) or em.failure(f"there is no operand '{node.name}'")


def _alias(em: Emitter, node: AliasRef) -> Py:
    found = em.look_up("alias", node.name) or em.look_up("let", node.name)
    return found or em.failure(f"there is no alias '{node.name}'")


def _let(em: Emitter, node: QueryLetRef) -> Py:
    found = em.look_up("let", node.name) or em.look_up("alias", node.name)
    return found or em.failure(f"there is no 'let' named '{node.name}'")


def _identifier(em: Emitter, node: IdentifierRef) -> Py:
    for kind in ("let", "alias", "operand"):
        found = em.look_up(kind, node.name)
        if found is not None:
            return found
    item = em.look_up("alias", "$this")
    if item is not None:
        return access(em, item, node.name)
    scope = em.other(node.library_name)
    if node.name in scope.expressions:
        return em.reference(scope, node.name)
    return em.failure(f"the name '{node.name}' means nothing here")


def vocabulary(em: Emitter, scope: Scope, section: str, name: str) -> Py:
    """A value set or code system of a library."""
    definition = scope.named(section, name)
    if definition is None:
        raise ContentError(f'library {scope.key} has no definition "{name}" among its {section}', code="unknown-name")
    key = (definition.id, definition.version)
    if section == "value_sets":
        text = f"ENV.value_set({key[0]!r}, {key[1]!r})"
        constant = em.module.constant(text, em.frame.place, f"VS_{slug(name, 32)}_")
        em.value_sets.setdefault(key, name)
        return Py(constant, VALUE_SET, True, constant=True, atom=True)
    text = f"ENV.code_system({key[0]!r}, {key[1]!r})"
    constant = em.module.constant(text, em.frame.place, f"CS_{slug(name, 32)}_")
    return Py(constant, CODE_SYSTEM, True, constant=True, atom=True)


def _value_set(em: Emitter, node: clinical.ValueSetRef) -> Py:
    return vocabulary(em, em.other(node.library_name), "value_sets", node.name)


def _code_system(em: Emitter, node: clinical.CodeSystemRef) -> Py:
    return vocabulary(em, em.other(node.library_name), "code_systems", node.name)


def _code_literal(em: Emitter, scope: Scope, code: str, display: str | None, system: str | None) -> dict[str, str]:
    found = {"code": code}
    if system is not None:
        definition = scope.named("code_systems", system)
        if definition is not None:
            found["system"] = definition.id
            if definition.version is not None:
                found["version"] = definition.version
    if display is not None:
        found["display"] = display
    return found


def _named_code(em: Emitter, scope: Scope, name: str) -> dict[str, str]:
    definition = scope.named("codes", name)
    if definition is None:
        raise ContentError(f'library {scope.key} has no code "{name}"', code="unknown-name")
    system = definition.code_system
    owner = em.libraries[scope.includes[system.library_name]] if system and system.library_name else scope
    return _code_literal(em, owner, definition.id, definition.display, system.name if system else None)


def _code_ref(em: Emitter, node: clinical.CodeRef) -> Py:
    literal = _named_code(em, em.other(node.library_name), node.name)
    name = em.module.constant(repr(literal), em.frame.place, f"CODE_{slug(node.name, 32)}_")
    return Py(name, CODE, True, constant=True, atom=True)


def _concept_ref(em: Emitter, node: clinical.ConceptRef) -> Py:
    scope = em.other(node.library_name)
    definition = scope.named("concepts", node.name)
    if definition is None:
        raise ContentError(f'library {scope.key} has no concept "{node.name}"', code="unknown-name")
    codes = []
    for code in definition.code:
        owner = em.libraries[scope.includes[code.library_name]] if code.library_name else scope
        codes.append(_named_code(em, owner, code.name))
    literal = {"coding": codes, "text": definition.display}
    name = em.module.constant(repr(literal), em.frame.place, f"CONCEPT_{slug(node.name, 32)}_")
    return Py(name, CONCEPT, True, constant=True, atom=True)


def _code(em: Emitter, node: clinical.Code) -> Py:
    return Py(repr(_inline_code(em, node)), CODE, True, constant=True)


def _inline_code(em: Emitter, node: clinical.Code) -> dict[str, str]:
    scope = em.other(node.system.library_name) if node.system is not None else em.scope
    return _code_literal(em, scope, node.code, node.display, node.system.name if node.system is not None else None)


def _concept(em: Emitter, node: clinical.Concept) -> Py:
    literal = {"coding": [_inline_code(em, code) for code in node.code], "text": node.display}
    return Py(repr(literal), CONCEPT, True, constant=True)


HANDLERS: dict[type[Element], Handler] = {
    ExpressionRef: _expression,
    FunctionRef: _function,
    ParameterRef: _parameter,
    OperandRef: _operand,
    AliasRef: _alias,
    QueryLetRef: _let,
    IdentifierRef: _identifier,
    clinical.ValueSetRef: _value_set,
    clinical.CodeSystemRef: _code_system,
    clinical.CodeRef: _code_ref,
    clinical.ConceptRef: _concept_ref,
    clinical.Code: _code,
    clinical.Concept: _concept,
}
