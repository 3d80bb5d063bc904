"""The Message operator."""

from __future__ import annotations

import pytest

from cqlmeasure.runtime import CqlError
from cqlmeasure.runtime.messages import Message, message


def test_messages_are_collected_in_order() -> None:
    collected: list[Message] = []
    assert message(1, True, "100", "Warning", "careful", collected) == 1
    assert message([2], True, "200", "Trace", "here", collected) == [2]
    assert message(3, True, None, None, "plain", collected) == 3
    assert [(found.severity, found.code, found.text) for found in collected] == [
        ("Warning", "100", "careful"),
        ("Trace", "200", "here"),
        ("Message", None, "plain"),
    ]
    assert [found.source for found in collected] == [None, [2], None]


@pytest.mark.parametrize("condition", [False, None])
def test_nothing_happens_without_a_true_condition(condition: bool | None) -> None:
    collected: list[Message] = []
    assert message("x", condition, "1", "Error", "never", collected) == "x"
    assert not collected


def test_an_error_stops_the_evaluation() -> None:
    with pytest.raises(CqlError, match="400: it went wrong"):
        message(None, True, "400", "Error", "it went wrong", [])
