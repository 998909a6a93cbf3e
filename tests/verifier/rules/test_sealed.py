"""A sealed report is one commitment on one stream, which tells little of what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.removals import branch, refused
from tests.harness.stories import NGO, PARTNERSHIP

KEYS = (bytes([1]) * 32, bytes([2]) * 32)


@pytest.fixture(scope="module")
def listed() -> Registry:
    """A listed partnership."""
    return stories.listed_partnership()


@pytest.fixture
def registry(listed: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(listed)


def fields(**changes: Any) -> dict[str, Any]:
    """Return the fields of a sealed report."""
    return {"root": bytes(32), "leaves": 16, "sealed": bytes(32), "recipients": KEYS} | changes


def untold(registry: Registry, *, of: str = PARTNERSHIP, **changes: Any) -> set[str]:
    """Try to seal a report; return the rules that are not met."""
    return refused(registry, NGO, f"{of}/sealed/s1", "ReportSealed", **fields(**changes))


def test_sl1_a_stream_holds_one(registry: Registry) -> None:
    """SL1: about a partnership on record, and once."""
    assert untold(registry, of="p-nobody") == {"SL1"}
    registry.append(NGO, f"{PARTNERSHIP}/sealed/s1", "ReportSealed", **fields())
    assert untold(registry) == {"SL1"}


def test_sl2_the_number_of_leaves_is_a_power_of_two(registry: Registry) -> None:
    """SL2: any other number would count the fields."""
    assert untold(registry, leaves=17) == {"SL2"}
    registry.append(NGO, f"{PARTNERSHIP}/sealed/s1", "ReportSealed", **fields(leaves=1024))


def test_sl3_each_recipient_stands_once(registry: Registry) -> None:
    """SL3: and naming nobody is allowed."""
    assert untold(registry, recipients=(KEYS[0], KEYS[0])) == {"SL3"}
    open_ = fields()
    del open_["recipients"]
    registry.append(NGO, f"{PARTNERSHIP}/sealed/s1", "ReportSealed", **open_)
