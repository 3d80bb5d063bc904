"""Functions that CQL declares as ``external``: Python functions, registered by name and, for overloads, by signature.

Always holds: what a Python function raises becomes a ``CqlError`` that names the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from cqlmeasure.runtime.values import CqlError

Function = Callable[..., Any]


class Functions:
    """A registry of external functions."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, str], list[tuple[tuple[str, ...] | None, Function]]] = {}

    def register(
        self, name: str, function: Function, signature: Sequence[str] | None = None, library: str | None = None
    ) -> None:
        """Register a function under the name that CQL declares.

        ``signature`` are the types of the operands as CQL writes them (``["Integer", "List<String>"]``),
        needed where overloads share the name; ``library`` restricts it to one library.  Arguments and result are
        run-time values: ``int``, ``Decimal``, ``str``, ``Quantity``, lists, FHIR resources as parsed JSON, ``None``.
        """
        kinds = None if signature is None else _spelling(signature)
        self._known.setdefault((library, name), []).insert(0, (kinds, function))

    def find(self, library: str, name: str, signature: Sequence[str]) -> Function:
        """The function for a declaration; where there is none, one that says so when it is called."""
        kinds = _spelling(signature)
        candidates = [*self._known.get((library, name), ()), *self._known.get((None, name), ())]
        for wanted in (kinds, None):
            for known, function in candidates:
                if known == wanted:
                    return _guarded(name, function)
        return _missing(name, signature)


def _spelling(signature: Sequence[str]) -> tuple[str, ...]:
    return tuple(text.replace(" ", "").replace("System.", "") for text in signature)


def _guarded(name: str, function: Function) -> Function:
    @wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except CqlError:
            raise
        except Exception as error:
            raise CqlError(f"the external function {name} failed: {type(error).__name__}: {error}") from error

    return call


def _missing(name: str, signature: Sequence[str]) -> Function:
    def call(*arguments: Any) -> Any:
        raise CqlError(f"the external function {name}({', '.join(signature)}) is not known: register a Python function")

    return call
