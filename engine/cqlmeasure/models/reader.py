"""Model info XML (``urn:hl7-org:elm-modelinfo:r1``) into a :class:`Model`.

Reads the files as published, in both styles: ``type``/``typeSpecifier`` and ``elementType``/``elementTypeSpecifier``.
What the files leave open is settled here: a class without a base extends ``System.Any``, an element without a type has
``System.Any``.  The files are untrusted: whatever is wrong ends in a ``ContentError`` that names file and line.
"""

from __future__ import annotations

from pathlib import Path

from cqlmeasure.errors import ContentError
from cqlmeasure.models.facts import (
    ClassFacts,
    ContextFacts,
    Conversion,
    ElementFacts,
    ModelHeader,
    RelationshipFacts,
    SearchFacts,
)
from cqlmeasure.models.model import Model
from cqlmeasure.models.spelling import named, parse_type
from cqlmeasure.models.xmltree import Node, parse_xml, problem
from cqlmeasure.typesys import ANY, SYSTEM, DataType, IntervalType, ListType, NamedType, TupleType, choice_of

NAMESPACE = "urn:hl7-org:elm-modelinfo:r1"
_ANONYMOUS = frozenset({"IntervalTypeInfo", "ListTypeInfo", "ChoiceTypeInfo", "TupleTypeInfo"})


def load_modelinfo(source: str | Path | bytes, *, file: str | None = None) -> Model:
    """The model of a model info file or of its bytes; ``file`` is the name to give in messages about bytes.

    Raises ``ContentError`` if the file cannot be read or is no model info.
    """
    if isinstance(source, bytes):
        return _Reader(file or "model info", source).model()
    name = file or str(source)
    try:
        data = Path(source).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ContentError(f"cannot read the model info: {reason}", code="model-info", file=name) from None
    return _Reader(name, data).model()


class _Reader:
    """One reading of one file."""

    def __init__(self, file: str, data: bytes) -> None:
        self.file = file
        self.root = root = parse_xml(data, file, skip=("binding", "constraint"))
        if root.tag != "modelInfo" or root.namespace != NAMESPACE:
            hint = f"a model info has the root element modelInfo of the namespace {NAMESPACE}"
            raise problem(f"not a model info: the root element is '{root.tag}'", file, root, hint)
        self.name = self.require(root, "name")
        self.required = tuple(
            (self.require(node, "name"), node.get("version"))
            for node in root.children
            if node.tag == "requiredModelInfo"
        )
        self.known = frozenset({SYSTEM, self.name, *(name for name, _ in self.required)})

    def model(self) -> Model:
        """The model of the file."""
        classes: dict[str, ClassFacts] = {}
        places: dict[str, Node] = {}
        for node in self.root.children:
            if node.tag == "typeInfo" and node.kind not in _ANONYMOUS:
                facts = self.class_facts(node)
                if facts.name in classes:
                    raise problem(f"the class '{facts.name}' is declared twice", self.file, node)
                classes[facts.name] = facts
                places[facts.name] = node
        self.check_bases(classes, places)
        return Model(self.header(), classes)

    def header(self) -> ModelHeader:
        """All but the classes."""
        root = self.root
        conversions = tuple(
            Conversion(
                self.type_of(node, "fromType", "fromTypeSpecifier"),
                self.type_of(node, "toType", "toTypeSpecifier"),
                self.require(node, "functionName"),
            )
            for node in root.children
            if node.tag == "conversionInfo"
        )
        return ModelHeader(
            name=self.name,
            version=root.get("version"),
            url=root.get("url"),
            target_url=root.get("targetUrl"),
            target_version=root.get("targetVersion"),
            target_qualifier=root.get("targetQualifier"),
            patient_class=root.get("patientClassName"),
            birth_date_property=root.get("patientBirthDatePropertyName"),
            required=self.required,
            conversions=conversions,
            contexts=tuple(self.context(node) for node in root.children if node.tag == "contextInfo"),
        )

    def context(self, node: Node) -> ContextFacts:
        """A ``contextInfo``."""
        kind = node.first("contextType")
        if kind is None:
            raise problem("a contextInfo without a contextType", self.file, node)
        key, birth_date = node.get("keyElement"), node.get("birthDateElement")
        return ContextFacts(self.require(node, "name"), self.named_type(kind), key, birth_date)

    def class_facts(self, node: Node) -> ClassFacts:
        """A ``typeInfo`` of a named type."""
        if node.kind not in ("ClassInfo", "SimpleTypeInfo", "ProfileInfo"):
            known = "ClassInfo, SimpleTypeInfo or ProfileInfo"
            raise problem(f"a typeInfo of the unknown kind '{node.kind}'", self.file, node, f"expected {known}")
        name = self.class_name(node)
        base = self.optional_type(node, ("baseType",), ("baseTypeSpecifier",))
        if base is None and (self.name, name) != (ANY.model, ANY.name):
            base = ANY
        elements: dict[str, ElementFacts] = {}
        searches: dict[str, SearchFacts] = {}
        relationships: list[RelationshipFacts] = []
        for child in node.children:
            if child.tag == "element":
                element = self.element(child)
                elements.setdefault(element.name, element)
            elif child.tag == "search":
                search = self.require(child, "name")
                kind = self.written_type(text, child) if (text := child.get("type")) else None
                searches[search] = SearchFacts(search, self.require(child, "path"), kind)
            elif child.tag == "contextRelationship":
                context, key = self.require(child, "context"), self.require(child, "relatedKeyElement")
                relationships.append(RelationshipFacts(context, key))
        return ClassFacts(
            model=self.name,
            name=name,
            base=base,
            identifier=node.get("identifier"),
            label=node.get("label"),
            retrievable=node.get("retrievable") in ("true", "1"),
            simple=node.kind == "SimpleTypeInfo",
            primary_code_path=node.get("primaryCodePath"),
            target=node.get("target"),
            elements=elements,
            relationships=tuple(relationships),
            searches=searches,
        )

    def element(self, node: Node) -> ElementFacts:
        """An element of a class."""
        name = self.require(node, "name")
        kind = self.optional_type(node, ("elementType", "type"), ("elementTypeSpecifier", "typeSpecifier"))
        return ElementFacts(name, kind or ANY, node.get("target"))

    def class_name(self, node: Node) -> str:
        """The name of a class without the name of its model."""
        name, namespace = self.require(node, "name"), node.get("namespace")
        if namespace and namespace != self.name:
            return f"{namespace}.{name}"
        return name.removeprefix(f"{self.name}.")

    def type_of(self, node: Node, attribute: str, specifier: str) -> DataType:
        """The type that an attribute or a child names; an error if there is neither."""
        found = self.optional_type(node, (attribute,), (specifier,))
        if found is None:
            raise problem(f"the {node.tag} has neither '{attribute}' nor '{specifier}'", self.file, node)
        return found

    def optional_type(self, node: Node, attributes: tuple[str, ...], specifiers: tuple[str, ...]) -> DataType | None:
        """The type that an attribute or a child names, if any."""
        for attribute in attributes:
            if text := node.get(attribute):
                return self.written_type(text, node)
        child = node.first(*specifiers)
        return None if child is None else self.specifier(child)

    def written_type(self, text: str, node: Node) -> DataType:
        """The type that the text of an attribute names."""
        try:
            return parse_type(text, self.name, self.known)
        except ValueError as error:
            raise problem(str(error), self.file, node) from None

    def specifier(self, node: Node) -> DataType:
        """The type of a type specifier element."""
        match node.kind:
            case "ListTypeSpecifier":
                return ListType(self.type_of(node, "elementType", "elementTypeSpecifier"))
            case "IntervalTypeSpecifier":
                return IntervalType(self.type_of(node, "pointType", "pointTypeSpecifier"))
            case "ChoiceTypeSpecifier":
                choices = [self.specifier(child) for child in node.children if child.tag in ("choice", "type")]
                return choice_of(*choices) if choices else ANY
            case "TupleTypeSpecifier":
                elements = [self.element(child) for child in node.children if child.tag == "element"]
                return TupleType(tuple((element.name, element.type) for element in elements))
            case "NamedTypeSpecifier" | None:
                return self.named_type(node)
            case kind:
                raise problem(f"a type specifier of the unknown kind '{kind}'", self.file, node)

    def named_type(self, node: Node) -> NamedType:
        """The type of a pair of attributes ``namespace`` and ``name``."""
        name, namespace = self.require(node, "name"), node.get("namespace") or node.get("modelName")
        if namespace:
            return NamedType(namespace, name)
        try:
            return named(name, self.name, self.known)
        except ValueError as error:
            raise problem(str(error), self.file, node) from None

    def require(self, node: Node, attribute: str) -> str:
        """The value of an attribute that must be there."""
        value = node.get(attribute)
        if value is None:
            raise problem(f"the {node.tag} has no '{attribute}'", self.file, node)
        return value

    def check_bases(self, classes: dict[str, ClassFacts], places: dict[str, Node]) -> None:
        """Refuses classes that extend themselves."""
        sound: set[str] = set()
        for start in classes:
            chain: dict[str, None] = {}
            name: str | None = start
            while name is not None and name not in sound:
                if name in chain:
                    raise problem(f"the class '{name}' is among its own bases", self.file, places[name])
                chain[name] = None
                base = classes[name].base
                own = isinstance(base, NamedType) and base.model == self.name and base.name in classes
                name = base.name if own and isinstance(base, NamedType) else None
            sound.update(chain)
