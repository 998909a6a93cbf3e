"""Attacks with keys, roles and voices (rows of the attack table): each is refused, and named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness import stories, vectors
from tests.harness.attack_rows import named
from tests.harness.attacks import published_anew, quorum_of_one, small_log
from tests.harness.audits import audited, codes
from tests.harness.edwards import encode as encode_point
from tests.harness.edwards import torsion
from tests.harness.registry import Registry, public
from tests.harness.removals import branch
from verifier import keys
from verifier.errors import MalformedError
from verifier.keys import thumbprint
from verifier.rules.authority.distrust import suspect
from verifier.rules.book import Refused

ROOT_A, ROOT_B = "actor-root-a", "actor-root-b"


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A small log; each test goes a way of its own."""
    return small_log()


def refused(registry: Registry, actor: str, stream: str, type_: str, **fields: Any) -> set[str]:
    """Return the rules by which an event is refused."""
    with pytest.raises(Refused) as caught:
        registry.append(actor, stream, type_, **fields)
    return {unmet.rule for unmet in caught.value.unmet}


def distrust(registry: Registry, actor: str, *, since: str) -> None:
    """Let both roots distrust an actor's key back to a day."""
    proposal = registry.append(
        ROOT_A, f"{actor}/distrust/k1", "KeyDistrustProposed", kid=thumbprint(public(actor)),
        since=since, reason="A/1", quorum=2, expires=registry.day(30),
    )  # fmt: skip
    for r in (ROOT_A, ROOT_B):
        registry.endorse(r, proposal, f"{r}-org")


def test_row_15_what_a_thief_signed_is_suspect_and_the_rest_stands(
    registry: Registry, tmp_path: Path
) -> None:
    """The thief signs; revoked, the key signs no more; distrusted back, its events are suspect."""
    here = branch(registry)
    thief = stories.made_commitment(here, local="by-a-thief")
    before = next(e for e in here.events if e.iss == stories.SECRETARIAT)
    here.append(stories.SECRETARIAT, f"{stories.SECRETARIAT}/keys", "KeyRevoked",
                kid=thumbprint(public(stories.SECRETARIAT)), reason="compromised")  # fmt: skip
    assert "AD5" in refused(here, stories.SECRETARIAT, f"{stories.PARTNERSHIP}/commitment/more",
                            "CommitmentMade", **stories.commitment(here))  # fmt: skip
    distrust(here, stories.SECRETARIAT, since=here.day(0))
    by = {"actor": stories.SECRETARIAT, "kid": thumbprint(public(stories.SECRETARIAT)),
          "book": here.book}  # fmt: skip
    assert suspect(thief.event.id, day=here.day(), **by)
    assert not suspect(before.id, day="2024-02-01", **by)
    assert named(15) == "suspect"
    findings, verdict = audited(
        published_anew(here, tmp_path / "log", [e.raw for e in here.events])
    )
    assert verdict.exit == 0, codes(findings)  # nothing vanishes, nothing becomes false


def test_row_16_a_key_cannot_be_called_stolen_long_after(registry: Registry) -> None:
    """Beyond ninety days, or by one root alone, no key is distrusted."""
    here = branch(registry)
    fields = {"kid": thumbprint(public(stories.NGO)), "reason": "A/1", "quorum": 2,
              "expires": here.day(30)}  # fmt: skip
    place = (f"{stories.NGO}/distrust/k1", "KeyDistrustProposed")
    assert named(16) in refused(here, ROOT_A, *place, since=here.day(-91), **fields)
    assert "AD10" in refused(here, stories.NGO, *place, since=here.day(0), **fields)
    one_alone = here.append(ROOT_A, *place, since=here.day(0), **fields)
    here.endorse(ROOT_A, one_alone, f"{ROOT_A}-org")
    stories.made_commitment(here, local="still-signed")  # nothing has taken effect


def require_admissible(raw: bytes) -> None:
    """Require what enrolment requires of a key."""
    keys.require_strict_key(raw)
    keys.require_prime_order(raw)


@pytest.mark.parametrize("role", ["registry", "reviewer", "guideline_issuer", "screening_officer"])
def test_row_17_nobody_gives_itself_a_role(registry: Registry, role: str) -> None:
    """A partner with a valid key grants itself a role, or has another partner grant it."""
    here = branch(registry)
    office = here.basis(stories.OFFICE_A, "screening_officer")
    terms = {"role": role, "mandate": "A/1", "first_day": here.day()}
    for giver in (stories.NGO, stories.SECRETARIAT):
        stream = f"{stories.NGO}/role/{role.replace('_', '-')}"
        rules = refused(here, giver, stream, "RoleGranted", depth=2, terms=terms, **office)
        assert any(rule.startswith(named(17)) for rule in rules), rules


def test_row_18_two_keys_of_one_party_are_one_voice(tmp_path: Path) -> None:
    """A quorum that one organization filled with two offices has no effect, and is named."""
    findings, verdict = audited(quorum_of_one(tmp_path / "log"))
    assert verdict.exit == 1
    assert any(code.startswith("PR") for code in codes(findings))
    assert named(18) in codes(findings)


def test_row_19_keys_on_which_programs_differ_are_not_enrolled() -> None:
    """Small and mixed order, and every encoding that is not canonical: by every engine alike."""
    cases = vectors.load("keys/invalid")
    assert len(cases) > 20
    for case in cases:
        if case["code"] != named(19):
            continue
        with pytest.raises(MalformedError) as caught:
            require_admissible(bytes.fromhex(case["public"]))
        assert caught.value.code == named(19)
    small = [encode_point(point) for point in torsion()]
    true = public("log")
    for engine in sorted(keys.ENGINES):
        if engine == "sodium":
            pytest.importorskip("nacl")
        forged = [(true, r + bytes(32), b"anything") for r in small]
        assert keys.verify_many(forged, engine=engine) == [False] * len(small)
