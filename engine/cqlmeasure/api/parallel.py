"""Evaluation in parts, and other work in pieces, by one process or several.

Always holds: the result is that of evaluating everything at once, whatever the number of parts and processes; each
process opens the content itself; parts come back in their order.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from cqlmeasure.data import DataSource, one_by_one
from cqlmeasure.errors import Diagnostic, EvaluationError
from cqlmeasure.measure import MeasureResult, PartResult

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from multiprocessing.synchronize import Event

T = TypeVar("T")
#: So many parts are handed to each process ahead.
_AHEAD = 2
#: After so many subjects a process looks whether it is to stop.
_LOOKED_AFTER = 50


class Opened(Protocol):
    """A content that another process can open: where measures come from."""

    def measure(self, reference: str, /) -> Any:
        """The compiled measure."""
        ...


class Order(NamedTuple):
    """What every process does with its parts: ``evaluate`` measures, each with its settings, for a part's subjects.

    ``asked``: the references of the measures, and their settings; ``ready`` is done with the measures first;
    ``options`` are those of the run.
    """

    opened: Opened
    asked: Sequence[tuple[str, Any]]
    ready: Callable[[Sequence[tuple[Any, Any]]], Sequence[tuple[Any, Any]]]
    evaluate: Callable[[Sequence[tuple[Any, Any]], DataSource, Any], Sequence[MeasureResult]]
    options: Any


class Finished(NamedTuple):
    """What a part gives: the result of each measure, and what its data left out."""

    results: tuple[PartResult, ...]
    warnings: tuple[Diagnostic, ...]


class Crew(Protocol):
    """Processes that work together; or this one alone."""

    def survey(self, work: Iterable[Callable[[], T]], /) -> Iterable[T]:
        """Does pieces of work and gives their results in their order."""
        ...

    def evaluate(self, parts: Iterable[DataSource], /) -> Iterator[Finished]:
        """Evaluates parts and gives what they give in their order."""
        ...


class _Alone:
    """No other process."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._measures = _measures(order)

    def survey(self, work: Iterable[Callable[[], T]]) -> Iterable[T]:
        return one_by_one(work)

    def evaluate(self, parts: Iterable[DataSource]) -> Iterator[Finished]:
        return (_finished(self._order, self._measures, part) for part in parts)


class Pool:
    """Several processes; with an order this one is among them, which has loaded already what it needs."""

    def __init__(self, executor: Executor, others: int, order: Order | None) -> None:
        self._executor = executor
        self._others = others
        self._order = order

    def survey(self, work: Iterable[Callable[[], T]]) -> Iterable[T]:
        """Does pieces of work and gives their results in their order."""
        return self._told(_call, work, None if self._order is None else lambda piece, _: piece())

    def evaluate(self, parts: Iterable[DataSource]) -> Iterator[Finished]:
        """Evaluates parts and gives what they give in their order."""
        order = self._order
        assert order is not None, "there is something to evaluate"
        measures: list[Sequence[tuple[Any, Any]]] = []

        def here(part: DataSource, others: Collection[Future[Finished]]) -> Finished:
            if not measures:
                measures.append(_measures(order))
            return _finished(_watched(order, lambda: _raise_of(others)), measures[0], part)

        return self._told(_evaluate, parts, here)

    def _told(
        self,
        there: Callable[[Any], T],
        work: Iterable[Any],
        here: Callable[[Any, Collection[Future[T]]], T] | None,
    ) -> Iterator[T]:
        """What pieces of work give, in their order; those that nobody has begun are done ``here``, if they can be."""
        rest = deque(enumerate(work))
        ahead = len(rest) if here is None else _AHEAD * self._others
        waiting: dict[int, Future[T]] = {}
        done: dict[int, T] = {}
        number = 0
        with _ended():
            while rest or waiting or done:
                # The processes are started when work is handed in.
                with _unheard():
                    while rest and sum(not one.done() for one in waiting.values()) < ahead:
                        at, piece = rest.popleft()
                        waiting[at] = self._executor.submit(there, piece)
                if rest and here is not None:
                    at, piece = rest.popleft()
                    done[at] = here(piece, waiting.values())
                while number in done or (number in waiting and (waiting[number].done() or not rest)):
                    yield done.pop(number) if number in done else waiting.pop(number).result()
                    number += 1


@contextmanager
def _ended() -> Iterator[None]:
    """A process that ended for no reason that is known is an error of its own."""
    # Imported here because it is slow to load and one process does not need it.
    from concurrent.futures import BrokenExecutor

    try:
        yield
    except BrokenExecutor as error:
        raise EvaluationError(
            "a process that works for this one ended unexpectedly",
            code="process-ended",
            hint="it may have run out of memory: try fewer jobs",
        ) from error


@contextmanager
def _unheard() -> Iterator[None]:
    """Processes that start meanwhile are not told of interrupts, not even as they start; this one is, when it ends."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def crew(jobs: int, order: Order) -> Iterator[Crew]:
    """So many processes, for an order; they end with the context, and soon if it is left by an exception."""
    if jobs <= 1:
        yield _Alone(order)
        return
    with pool(jobs, order) as found:
        yield found


@contextmanager
def pool(jobs: int, order: Order | None = None) -> Iterator[Pool]:
    """So many processes, this one among them if there is an order: what they need is loaded here already.

    They end with the context, and soon if it is left by an exception.
    """
    # Imported here because they are slow to load and one process needs neither.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A process that is started fresh shares no locks and threads with this one.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    others = jobs if order is None else jobs - 1
    executor = ProcessPoolExecutor(others, context, _open, (order, stop))
    try:
        yield Pool(executor, others, order)
    except BaseException:
        # What they are at would be finished first, and this process would wait for it at its end.
        stop.set()
        _left.append(stop)
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()


#: What processes that may not have started yet still have to find.
_left: list[Event] = []
_mine: tuple[Order, Sequence[tuple[Any, Any]], Event] | None = None


class _Stopped(Exception):
    """Nobody waits for the part any more."""


def _open(order: Order | None, stop: Event) -> None:
    """What a process does first.  It is the first process that is told of an interrupt, and that ends the others."""
    global _mine
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if order is not None:
        _mine = (order, _measures(order), stop)


def _measures(order: Order) -> Sequence[tuple[Any, Any]]:
    return order.ready([(order.opened.measure(reference), settings) for reference, settings in order.asked])


def _call(piece: Callable[[], T]) -> T:
    return piece()


def _evaluate(part: DataSource) -> Finished:
    assert _mine is not None
    order, measures, stop = _mine

    def look() -> None:
        if stop.is_set():
            raise _Stopped

    return _finished(_watched(order, look), measures, part)


def _raise_of(others: Collection[Future[Any]]) -> None:
    """Raises what another process has raised."""
    for one in others:
        if one.done():
            one.result()


def _watched(order: Order, look: Callable[[], None]) -> Order:
    """The order, with a look every so many subjects, which raises if the work is to stop."""
    done = 0

    def progress(more: int) -> None:
        nonlocal done
        done += more
        if done >= _LOOKED_AFTER:
            done = 0
            look()

    return order._replace(options=order.options._replace(progress=progress))


def _finished(order: Order, measures: Sequence[tuple[Any, Any]], part: DataSource) -> Finished:
    found = order.evaluate(measures, part, order.options)
    return Finished(tuple(one.part() for one in found), tuple(part.warnings))
