"""Independent audits, opinions of expert bodies, and what a decision leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, later, refused
from tests.harness.stories import (
    BODY_SECRETARY,
    COMPANY,
    NGO,
    PARTNERSHIP,
    REVIEWERS,
    SECRETARIAT,
    text,
)
from verifier.rules.book import Broken, Entry
from verifier.rules.partnership import Tie, tie_key
from verifier.rules.review import decision, independent

AUDITOR = "actor-auditor"
EXPERT = "actor-expert-body"
AUDIT = f"{PARTNERSHIP}/audit/a1"
OPINION = f"{PARTNERSHIP}/expert/e1"


@pytest.fixture(scope="module")
def listed() -> Registry:
    """A partnership of which an audit is asked every two years, an auditor and an expert body."""
    registry = stories.guidelines(stories.cast(Registry()), audit_every="P2Y")
    for actor, role in ((AUDITOR, "independent_auditor"), (EXPERT, "expert_body")):
        registry.enlist(actor, stakeholder_type="academia")
        registry.grant(actor, role, BODY_SECRETARY)
    registry.grant(COMPANY, "independent_auditor", BODY_SECRETARY)
    registry.grant(COMPANY, "expert_body", BODY_SECRETARY)
    stories.listed_partnership(registry)
    return later(registry, 300)


@pytest.fixture
def registry(listed: Registry) -> Registry:
    """A branch of that of the test's own."""
    return branch(listed)


def declare(registry: Registry, actor: str, matter: str, interest: str = "none") -> Entry:
    """Declare an interest in a matter."""
    return removals.declare(registry, actor, matter, interest)


def audited(registry: Registry, local: str = "audit", by: str = AUDITOR) -> Entry:
    """File an audit report."""
    owed = ("obligation", "due", "awaits")
    fields = {k: v for k, v in stories.report(registry).items() if k not in owed}
    return registry.append(by, f"{PARTNERSHIP}/report/{local}", "ReportSubmitted",
                           **fields | {"kind": "audit", "template": "issai",
                                       "organization": by,
                                       "period_start": registry.day(-90)})  # fmt: skip


def state(registry: Registry, report: Entry, stream: str = AUDIT, **changes: Any) -> Entry:
    """State an audit's opinion."""
    fields = {"report": ref(report), "standard": "issai", "opinion": "unqualified"} | changes
    return registry.append(AUDITOR, stream, "AuditReportFiled", **fields)


def unstated(registry: Registry, report: dict[str, Any], **changes: Any) -> set[str]:
    """State what the rules refuse; return every rule that is not met."""
    fields = {"report": report, "standard": "isa", "opinion": "unqualified"} | changes
    return refused(registry, AUDITOR, AUDIT, "AuditReportFiled", **fields)


def unopined(registry: Registry, by: str = EXPERT, **changes: Any) -> set[str]:
    """Give an opinion that the rules refuse; return every rule that is not met."""
    fields = {"question": text("Is it additional?"), "text": text("It is")} | changes
    return refused(registry, by, OPINION, "ExpertOpinionIssued", **fields)


def found_in(registry: Registry, module: Any) -> list[Broken]:
    """Move the book to the present day and return what the whole log shows there."""
    registry.book.time = registry.now
    return list(module.whole_log(registry.book))


def test_an_audit_states_its_report_standard_and_opinion(registry: Registry) -> None:
    """Of its own organization's audit report, and once for each (IA1)."""
    declare(registry, AUDITOR, "a1")
    own = stories.accepted_report(registry)
    assert unstated(registry, ref(own)) == {"IA1"}
    report = audited(registry)
    step = removals.next_step(registry, "AuditReportFiled")
    assert step.who == ("independent_auditor",)
    state(registry, report)
    again = f"{PARTNERSHIP}/audit/a2"
    declare(registry, AUDITOR, "a2")
    fields = {"report": ref(report), "standard": "isa", "opinion": "unqualified"}
    assert refused(registry, AUDITOR, again, "AuditReportFiled", **fields) == {"IA1"}


def test_an_auditor_declares_its_interest_first(registry: Registry) -> None:
    """Without it, or with one, it states nothing (IA2)."""
    report = audited(registry)
    assert unstated(registry, ref(report)) == {"IA2"}
    other = branch(registry)
    declare(other, AUDITOR, "a1", "recused")
    assert unstated(other, ref(report)) == {"IA2"}
    declare(registry, AUDITOR, "a1")
    state(registry, report)


def test_an_auditor_is_not_tied_to_whom_it_audits(registry: Registry) -> None:
    """Neither a partner, nor one that gave within three years (IA3)."""
    declare(registry, AUDITOR, "a1")
    report = audited(registry)
    subject = registry.book.subjects[PARTNERSHIP]
    subject.change((tie_key(AUDITOR), Tie("2022-12-31")))
    assert unstated(registry, ref(report)) == {"IA3"}
    subject.change((tie_key(AUDITOR), Tie("2021-06-30")))
    state(registry, report)


def test_who_gave_is_known_by_what_was_disclosed(registry: Registry) -> None:
    """A disclosure ties each who gives until the last day of all that it gave."""
    given = {"organization": COMPANY, "type": "cash", "amount": "1000", "currency": "USD",
             "matching": False, "first_day": "2024-01-01", "level": "national"}  # fmt: skip
    days = ("2024-06-30", "2024-12-31", "2024-03-31")
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/funding", "FundingDisclosed", year=2024,
                    contributions=[given | {"last_day": day} for day in days])  # fmt: skip
    assert registry.subject(PARTNERSHIP).get(tie_key(COMPANY), Tie) == Tie("2024-12-31")


def test_a_modified_opinion_says_why(registry: Registry) -> None:
    """And an unqualified one has nothing to say (IA4)."""
    declare(registry, AUDITOR, "a1")
    report = audited(registry)
    assert unstated(registry, ref(report), opinion="adverse") == {"IA4"}
    assert unstated(registry, ref(report), basis=text("…")) == {"IA4"}
    state(registry, report, opinion="qualified", basis=text("Two receipts are missing"))


def tie_elsewhere(registry: Registry) -> None:
    """List another partnership of the lead and the auditor."""
    members = [(NGO, "lead", "civil_society", "ngo"), (AUDITOR, "partner", "knowledge", "academia")]
    stories.listed_partnership(
        registry, name="p-forests", lead=NGO,
        partners=[{"organization": o, "role": r, "sector": s, "stakeholder_type": t}
                  for o, r, s, t in members],
    )  # fmt: skip


def test_an_auditor_tied_elsewhere_is_found_in_the_whole_log(registry: Registry) -> None:
    """A partner of the same lead in another partnership is not independent (IA5)."""
    declare(registry, AUDITOR, "a1")
    report, later_tie = audited(registry), branch(registry)
    tie_elsewhere(registry)
    state(registry, report)
    told = [one for one in found_in(registry, independent) if one.rule == "IA5"]
    assert [(one.kind, one.subject) for one in told] == [("breach", PARTNERSHIP)]
    assert "p-forests" in told[0].reason
    state(later_tie, report)
    tie_elsewhere(later(later_tie, 1))
    assert [one for one in found_in(later_tie, independent) if one.rule == "IA5"] == []


def test_an_audit_that_nobody_filed_is_told(registry: Registry) -> None:
    """Two years after the listing, and after each audit (IA6)."""
    assert found_in(later(registry, 431), independent) == []
    overdue = later(branch(registry), 1)
    (told,) = found_in(overdue, independent)
    assert (told.rule, told.kind, told.who) == ("IA6", "omission", SECRETARIAT)
    declare(registry, AUDITOR, "a1")
    state(registry, audited(registry))
    assert found_in(later(registry, 729), independent) == []


def test_an_expert_declares_and_then_gives_its_opinion(registry: Registry) -> None:
    """Not before it declared to have no interest (EX1), and it does not stay with one (RV12)."""
    assert unopined(registry) == {"EX1"}
    disclosed = refused(registry, EXPERT, f"{PARTNERSHIP}/declaration/e1/{EXPERT}",
                        "ConflictOfInterestDeclared", interest="disclosed",
                        statement=text("…"))  # fmt: skip
    assert disclosed == {"RV12"}
    other = branch(registry)
    declare(other, EXPERT, "e1", "recused")
    assert unopined(other) == {"EX1"}
    assert refused(other, EXPERT, f"{PARTNERSHIP}/declaration/e1/{EXPERT}",
                   "ConflictOfInterestDeclared", interest="none",
                   statement=text("…")) == {"RV12"}  # fmt: skip
    declare(registry, EXPERT, "e1")
    registry.append(EXPERT, OPINION, "ExpertOpinionIssued", question=text("Is it additional?"),
                    text=text("It is"))  # fmt: skip


def test_an_expert_is_no_party(registry: Registry) -> None:
    """A partner gives no expert opinion (EX2), and declares none «none»."""
    assert unopined(registry, COMPANY) == {"EX1", "EX2"}
    assert refused(registry, COMPANY, f"{PARTNERSHIP}/declaration/e1/{COMPANY}",
                   "ConflictOfInterestDeclared", interest="none",
                   statement=text("…")) == {"RV12"}  # fmt: skip


def test_an_opinion_stands_once_and_in_a_matter_on_record(registry: Registry) -> None:
    """A review that does not exist has no opinions (EX3)."""
    declare(registry, EXPERT, "e1")
    assert unopined(registry, matter="r1") == {"EX3"}
    removals.open_review(registry)
    fields = {"matter": "r1", "question": text("Is it additional?"), "text": text("It is")}
    registry.append(EXPERT, OPINION, "ExpertOpinionIssued", **fields)
    assert unopined(registry) == {"EX3"}


def test_an_opinion_is_evidence(registry: Registry) -> None:
    """A decision that does not list it is refused (EV3)."""
    removals.open_review(registry)
    declare(registry, EXPERT, "e1")
    registry.append(EXPERT, OPINION, "ExpertOpinionIssued", question=text("Is it additional?"),
                    text=text("It is"))  # fmt: skip
    removals.heard(registry)
    fields = removals.review_decision(registry, evidence=[])
    assert refused(registry, REVIEWERS[0], f"{PARTNERSHIP}/decision/d1", "ReviewDecisionProposed",
                   **fields) == {"EV3"}  # fmt: skip
    removals.propose_review_decision(registry)


def test_what_no_decision_ever_listed_is_told(registry: Registry) -> None:
    """What came between proposal and last voice waits for the next decision (RV24)."""
    removals.open_review(registry)
    proposal = removals.propose_review_decision(registry)
    declare(registry, EXPERT, "e1")
    registry.append(EXPERT, OPINION, "ExpertOpinionIssued", question=text("Is it additional?"),
                    text=text("It is"))  # fmt: skip
    later(registry, 1)
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    (told,) = found_in(registry, decision)
    assert (told.rule, told.kind, told.who) == ("RV24", "omission", "reviewer")
    assert OPINION in told.reason
    removals.open_review(registry, "r2")
    proposal = removals.propose_review_decision(registry, local="d2", review="r2")
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    assert found_in(registry, decision) == []


def test_what_comes_after_a_decision_is_no_omission(registry: Registry) -> None:
    """A report of the day after waits for its own review (RV24)."""
    removals.open_review(registry)
    proposal = removals.propose_review_decision(registry)
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    stories.submitted_report(later(registry, 1))
    assert found_in(registry, decision) == []
