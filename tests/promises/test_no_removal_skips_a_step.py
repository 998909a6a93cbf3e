"""No removal skips a step: what somebody in a hurry would try, refused with every unmet rule.

Each test asserts the whole set of rules that a refusal names, so that whoever is refused learns
all that is missing, and so that a rule that no longer bites is noticed although another still does.
"""

from __future__ import annotations

import pytest

from tests.harness import bodies, removals, rulings
from tests.harness.registry import Registry, ref
from tests.harness.removals import CASE, REGISTRY_ORG, Story, later, listing, refused, refused_voice
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    text,
)
from verifier.rules.book import Entry, Refused, Subject
from verifier.rules.delisting.decision import fresh
from verifier.rules.standing import DueMoved

DECISION = f"{PARTNERSHIP}/decision/d1"


@pytest.fixture(scope="session")
def story() -> Story:
    """The story of a removal on the light track, told once."""
    return removals.tell()


@pytest.fixture(scope="session")
def told() -> Story:
    """The story on the full track, told once: ``replied``, ``suspended``, ``decided``, ``over``."""
    story, registry = Story(), rulings.full_track()
    last = removals.offer_support(registry, "s2")
    story.mark("replied", registry, last)
    story.mark("suspended", registry, rulings.suspend(registry))
    later(registry, 367)
    story.mark("over", registry, last)
    story.mark("decided", registry, rulings.rule(registry, "remove"))
    return story


def removal(registry: Registry, decided: Entry | None = None, days: int = 0) -> set[str]:
    """Return the rules that a removal on record now would break."""
    nothing = {"stream": DECISION, "seq": 0, "id": bytes(32)}
    return refused(
        registry, OFFICE_A, CASE, "PartnershipRemoved", effective_on=registry.day(days),
        decision=nothing if decided is None else ref(decided),
    )  # fmt: skip


# A removal that skips a step.


@pytest.mark.parametrize(
    ("point", "days", "missing"),
    [
        ("overdue", 0, {"CS1", "CS5", "CS6", "CS7", "CS8", "CS10", "CS11"}),
        ("noticed", 0, {"CS7", "CS8", "CS10", "CS11"}),
        ("noticed", 365, {"CS7", "CS8", "CS10", "CS11"}),
        ("final", 0, {"CS8", "CS10", "CS11"}),
        ("final", 31, {"CS10", "CS11"}),
        ("decided", 0, {"CS11", "RM1"}),
        ("appealed", 30, {"CS11", "RM1"}),
    ],
)
def test_a_removal_names_every_step_that_it_skips(
    story: Story, point: str, days: int, missing: set[str]
) -> None:
    """CS1 to CS11: from whatever point of the light track, each missing step by its number."""
    registry = later(story.at(point), days)
    before = listing(registry)
    assert removal(registry) == missing
    assert listing(registry) == before


@pytest.mark.parametrize(
    ("point", "days", "missing"),
    [
        ("overdue", 0, {"CS1", "CS5", "CS6", "CS7", "CS8"}),
        ("noticed", 0, {"CS7", "CS8"}),
        ("final", 0, {"CS8"}),
        ("final", 150, {"CS9"}),
        ("decided", 0, {"RD1"}),
    ],
)
def test_a_decision_names_every_step_that_it_skips(
    story: Story, point: str, days: int, missing: set[str]
) -> None:
    """CS1 to CS9, RD1: no two offices decide before the notices, the offer and the replies."""
    registry = later(story.at(point), days)
    fields = removals.decision_fields(registry)
    stream = f"{PARTNERSHIP}/decision/d7"
    assert refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **fields) == missing


def test_a_final_notice_does_not_run_ahead(story: Story) -> None:
    """NT5, CS6: P90D after the first one, and not so soon after the offer of support."""
    registry = story.at("noticed")
    fields = {"decision_day": registry.day(30), "text": text("Last call")}
    assert refused(registry, OFFICE_A, CASE, "FinalNoticeIssued", **fields) == {"CS6", "NT5"}


@pytest.mark.parametrize(
    ("point", "missing"),
    [
        ("replied", {"CS10", "CS11"}),
        ("suspended", {"CS10", "CS11", "RM1"}),
        ("over", {"CS10", "CS11", "RM1"}),
        ("decided", {"CS11", "RM1"}),
    ],
)
def test_a_removal_on_the_full_track_names_every_step(
    told: Story, point: str, missing: set[str]
) -> None:
    """A suspension, a year, a second decision and the appeal window stand before it."""
    registry = told.at(point)
    before = listing(registry)
    assert removal(registry) == missing
    assert listing(registry) == before


def test_no_body_removes_what_it_did_not_suspend(told: Story) -> None:
    """BD1, RD5: a removal in place of a suspension, and two offices in place of the body."""
    registry = told.at("replied")
    fields = rulings.ruling(registry, "remove", outcome="remove")
    assert refused(registry, OFFICE_A, CASE, "RemovalDecided", **fields) == {"BD1"}
    fields = removals.decision_fields(registry)
    assert refused(registry, OFFICE_A, DECISION, "RemovalDecisionProposed", **fields) == {"RD5"}


# A quorum filled with two keys of one organization.


def second_key(registry: Registry, actor: str) -> None:
    """Let an actor enrol another key, and sign with it from here on."""
    registry.append(actor, f"{actor}/keys", "KeyEnrolled",
                    **registry.possession(actor, f"{actor}-spare"))  # fmt: skip
    registry.keys[actor] = f"{actor}-spare"


def test_two_keys_of_one_office_are_one_voice(story: Story) -> None:
    """PR8: the office that endorsed a removal endorses it again with another key."""
    registry = later(story.at("final"), 31)
    proposal = removals.propose_decision(registry)
    registry.endorse(OFFICE_A, proposal, REGISTRY_ORG)
    second_key(registry, OFFICE_A)
    assert refused_voice(registry, OFFICE_A, proposal, REGISTRY_ORG) == {"PR8"}
    assert removals.case(registry).decision is None


def panel_of_one(registry: Registry, proposal: Entry) -> None:
    """Fill the panel's second voice with an office of an organization that has its voice."""
    first, second, _ = APPEALS_PANEL
    registry.enlist("actor-appeals-a-2", kind="office", principal=first)
    registry.grant("actor-appeals-a-2", "appeals_panel", BODY_SECRETARY)
    registry.endorse(first, proposal, first)
    told = refused_voice(registry, "actor-appeals-a-2", proposal, first)
    assert told == {"PR8", "AP9", "AP10"}
    borrowed = refused_voice(registry, "actor-appeals-a-2", proposal, second)
    assert borrowed == {"PR7", "PR8", "AP9", "AP10"}
    second_key(registry, first)
    assert refused_voice(registry, first, proposal, first) == {"PR8"}
    appeal = removals.case(registry).appeal
    assert appeal is not None
    assert appeal.outcome == ""


def test_a_panel_is_not_filled_with_keys_of_one_organization(story: Story, told: Story) -> None:
    """PR7, PR8: a second office, another's name, a second key; on the light and the full track."""
    registry, filed = story.last("appealed")
    panel_of_one(registry, removals.propose_on_appeal(registry, filed))
    registry, decided = told.last("decided")
    panel_of_one(registry, removals.propose_on_appeal(registry, removals.appeal(registry, decided)))


def test_one_office_does_not_certify_and_cosign(told: Story) -> None:
    """BO9: the secretary who certified a body's decision cosigns it as presiding officer."""
    registry = told.at("over")
    registry.appoint(bodies.SECRETARY, "presiding_officer", scope={"subjects": [bodies.COUNCIL]})
    bodies.schedule(registry, "again")
    certified = bodies.certify(registry, "d9", session="again")
    assert refused(registry, bodies.SECRETARY, certified.event.stream, "DecisionCosigned",
                   decision=ref(certified)) == {"BO9"}  # fmt: skip


# A decision signed again on appeal by one who signed before.


def joined(registry: Registry, actor: str, left: str = "") -> None:
    """Let somebody lay down a role, which the panel excludes, and join the roster of the panel."""
    if left:
        assert refused_grant(registry, actor) == {"RO3"}
        grant = removals.grant_of(registry, actor, left)
        stream = f"{actor}/withdrawal/{left.replace('_', '-')}"
        registry.append(actor, stream, "RoleWithdrawn", grant=grant, reason="new post")
    registry.grant(actor, "appeals_panel", BODY_SECRETARY)


def refused_grant(registry: Registry, actor: str) -> set[str]:
    """Return the rules that refuse somebody a seat on the roster of the panel."""
    with pytest.raises(Refused) as refusal:
        registry.grant(actor, "appeals_panel", BODY_SECRETARY)
    return {unmet.rule for unmet in refusal.value.unmet}


def test_who_decided_does_not_decide_again_on_appeal(story: Story) -> None:
    """AP5: an office that endorsed the removal, by proposal and by voice, and its sister office."""
    registry, filed = story.last("appealed")
    registry.enlist("actor-sister", kind="office", principal=REGISTRY_ORG)
    for actor, left in ((OFFICE_B, "registry"), ("actor-sister", "")):
        joined(registry, actor, left)
        fields = removals.appeal_decision(registry, filed, "uphold")
        stream = f"{PARTNERSHIP}/decision/d8"
        told = refused(registry, actor, stream, "AppealDecisionProposed", **fields)
        assert told == {"AP5", "AP9", "AP10"}
    proposal = removals.propose_on_appeal(registry, filed)
    for actor in (OFFICE_B, "actor-sister"):
        told = refused_voice(registry, actor, proposal, REGISTRY_ORG)
        assert told == {"AP5", "AP9", "AP10"}


def test_a_key_that_signed_before_does_not_return_under_another_name(story: Story) -> None:
    """AC3: the key of an office that decided is enrolled to nobody else."""
    registry = story.at("appealed")
    registry.enlist("actor-mask", stakeholder_type="ngo")
    assert refused(registry, "actor-mask", "actor-mask/keys", "KeyEnrolled",
                   **registry.possession("actor-mask", OFFICE_B)) == {"AC3"}  # fmt: skip


@pytest.mark.parametrize(
    ("actor", "left"),
    [
        (OFFICE_A, "registry"),
        (bodies.SECRETARY, "body_secretary"),
        (bodies.PRESIDENT, "presiding_officer"),
    ],
)
def test_who_signed_for_a_body_does_not_decide_on_appeal(
    told: Story, actor: str, left: str
) -> None:
    """AP5: the registry that put the ruling into effect, and the offices that certified it."""
    registry, decided = told.last("decided")
    filed = removals.appeal(registry, decided)
    joined(registry, actor, left)
    fields = removals.appeal_decision(registry, filed, "uphold")
    stream = f"{PARTNERSHIP}/decision/d8"
    told_by = refused(registry, actor, stream, "AppealDecisionProposed", **fields)
    assert told_by == {"AP5", "AP9", "AP10"}
    proposal = removals.propose_on_appeal(registry, filed)
    organization = REGISTRY_ORG if actor == OFFICE_A else bodies.UN_SECRETARIAT
    told_by = refused_voice(registry, actor, proposal, organization)
    assert told_by == {"AP5", "AP9", "AP10"}


# A back-dated effect.


@pytest.mark.parametrize("days", [-1, -90, 1])
def test_a_removal_is_not_dated_back(story: Story, told: Story, days: int) -> None:
    """RM2: neither for the past nor ahead, on the light and on the full track."""
    registry, decided = story.last("decided")
    assert removal(later(registry, 31), decided, days) == {"RM2"}
    registry, decided = told.last("decided")
    assert removal(later(registry, 32), decided, days) == {"RM2"}
    assert removal(later(told.at("decided"), 0), decided, days) == {"CS11", "RM2"}


def test_a_signature_is_not_dated_back(story: Story) -> None:
    """AD6, CS9: a decision that says it was signed while there was time, recorded after that."""
    registry = later(story.at("final"), 150)
    registry.enlist("actor-somebody-else")
    fields = removals.decision_fields(registry, expires=registry.day(30))
    assert refused(registry, OFFICE_A, DECISION, "RemovalDecisionProposed",
                   iat=registry.now - 90 * 86_400, **fields) == {"AD6", "CS9"}  # fmt: skip


def test_no_notice_counts_from_before_its_record(story: Story) -> None:
    """NT3, NT4: a delivery before the notice, and a publication that counts at once."""
    registry = later(story.at("noticed"), 90)
    final = registry.append(OFFICE_A, CASE, "FinalNoticeIssued", decision_day=registry.day(30),
                            text=text("Last call"))  # fmt: skip
    early = removals.delivery(registry, final) | {"delivered_on": registry.day(-1)}
    assert refused(registry, OFFICE_A, CASE, "NoticeDelivered", **early) == {"NT3"}
    fields = {"notice": ref(final), "where": "The journal", "counts_from": registry.day(-60)}
    assert refused(registry, OFFICE_A, CASE, "NoticePublished", **fields) == {"NT4"}


def test_a_suspension_is_not_dated_back(told: Story) -> None:
    """BD7: a suspension that says it is half over on the day of its record."""
    registry = told.at("replied")
    fields = rulings.ruling(registry, "suspend", until=registry.day(182))
    assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **fields) == {"BD7"}


# The new due day after a removal that failed.


@pytest.mark.parametrize(("moved", "stays"), [(400, True), (61, True), (59, False), (-30, False)])
def test_a_due_day_that_was_moved_further_on_stays(story: Story, moved: int, stays: bool) -> None:
    """CC3: the new day is P60D ahead, or the later day that stands already."""
    registry, filed = story.last("appealed")
    case, subject = removals.case(registry), Subject(PARTNERSHIP)
    key, day = f"due:{case.clock_from}:{case.obligation}", registry.day(moved)
    subject.change((key, DueMoved(case.clock_from, case.obligation, day, filed.ref)))
    entry = Entry(filed.index, filed.event, filed.body, registry.now)
    changes = dict(fresh(case, entry, subject, registry.book))
    if stays:
        assert changes == {}
    else:
        (change,) = changes.values()
        assert isinstance(change, DueMoved)
        assert change.due == registry.day(60)
