"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

# No deadline: a loaded machine must not fail a test. `--hypothesis-profile=thorough` looks longer.
settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile(
    "thorough", max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quick")


@pytest.fixture
def require_tool() -> Callable[[str], str]:
    """Returns a function that finds a program on the path.

    A missing program skips the test, with the reason; where ``PLEDGEBOOK_REQUIRE_TOOLS=1`` is set
    (``make test-all``) it fails the test, so that a suite cannot pass by not running.
    """

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is not None:
            return path
        reason = f"the program {program!r} is not installed"
        if os.environ.get("PLEDGEBOOK_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{reason}, and this run requires every tool")
        pytest.skip(reason)

    return find
