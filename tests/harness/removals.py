"""The story of a removal on the light track, step by step, and of a review; for tests to leave.

Every function takes the story one step on, at the earliest lawful day where it moves log time, and
gives back what it recorded. ``branch`` copies a registry, so that many endings share a beginning.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.harness import stories
from tests.harness.judging import judged
from tests.harness.registry import Registry, ref
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    FOCAL_POINT,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    REVIEWERS,
    SECRETARIAT,
    text,
)
from verifier.event import Event
from verifier.rules import evidence, partnership
from verifier.rules.ahead import Step, steps
from verifier.rules.authority.state import Actor, Grant, organization_of
from verifier.rules.book import Book, Entry, Refused, Subject
from verifier.rules.delisting.case import RemovalCase
from verifier.rules.fields import EventRef
from verifier.rules.review.state import class_of
from verifier.rules.review.state import of as review_of
from verifier.rules.standing import standing_at
from verifier.rules.support import SupportOffer

CASE = f"{PARTNERSHIP}/case/c1"
REGISTRY_ORG = "actor-registry-org"
ANSWERS = {
    "complements_governments": {"answer": "yes", "reason": "It follows the national plan"},
    "complements_un": {"answer": "not_applicable", "reason": "No UN entity takes part"},
}
MANDATE = "A/RES/70/224"


def branch(registry: Registry) -> Registry:
    """Return a copy of a registry that goes its own way; what is on record is shared."""
    copy = Registry.__new__(Registry)
    copy.now, copy.events, copy.roots = registry.now, [*registry.events], [*registry.roots]
    copy.frontier, copy.keys = deepcopy(registry.frontier), dict(registry.keys)
    book = copy.book = Book(lambda size: copy.roots[size])
    book.ledger, book.size, book.time = registry.book.ledger, registry.book.size, registry.book.time
    book.public_keys = dict(registry.book.public_keys)
    for name, subject in registry.book.subjects.items():
        own = book.subjects[name] = Subject(name)
        own.heads = dict(subject.heads)
        own.change(*subject.things.items())
    return copy


def later(registry: Registry, days: int) -> Registry:
    """Move log time by days."""
    registry.now += days * 86_400
    return registry


def refused(registry: Registry, *args: Any, **fields: Any) -> set[str]:
    """Sign and submit what the rules refuse; return every rule that is not met."""
    with pytest.raises(Refused) as refusal:
        registry.append(*args, **fields)
    return {unmet.rule for unmet in refusal.value.unmet}


def refused_voice(registry: Registry, actor: str, proposal: Entry, organization: str) -> set[str]:
    """Endorse what the rules refuse to this actor; return every rule that is not met."""
    with pytest.raises(Refused) as refusal:
        registry.endorse(actor, proposal, organization)
    return {unmet.rule for unmet in refusal.value.unmet}


def case(registry: Registry) -> RemovalCase:
    """Return the present or last case."""
    found = registry.subject(PARTNERSHIP).get("case", RemovalCase)
    assert found is not None
    return found


def listing(registry: Registry) -> str:
    """Return where the partnership stands on the register."""
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    return found.listing


def next_steps(registry: Registry, type_: str) -> list[Step]:
    """Return the steps of one type that may come next."""
    found = steps(PARTNERSHIP, registry.book, registry.now)
    return [step for step in found if step.type == type_ + "/1"]


def next_step(registry: Registry, type_: str) -> Step:
    """Return the one step of a type that may come next."""
    (step,) = next_steps(registry, type_)
    return step


def day_of(time_s: int | None) -> str:
    """Return the UTC day of a log time."""
    assert time_s is not None
    return datetime.fromtimestamp(time_s, UTC).date().isoformat()


def fields_of(named: EventRef) -> dict[str, Any]:
    """Return a reference as a payload holds it."""
    return {"stream": named.stream, "seq": named.seq, "id": named.id}


def grant_of(registry: Registry, actor: str, role: str) -> dict[str, Any]:
    """Return the reference to the grant by which an actor holds a role."""
    found = next(g for g in registry.subject(actor).all(Grant) if g.role == role)
    return fields_of(found.ref)


def treated(registry: Registry, *, leave_out: str = "") -> list[dict[str, Any]]:
    """Return an evidence list of all that is on record, without the streams that end so."""
    return [
        {"ref": fields_of(item.ref), "treatment": "considered"}
        for item in evidence.everything(registry.subject(PARTNERSHIP))
        if not (leave_out and item.ref.stream.endswith(leave_out))
    ]  # fmt: skip


def layered(**cells: Any) -> Registry:
    """Issue the guidelines, and a layer for water that changes parameters of the light profile."""
    registry = stories.guidelines(stories.cast(Registry()))
    changes = {"profile": "light", "cells": [{"name": n, "value": v} for n, v in cells.items()]}
    registry.append(
        stories.ISSUER, "guidelines/set/water", "GuidelineSetIssued", version=1, layer="layer_2",
        mandate="WHO/1", valid_from=registry.day(), reach={"goals": [6]}, changes=[changes],
        clauses=[{"id": "w1", "text": "Water is tested.", "checks": ["PA6"]}],
    )  # fmt: skip
    return registry


def overdue(registry: Registry | None = None, **options: Any) -> Registry:
    """List a partnership that reports nothing, up to the first day of a removal case."""
    registry = stories.listed_partnership(registry, **options)
    registry.enlist("actor-appeals-d", stakeholder_type="ngo")
    registry.grant("actor-appeals-d", "appeals_panel", BODY_SECRETARY)
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert now.removal_eligible_from is not None
    return registry.on(now.removal_eligible_from.isoformat())


def offer_support(registry: Registry, local: str = "s1", **changes: Any) -> Entry:
    """Offer support for the report that is owed."""
    fields = {"kind": "reporting", "text": text("A day with an adviser"), "obligation": 1}
    return registry.append(FOCAL_POINT, f"{PARTNERSHIP}/support/{local}", "SupportOffered",
                           **(fields | changes))  # fmt: skip


def support_of(registry: Registry, local: str = "s1") -> dict[str, Any]:
    """Return the reference to an offer of support."""
    found = registry.subject(PARTNERSHIP).get(f"support:{local}", SupportOffer)
    assert found is not None
    return fields_of(found.ref)


def accept_support(registry: Registry, local: str = "s1") -> Entry:
    """Let the partnership accept an offer of support."""
    return registry.append(SECRETARIAT, f"{PARTNERSHIP}/support/{local}", "SupportAccepted",
                           offer=support_of(registry, local))  # fmt: skip


def deliver_support(registry: Registry, local: str = "s1") -> Entry:
    """Record that the support was delivered."""
    return registry.append(FOCAL_POINT, f"{PARTNERSHIP}/support/{local}", "SupportDelivered",
                           offer=support_of(registry, local))  # fmt: skip


def end_support(registry: Registry, outcome: str, *, by: str = FOCAL_POINT) -> Entry:
    """Decline an offer of support, or take it back."""
    return registry.append(by, f"{PARTNERSHIP}/support/s1", "SupportEnded", outcome=outcome,
                           offer=support_of(registry))  # fmt: skip


def notice_fields(registry: Registry) -> dict[str, Any]:
    """Return the fields of a first notice on what is owed now."""
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    terms = stories.listing(registry)
    return {
        "obligation": now.obligation or 1, "due": (now.due or date(2025, 1, 15)).isoformat(),
        "guideline": terms["guideline"], "profile": terms["profile"],
        "text": text("The report of the first period is missing"),
    }  # fmt: skip


def give_notice(registry: Registry, stream: str = CASE) -> Entry:
    """Give the first notice and record its delivery."""
    notice = registry.append(OFFICE_A, stream, "RemovalNoticeIssued", **notice_fields(registry))
    deliver(registry, notice)
    return notice


def delivery(registry: Registry, notice: Entry) -> dict[str, Any]:
    """Return the fields of a notice's delivery on this day."""
    return {"notice": ref(notice), "channels": ["post", "email"], "copy_to": FOCAL_POINT,
            "delivered_on": registry.day()}  # fmt: skip


def deliver(registry: Registry, notice: Entry, **changes: Any) -> Entry:
    """Record the delivery of a notice on this day."""
    return registry.append(OFFICE_A, notice.event.stream, "NoticeDelivered",
                           **(delivery(registry, notice) | changes))  # fmt: skip


def give_final_notice(registry: Registry, stream: str = CASE) -> Entry:
    """Give the final notice, P30D before the decision day, and record its delivery."""
    notice = registry.append(OFFICE_A, stream, "FinalNoticeIssued",
                             decision_day=registry.day(30), text=text("Last call"))  # fmt: skip
    deliver(registry, notice)
    return notice


def stated(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without empty lists: what is absent is left out of a payload."""
    return {name: value for name, value in fields.items() if value != []}


def decision_fields(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a decision on the case."""
    fields = {
        "case": "c1", "outcome": "remove", "mandate": MANDATE, "quorum": 2,
        "expires": registry.day(30), "guideline": stories.listing(registry)["guideline"],
        "appeal_window": "P30D", "reasons": text("No report, no reply"),
        "evidence": treated(registry),
    }  # fmt: skip
    return stated(fields | ANSWERS | changes)


def propose_decision(registry: Registry, local: str = "d1", **changes: Any) -> Entry:
    """Propose a decision on the case."""
    return registry.append(OFFICE_A, f"{PARTNERSHIP}/decision/{local}", "RemovalDecisionProposed",
                           **decision_fields(registry, **changes))  # fmt: skip


def decide(registry: Registry, local: str = "d1", **changes: Any) -> Entry:
    """Propose a decision on the case and endorse it by two offices."""
    proposal = propose_decision(registry, local, **changes)
    for office in (OFFICE_A, OFFICE_B):
        registry.endorse(office, proposal, REGISTRY_ORG)
    return proposal


def appeal(registry: Registry, decision: Entry, local: str = "a1", **changes: Any) -> Entry:
    """Appeal against the decision, on two grounds."""
    fields = {"case": "c1", "decision": ref(decision), "grounds": ["procedure", "fact"],
              "text": text("The report was sent to the old address")}  # fmt: skip
    return registry.append(SECRETARIAT, f"{PARTNERSHIP}/appeal/{local}", "AppealFiled",
                           **(fields | changes))  # fmt: skip


def appeal_decision(
    registry: Registry, filed: Entry, outcome: str, **changes: Any
) -> dict[str, Any]:
    """Return the fields of the panel's decision on an appeal."""
    fields = {
        "case": "c1", "appeal": ref(filed), "outcome": outcome, "mandate": MANDATE, "quorum": 2,
        "expires": registry.day(30), "evidence": treated(registry),
        "answers": [{"ground": g, "founded": outcome != "uphold", "reason": "As recorded"}
                    for g in ("procedure", "fact")],
    }  # fmt: skip
    return stated(fields | ANSWERS | changes)


def propose_on_appeal(
    registry: Registry, filed: Entry, outcome: str = "uphold", *, local: str = "d2", **changes: Any
) -> Entry:
    """Propose the panel's decision on an appeal, once its judges are drawn."""
    judged(registry, filed)
    return registry.append(
        APPEALS_PANEL[0], f"{PARTNERSHIP}/decision/{local}", "AppealDecisionProposed",
        **appeal_decision(registry, filed, outcome, **changes),
    )  # fmt: skip


def decide_appeal(registry: Registry, filed: Entry, outcome: str, local: str = "d2") -> Entry:
    """Propose the panel's decision on an appeal and endorse it by two of its three judges."""
    proposal = propose_on_appeal(registry, filed, outcome, local=local)
    for member in APPEALS_PANEL[:2]:
        registry.endorse(member, proposal, member)
    return proposal


def remove(registry: Registry, decision: Entry, **changes: Any) -> Entry:
    """Remove the partnership from the register."""
    fields = {"decision": ref(decision), "effective_on": registry.day()}
    return registry.append(OFFICE_B, CASE, "PartnershipRemoved", **(fields | changes))


# The story up to a point.


def noticed(registry: Registry | None = None) -> Registry:
    """Tell the story up to a first notice that counts, with support offered the same day."""
    registry = overdue() if registry is None else registry
    offer_support(registry)
    give_notice(registry)
    return registry


def finally_noticed(registry: Registry | None = None) -> Registry:
    """Tell the story up to a final notice that counts."""
    registry = later(noticed(registry), 90)
    give_final_notice(registry)
    return registry


def decided(registry: Registry | None = None) -> tuple[Registry, Entry]:
    """Tell the story up to the removal that two offices decided on."""
    registry = later(finally_noticed(registry), 31)
    return registry, decide(registry)


def appealed(registry: Registry | None = None) -> tuple[Registry, Entry]:
    """Tell the story up to an appeal."""
    registry, decision = decided(registry)
    return registry, appeal(later(registry, 10), decision)


def removed(registry: Registry | None = None) -> Registry:
    """Tell the story to its end: nobody appealed, and the partnership is removed."""
    registry, decision = decided(registry)
    remove(later(registry, 31), decision)
    return registry


class Story:
    """The story of a removal, told once, to be left at any point.

    Points: ``overdue``, ``noticed``, ``final``, ``decided``, ``appealed``, ``removed``.
    """

    def __init__(self) -> None:
        self._told: dict[str, tuple[Registry, Entry]] = {}

    def mark(self, point: str, registry: Registry, last: Entry) -> None:
        """Remember a point and the event that led there."""
        self._told[point] = branch(registry), last

    def at(self, point: str) -> Registry:
        """Return a branch at a point."""
        return branch(self._told[point][0])

    def last(self, point: str) -> tuple[Registry, Entry]:
        """Return a branch at a point and the event that led there."""
        return self.at(point), self._told[point][1]


def tell() -> Story:
    """Tell the whole story of a removal."""
    story, registry = Story(), overdue()
    last = offer_support(registry)
    story.mark("overdue", overdue(), last)
    story.mark("noticed", registry, give_notice(registry))
    story.mark("final", later(registry, 90), give_final_notice(registry))
    decision = decide(later(registry, 31))
    story.mark("decided", registry, decision)
    filed = appeal(later(registry, 10), decision)
    story.mark("appealed", registry, filed)
    registry = later(story.at("decided"), 31)
    story.mark("removed", registry, remove(registry, decision))
    return story


# A review.


def open_review(registry: Registry, local: str = "r1", **changes: Any) -> Entry:
    """Open a review of the partnership, seat the reviewers on its panel, and let them declare."""
    terms = stories.listing(registry)
    fields = {"kind": "desk", "reviewer_class": "member_state", "mandate": MANDATE,
              "guideline": terms["guideline"], "profile": terms["profile"],
              "terms": text("The first period")}  # fmt: skip
    opened = registry.append(REVIEWERS[0], f"{PARTNERSHIP}/review/{local}", "ReviewOpened",
                             **(fields | changes))  # fmt: skip
    for member in REVIEWERS:
        seat(registry, member, local)
        declare(registry, member, local)
    return opened


def seated(registry: Registry, member: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a seat, as the record has its member."""
    organization = organization_of(member, registry.book)
    known = registry.book.thing(organization, "actor", Actor)
    assert known is not None
    fields = {"member": member, "organization": organization, "reviewer_class": class_of(known),
              "country": known.country} | changes  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def seat(registry: Registry, member: str, local: str = "r1", **changes: Any) -> Entry:
    """Seat a reviewer on a panel."""
    return registry.append(BODY_SECRETARY, f"{PARTNERSHIP}/panel/{local}", "ReviewerAssigned",
                           **seated(registry, member, **changes))  # fmt: skip


def declare(registry: Registry, member: str, local: str = "r1", interest: str = "none") -> Entry:
    """Declare the interest of a member of a panel."""
    return registry.append(member, f"{PARTNERSHIP}/declaration/{local}/{member}",
                           "ConflictOfInterestDeclared", interest=interest,
                           statement=text("As far as my office knows"))  # fmt: skip


def record_finding(registry: Registry, local: str = "r1", **changes: Any) -> Entry:
    """Record a finding."""
    fields = {"clause": "2.1", "severity": 2, "text": text("Reported two months late")}
    return registry.append(REVIEWERS[1], f"{PARTNERSHIP}/review/{local}", "FindingRecorded",
                           **(fields | changes))  # fmt: skip


def share_draft(registry: Registry, local: str = "r1", **changes: Any) -> Entry:
    """Share the draft of a review, with every finding that stands."""
    found = review_of(registry.subject(PARTNERSHIP), local)
    assert found is not None
    fields = {"text": text("What the panel found so far"), "comments_by": registry.day(30),
              "findings": [fields_of(f.ref) for f in found.findings
                           if f.ref in found.standing()]} | changes  # fmt: skip
    return registry.append(REVIEWERS[0], f"{PARTNERSHIP}/review/{local}", "DraftShared",
                           **stated(fields))  # fmt: skip


def heard(registry: Registry, local: str = "r1") -> Registry:
    """Let the comments on a draft with every finding be over, where they are not yet."""
    found = review_of(registry.subject(PARTNERSHIP), local)
    assert found is not None
    if found.draft is None or not found.standing() <= set(found.draft.findings):
        share_draft(registry, local)
        later(registry, 31)
    return registry


def review_decision(registry: Registry, *findings: Entry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a review's decision."""
    fields = {
        "review": "r1", "outcome": "satisfactory", "mandate": MANDATE, "quorum": 3,
        "expires": registry.day(30), "guideline": stories.listing(registry)["guideline"],
        "evidence": treated(registry), "findings": [ref(finding) for finding in findings],
    }  # fmt: skip
    return stated(fields | ANSWERS | changes)


def propose_review_decision(
    registry: Registry, *findings: Entry, local: str = "d1", **changes: Any
) -> Entry:
    """Propose a review's decision, once the comments on its draft are over."""
    heard(registry, changes.get("review", "r1"))
    return registry.append(
        REVIEWERS[0], f"{PARTNERSHIP}/decision/{local}", "ReviewDecisionProposed",
        **review_decision(registry, *findings, **changes),
    )  # fmt: skip


def condition(registry: Registry, local: str = "meters", days: int = 60) -> dict[str, Any]:
    """Return a condition that is due some days from now."""
    due = date.fromisoformat(registry.day()) + timedelta(days=days)
    return {"id": local, "text": text("Meter every tap"), "due": due.isoformat()}


def removal_out_of_nothing(registry: Registry) -> Event:
    """Sign a removal by a valid office, of a partnership that was never given notice."""
    invented = {"stream": f"{PARTNERSHIP}/decision/d1", "seq": 0, "id": bytes(32)}
    return registry.sign(OFFICE_A, CASE, "PartnershipRemoved", decision=invented,
                         effective_on=registry.day())  # fmt: skip
