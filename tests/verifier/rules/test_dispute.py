"""Disputes: opened by a party, mediated by no party, closed by those who may, with a lesson."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.stories import COMPANY, GOVERNMENT, NGO, PARTNERSHIP, SECRETARIAT, text
from verifier.rules.ahead import steps
from verifier.rules.book import Entry, Refused
from verifier.rules.partnership import dispute

STREAM = f"{PARTNERSHIP}/dispute/wells"
MEDIATOR = "actor-appeals-c"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership of an NGO that leads, a government and a company."""
    return stories.listed_partnership()


def dispute_opened(registry: Registry, author: str = COMPANY, stream: str = STREAM,
                   **changes: Any) -> Entry:  # fmt: skip
    """Open a dispute between the company and the government."""
    fields = {"organization": author, "parties": [COMPANY, GOVERNMENT],
              "text": text("Who pays for the second well")} | changes  # fmt: skip
    return registry.append(author, stream, "DisputeOpened", **fields)


def mediate(registry: Registry, mediator: str = MEDIATOR) -> Entry:
    """Name a mediator."""
    return registry.append(SECRETARIAT, STREAM, "DisputeMediated", mediator=mediator,
                           text=text("Asked by both"))  # fmt: skip


def close(registry: Registry, author: str, outcome: str) -> Entry:
    """Close the dispute."""
    return registry.append(author, STREAM, "DisputeClosed", outcome=outcome,
                           text=text("Each pays a half"),
                           learned=text("Costs are agreed before drilling"))  # fmt: skip


def refused(act: Any, *args: Any, **fields: Any) -> set[str]:
    """Return the rules by which an act is refused."""
    with pytest.raises(Refused) as error:
        act(*args, **fields)
    return {unmet.rule for unmet in error.value.unmet}


def test_the_other_party_settles_a_dispute(registry: Registry) -> None:
    """DP3: without a mediator it is settled by the party that did not open it, once."""
    dispute_opened(registry)
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert "DisputeClosed/1" in ahead
    assert refused(close, registry, COMPANY, "settled") == {"DP3"}
    assert refused(close, registry, GOVERNMENT, "not_settled") == {"DP3"}
    assert refused(close, registry, GOVERNMENT, "withdrawn") == {"DP3"}
    close(registry, GOVERNMENT, "settled")
    assert refused(close, registry, GOVERNMENT, "settled") == {"DP3"}


def test_who_opened_it_withdraws_it(registry: Registry) -> None:
    """DP3: by its own word, with or without a mediator."""
    dispute_opened(registry)
    mediate(registry)
    close(registry, COMPANY, "withdrawn")


def test_a_mediator_says_how_it_ended(registry: Registry) -> None:
    """DP2, DP3: one who counts for no party; then no party alone says that it is settled."""
    dispute_opened(registry)
    assert refused(mediate, registry, GOVERNMENT) == {"DP2"}
    assert refused(mediate, registry, "actor-unknown") == {"DP2"}
    mediate(registry)
    assert refused(close, registry, GOVERNMENT, "settled") == {"DP3"}
    close(registry, MEDIATOR, "not_settled")
    assert refused(mediate, registry) == {"DP2"}


@pytest.mark.parametrize(
    "changes",
    [
        {"parties": [COMPANY, "actor-appeals-c"]},
        {"parties": [COMPANY, COMPANY]},
        {"parties": [NGO, GOVERNMENT]},
        {"organization": GOVERNMENT},
    ],
    ids=["a-stranger", "twice", "no-party", "in-anothers-name"],
)
def test_a_dispute_is_between_partners(registry: Registry, changes: dict[str, Any]) -> None:
    """DP1: each once, and whoever opens it is one of them."""
    assert refused(dispute_opened, registry, **changes) == {"DP1"}


def test_the_secretariat_opens_what_others_do_not(registry: Registry) -> None:
    """DP1: although it is no party; a stream holds one dispute."""
    dispute_opened(registry, SECRETARIAT, organization=NGO)
    assert refused(dispute_opened, registry) == {"DP1"}


def test_what_is_not_on_the_register_has_no_disputes_here() -> None:
    """DP1: nothing is opened about a submission."""
    assert refused(dispute_opened, stories.submitted_partnership()) == {"DP1"}


def test_a_dispute_does_not_stay_open(registry: Registry) -> None:
    """DP4: after the time of the profile it is told until it is closed."""
    dispute_opened(registry)
    registry.book.time += 180 * 86_400
    assert not [*dispute.whole_log(registry.book)]
    registry.book.time += 2 * 86_400
    (told,) = dispute.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("DP4", "omission", SECRETARIAT)
    close(registry.on(registry.day(190)), GOVERNMENT, "settled")
    assert not [*dispute.whole_log(registry.book)]
