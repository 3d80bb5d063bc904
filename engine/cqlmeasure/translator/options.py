"""Translator options under the names of the ELM translator, as ``CqlToElmInfo`` records them.

Always holds: without options the translator does what published content was translated with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

SignatureLevel = Literal["None", "Differing", "Overloads", "All"]
SIGNATURE_LEVELS: tuple[str, ...] = get_args(SignatureLevel)
COMPATIBILITY_LEVELS = ("1.3", "1.4", "1.5")


class TranslatorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to write into ELM, and how to take CQL.

    ``annotations``, ``locators``, ``result_types`` and ``signature_level`` say what is written.  The others change
    what CQL means: with promotion a single value stands where a list (or an interval) is expected, with demotion a
    list of one (or an interval of one point) where a single value is.
    """

    annotations: bool = True
    locators: bool = True
    result_types: bool = False
    list_traversal: bool = True
    list_demotion: bool = False
    list_promotion: bool = False
    interval_demotion: bool = False
    interval_promotion: bool = False
    date_range_optimization: bool = False
    method_invocation: bool = True
    require_from: bool = False
    default_model_infos: bool = True
    signature_level: SignatureLevel = "Overloads"
    compatibility_level: str = "1.5"

    @property
    def names(self) -> tuple[str, ...]:
        """The standard's names of all options that are set, and of those on lists in either case."""
        return tuple(name for name, (field, value) in NAMES.items() if getattr(self, field) is value)

    @property
    def lenient(self) -> bool:
        """Whether values are promoted or demoted at all."""
        return self.list_demotion or self.list_promotion or self.interval_demotion or self.interval_promotion


NAMES: dict[str, tuple[str, bool]] = {
    "EnableAnnotations": ("annotations", True),
    "EnableLocators": ("locators", True),
    "EnableResultTypes": ("result_types", True),
    "EnableDateRangeOptimization": ("date_range_optimization", True),
    "DisableListTraversal": ("list_traversal", False),
    "EnableListDemotion": ("list_demotion", True),
    "DisableListDemotion": ("list_demotion", False),
    "EnableListPromotion": ("list_promotion", True),
    "DisableListPromotion": ("list_promotion", False),
    "EnableIntervalDemotion": ("interval_demotion", True),
    "EnableIntervalPromotion": ("interval_promotion", True),
    "DisableMethodInvocation": ("method_invocation", False),
    "RequireFromKeyword": ("require_from", True),
    "DisableDefaultModelInfoLoad": ("default_model_infos", False),
}
"""The standard's name of an option -> the field, and the value that it stands for."""

_WRITING = ("annotations", "locators", "result_types")
DEFAULT = TranslatorOptions()


def options_of(
    names: Iterable[str], *, signature_level: str = "Overloads", compatibility_level: str = "1.5"
) -> TranslatorOptions:
    """The options that are named; those on what is written are off unless they are.

    Raises ``ValueError`` for a name or level that there is not.
    """
    fields: dict[str, bool] = dict.fromkeys(_WRITING, False)
    for name in names:
        if name not in NAMES:
            raise ValueError(f"there is no translator option '{name}'; there are {', '.join(NAMES)}")
        field, value = NAMES[name]
        if fields.get(field, value) is not value and field not in _WRITING:
            raise ValueError(f"the translator option '{name}' contradicts another one")
        fields[field] = value
    if signature_level not in SIGNATURE_LEVELS:
        raise ValueError(f"'{signature_level}' is no signature level; there are {', '.join(SIGNATURE_LEVELS)}")
    if compatibility_level not in COMPATIBILITY_LEVELS:
        raise ValueError(f"'{compatibility_level}' is no compatibility level: {', '.join(COMPATIBILITY_LEVELS)}")
    return msgspec.convert(
        {**fields, "signature_level": signature_level, "compatibility_level": compatibility_level}, TranslatorOptions
    )
