"""Processes that work together: they hear of no interrupt, and end soon when nobody waits for them."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from multiprocessing import active_children
from typing import Any, NamedTuple

import pytest

from cqlmeasure.api.parallel import Order, crew, pool


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
    with pool(2) as workers:
        held = list(workers.survey([partial(signal.pthread_sigmask, signal.SIG_BLOCK, ())] * 2))
    assert [signal.SIGINT in found for found in held] == [True, True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_this_process_works_too() -> None:
    with crew(3, NOTHING) as workers:
        found = list(workers.survey([partial(slowly, number) for number in range(12)]))
    assert [number for number, _ in found] == list(range(12))
    assert os.getpid() in {process for _, process in found}
    assert len({process for _, process in found}) > 1


def slowly(number: int) -> tuple[int, int]:
    time.sleep(0.05)
    return number, os.getpid()


@pytest.mark.parametrize("parts", [["now", "later", "later"], ["later", "later", "now"]])
def test_work_ends_when_nobody_waits_for_it(parts: list[str]) -> None:
    """Whether it is this process that fails or another one."""
    before = set(active_children())
    with pytest.raises(ZeroDivisionError), crew(2, NOTHING) as workers:
        list(workers.evaluate(parts))  # type: ignore[arg-type]
    ours = set(active_children()) - before
    # The executor waits for them too, and for a moment only one of the two is told that they have ended.
    for _ in range(3000):
        if not any(one.is_alive() for one in ours):
            return
        time.sleep(0.01)
    pytest.fail("they go on working")
