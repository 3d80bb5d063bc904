"""Fixtures of the models' tests."""

from __future__ import annotations

import pytest

OWN = b"""<?xml version="1.0"?>
<modelInfo xmlns="urn:hl7-org:elm-modelinfo:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    name="Own" version="1.2" url="http://example.org/own" targetUrl="http://hl7.org/fhir"
    targetVersion="4.0.1" targetQualifier="own" patientClassName="Own.Person" patientBirthDatePropertyName="born">
  <requiredModelInfo name="System" version="1.0.0"/>
  <requiredModelInfo name="FHIR" version="4.0.1"/>
  <typeInfo xsi:type="ClassInfo" namespace="Own" name="Person" identifier="http://example.org/own/Person"
      label="A Person" retrievable="true" primaryCodePath="kind" target="Patient" baseType="FHIR.Patient">
    <element name="new" elementType="FHIR.CodeableConcept" target="FHIRHelpers.ToConcept(%value)"/>
    <element name="old" type="System.String"><binding name="B"><element name="hidden"/></binding></element>
    <element name="texts" elementType="list&lt;System.String>"/>
    <element name="times" type="List&lt; Interval&lt;System.DateTime> >"/>
    <element name="either" elementType="choice&lt;System.String,interval&lt;System.DateTime>>"/>
    <element name="list"><elementTypeSpecifier xsi:type="ListTypeSpecifier" elementType="Own.Person.Name"/></element>
    <element name="nested">
      <typeSpecifier xsi:type="ListTypeSpecifier">
        <elementTypeSpecifier xsi:type="NamedTypeSpecifier" namespace="Own" name="Person.Name"/>
      </typeSpecifier>
    </element>
    <element name="choice">
      <elementTypeSpecifier xsi:type="ChoiceTypeSpecifier">
        <choice xsi:type="NamedTypeSpecifier" namespace="System" name="Quantity"/>
        <choice xsi:type="IntervalTypeSpecifier">
          <pointTypeSpecifier xsi:type="NamedTypeSpecifier" namespace="System" name="DateTime"/>
        </choice>
        <choice xsi:type="NamedTypeSpecifier" namespace="System" name="Quantity"/>
      </elementTypeSpecifier>
    </element>
    <element name="tuple">
      <elementTypeSpecifier xsi:type="TupleTypeSpecifier"><element name="a" elementType="System.Integer"/>
      </elementTypeSpecifier>
    </element>
    <element name="open"/>
    <element name="bare" elementType="Person.Name"/>
    <contextRelationship context="Patient" relatedKeyElement="subject"/>
    <search name="when" path="times" type="System.DateTime"/>
    <search name="who" path="subject"/>
  </typeInfo>
  <typeInfo xsi:type="ClassInfo" name="Own.Person.Name"/>
  <typeInfo xsi:type="SimpleTypeInfo" namespace="Own" name="Gender" baseType="System.String"/>
  <typeInfo xsi:type="ProfileInfo" namespace="Own" name="Mixed">
    <baseTypeSpecifier xsi:type="ChoiceTypeSpecifier">
      <choice xsi:type="NamedTypeSpecifier" namespace="System" name="Quantity"/>
      <choice xsi:type="NamedTypeSpecifier" namespace="System" name="String"/>
    </baseTypeSpecifier>
  </typeInfo>
  <typeInfo xsi:type="ListTypeInfo" elementType="Own.Person"/>
  <conversionInfo functionName="Helpers.Two" fromType="Own.Gender" toType="Interval&lt;System.DateTime>"/>
  <contextInfo name="Patient" keyElement="id" birthDateElement="born">
    <contextType namespace="Own" name="Person"/>
  </contextInfo>
</modelInfo>"""


@pytest.fixture
def own() -> bytes:
    """A model info with every way of writing a type."""
    return OWN
