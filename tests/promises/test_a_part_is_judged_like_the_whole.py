"""Of any partnership of a long-lived registry, its part of the log is judged as the whole was."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.harness.decade import play
from tests.harness.registry import Registry
from verifier.replay import PartialBook, Placed, closure, replay
from verifier.rules.public import public

pytestmark = pytest.mark.slow

EVERY = 5
"""One partnership in so many is tried: some sixty, of every profile and every way of behaving."""
MOST = 5_000


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Ten years of a registry."""
    return play().registry


def test_a_part_of_a_decade_is_judged_like_the_whole(registry: Registry) -> None:
    """Everything that admission reads is found by asking; all is admitted; the states are equal."""
    parts: dict[str, list[tuple[int, int, bytes]]] = defaultdict(list)
    at = 0
    for index, event in enumerate(registry.events):
        at = max(at, event.iat)
        parts[event.subject].append((index, at, event.raw))
    draft = registry.sign("actor-x", "ledger/register", "RegisterPublished", size=1, leaves=1,
                          root=bytes(32))  # fmt: skip
    last = Placed(len(registry.events), max(at, draft.iat), draft)
    names = [name for name in parts if name.startswith("p-")][::EVERY]
    assert len(names) > 40
    for name in names:
        covered, placed = closure(
            name, lambda subject: parts.get(subject, []), lambda size: registry.roots[size],
            last, most=MOST,
        )  # fmt: skip
        book = PartialBook(lambda size: registry.roots[size])
        checks = replay(placed[:-1], book)
        assert len(checks) == sum(len(parts.get(subject, ())) for subject in covered)
        for subject in covered:
            here, there = book.subject(subject), registry.subject(subject)
            assert (here.heads, here.things) == (there.heads, there.things), subject
            assert public(here) == public(there)
