"""What the tests of the rules share."""

from __future__ import annotations

import pytest

from tests.harness.removals import Story, tell


@pytest.fixture(scope="session")
def told() -> Story:
    """The story of a removal, told once."""
    return tell()


@pytest.fixture
def story(told: Story) -> Story:
    """The story of a removal, to be left at any point: every point is a branch."""
    return told
