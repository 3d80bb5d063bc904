"""What a CQL program is made of while it runs: its values and its operators.

The values are re-exported here; the operators live in one module per chapter of the CQL reference, and generated code
imports those modules.  Always holds: null is ``None``, values are immutable by convention, and every operator is a
plain function of values that propagates null as the specification says.
"""

from cqlmeasure.runtime.interval import (
    DateInterval,
    DateTimeInterval,
    DecimalInterval,
    IntegerInterval,
    Interval,
    LongInterval,
    QuantityInterval,
    TimeInterval,
)
from cqlmeasure.runtime.numbers import Long
from cqlmeasure.runtime.quantity import Quantity, Ratio
from cqlmeasure.runtime.temporal import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    MONTH,
    SECOND,
    WEEK,
    YEAR,
    Date,
    DateTime,
    Time,
)
from cqlmeasure.runtime.uncertainty import Uncertainty
from cqlmeasure.runtime.values import CodeSystem, CqlError, FhirValue, Tuple, ValueSet

__all__ = [
    "DAY",
    "HOUR",
    "MILLISECOND",
    "MINUTE",
    "MONTH",
    "SECOND",
    "WEEK",
    "YEAR",
    "CodeSystem",
    "CqlError",
    "Date",
    "DateInterval",
    "DateTime",
    "DateTimeInterval",
    "DecimalInterval",
    "FhirValue",
    "IntegerInterval",
    "Interval",
    "Long",
    "LongInterval",
    "Quantity",
    "QuantityInterval",
    "Ratio",
    "Time",
    "TimeInterval",
    "Tuple",
    "Uncertainty",
    "ValueSet",
]
