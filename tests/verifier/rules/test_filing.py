"""Simple filings: one rule over a table of rows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.harness import bodies, stories
from tests.harness.registry import Registry, ref
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    COMPANY,
    EXECUTIVE_HEAD,
    FOCAL_POINT,
    GOVERNMENT,
    NGO,
    OFFICE_A,
    PARTNERSHIP,
    SECRETARIAT,
    UN_AGENCY,
    text,
)
from verifier.errors import MalformedError
from verifier.rules import filing
from verifier.rules.ahead import steps
from verifier.rules.book import Entry, Refused
from verifier.rules.filing import Filed, tabling

FORUM = "forum-2024"
LIVING = [{"category": "ngo", "count": 12}, {"category": "business", "count": 3}]


@pytest.fixture
def registry() -> Registry:
    """A listed partnership whose first report was accepted, and a council."""
    registry = stories.listed_partnership().on("2024-12-15")
    stories.accepted_report(registry)
    return bodies.seat(registry)


def accepted_report(registry: Registry) -> dict[str, Any]:
    """Return the reference to the report that was accepted."""
    return stories.waiting(registry)


def sample(registry: Registry) -> dict[str, Any]:
    """Return a value that will do for every field."""
    return {
        "text": text("What was found"), "title": text("Taps that last"), "to": UN_AGENCY,
        "owner": UN_AGENCY, "entity": UN_AGENCY, "office": FOCAL_POINT, "due": "2025-06-30",
        "held_on": "2024-12-01", "sources": [accepted_report(registry)], "participants": LIVING,
        "statuses": [{"row": 2, "status": "met"}, {"row": 52, "status": "not_assessed"}],
        "contributions": [
            {"partnership": PARTNERSHIP, "organization": COMPANY, "kind": "cash",
             "amount": "25000", "currency": "KES", "matching": True, "country": "KEN"}
        ],
        "due_diligence": text("All screened"), "risk_measures": text("Yearly spot checks"),
        "purpose": "for the high-level segment", "document": "E/2025/12", "item": "A/79/25",
        "year": 2025, "goals": [6, 14], "outcome": "done", "local_need": text("Water in reach"),
        "guideline": {"set": "default", "version": 1}, "clause": "1.2", "result": "met",
        "mechanism": "Yearly meter readings", "maturity": 3, "hours": 240,
    }  # fmt: skip


def place(row: filing.Row) -> str:
    """Return the stream on which a row's filing of the story stands."""
    _, kind, _ = row.stream.split("/")
    return f"{PARTNERSHIP if row.stream.startswith('p-') else FORUM}/{kind}/one"


ROWS = {row.name: row for row in filing.ROWS}
AUTHORS = {
    "ForumInputSubmitted": FOCAL_POINT, "IdeaSubmitted": NGO, "IdeaTakenUp": COMPANY,
    "ForumOutcomeFollowedUp": FOCAL_POINT, "DocumentReceived": FOCAL_POINT,
    "PolicyIssueRaised": EXECUTIVE_HEAD, "BoardReportTabled": EXECUTIVE_HEAD,
    "GuidanceRequested": SECRETARIAT, "GuidanceIssued": UN_AGENCY,
    "BestPracticePublished": SECRETARIAT, "ConsultationHeld": SECRETARIAT,
    "LocalOwnershipAttested": GOVERNMENT, "ComplianceChecked": FOCAL_POINT,
    "MechanismAssessed": "actor-reviewer-a",
}  # fmt: skip
"""Who files what; the rest is the body's secretary's."""
OTHERS = {"IdeaSubmitted", "IdeaTakenUp"}
"""What anybody may file."""


def fields(registry: Registry, name: str, author: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a filing of the story: what its row needs."""
    own = {"organization": UN_AGENCY if author == EXECUTIVE_HEAD else author}
    values = sample(registry) | own | changes
    return {field: values[field] for field in (*ROWS[name].needs, *changes)}


def file(registry: Registry, name: str, author: str = "", stream: str = "",
         **changes: Any) -> Entry:  # fmt: skip
    """File, after what it answers or rests on has been filed."""
    author = author or AUTHORS.get(name, BODY_SECRETARY)
    return registry.append(
        author, stream or place(ROWS[name]), name, **fields(registry, name, author, **changes)
    )


def before(registry: Registry, name: str) -> dict[str, Any]:
    """File what a row's filing answers or takes up; return what it then refers to."""
    if ROWS[name].answers:
        file(registry, ROWS[name].answers)
    if name == "BoardGuidanceIssued":
        return {"decision": adopted(registry)}
    return {"sources": [ref(file(registry, "IdeaSubmitted"))]} if name == "IdeaTakenUp" else {}


def adopted(registry: Registry) -> dict[str, Any]:
    """Let the council decide on its guidance; return the reference to its decision."""
    items = [bodies.item(PARTNERSHIP, "guidance", "guide")]
    return ref(bodies.decide(registry, kind="guidance", items=items))


def refusal(registry: Registry, name: str, author: str = "", stream: str = "",
            **changes: Any) -> set[str]:  # fmt: skip
    """Return the rules by which a filing is refused."""
    with pytest.raises(Refused) as refused:
        file(registry, name, author, stream, **changes)
    return {unmet.rule for unmet in refused.value.unmet}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_filed_by_its_signers_alone(name: str, registry: Registry) -> None:
    """Each row's filing is admitted by one who may sign it, and refused to another (AD10, FI1)."""
    given = before(registry, name)
    if name not in OTHERS:
        assert refusal(registry, name, APPEALS_PANEL[2], **given) >= {"AD10"}
    entry = file(registry, name, **given)
    assert entry.body.MISSION == ROWS[name].mission != ()
    assert refusal(registry, name, **given) == {"FI1"}


def test_an_answer_needs_what_it_answers(registry: Registry) -> None:
    """FI1: a receipt of nothing, and an answer to another kind of filing, are refused."""
    assert refusal(registry, "DocumentReceived") >= {"FI1"}
    file(registry, "ForumOutcomeRecorded", stream=f"{FORUM}/outcome/two")
    file(registry, "ForumOutcomeFollowedUp", stream=f"{FORUM}/outcome/two")
    filed = registry.subject(FORUM).get("filing:outcome:two", Filed)
    assert filed is not None
    assert filed.answered is not None


def test_only_the_one_addressed_receives(registry: Registry) -> None:
    """A receipt is signed by an office of the one whom the document went to (AD10)."""
    file(registry, "DocumentTransmitted", to=GOVERNMENT)
    assert refusal(registry, "DocumentReceived", FOCAL_POINT) == {"AD10"}
    file(registry, "DocumentReceived", GOVERNMENT)


def test_a_bodys_secretary_answers_what_is_addressed_to_a_body(registry: Registry) -> None:
    """One whose grant is not limited says for which body; for a company it does not speak."""
    file(registry, "DocumentTransmitted", to=bodies.COUNCIL)
    assert refusal(registry, "DocumentReceived", BODY_SECRETARY) == {"AD10"}
    assert refusal(registry, "DocumentReceived", BODY_SECRETARY,
                   for_body=stories.BODY) == {"AD10"}  # fmt: skip
    file(registry, "DocumentReceived", BODY_SECRETARY, for_body=bodies.COUNCIL)
    other = f"{FORUM}/transmission/other"
    file(registry, "DocumentTransmitted", stream=other, to=COMPANY)
    assert refusal(registry, "DocumentReceived", BODY_SECRETARY, other,
                   for_body=COMPANY) == {"AD10"}  # fmt: skip


def test_a_practice_rests_on_a_report_that_was_accepted(registry: Registry) -> None:
    """FI2: not on a report that waits, on an older version, on another's, or twice on one."""
    registry.on("2025-12-15")
    stories.submitted_report(registry, local="second")
    waits = stories.waiting(registry, local="second")
    accepted = accepted_report(registry)
    for sources in ([waits], [accepted, accepted], [accepted | {"id": bytes(32)}],
                    [accepted | {"stream": "p-other/report/first"}]):  # fmt: skip
        assert refusal(registry, "BestPracticePublished", sources=sources) == {"FI2"}
    stories.accept(registry, local="second")
    file(registry, "BestPracticePublished", sources=[accepted, waits])


def test_a_filing_rests_on_the_kinds_of_its_row(registry: Registry) -> None:
    """FI2: an outcome rests on an input of the forum; a report is none."""
    given = ref(file(registry, "ForumInputSubmitted"))
    assert refusal(registry, "ForumOutcomeRecorded", sources=[accepted_report(registry)]) == {"FI2"}
    file(registry, "ForumOutcomeRecorded", sources=[given])


def test_whoever_is_named_is_registered(registry: Registry) -> None:
    """FI3: an unknown owner and an unknown contributor are refused."""
    assert refusal(registry, "ForumOutcomeRecorded", owner="actor-nobody") == {"FI3"}
    unknown = sample(registry)["contributions"][0] | {"organization": "actor-nobody"}
    assert refusal(registry, "BoardReportTabled", contributions=[unknown]) == {"FI3"}
    file(registry, "ForumOutcomeRecorded")


@pytest.mark.parametrize("due", ["2024-12-14", "2025-02-30"])
def test_a_due_day_exists_and_lies_ahead(due: str, registry: Registry) -> None:
    """FI4: neither a day that is past nor one that does not exist is a due day; today is."""
    assert refusal(registry, "ForumOutcomeRecorded", due=due) == {"FI4"}
    file(registry, "ForumOutcomeRecorded", due="2024-12-15")


def test_a_meeting_was_held_before_it_is_summed_up(registry: Registry) -> None:
    """FI4: a meeting of tomorrow has no summary yet; one of today has."""
    assert refusal(registry, "MeetingSummaryRecorded", held_on="2024-12-16") == {"FI4"}
    file(registry, "MeetingSummaryRecorded", held_on="2024-12-15")


def test_nothing_stands_twice_in_a_list(registry: Registry) -> None:
    """FI5: a category of participants and a row of the mission table are told once."""
    assert refusal(registry, "ParticipationRecorded", participants=[LIVING[0]] * 2) == {"FI5"}
    twice = [{"row": 2, "status": "met"}, {"row": 2, "status": "not_met"}]
    assert refusal(registry, "FollowUpReviewHeld", statuses=twice) == {"FI5"}
    assert refusal(registry, "HlpfThemeSet", goals=[6, 6]) == {"FI5"}
    file(registry, "FollowUpReviewHeld")


def test_only_what_is_listed_is_filed_about(registry: Registry) -> None:
    """FI6: a consultation of a partnership that waits for screening is refused."""
    stories.submitted_partnership(registry, name="p-waiting")
    stream = "p-waiting/consultation/one"
    assert refusal(registry, "ConsultationHeld", stream=stream) == {"FI6"}
    file(registry, "ConsultationHeld")
    file(registry, "GuidanceRequested")
    subject = registry.subject(PARTNERSHIP)
    found = msgspec.structs.replace(subject.things["partnership"], listing="removed")
    subject.change(("partnership", found))
    assert refusal(registry, "ConsultationHeld", stream=f"{PARTNERSHIP}/consultation/two") == {
        "FI6"
    }
    file(registry, "GuidanceIssued")  # whoever was asked can still answer


def test_a_consultation_hears_more_than_one_side(registry: Registry) -> None:
    """FI7: the profile asks for two categories; one is refused."""
    assert refusal(registry, "ConsultationHeld", participants=LIVING[:1]) == {"FI7"}
    file(registry, "ConsultationHeld", participants=LIVING)


def test_an_idea_is_taken_up_by_another(registry: Registry) -> None:
    """FI8: its author does not take it up, and nobody files for an organization not its own."""
    assert refusal(registry, "IdeaSubmitted", organization=COMPANY) == {"FI8"}
    idea = [ref(file(registry, "IdeaSubmitted"))]
    assert refusal(registry, "IdeaTakenUp", SECRETARIAT, organization=NGO, sources=idea) == {"FI8"}
    file(registry, "IdeaTakenUp", sources=idea)


def test_a_check_names_a_clause_that_stands(registry: Registry) -> None:
    """FI9: a clause that the version does not have is refused."""
    assert refusal(registry, "ComplianceChecked", clause="no-such-clause") == {"FI9"}
    file(registry, "ComplianceChecked")


def test_a_partner_does_not_assess_its_own_mechanism(registry: Registry) -> None:
    """A reviewer that is a partner is refused (AD10); maturity is told from 0 to 4 (R77)."""
    registry.grant(NGO, "reviewer", BODY_SECRETARY)
    assert refusal(registry, "MechanismAssessed", NGO) == {"AD10"}
    with pytest.raises(MalformedError):
        file(registry, "MechanismAssessed", maturity=5)
    file(registry, "MechanismAssessed", maturity=0, hours=0)


def test_a_board_guides_by_what_it_decided(registry: Registry) -> None:
    """FI11: what was certified and not cosigned is no decision; what is in effect is."""
    bodies.schedule(registry)
    items = [bodies.item(PARTNERSHIP, "guidance", "guide")]
    certified = bodies.certify(registry, kind="guidance", items=items)
    assert refusal(registry, "BoardGuidanceIssued", decision=ref(certified)) == {"FI11"}
    bodies.cosign(registry, certified)
    file(registry, "BoardGuidanceIssued", decision=ref(certified))


def test_silence_after_a_due_day_is_the_owners(registry: Registry) -> None:
    """FI10: an outcome without a word of its owner is told from the day after its due day on."""
    file(registry, "ForumOutcomeRecorded", due="2025-01-31")
    file(registry, "GuidanceRequested", due="2025-01-31")
    file(registry, "GuidanceIssued")
    registry.on("2025-01-31")
    file(registry, "IdeaSubmitted", stream=f"{FORUM}/idea/last-day")
    assert not list(filing.whole_log(registry.book))
    registry.on("2025-02-01")
    file(registry, "IdeaSubmitted", stream=f"{FORUM}/idea/day-after")
    (silent,) = filing.whole_log(registry.book)
    assert (silent.rule, silent.kind, silent.who) == ("FI10", "omission", UN_AGENCY)
    file(registry, "ForumOutcomeFollowedUp")
    assert not list(filing.whole_log(registry.book))


def test_what_waits_for_an_answer_is_a_next_step(registry: Registry) -> None:
    """A request for guidance offers its answer, and by whom; an answered one offers none."""
    file(registry, "GuidanceRequested")
    told = [s for s in steps(PARTNERSHIP, registry.book, registry.now) if "Guidance" in s.type]
    assert [(s.type, s.lawful, s.who) for s in told] == [
        ("GuidanceIssued/1", True, ("the one whom the filing names",))
    ]
    file(registry, "GuidanceIssued")
    assert not [s for s in steps(PARTNERSHIP, registry.book, registry.now) if "Guidance" in s.type]


def test_a_focal_point_of_one_country_speaks_at_a_forum_too(registry: Registry) -> None:
    """A forum is at no place: the scope of those who speak there does not keep them out (AD10)."""
    registry.enlist("actor-national-focal-point", kind="office", principal=UN_AGENCY)
    registry.grant("actor-national-focal-point", "focal_point", EXECUTIVE_HEAD,
                   scope={"countries": ["KEN"]})  # fmt: skip
    file(registry, "ForumInputSubmitted", "actor-national-focal-point")


def test_a_secretary_answers_for_its_body_alone(registry: Registry) -> None:
    """Who is secretary of one body by the scope of its role answers for that body only."""
    registry.enlist("actor-board").enlist("actor-board-secretary").appoint(
        "actor-board-secretary", "body_secretary", scope={"subjects": ["actor-board"]}
    )
    file(registry, "DocumentTransmitted", to="actor-board")
    assert refusal(registry, "DocumentReceived", OFFICE_A) == {"AD10"}
    assert refusal(registry, "DocumentReceived", BODY_SECRETARY) == {"AD10"}
    file(registry, "DocumentReceived", "actor-board-secretary")


def test_entities_report_to_their_governing_bodies() -> None:
    """FI13: from a year after the listing it is owed, and once tabled, a year after that."""
    registry = stories.listed_partnership(profile="un_led")
    given = {"partnership": PARTNERSHIP, "organization": COMPANY, "kind": "cash",
             "amount": "25000", "currency": "KES", "matching": True, "country": "KEN"}  # fmt: skip
    tabled = {"to": UN_AGENCY, "organization": UN_AGENCY, "due_diligence": text("All screened"),
              "risk_measures": text("Yearly spot checks"), "contributions": [given]}  # fmt: skip
    registry.on("2025-01-15").enlist("actor-last-day")
    assert not list(tabling.whole_log(registry.book))
    registry.on("2025-01-16").enlist("actor-day-after")
    (told,) = tabling.whole_log(registry.book)
    assert (told.rule, told.kind, told.subject) == ("FI13", "omission", UN_AGENCY)
    assert (told.due, told.who) == ("2025-01-15", "executive_head")
    registry.append(EXECUTIVE_HEAD, f"{FORUM}/board-report/one", "BoardReportTabled", **tabled)
    assert not list(tabling.whole_log(registry.book))
    registry.on("2026-01-17").enlist("actor-year-after")
    assert [one.due for one in tabling.whole_log(registry.book)] == ["2026-01-16"]


def test_who_has_no_part_in_a_listed_partnership_owes_no_report() -> None:
    """FI13: no profile without the United Nations asks it, and nothing that is removed."""
    registry = stories.listed_partnership()
    registry.on("2030-01-16").enlist("actor-later")
    assert not list(tabling.whole_log(registry.book))
