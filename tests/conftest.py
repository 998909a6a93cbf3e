"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.harness import seen, stories
from tests.harness.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]

# No deadline: a loaded machine must not fail a test. `--hypothesis-profile=thorough` looks longer.
settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile(
    "thorough", max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quick")


def pytest_sessionfinish() -> None:
    """Leave behind what this process has seen of the rules, if somebody asked."""
    seen.write()


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


@pytest.fixture(scope="session")
def published_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A true log, published as static files, with its trust policy beside it."""
    folder = tmp_path_factory.mktemp("published")
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    registry.on("2024-12-15")
    stories.accepted_report(registry)
    registry.publish(folder)
    (folder / "policy.txt").write_text(registry.policy())
    return folder
