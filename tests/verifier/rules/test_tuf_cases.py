"""The regression cases of the TUF implementations that miscounted a threshold.

In python-tuf (three times in 2020), tough, rust-tuf, php-tuf and go-tuf (twice) one signer filled a
threshold of several: one signature stood twice in a list, or one key went by two ids. Here a
threshold counts distinct raw keys *and* distinct organizations (PR8), a raw key is enrolled once,
ever (AC3), and each voice is an event on a stream with one writer. Each test names the case that it
carries over; cases about the files of TUF have no counterpart here.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import ORIGIN, Registry, public, ref
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.stories import BODY_SECRETARY, REVIEWERS
from verifier.keys import thumbprint
from verifier.rules.authority.state import Grant
from verifier.rules.book import Entry
from verifier.rules.proposal import Endorsement, Proposal, proposal_key

ROOT_A, ROOT_B = "actor-root-a", "actor-root-b"
HOLDER = "actor-holder"


@pytest.fixture(scope="module")
def founded() -> Registry:
    """A ledger with two roots and one actor to appoint."""
    return Registry().open().enlist(HOLDER)


@pytest.fixture
def registry(founded: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(founded)


def appointment(registry: Registry, stream: str = "a1") -> Entry:
    """Propose to appoint the holder; two roots must endorse."""
    return registry.append(
        ROOT_A, f"{HOLDER}/appointment/{stream}", "AppointmentProposed", quorum=2,
        terms={"role": "registry", "mandate": "A/1", "first_day": registry.day()},
        expires=registry.day(30),
    )  # fmt: skip


def genesis(roots: list[dict[str, Any]], quorum: int = 2) -> set[str]:
    """Try to open a ledger with these roots; return the rules that are not met."""
    registry = Registry()
    return refused(
        registry, roots[0]["actor"], "ledger/genesis", "LedgerOpened", origin=ORIGIN, roots=roots,
        quorum=quorum, expires=registry.day(30), ruleset="pledgebook-1", clock="stated",
        anchor_every="P1D", register_every="P1D", log_keys={"checkpoint": public("log")},
    )  # fmt: skip


def test_one_key_under_two_ids_is_one_voice() -> None:
    """In go-tuf (PR 369, GHSA-3633-5h82-39pq) one key went by several ids, and ids were counted.

    The same raw key listed for two roots opens no ledger (GE1), whoever they count for.
    """
    key = public(ROOT_A)
    roots = [{"actor": a, "principal": f"{a}-org", "public": key} for a in (ROOT_A, ROOT_B)]
    assert genesis(roots) == {"GE1"}


def test_a_key_with_another_id_beside_it_is_found_by_its_bytes() -> None:
    """Of this kind are python-tuf GHSA-r7vq-6425-j94w and go-tuf PR 733: key ids were believed.

    An id is the thumbprint of the raw key and is never stated apart from it, so a second id of one
    key cannot be written down: enrolling the key again is refused (AC3), to whomever.
    """
    registry = Registry().open().enlist(HOLDER).enlist("actor-other")
    for actor in (HOLDER, "actor-other"):
        again = registry.possession(actor, HOLDER)
        assert refused(registry, actor, f"{actor}/keys", "KeyEnrolled", **again) == {"AC3"}
    roots_key = registry.possession(HOLDER, ROOT_B)
    assert refused(registry, HOLDER, f"{HOLDER}/keys", "KeyEnrolled", **roots_key) == {"AC3"}


def test_one_voice_given_twice_counts_once(registry: Registry) -> None:
    """In python-tuf (GHSA-pwqf-9h7j-7mv8) and tough (GHSA-5q2r-92f9-4m49) one voice counted twice.

    Its signature stood twice in a list (CVE-2020-6174, CVE-2020-15093); so in rust-tuf and php-tuf.

    The second endorsement of one root is refused (PR8), and nothing has taken effect.
    """
    proposal = appointment(registry)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    assert refused_voice(registry, ROOT_A, proposal, f"{ROOT_A}-org") == {"PR8"}
    assert list(registry.subject(HOLDER).all(Grant)) == []


def test_one_event_submitted_twice_counts_once(registry: Registry) -> None:
    """In python-tuf (PR 1091) the new root was checked apart, and there it was counted twice again.

    The very bytes of an endorsement do not continue their stream a second time (AD4).
    """
    voice = registry.endorse(ROOT_A, appointment(registry), f"{ROOT_A}-org")
    rules = {u.rule for u in _unmet(registry, voice)}
    assert {"AD4", "PR8"} <= rules


def _unmet(registry: Registry, entry: Entry) -> tuple[Any, ...]:
    with pytest.raises(removals.Refused) as refusal:
        registry.add(entry.event)
    return refusal.value.unmet


def test_two_keys_of_one_organization_are_one_voice() -> None:
    """What TUF leaves to whoever hands out keys: several keys of one signer fill a threshold.

    A second office of an organization, with a key of its own, adds no voice (PR8); two principals
    that are one do not make a threshold of two (GE2).
    """
    registry = stories.listed_partnership()
    twin = "actor-reviewer-a-twin"
    registry.enlist(twin, kind="office", principal=REVIEWERS[0])
    registry.grant(twin, "reviewer", BODY_SECRETARY)
    removals.open_review(registry)
    proposal = removals.propose_review_decision(registry)
    registry.endorse(REVIEWERS[0], proposal, REVIEWERS[0])
    assert "PR8" in refused_voice(registry, twin, proposal, REVIEWERS[0])
    roots = [{"actor": a, "principal": ROOT_A, "public": public(a)} for a in (ROOT_A, ROOT_B)]
    assert genesis(roots) == {"GE2"}


def test_a_voice_by_a_key_that_was_rotated_in_is_still_the_same_voice() -> None:
    """As in go-tuf (PR 369), one signer tries to fill a threshold by several ids in turn.

    Who endorsed, rotated its key and endorses again has one voice (PR8), by whatever key.
    """
    registry = stories.listed_partnership()
    removals.open_review(registry)
    proposal = removals.propose_review_decision(registry)
    reviewer = REVIEWERS[0]
    registry.endorse(reviewer, proposal, reviewer)
    registry.append(
        reviewer, f"{reviewer}/keys", "KeyRotated", **registry.possession(reviewer, "k")
    )
    registry.keys[reviewer] = "k"
    assert refused_voice(registry, reviewer, proposal, reviewer) == {"PR8"}


@pytest.mark.parametrize(
    ("voices", "counted"),
    [
        ([("a", "org-a", 1), ("b", "org-b", 2)], 2),
        ([("a", "org-a", 1), ("b", "org-b", 1)], 1),
        ([("a", "org-a", 1), ("b", "org-a", 2)], 1),
        ([("a", "org-a", 1), ("a", "org-a", 1), ("a", "org-a", 1)], 1),
        ([("a", "org-a", 1), ("b", "org-b", 2), ("c", "org-b", 1)], 2),
        ([], 0),
    ],
)
def test_a_count_is_of_distinct_keys_and_distinct_organizations(
    registry: Registry, voices: list[tuple[str, str, int]], counted: int
) -> None:
    """What came through the door twice is not counted twice behind it, as it was in all of them.

    Even if admission let them by, the count itself takes the lesser of keys and organizations.
    """
    proposal = appointment(registry)
    on_record = registry.subject(HOLDER).get(proposal_key(proposal.event.stream), Proposal)
    assert on_record is not None
    counted_voices = tuple(
        Endorsement(actor, organization, bytes([key]) * 32, n)
        for n, (actor, organization, key) in enumerate(voices)
    )
    found = Proposal(on_record.ref, on_record.by, on_record.body, 0, counted_voices)
    assert found.count() == counted


def test_a_threshold_is_never_nothing() -> None:
    """In go-tuf (GHSA-fphv-w9fq-2525, CVE-2026-23992) none at all met a threshold of zero."""
    roots = [{"actor": ROOT_A, "principal": ROOT_A, "public": public(ROOT_A)}]
    with pytest.raises(Exception, match="quorum"):
        genesis(roots, quorum=0)
    assert genesis(roots, quorum=2) == {"GE2"}


def test_a_voice_for_another_proposal_counts_for_none(registry: Registry) -> None:
    """A voice belongs to what was voted on, as a TUF signature does to one version of its metadata.

    An endorsement names its proposal by stream, place and id; on another's stream it is refused.
    """
    first, second = appointment(registry, "a1"), appointment(registry, "a2")
    stream = f"{HOLDER}/endorsement/appointment:a2/{ROOT_A}"
    fields = {"proposal": ref(first), "organization": f"{ROOT_A}-org"}
    assert refused(registry, ROOT_A, stream, "Endorsed", **fields) == {"PR3"}
    other = ref(second) | {"id": bytes(first.event.id)}
    assert refused(registry, ROOT_A, stream, "Endorsed", **fields | {"proposal": other}) == {"PR3"}


def test_a_revoked_key_adds_no_voice() -> None:
    """A key taken out of a TUF root counts towards no later threshold; nor does a revoked one."""
    registry = stories.listed_partnership()
    removals.open_review(registry)
    proposal = removals.propose_review_decision(registry)
    reviewer = REVIEWERS[1]
    registry.append(reviewer, f"{reviewer}/keys", "KeyRevoked", reason="compromised",
                    kid=thumbprint(public(reviewer)))  # fmt: skip
    assert refused_voice(registry, reviewer, proposal, reviewer) == {"AD5"}
