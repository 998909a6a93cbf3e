"""Nobody acts for somebody else's organization: what one registrar enters, another confirms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, public
from tests.harness.removals import branch, refused
from tests.harness.stories import NGO, OFFICE_A, OFFICE_B, SECRETARIAT
from verifier.keys import thumbprint
from verifier.rules.ahead import steps
from verifier.rules.book import Entry

ROOT_A, ROOT_B = "actor-root-a", "actor-root-b"
IMPOSTOR = "actor-ngo-geneva"
NEWCOMER = "actor-newcomer"


@pytest.fixture(scope="module")
def entered() -> Registry:
    """A cast; one registry office entered a new organization, and an office of another's."""
    registry = stories.cast(Registry())
    enter(registry, NEWCOMER, NEWCOMER)
    enter(registry, IMPOSTOR, NGO, kind="office")
    return registry


@pytest.fixture
def registry(entered: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(entered)


def enter(registry: Registry, actor: str, principal: str, *, kind: str = "organization",
          by: str = OFFICE_A, key_by: str = "") -> None:  # fmt: skip
    """Register an actor and enrol its key, and leave it unconfirmed."""
    registry.append(by, f"{actor}/profile", "ActorRegistered", kind=kind, principal=principal,
                    name=stories.text("A name"), stakeholder_type="ngo")  # fmt: skip
    registry.enrol(actor, by=key_by or by)


def confirmation(actor: str, organization: str, by: str, **changes: Any) -> tuple[Any, Any]:
    """Return the arguments of a confirmation."""
    fields = {"organization": organization, "kid": thumbprint(public(actor))}
    return (by, f"{actor}/profile", "ActorConfirmed"), fields | changes


def unconfirmed(registry: Registry, actor: str, organization: str, by: str, **c: Any) -> set[str]:
    """Try to confirm an actor; return the rules that are not met."""
    place, fields = confirmation(actor, organization, by, **c)
    return refused(registry, *place, **fields)


def end_key(registry: Registry, actor: str) -> None:
    """Let the roots together end an actor's key."""
    proposal = registry.append(
        ROOT_A, f"{actor}/distrust/k1", "KeyDistrustProposed", kid=thumbprint(public(actor)),
        since=registry.day(), reason="A/1", quorum=2, expires=registry.day(30),
    )  # fmt: skip
    for root in (ROOT_A, ROOT_B):
        registry.endorse(root, proposal, f"{root}-org")


def confirm(registry: Registry, actor: str, organization: str, by: str) -> Entry:
    """Confirm an actor."""
    place, fields = confirmation(actor, organization, by)
    return registry.append(*place, **fields)


def acts(registry: Registry, actor: str) -> tuple[Any, Any]:
    """Return the arguments of something that any actor may sign for itself."""
    return (actor, f"{actor}/delegation/d", "DelegationGranted"), {
        "to": NGO, "types": ["ReportSubmitted"], "last_day": registry.day(9), "mandate": "A/1",
    }  # fmt: skip


@pytest.mark.parametrize("actor", [NEWCOMER, IMPOSTOR])
def test_who_is_not_confirmed_signs_nothing(registry: Registry, actor: str) -> None:
    """AC12: neither in its own name nor with another key of its own."""
    place, fields = acts(registry, actor)
    assert refused(registry, *place, **fields) == {"AC12"}
    more = registry.possession(actor, "more")
    assert refused(registry, actor, f"{actor}/keys", "KeyEnrolled", **more) == {"AC12"}
    confirm(registry, actor, NGO if actor == IMPOSTOR else actor,
            NGO if actor == IMPOSTOR else OFFICE_B)  # fmt: skip
    registry.append(*place, **fields)


def test_one_registrar_is_not_enough(registry: Registry) -> None:
    """AC11: whoever registered an actor, or enrolled its key, does not confirm it."""
    assert unconfirmed(registry, NEWCOMER, NEWCOMER, OFFICE_A) == {"AC11"}
    enter(registry, "actor-two", "actor-two", by=OFFICE_A, key_by=OFFICE_B)
    for registrar in (OFFICE_A, OFFICE_B):
        assert unconfirmed(registry, "actor-two", "actor-two", registrar) == {"AC11"}
    confirm(registry, "actor-two", "actor-two", ROOT_A)
    assert unconfirmed(registry, NEWCOMER, NEWCOMER, NEWCOMER) == {"AC12"}


@pytest.mark.parametrize("registrar", [OFFICE_B, ROOT_A, ROOT_B])
def test_an_organization_with_a_key_speaks_for_its_own_offices(
    registry: Registry, registrar: str
) -> None:
    """AC11: two registrars together make no office of an organization that can be asked."""
    assert unconfirmed(registry, IMPOSTOR, NGO, registrar) == {"AC11"}
    other = branch(registry)
    confirm(other, IMPOSTOR, NGO, SECRETARIAT)
    confirm(registry, IMPOSTOR, NGO, NGO)


def test_an_organization_that_revoked_its_key_is_still_asked(registry: Registry) -> None:
    """AC11: the organization is still the one to be asked; the roots give it its next key."""
    registry.append(NGO, f"{NGO}/keys", "KeyRevoked", kid=thumbprint(public(NGO)),
                    reason="lost")  # fmt: skip
    assert unconfirmed(registry, IMPOSTOR, NGO, OFFICE_B) == {"AC11"}
    confirm(registry, IMPOSTOR, NGO, SECRETARIAT)


@pytest.mark.parametrize("stranger", [OFFICE_A, ROOT_A, "actor-ngo-2"])
def test_nobody_alone_ends_anothers_key(registry: Registry, stranger: str) -> None:
    """AC7: no registrar and no sister office; its organization does, or the roots together."""
    registry.enlist("actor-ngo-2", kind="office", principal=NGO, stakeholder_type="ngo")
    place = (f"{SECRETARIAT}/keys", "KeyRevoked")
    fields = {"kid": thumbprint(public(SECRETARIAT)), "reason": "compromised"}
    assert refused(registry, stranger, *place, **fields) == {"AD10"}
    other = branch(registry)
    end_key(other, SECRETARIAT)
    registry.append(NGO, *place, **fields)
    assert refused(registry, NGO, *place, **fields) == {"AC7"}
    assert refused(other, NGO, *place, **fields) == {"AC7"}


def test_an_organization_without_a_key_is_represented_by_two_registrars(
    registry: Registry,
) -> None:
    """AC11: its first office is confirmed by another registrar, and later ones also by that."""
    registry.append(OFFICE_A, "actor-old/profile", "ActorRegistered", kind="organization",
                    principal="actor-old", name=stories.text("N"),
                    stakeholder_type="ngo")  # fmt: skip
    enter(registry, "actor-old-1", "actor-old", kind="office")
    confirm(registry, "actor-old-1", "actor-old", OFFICE_B)
    enter(registry, "actor-old-2", "actor-old", kind="office")
    confirm(registry, "actor-old-2", "actor-old", "actor-old-1")


def test_a_stranger_confirms_nobody(registry: Registry) -> None:
    """AD10: another organization is asked about nobody but its own."""
    assert "AD10" in unconfirmed(registry, NEWCOMER, NEWCOMER, SECRETARIAT)


def test_what_is_confirmed_is_what_is_on_record(registry: Registry) -> None:
    """AC10: the organization that it counts for, a key that it holds, and only once."""
    assert unconfirmed(registry, NEWCOMER, NGO, OFFICE_B) == {"AC10"}
    assert unconfirmed(registry, NEWCOMER, NEWCOMER, OFFICE_B, kid=bytes(32)) == {"AC10"}
    assert unconfirmed(registry, "actor-nobody", NGO, OFFICE_B) == {"AC10"}
    other = branch(registry)
    end_key(other, NEWCOMER)
    assert unconfirmed(other, NEWCOMER, NEWCOMER, OFFICE_B) == {"AC10"}
    confirm(registry, NEWCOMER, NEWCOMER, OFFICE_B)
    assert unconfirmed(registry, NEWCOMER, NEWCOMER, ROOT_A) == {"AC10"}


def test_a_key_that_the_roots_gave_together_needs_no_confirmation(registry: Registry) -> None:
    """AC12: their threshold is more than two registrars."""
    end_key(registry, NEWCOMER)
    stream = f"{NEWCOMER}/recovery/r1"
    proposal = registry.append(
        ROOT_A, stream, "KeyRecoveryProposed", quorum=2, expires=registry.day(30),
        **registry.possession(NEWCOMER, "next", stream=stream),
    )  # fmt: skip
    registry.keys[NEWCOMER] = "next"
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    place, fields = acts(registry, NEWCOMER)
    assert refused(registry, *place, **fields) == {"AD5"}
    registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org")
    registry.append(*place, **fields)


def test_where_one_root_is_the_roots_its_word_is_enough() -> None:
    """AC12: a threshold of one root confirms by enrolling; a registry office there does not."""
    registry = Registry().open((ROOT_A,), threshold=1)
    for actor in (NGO, OFFICE_A):
        enter(registry, actor, actor, by=ROOT_A)
    place, fields = acts(registry, OFFICE_A)
    registry.append(*place, **fields)
    registry.appoint(OFFICE_A, "registry", roots=(ROOT_A,))
    enter(registry, NEWCOMER, NEWCOMER, by=OFFICE_A)
    place, fields = acts(registry, NEWCOMER)
    assert refused(registry, *place, **fields) == {"AC12"}
    enter(registry, "actor-mixed", "actor-mixed", by=ROOT_A, key_by=OFFICE_A)
    place, fields = acts(registry, "actor-mixed")
    assert refused(registry, *place, **fields) == {"AC12"}


def test_that_an_actor_waits_for_a_second_is_said_ahead(registry: Registry) -> None:
    """What may happen next to an actor with a key is its confirmation, until it is confirmed."""
    at = registry.now
    offered = [s for s in steps(NEWCOMER, registry.book, at) if s.type == "ActorConfirmed/1"]
    assert [(step.lawful, step.stream) for step in offered] == [(True, f"{NEWCOMER}/profile")]
    confirm(registry, NEWCOMER, NEWCOMER, OFFICE_B)
    types = {step.type for step in steps(NEWCOMER, registry.book, at)}
    assert "ActorConfirmed/1" not in types
