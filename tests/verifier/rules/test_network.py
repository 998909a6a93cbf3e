"""Links between partnerships by the consent of both, and the offices that stand behind one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bodies, stories
from tests.harness.bodies import MISSIONS
from tests.harness.registry import Registry
from tests.harness.removals import refused
from tests.harness.stories import COMPANY, PARTNERSHIP, SECRETARIAT, text
from verifier.rules.ahead import steps
from verifier.rules.book import Entry
from verifier.rules.network import Link

GLOBAL = "p-water-for-all"
OTHER_SECRETARIAT = "actor-other-secretariat"
STREAM = f"{PARTNERSHIP}/link/one"


@pytest.fixture
def registry() -> Registry:
    """A national partnership and a global one with a secretariat and lead of its own."""
    registry = stories.listed_partnership()
    registry.enlist(OTHER_SECRETARIAT, kind="office", principal=COMPANY,
                    stakeholder_type="business")  # fmt: skip
    members = stories.submission(registry)["partners"]
    partners = [
        m | {"role": "lead" if m["organization"] == COMPANY else "partner"} for m in members
    ]
    fields = stories.submission(registry, partners=partners, lead=COMPANY, scale="global",
                                secretariat=OTHER_SECRETARIAT)  # fmt: skip
    registry.append(OTHER_SECRETARIAT, f"{GLOBAL}/registration", "PartnershipSubmitted", **fields)
    registry.append(stories.SCREENER, f"{GLOBAL}/registration", "PartnershipScreened",
                    outcome="pass", method="desk", minutes=40)  # fmt: skip
    registry.append(stories.OFFICE_A, f"{GLOBAL}/registration", "PartnershipListed",
                    **stories.listing(registry))  # fmt: skip
    return registry


def terms(**changes: Any) -> dict[str, Any]:
    """Return the fields of a link: the national partnership is part of the global one."""
    return {"to": GLOBAL, "kind": "part_of", "text": text("The national chapter")} | changes


def link(registry: Registry, stream: str = STREAM, **changes: Any) -> Entry:
    """Propose a link."""
    return registry.append(SECRETARIAT, stream, "PartnershipLinked", **terms(**changes))


def unlinked(registry: Registry, **changes: Any) -> set[str]:
    """Return the rules by which a link is refused."""
    return refused(registry, SECRETARIAT, STREAM, "PartnershipLinked", **terms(**changes))


def agree(registry: Registry) -> Entry:
    """Agree for the global partnership."""
    return registry.append(OTHER_SECRETARIAT, STREAM, "PartnershipLinkAgreed", partnership=GLOBAL)


def state(registry: Registry) -> str:
    """Return the state of the link."""
    found = registry.subject(PARTNERSHIP).get("link:one", Link)
    assert found is not None
    return found.state


def test_a_link_counts_by_the_consent_of_the_other(registry: Registry) -> None:
    """NE4: proposed by one, agreed to by the other and by nobody else, once."""
    nothing = {"partnership": GLOBAL}
    assert "NE4" in refused(registry, OTHER_SECRETARIAT, STREAM, "PartnershipLinkAgreed", **nothing)
    link(registry)
    assert state(registry) == "proposed"
    (step,) = [s for s in steps(PARTNERSHIP, registry.book, registry.now) if "LinkAgreed" in s.type]
    assert step.lawful
    own = {"partnership": PARTNERSHIP}
    assert refused(registry, SECRETARIAT, STREAM, "PartnershipLinkAgreed", **own) == {"AD10", "NE4"}
    assert refused(registry, SECRETARIAT, STREAM, "PartnershipLinkAgreed", **nothing) == {"AD10"}
    agree(registry)
    assert state(registry) == "agreed"
    assert refused(registry, OTHER_SECRETARIAT, STREAM, "PartnershipLinkAgreed", **nothing) == {
        "NE4"
    }


def test_only_two_that_are_listed_are_linked(registry: Registry) -> None:
    """NE1: not to itself, not to one that waits for its listing, not twice on one stream."""
    stories.submitted_partnership(registry, name="p-waiting")
    assert unlinked(registry, to=PARTNERSHIP, kind="affiliate") == {"NE1"}
    assert unlinked(registry, to="p-waiting", kind="affiliate") == {"NE1"}
    link(registry)
    assert unlinked(registry, kind="learning") == {"NE1"}


def test_a_part_lies_within_a_wider_whole(registry: Registry) -> None:
    """NE2: a global partnership is no part of a national one; it may learn from it."""
    stream = f"{GLOBAL}/link/one"
    backwards = terms(to=PARTNERSHIP)
    assert refused(registry, OTHER_SECRETARIAT, stream, "PartnershipLinked", **backwards) == {"NE2"}
    registry.append(OTHER_SECRETARIAT, stream, "PartnershipLinked",
                    **(backwards | {"kind": "learning"}))  # fmt: skip
    link(registry)


def test_two_partnerships_have_one_link_of_a_kind(registry: Registry) -> None:
    """NE3: a second one of the kind is refused until the first has ended; another kind is not."""
    link(registry)
    second = f"{PARTNERSHIP}/link/two"
    assert refused(registry, SECRETARIAT, second, "PartnershipLinked", **terms()) == {"NE3"}
    link(registry, second, kind="learning")
    ended = {"partnership": PARTNERSHIP, "reason": text("Another way was found")}
    registry.append(SECRETARIAT, STREAM, "PartnershipUnlinked", **ended)
    link(registry, f"{PARTNERSHIP}/link/three")


@pytest.mark.parametrize(
    ("author", "name"), [(SECRETARIAT, PARTNERSHIP), (OTHER_SECRETARIAT, GLOBAL)]
)
def test_either_ends_a_link_once(author: str, name: str, registry: Registry) -> None:
    """NE5: each may end it in its own name; what has ended does not end again."""
    ended = {"partnership": name, "reason": text("The work is done")}
    assert "NE5" in refused(registry, author, STREAM, "PartnershipUnlinked", **ended)
    link(registry)
    agree(registry)
    other = {"partnership": GLOBAL if name == PARTNERSHIP else PARTNERSHIP}
    assert refused(registry, author, STREAM, "PartnershipUnlinked", **(ended | other)) == {"AD10"}
    registry.append(author, STREAM, "PartnershipUnlinked", **ended)
    assert refused(registry, author, STREAM, "PartnershipUnlinked", **ended) == {"NE5"}


def test_a_high_office_endorses_and_takes_it_back(registry: Registry) -> None:
    """NE6 and NE7: once until taken back, on its own stream; nothing is taken back twice."""
    bodies.seat(registry)
    stream = f"{PARTNERSHIP}/leadership/{bodies.PRESIDENT}"
    said, back = {"text": text("A good example")}, {"reason": text("The facts have changed")}
    assert refused(registry, bodies.PRESIDENT, stream, "EndorsementRevoked", **back) == {"NE7"}
    registry.append(bodies.PRESIDENT, stream, "EndorsementRecorded", **said)
    assert refused(registry, bodies.PRESIDENT, stream, "EndorsementRecorded", **said) == {"NE6"}
    assert "AD3" in refused(registry, MISSIONS[0], stream, "EndorsementRecorded", **said)
    registry.append(bodies.PRESIDENT, stream, "EndorsementRevoked", **back)
    assert refused(registry, bodies.PRESIDENT, stream, "EndorsementRevoked", **back) == {"NE7"}
    registry.append(bodies.PRESIDENT, stream, "EndorsementRecorded", **said)
