"""A key is distrusted back to a day, within limits; what it signed is suspect, and stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, public, ref
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.stories import NGO, OFFICE_A, SECRETARIAT
from verifier.keys import thumbprint
from verifier.rules.ahead import steps
from verifier.rules.authority.distrust import suspect, whole_log
from verifier.rules.authority.state import Key
from verifier.rules.book import Entry

ROOT_A, ROOT_B = "actor-root-a", "actor-root-b"
KID = thumbprint(public(NGO))


@pytest.fixture(scope="module")
def used() -> tuple[Registry, Entry]:
    """An organization that has a second key, and a delegation that its first key signed."""
    registry = stories.cast(Registry())
    registry.append(NGO, f"{NGO}/keys", "KeyEnrolled", **registry.possession(NGO, "second"))
    signed = registry.append(NGO, f"{NGO}/delegation/d1", "DelegationGranted", to=SECRETARIAT,
                             types=["ReportSubmitted"], last_day=registry.day(300),
                             mandate="A/1")  # fmt: skip
    return registry, signed


@pytest.fixture
def registry(used: tuple[Registry, Entry]) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(used[0])


@pytest.fixture
def signed(used: tuple[Registry, Entry]) -> Entry:
    """What the first key signed."""
    return used[1]


def terms(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a proposal to distrust the first key."""
    return {"kid": KID, "since": registry.day(), "reason": "A/1", "quorum": 2,
            "expires": registry.day(30)} | changes  # fmt: skip


def propose(registry: Registry, local: str = "k1", **changes: Any) -> Entry:
    """Propose to distrust the first key."""
    return registry.append(ROOT_A, f"{NGO}/distrust/{local}", "KeyDistrustProposed",
                           **terms(registry, **changes))  # fmt: skip


def distrust(registry: Registry, **changes: Any) -> None:
    """Let the roots distrust the first key; the organization signs with its second."""
    proposal = propose(registry, **changes)
    for root in (ROOT_A, ROOT_B):
        registry.endorse(root, proposal, f"{root}-org")
    registry.keys[NGO] = "second"


def is_suspect(registry: Registry, entry: Entry, day: str) -> bool:
    """Say whether an event is suspect."""
    event = entry.event
    return suspect(event.id, actor=event.iss, kid=event.kid, day=day, book=registry.book)


def test_what_a_distrusted_key_signed_is_suspect_until_reaffirmed(
    registry: Registry, signed: Entry
) -> None:
    """KD3: from the day stated on, by the roots together; the actor's other key lets it stand."""
    day = registry.day()
    registry.on("2024-02-15")
    proposal = propose(registry, since=day)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    assert not is_suspect(registry, signed, day)
    registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org")
    registry.keys[NGO] = "second"
    assert is_suspect(registry, signed, day)
    assert not is_suspect(registry, signed, "2024-01-14"), "what lies before that day"
    assert "delegation:d1" in registry.subject(NGO).things, "no effect is undone"
    registry.append(NGO, f"{NGO}/reaffirmation/r1", "Reaffirmed", kid=KID, events=[ref(signed)])
    assert not is_suspect(registry, signed, day)


def test_a_distrusted_key_signs_no_more(registry: Registry) -> None:
    """AD5: it ends where the roots' threshold is met; a key that had ended stays ended there."""
    proposal = propose(registry)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    ended = registry.append(
        NGO, f"{NGO}/keys", "KeyRevoked", kid=KID, reason="compromised", key="second"
    )
    registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org")
    key = registry.subject(NGO).get("key:" + KID.hex(), Key)
    assert key is not None
    assert (key.ended, key.why) == (ended.index, "revoked")
    stream = f"{NGO}/delegation/d1"
    assert refused(registry, NGO, stream, "DelegationWithdrawn", reason="A/1") == {"AD5"}


def test_only_a_key_of_the_actor_is_distrusted_and_once(registry: Registry) -> None:
    """KD1: also at an endorsement."""
    stream = f"{NGO}/distrust/k1"
    strange = terms(registry, kid=thumbprint(public(OFFICE_A)))
    assert refused(registry, ROOT_A, stream, "KeyDistrustProposed", **strange) == {"KD1"}
    assert "AD10" in refused(registry, NGO, stream, "KeyDistrustProposed", **terms(registry))
    waiting = propose(registry, "k2")
    registry.endorse(ROOT_A, waiting, f"{ROOT_A}-org")
    distrust(registry)
    again = terms(registry)
    assert refused(registry, ROOT_A, f"{NGO}/distrust/k3", "KeyDistrustProposed",
                   **again) == {"KD1"}  # fmt: skip
    assert refused_voice(registry, ROOT_B, waiting, f"{ROOT_B}-org") == {"KD1"}


@pytest.mark.parametrize("since", [1, -91, None])
def test_distrust_reaches_back_ninety_days(registry: Registry, since: int | None) -> None:
    """KD2: not before that, not into the future, and to a day that exists."""
    registry.on("2024-06-01")
    day = "2024-02-30" if since is None else registry.day(since)
    rules = refused(registry, ROOT_A, f"{NGO}/distrust/k1", "KeyDistrustProposed",
                    **terms(registry, since=day))  # fmt: skip
    assert rules == {"KD2"}
    propose(registry, since=registry.day(-90))


def test_only_a_key_that_is_trusted_reaffirms(registry: Registry, signed: Entry) -> None:
    """KD3: for a distrusted key of one's own."""
    place = (NGO, f"{NGO}/reaffirmation/r1", "Reaffirmed")
    fields = {"kid": KID, "events": [ref(signed)]}
    assert refused(registry, *place, **fields) == {"KD3"}
    distrust(registry)
    assert refused(registry, *place, **fields | {"kid": bytes(32)}) == {"KD3"}
    assert "AD10" in refused(registry, OFFICE_A, *place[1:], **fields)
    registry.append(*place, **fields)


def test_an_event_is_reaffirmed_once(registry: Registry, signed: Entry) -> None:
    """KD4: neither in one list nor in two, and never on a stream that is used."""
    distrust(registry)
    first, second = f"{NGO}/reaffirmation/r1", f"{NGO}/reaffirmation/r2"
    twice = {"kid": KID, "events": [ref(signed)] * 2}
    assert refused(registry, NGO, first, "Reaffirmed", **twice) == {"KD4"}
    once = {"kid": KID, "events": [ref(signed)]}
    registry.append(NGO, first, "Reaffirmed", **once)
    assert refused(registry, NGO, second, "Reaffirmed", **once) == {"KD4"}
    assert refused(registry, NGO, first, "Reaffirmed", kid=KID) == {"KD4"}


def test_silence_about_a_distrusted_key_is_its_actors(registry: Registry) -> None:
    """KD5: an omission after thirty days; «none of them stands» is an answer."""
    distrust(registry)
    assert list(whole_log(registry.book)) == []
    offered = [s.type for s in steps(NGO, registry.book, registry.now)]
    assert "Reaffirmed/1" in offered
    registry.on("2024-02-16")
    registry.append(NGO, f"{NGO}/delegation/d2", "DelegationGranted", to=SECRETARIAT,
                    types=["ReportSubmitted"], last_day=registry.day(3), mandate="A/1")  # fmt: skip
    found = list(whole_log(registry.book))
    assert [(b.rule, b.kind, b.who) for b in found] == [("KD5", "omission", NGO)]
    registry.append(NGO, f"{NGO}/reaffirmation/none", "Reaffirmed", kid=KID)
    assert list(whole_log(registry.book)) == []
    assert "Reaffirmed/1" not in [s.type for s in steps(NGO, registry.book, registry.now)]


# Keys of roots.

ROOTS = (ROOT_A, ROOT_B, "actor-root-c")


def distrust_root(registry: Registry, actor: str, **changes: Any) -> Entry:
    """Let two roots distrust the key of a third."""
    fields = terms(registry, kid=thumbprint(public(actor))) | changes
    return registry.append(ROOT_A, f"{actor}/distrust/k1", "KeyDistrustProposed", **fields)


def test_the_roots_distrust_the_key_of_one_of_them() -> None:
    """KD1, KD6: what it signed is suspect, and it signs no more; the others go on."""
    registry = Registry().open(ROOTS, threshold=2)
    signed = registry.append(ROOTS[2], "actor-new/profile", "ActorRegistered", kind="organization",
                             name=stories.text("New"), principal="actor-new",
                             stakeholder_type="ngo")  # fmt: skip
    proposal = distrust_root(registry, ROOTS[2])
    for root in ROOTS[:2]:
        registry.endorse(root, proposal, f"{root}-org")
    assert is_suspect(registry, signed, registry.day())
    assert refused(registry, ROOTS[2], "actor-other/profile", "ActorRegistered",
                   kind="organization", name=stories.text("Other"), principal="actor-other",
                   stakeholder_type="ngo") == {"AD5"}  # fmt: skip
    again = terms(registry, kid=thumbprint(public(ROOTS[2])))
    assert refused(registry, ROOT_A, f"{ROOTS[2]}/distrust/k2", "KeyDistrustProposed",
                   **again) == {"KD1"}  # fmt: skip
    registry.append(ROOT_B, "actor-after/profile", "ActorRegistered", kind="organization",
                    name=stories.text("After"), principal="actor-after",
                    stakeholder_type="ngo")  # fmt: skip


def test_the_roots_do_not_silence_themselves(registry: Registry) -> None:
    """KD6: two of two would leave one; then they replace themselves instead."""
    fields = terms(registry, kid=thumbprint(public(ROOT_B)))
    assert refused(registry, ROOT_A, f"{ROOT_B}/distrust/k1", "KeyDistrustProposed",
                   **fields) == {"KD6"}  # fmt: skip
    assert refused(registry, ROOT_A, f"{ROOT_B}/distrust/k1", "KeyDistrustProposed",
                   **(fields | {"kid": bytes(32)})) == {"KD1"}  # fmt: skip
