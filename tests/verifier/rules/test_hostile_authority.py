"""Nobody gains a right by a trick: keys, principals, roles, delegations, proposals, values.

The attacker holds the keys of one actor, or of several that are no quorum together, and signs what
the rules do not mean to allow. Each attempt is refused by the rule that is named.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.harness import removals, stories
from tests.harness.registry import ORIGIN, Registry, public, ref, seconds
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.stories import (
    BODY_SECRETARY,
    COMPANY,
    MACHINE,
    NGO,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    REVIEWERS,
    SECRETARIAT,
    text,
)
from verifier.event import Seen
from verifier.keys import thumbprint
from verifier.rules import dates, fields
from verifier.rules.authority.state import Grant, Key
from verifier.rules.book import Entry, Refused
from verifier.rules.table import EVENTS

ROOT_A, ROOT_B = "actor-root-a", "actor-root-b"
NEWCOMER = "actor-newcomer"


@pytest.fixture(scope="module")
def listed() -> Registry:
    """A ledger with its cast, guidelines and a listed partnership."""
    return stories.listed_partnership()


@pytest.fixture
def registry(listed: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(listed)


def register(registry: Registry, actor: str, by: str = OFFICE_A, **changes: Any) -> set[str]:
    """Try to register an actor; return the rules that are not met."""
    values = {"kind": "organization", "name": text("A name"), "principal": actor,
              "stakeholder_type": "ngo"}  # fmt: skip
    return refused(registry, by, f"{actor}/profile", "ActorRegistered", **(values | changes))


def delegate(registry: Registry, giver: str, to: str, *types: str) -> Entry:
    """Let an actor sign types of events in another's name."""
    return registry.append(
        giver, f"{giver}/delegation/{to}", "DelegationGranted", to=to, types=list(types),
        last_day=registry.day(30), mandate="A/1",
    )  # fmt: skip


# Keys.


@pytest.mark.parametrize("thief", [OFFICE_A, ROOT_A])
def test_nobody_alone_takes_an_actor_over_by_recovery(registry: Registry, thief: str) -> None:
    """Nobody revokes another's key, nor enrols its own for who revoked his."""
    lost = {"kid": thumbprint(public(OFFICE_B)), "reason": "lost"}
    assert refused(registry, thief, f"{OFFICE_B}/keys", "KeyRevoked", **lost) == {"AD10"}
    registry.append(OFFICE_B, f"{OFFICE_B}/keys", "KeyRevoked", **lost)
    fields_ = registry.possession(OFFICE_B, "thief")
    assert refused(registry, thief, f"{OFFICE_B}/keys", "KeyEnrolled", **fields_) == {"AC5"}


def recovery(registry: Registry, key: str) -> dict[str, Any]:
    """Return the fields of a recovery of the second office's key."""
    place = registry.possession(OFFICE_B, key, stream=f"{OFFICE_B}/recovery/r1")
    return {**place, "quorum": 2, "expires": registry.day(30)}


def test_the_roots_together_give_an_actor_its_next_key(registry: Registry) -> None:
    """A lost key is followed by one that the roots' threshold endorsed, and by no other."""
    registry.append(OFFICE_B, f"{OFFICE_B}/keys", "KeyRevoked", kid=thumbprint(public(OFFICE_B)),
                    reason="lost")  # fmt: skip
    stream = f"{OFFICE_B}/recovery/r1"
    proposal = registry.append(ROOT_A, stream, "KeyRecoveryProposed", **recovery(registry, "new"))
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    active = [k for k in registry.subject(OFFICE_B).all(Key) if k.ended is None]
    assert active == []
    registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org")
    active = [k for k in registry.subject(OFFICE_B).all(Key) if k.ended is None]
    assert [k.public for k in active] == [public("new")]
    registry.keys[OFFICE_B] = "new"
    registry.append(OFFICE_B, f"{OFFICE_B}/keys", "KeyEnrolled",
                    **registry.possession(OFFICE_B, "more"))  # fmt: skip


def test_the_roots_replace_no_key_that_is_active(registry: Registry) -> None:
    """An actor that can sign enrols its keys itself; a pending recovery ends there too."""
    stream = f"{OFFICE_B}/recovery/r1"
    fields_ = recovery(registry, "new")
    assert refused(registry, ROOT_A, stream, "KeyRecoveryProposed", **fields_) == {"AC5"}
    assert "AD10" in refused(registry, OFFICE_A, stream, "KeyRecoveryProposed", **fields_)


def test_a_thief_of_a_key_cannot_step_around_its_named_successor(registry: Registry) -> None:
    """Where a key names the next one, it enrols that one and no other, in no way."""
    stream = f"{NGO}/keys"
    named = thumbprint(public("k3"))
    registry.append(NGO, stream, "KeyRotated", next=named, **registry.possession(NGO, "k2"))
    registry.keys[NGO] = "k2"
    stolen = registry.possession(NGO, "thief")
    assert refused(registry, NGO, stream, "KeyRotated", **stolen) == {"AC6"}
    assert refused(registry, NGO, stream, "KeyEnrolled", **stolen) == {"AC6"}
    registry.append(NGO, stream, "KeyRotated", **registry.possession(NGO, "k3"))


def test_a_key_of_the_log_is_never_an_actors(registry: Registry) -> None:
    """One key, one purpose: what signs checkpoints signs no events."""
    rules = refused(registry, NGO, f"{NGO}/keys", "KeyEnrolled",
                    **registry.possession(NGO, "log"))  # fmt: skip
    assert rules == {"AC3"}


def genesis(**changes: Any) -> set[str]:
    """Try to open a ledger; return the rules that are not met."""
    registry = Registry()
    values = {
        "origin": ORIGIN, "quorum": 1, "expires": registry.day(30), "clock": "stated",
        "roots": [{"actor": ROOT_A, "principal": ROOT_A, "public": public(ROOT_A)}],
        "ruleset": "pledgebook-1", "anchor_every": "P1D", "register_every": "P1D",
        "log_keys": {"checkpoint": public("log")},
    }  # fmt: skip
    return refused(registry, ROOT_A, "ledger/genesis", "LedgerOpened", **(values | changes))


SMALL_ORDER = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
NOT_CANONICAL = b"\xee" + b"\xff" * 30 + b"\x7f"


@pytest.mark.parametrize("key", [SMALL_ORDER, NOT_CANONICAL])
@pytest.mark.parametrize("purpose", ["checkpoint", "refusal"])
def test_the_logs_own_keys_are_strict_keys(key: bytes, purpose: str) -> None:
    """A log key with which anything verifies, or two verifiers disagree, opens no ledger."""
    assert genesis(log_keys={"checkpoint": public("log"), purpose: key}) == {"GE6"}


def test_the_receipt_key_is_a_point_of_its_curve() -> None:
    """What is no point of P-256 opens no ledger."""
    keys = {"checkpoint": public("log"), "receipt_p256": b"\x04" + b"\x01" * 64}
    assert genesis(log_keys=keys) == {"GE6"}


# Principals.


def test_a_root_is_registered_for_the_principal_that_the_genesis_names(registry: Registry) -> None:
    """Two roots of one principal do not become two voices by registration."""
    assert register(registry, ROOT_B, by=ROOT_A) == {"AC2"}


@pytest.mark.parametrize("principal", [SECRETARIAT, MACHINE, "actor-counts-for-ngo"])
def test_a_principal_counts_for_itself(registry: Registry, principal: str) -> None:
    """No chain of principals hides which organization an actor counts for."""
    registry.enlist("actor-counts-for-ngo", principal=NGO)
    assert register(registry, NEWCOMER, kind="office", principal=principal) == {"AC2"}


def test_a_subject_that_no_actor_can_be_is_not_registered(registry: Registry) -> None:
    """An actor id is as long as an author's may be."""
    assert register(registry, "actor-" + "a" * 90, kind="office", principal=NGO) == {"AC1"}


# Roles.


@pytest.mark.parametrize(("first", "second"), [((0, None), (1, None)), ((1, 9), (9, None)),
                                               ((5, None), (0, 5))])  # fmt: skip
def test_incompatible_roles_never_overlap(
    registry: Registry, first: tuple[int, int | None], second: tuple[int, int | None]
) -> None:
    """A role from tomorrow excludes what it excludes tomorrow, whenever it was given."""

    def span(days: tuple[int, int | None]) -> dict[str, str]:
        last = {} if days[1] is None else {"last_day": registry.day(days[1])}
        return {"first_day": registry.day(days[0]), **last}

    registry.enlist(NEWCOMER)
    registry.grant(NEWCOMER, "reviewer", BODY_SECRETARY, **span(first))
    terms = {"role": "appeals_panel", "mandate": "A/1", **span(second)}
    basis = registry.basis(BODY_SECRETARY, terms["role"]) | {
        "decision": registry.decide_seat(NEWCOMER, "appeals_panel", BODY_SECRETARY, terms=terms)
    }
    rules = refused(registry, BODY_SECRETARY, f"{NEWCOMER}/role/panel", "RoleGranted", depth=2,
                    terms=terms, **basis)  # fmt: skip
    assert rules == {"RO3"}


def test_roles_that_follow_each_other_are_compatible(registry: Registry) -> None:
    """Who was a reviewer until a day may sit on the appeals panel from the next."""
    registry.enlist(NEWCOMER)
    registry.grant(NEWCOMER, "reviewer", BODY_SECRETARY, last_day=registry.day(5))
    registry.grant(NEWCOMER, "appeals_panel", BODY_SECRETARY, first_day=registry.day(6))


def test_an_appointment_is_judged_again_where_it_is_endorsed(registry: Registry) -> None:
    """A role given while an appointment waits is not joined by one that excludes it."""
    registry.enlist(NEWCOMER)
    proposal = registry.append(
        ROOT_A, f"{NEWCOMER}/appointment/registry", "AppointmentProposed", quorum=2,
        terms={"role": "registry", "mandate": "A/1", "first_day": registry.day()},
        expires=registry.day(30),
    )  # fmt: skip
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    registry.grant(NEWCOMER, "appeals_panel", BODY_SECRETARY)
    assert refused_voice(registry, ROOT_B, proposal, f"{ROOT_B}-org") == {"RO3"}


def test_a_grant_is_not_replaced_by_another_on_its_stream(registry: Registry) -> None:
    """Each grant has a stream of its own, so none ends but by its withdrawal or its day."""
    registry.enlist(NEWCOMER)
    registry.grant(NEWCOMER, "reviewer", BODY_SECRETARY)
    terms = {"role": "major_group", "mandate": "A/1", "first_day": registry.day()}
    rules = refused(registry, BODY_SECRETARY, f"{NEWCOMER}/role/reviewer", "RoleGranted", depth=2,
                    terms=terms, **registry.basis(BODY_SECRETARY, terms["role"]))  # fmt: skip
    assert rules == {"RO8"}
    assert [g.role for g in registry.subject(NEWCOMER).all(Grant)] == ["reviewer"]


def test_a_proposal_is_not_replaced_under_its_endorsers(registry: Registry) -> None:
    """A second appointment on a stream is refused; what was endorsed is what takes effect."""
    registry.enlist(NEWCOMER)
    values = {"quorum": 2, "expires": registry.day(30)}
    terms = {"mandate": "A/1", "first_day": registry.day()}
    stream = f"{NEWCOMER}/appointment/one"
    proposal = registry.append(ROOT_A, stream, "AppointmentProposed", **values,
                               terms=terms | {"role": "custodian"})  # fmt: skip
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    rules = refused(registry, ROOT_B, stream, "AppointmentProposed", **values,
                    terms=terms | {"role": "registry"})  # fmt: skip
    assert rules == {"PR10"}
    registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org")
    assert [g.role for g in registry.subject(NEWCOMER).all(Grant)] == ["custodian"]


# Delegations.


def test_a_delegation_is_not_delegated_on(registry: Registry) -> None:
    """A delegate gives nobody, itself included, more of its delegator's name."""
    given = delegate(registry, NGO, COMPANY, "DelegationGranted")
    rules = refused(
        registry, COMPANY, f"{NGO}/delegation/more", "DelegationGranted", to=COMPANY,
        types=["ReportSubmitted"], last_day=registry.day(3000), mandate="A/1",
        on_behalf_of={"actor": NGO, "delegation": ref(given)},
    )  # fmt: skip
    assert rules == {"AD11"}


@pytest.mark.parametrize("type_", ["KeyEnrolled", "KeyRotated"])
def test_a_delegate_enrols_no_key_in_anothers_name(registry: Registry, type_: str) -> None:
    """With a key of its delegator it would have that one's voice as well."""
    given = delegate(registry, NGO, COMPANY, type_)
    rules = refused(
        registry, COMPANY, f"{NGO}/keys", type_, **registry.possession(NGO, "thief"),
        on_behalf_of={"actor": NGO, "delegation": ref(given)},
    )  # fmt: skip
    assert rules == {"AD11"}


def test_a_delegate_gives_no_role_in_anothers_name(registry: Registry) -> None:
    """Whoever may appoint appoints with its own key."""
    registry.enlist(NEWCOMER)
    given = delegate(registry, BODY_SECRETARY, COMPANY, "RoleGranted")
    rules = refused(
        registry, COMPANY, f"{NEWCOMER}/role/r", "RoleGranted", depth=2,
        terms={"role": "major_group", "mandate": "A/1", "first_day": registry.day()},
        **registry.basis(BODY_SECRETARY, "major_group"),
        on_behalf_of={"actor": BODY_SECRETARY, "delegation": ref(given)},
    )  # fmt: skip
    assert rules == {"AD11"}


# What was seen.


def test_a_decision_has_seen_something(registry: Registry) -> None:
    """A decision that states the empty tree as seen has witnessed nothing."""
    nothing = Seen(0, registry.roots[0])
    removals.open_review(registry, "r2")
    removals.heard(registry, "r2")
    values = removals.review_decision(registry, review="r2")
    rules = refused(registry, REVIEWERS[0], f"{PARTNERSHIP}/decision/d1", "ReviewDecisionProposed",
                    **values, seen=nothing)  # fmt: skip
    assert rules == {"AD7"}


def test_an_endorser_has_seen_the_proposal(registry: Registry) -> None:
    """A voice whose author had not seen the proposal in the log does not count."""
    removals.open_review(registry)
    before = Seen(len(registry.events), registry.roots[-1])
    proposal = removals.propose_review_decision(registry)
    stream = f"{PARTNERSHIP}/endorsement/decision:d1/{REVIEWERS[0]}"
    values = {"proposal": ref(proposal), "organization": REVIEWERS[0]}
    assert refused(registry, REVIEWERS[0], stream, "Endorsed", **values, seen=before) == {"PR3"}
    registry.append(REVIEWERS[0], stream, "Endorsed", **values)


# Values.

GRAMMARS = {
    "ActorId": "actor-x", "LocalId": "a", "Code": "a", "Alpha3": "KEN", "SdgTarget": "6.1",
    "Day": "2025-01-31", "PartialDate": "2025-01", "Decimal": "1.5", "Duration": "P1Y",
}  # fmt: skip


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_grammar_ends_where_its_text_ends(name: str) -> None:
    """No value is accepted in a second spelling: no line feed after it, no other digits in it."""
    kind, good = getattr(fields, name), GRAMMARS[name]
    assert msgspec.convert(good, kind) == good
    other = good.translate({ord("0") + n: 0x0660 + n for n in range(10)})
    for bad in {good + "\n", "\n" + good, other} - {good}:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, kind)


def test_every_grammar_of_every_payload_ends_where_its_text_ends() -> None:
    """Each pattern of each field of each event type matches whole texts of ASCII alone."""
    found = set(patterns())
    assert len(found) > 10
    assert [p for p in found if not (p.startswith("^") and p.endswith(r"\Z")) or r"\d" in p] == []


def test_no_payload_has_room_for_what_nobody_reads() -> None:
    """Every struct of every payload refuses members that it does not know."""
    lax = {t.cls for t in structs() if not t.forbid_unknown_fields}
    assert lax == set()


def types() -> list[Any]:
    """Return the type of every value in every payload."""
    found: list[Any] = []
    waiting = [msgspec.inspect.type_info(body) for body in EVENTS.values()]
    known = set()
    while waiting:
        one = waiting.pop()
        found.append(one)
        if isinstance(one, msgspec.inspect.StructType) and one.cls not in known:
            known.add(one.cls)
            waiting += (field.type for field in one.fields)
        waiting += getattr(one, "types", ())
        waiting += (getattr(one, name) for name in ("item_type", "key_type", "value_type")
                    if hasattr(one, name))  # fmt: skip
    return found


def structs() -> list[msgspec.inspect.StructType]:
    """Return every struct in every payload."""
    return [t for t in types() if isinstance(t, msgspec.inspect.StructType)]


def patterns() -> list[str]:
    """Return the pattern of every text in every payload."""
    return [t.pattern for t in types() if isinstance(t, msgspec.inspect.StrType) and t.pattern]


# Time.


def test_no_event_moves_log_time_beyond_the_calendar(registry: Registry) -> None:
    """A time after 2199 is refused, whatever the type, so that days can always be counted."""
    for late in (seconds("2199-12-31") + 86_400, 2**53 - 1):
        registry.now = late
        assert register(registry, NEWCOMER) == {"AD12"}


def test_a_guideline_with_the_longest_durations_breaks_no_arithmetic() -> None:
    """Obligations far beyond the calendar are refused like any other, and a case goes its way."""
    longest = {"cycle": "P999Y", "removal_eligible_after": "P999Y", "second_state": "P999Y"}
    registry = stories.guidelines(stories.cast(Registry()), **longest)
    stories.listed_partnership(registry)
    rules = refused(
        registry, SECRETARIAT, f"{PARTNERSHIP}/report/r", "ReportSubmitted", kind="self",
        period_start=registry.day(), period_end=registry.day(), obligation=200,
        due="2199-12-31", template="none", answers=[{"question": "1", "text": text("Nothing")}],
        organization=stories.NGO,
    )  # fmt: skip
    assert "RE3" in rules
    assert not removals.next_step(registry, "RemovalNoticeIssued").lawful


@pytest.mark.parametrize(("duration", "times"), [("P999Y", 200), ("P999Y", -10), ("P999D", 9**9)])
def test_a_sum_of_days_stops_at_the_end_of_its_calendar(duration: str, times: int) -> None:
    """No duration leads out of the days that can be written and compared as texts."""
    day = dates.add(dates.parse_day("2025-01-31"), duration, times=times)
    assert day in (dates.EARLIEST, dates.LATEST)
    assert len(day.isoformat()) == len("2025-01-31")
    assert dates.add(day, duration, times=times) == day


def test_a_partner_does_not_screen_in_an_officers_name() -> None:
    """A delegation does not let a partner's office screen what the partner takes part in (PS2)."""
    registry = stories.submitted_partnership()
    given = registry.append(
        stories.SCREENER, f"{stories.SCREENER}/delegation/help", "DelegationGranted",
        to=stories.SECRETARIAT, types=["PartnershipScreened"], last_day=registry.day(30),
        mandate="A/RES/70/224",
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        registry.append(
            stories.SECRETARIAT, f"{stories.PARTNERSHIP}/registration", "PartnershipScreened",
            outcome="pass", method="desk", minutes=5,
            on_behalf_of={"actor": stories.SCREENER, "delegation": ref(given)},
        )  # fmt: skip
    assert [unmet.rule for unmet in refused.value.unmet] == ["PS2"]
