"""Foreign programs for the tests: made when first asked for; what cannot be had skips, or fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import foreign


def had(make: Callable[[], Path]) -> Path:
    """Return a foreign program; where tools are required its absence is a failure."""
    try:
        return make()
    except foreign.UnavailableError as error:
        if os.environ.get("PLEDGEBOOK_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{error}, and this run requires every tool")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def gocheck() -> Path:
    """The checker around Go's own note and tlog."""
    return had(foreign.gocheck)


@pytest.fixture(scope="session")
def fsck() -> Path:
    """Tessera's fsck."""
    return had(lambda: foreign.installed("fsck"))


@pytest.fixture(scope="session")
def litewitness() -> Path:
    """The witness of torchwood."""
    return had(lambda: foreign.installed("litewitness"))


@pytest.fixture(scope="session")
def aics() -> Path:
    """The folder with the programs aics-tlog and aics-witness."""
    return had(foreign.aics)
