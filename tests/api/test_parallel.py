"""Processes that work together: they hear of no interrupt, and end soon when nobody waits for them."""

from __future__ import annotations

import signal
import time
from functools import partial
from multiprocessing import active_children
from typing import Any, NamedTuple

import pytest

from cqlmeasure.api.parallel import Order, crew


class Settings(NamedTuple):
    progress: Any = None


def endless(measures: Any, part: Any, options: Settings) -> Any:
    """Subjects that never end; the part ``now`` fails at once."""
    if part == "now":
        raise ZeroDivisionError
    while True:
        time.sleep(0.001)
        options.progress(1)


NOTHING = Order(None, [], list, endless, Settings())  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held back here")
def test_who_works_hears_of_no_interrupt_from_the_start() -> None:
    with crew(2, NOTHING) as workers:
        held = list(workers.survey([partial(signal.pthread_sigmask, signal.SIG_BLOCK, ())] * 2))
    assert [signal.SIGINT in found for found in held] == [True, True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_work_ends_when_nobody_waits_for_it() -> None:
    before = set(active_children())
    with pytest.raises(ZeroDivisionError), crew(2, NOTHING) as workers:
        list(workers.evaluate(["now", "later", "later"]))  # type: ignore[list-item]
    ours = set(active_children()) - before
    # The executor waits for them too, and for a moment only one of the two is told that they have ended.
    for _ in range(3000):
        if not any(one.is_alive() for one in ours):
            return
        time.sleep(0.01)
    pytest.fail("they go on working")
