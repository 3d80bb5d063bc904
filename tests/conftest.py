"""Fixtures that all rooms' tests use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from fhir_server.process import Running

REPOSITORY = Path(__file__).resolve().parents[1]

# How long an example takes says something about the machine, and nothing about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled programs are cached for the session, and not among those of the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CQLMEASURE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def fhir() -> Iterator[Running]:
    """A FHIR server on loopback; each test says what it holds."""
    running = Running()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with published measures and conformance tests beside the checkout; without it the test is skipped."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("there is no folder 'shared' beside the checkout")
    return folder
