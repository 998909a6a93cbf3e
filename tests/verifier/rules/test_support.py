"""Support: asked for, offered, delivered, and owed to whoever is late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry
from tests.harness.stories import COMPANY, FOCAL_POINT, OFFICE_A, PARTNERSHIP, SECRETARIAT, text
from verifier.rules import support
from verifier.rules.ahead import steps
from verifier.rules.book import Entry, Refused
from verifier.rules.support import SupportRequest

REQUEST = f"{PARTNERSHIP}/support-request/money"
OFFER = f"{PARTNERSHIP}/support/s1"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership."""
    return stories.listed_partnership()


def ask(registry: Registry, stream: str = REQUEST, author: str = SECRETARIAT) -> Entry:
    """Ask for money."""
    return registry.append(author, stream, "SupportRequested", kind="financial",
                           text=text("A loan for the pumps"))  # fmt: skip


def offer(registry: Registry, **changes: Any) -> Entry:
    """Offer the money that was asked for."""
    values = {"kind": "financial", "text": text("A grant"), "request": "money"} | changes
    return registry.append(FOCAL_POINT, OFFER, "SupportOffered", **values)


def close(registry: Registry, outcome: str = "met") -> Entry:
    """Close the request."""
    return registry.append(SECRETARIAT, REQUEST, "SupportClosed", outcome=outcome)


def refusal(act: Any, *args: Any, **fields: Any) -> set[str]:
    """Return the rules by which an act is refused."""
    with pytest.raises(Refused) as refused:
        act(*args, **fields)
    return {unmet.rule for unmet in refused.value.unmet}


def test_a_request_is_made_by_a_listed_partnership_on_its_own_stream(registry: Registry) -> None:
    """SP1: asked by the listed; refused to the submitted, a second time, and to a mere partner."""
    stories.submitted_partnership(registry, name="p-waiting")
    assert refusal(ask, registry, "p-waiting/support-request/money") == {"SP1"}
    assert refusal(ask, registry, author=COMPANY) == {"AD10"}
    ask(registry)
    assert refusal(ask, registry) == {"SP1"}


def test_an_offer_answers_an_open_request_of_its_kind(registry: Registry) -> None:
    """SP5: an offer for no request, and of another kind, is refused."""
    assert refusal(offer, registry) == {"SP5"}
    ask(registry)
    assert refusal(offer, registry, kind="expertise") == {"SP5"}
    step = [s for s in steps(PARTNERSHIP, registry.book, registry.now)
            if s.type == "SupportOffered/1"]  # fmt: skip
    assert [s.lawful for s in step] == [True, True]  # for the report that is owed next, and this
    offer(registry)


def test_a_request_is_met_by_what_was_delivered(registry: Registry) -> None:
    """SP6: not met by an offer alone; met after delivery, and then closed for good."""
    assert refusal(close, registry) == {"SP6"}
    ask(registry)
    offer(registry)
    assert refusal(close, registry) == {"SP6"}
    removals.accept_support(registry)
    removals.deliver_support(registry)
    close(registry)
    found = registry.subject(PARTNERSHIP).get("request:money", SupportRequest)
    assert found is not None
    assert found.state == "met"
    assert refusal(close, registry, "withdrawn") == {"SP6"}
    assert refusal(offer, registry) >= {"SP5"}


def test_a_request_may_be_taken_back(registry: Registry) -> None:
    """SP6: what nobody met is closed as not met, and offers no further step."""
    ask(registry)
    assert [s for s in steps(PARTNERSHIP, registry.book, registry.now) if "Closed" in s.type]
    close(registry, "not_met")
    assert not [s for s in steps(PARTNERSHIP, registry.book, registry.now) if "Closed" in s.type]


def touch(registry: Registry, day: str) -> None:
    """Let something else be recorded on a day."""
    registry.on(day).enlist(f"actor-somebody-{day}")


def test_the_registry_owes_an_offer_to_whoever_is_late(registry: Registry) -> None:
    """SP7: due 2025-01-15; silent until 2025-02-14 is in time, a day later an omission."""
    touch(registry, "2025-02-14")
    assert not list(support.whole_log(registry.book))
    touch(registry, "2025-02-15")
    (owed,) = support.whole_log(registry.book)
    assert (owed.rule, owed.kind, owed.who) == ("SP7", "omission", "registry")
    registry.append(OFFICE_A, OFFER, "SupportOffered", kind="reporting",
                    text=text("Help with the report"), obligation=1)  # fmt: skip
    assert not list(support.whole_log(registry.book))
