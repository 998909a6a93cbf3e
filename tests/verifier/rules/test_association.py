"""The name of the United Nations is lent for a time, taken back, and lost with the listing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry
from tests.harness.stories import EXECUTIVE_HEAD, NGO, PARTNERSHIP, UN_AGENCY, text
from verifier.rules.book import Entry, Refused
from verifier.rules.partnership import association
from verifier.rules.partnership.association import Association

LEGAL = "actor-legal-affairs"
STREAM = f"{PARTNERSHIP}/association/emblem"


def counsel(registry: Registry) -> Registry:
    """Appoint an office for legal affairs of the UN agency."""
    registry.enlist(LEGAL, kind="office", principal=UN_AGENCY)
    return registry.grant(LEGAL, "legal_affairs", EXECUTIVE_HEAD)


@pytest.fixture
def registry() -> Registry:
    """A partnership in which a UN agency takes part."""
    return counsel(stories.listed_partnership(profile="un_participating"))


def authorise(registry: Registry, days: int = 365, stream: str = STREAM) -> Entry:
    """Let the partnership use the name."""
    use = text("The agency's emblem on wells")
    return registry.append(
        LEGAL, stream, "AssociationAuthorised", use=use, until=registry.day(days)
    )


def revoke(registry: Registry) -> Entry:
    """Take the use of the name back."""
    return registry.append(LEGAL, STREAM, "AssociationRevoked", reason=text("Sold as a brand"))


def is_in_force(registry: Registry, day: str = "") -> bool:
    """Say whether the use is in force on a day."""
    subject = registry.subject(PARTNERSHIP)
    held = subject.get("association:emblem", Association)
    return held is not None and association.in_force(held, subject, day or registry.day())


def refused(act: Any, *args: Any, **fields: Any) -> set[str]:
    """Return the rules by which an act is refused."""
    with pytest.raises(Refused) as error:
        act(*args, **fields)
    return {unmet.rule for unmet in error.value.unmet}


def test_the_name_is_lent_until_a_day(registry: Registry) -> None:
    """AA1, AA2: on a stream of its own, to a day to come, at most two years away."""
    assert refused(authorise, registry, 732) == {"AA2"}
    assert refused(authorise, registry, -1) == {"AA2"}
    authorise(registry)
    assert refused(authorise, registry) == {"AA1"}
    assert is_in_force(registry, registry.day(365))
    assert not is_in_force(registry, registry.day(366))


def test_only_what_is_listed_uses_the_name() -> None:
    """AA1: a submission does not."""
    registry = counsel(stories.submitted_partnership(profile="un_participating"))
    assert refused(authorise, registry) == {"AA1"}


def test_nobody_lends_the_name_to_itself(registry: Registry) -> None:
    """AA1: legal affairs of an organization that is a partner, and not of the UN, do not."""
    registry.enlist("actor-ngo-head", kind="office", principal=NGO, stakeholder_type="ngo")
    registry.appoint("actor-ngo-head", "executive_head")
    registry.enlist("actor-ngo-legal", kind="office", principal=NGO, stakeholder_type="ngo")
    registry.grant("actor-ngo-legal", "legal_affairs", "actor-ngo-head")
    with pytest.raises(Refused) as error:
        registry.append("actor-ngo-legal", STREAM, "AssociationAuthorised",
                        use=text("The emblem"), until=registry.day(30))  # fmt: skip
    assert {unmet.rule for unmet in error.value.unmet} == {"AA1"}


def test_the_name_is_taken_back_once(registry: Registry) -> None:
    """AA3: what is not in force is not revoked."""
    assert refused(revoke, registry) == {"AA3"}
    authorise(registry)
    revoke(registry)
    assert not is_in_force(registry)
    assert refused(revoke, registry) == {"AA3"}


def test_a_removal_ends_the_use_of_the_name_by_itself() -> None:
    """Nobody has to revoke it: the removal ends it, and a return does not bring it back (R42)."""
    registry = counsel(removals.overdue())
    authorise(registry, 730)
    assert is_in_force(registry, registry.day(700))
    removals.removed(registry)
    assert removals.listing(registry) == "removed"
    assert not is_in_force(registry)
    assert refused(revoke, registry) == {"AA3"}


def test_an_interim_measure_withdraws_the_name_while_it_lasts() -> None:
    """Where integrity is at stake the name is withdrawn at once, and comes back if it lapses."""
    registry = counsel(stories.listed_partnership()).enlist("actor-agency")
    registry.enlist("actor-agency-head", kind="office", principal="actor-agency")
    registry.appoint("actor-agency-head", "executive_head")
    authorise(registry)
    registry.append(
        "actor-agency-head", removals.CASE, "IntegrityCaseOpened", ground="misuse_of_name",
        statement=text("The emblem was sold to a sponsor"), reply_by=registry.day(30),
        guideline=stories.listing(registry)["guideline"], profile="light",
    )  # fmt: skip
    assert is_in_force(registry)
    registry.append(
        "actor-agency-head", f"{PARTNERSHIP}/measure/m1", "InterimMeasureTaken", case="c1",
        what=["un_name_withdrawn"], reasons=text("It is in use today"), until=registry.day(60),
    )  # fmt: skip
    assert not is_in_force(registry)
    assert is_in_force(registry, registry.day(61))
