"""Units of measure: which are valid, which can be compared, and what one is in terms of another.

Always holds: equal texts are the same unit without any look-up; calendar words (``year``, ``months``, ...) are known
without UCUM; an annotation alone (``{score}``) is unity; an arbitrary unit (``[IU]``) converts to no other; whatever is
unknown gives ``None``, never an exception.  The UCUM library is loaded only when two different units meet.
"""

from cqlmeasure.ucum.algebra import divide_units, multiply_units
from cqlmeasure.ucum.calendar import calendar_unit, definite_unit
from cqlmeasure.ucum.convert import (
    convert,
    convert_equivalent,
    is_valid,
    more_granular,
    same_dimension,
    to_common_unit,
)

__all__ = [
    "calendar_unit",
    "convert",
    "convert_equivalent",
    "definite_unit",
    "divide_units",
    "is_valid",
    "more_granular",
    "multiply_units",
    "same_dimension",
    "to_common_unit",
]
