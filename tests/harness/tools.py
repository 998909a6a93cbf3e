"""Other people's programs that a test needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Say what is missing: skip the test.

    Where ``PLEDGEBOOK_REQUIRE_TOOLS=1`` is set (``make test-all``) it fails the test.
    """
    if os.environ.get("PLEDGEBOOK_REQUIRE_TOOLS") == "1":
        pytest.fail(f"not there, and this run requires every tool: {reason}")
    pytest.skip(f"not there: {reason}")
