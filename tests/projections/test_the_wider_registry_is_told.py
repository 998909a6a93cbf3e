"""Concerns, support, lessons, risks, due diligence and filings are told as the rules have them."""

from __future__ import annotations

from pathlib import Path

from projections.views import Subject, subject
from projections.views.sentences import SENTENCES
from projections.views.state import State
from projections.views.subject import Answer
from projections.views.things import COURSES
from tests.harness import diligences, removals, stories
from tests.harness.registry import Registry
from tests.harness.stories import COMPANY, FOCAL_POINT, OFFICE_A, PARTNERSHIP, SECRETARIAT, text
from tests.projections.logs import Log, runner
from verifier.rules.table import EVENTS


def _told(registry: Registry, folder: Path) -> Answer:
    """Return what the subject view tells of the partnership."""
    follower = runner(Log.of(registry), folder, Subject)
    follower.catch_up()
    with follower.reading("subject") as (rows, _):
        answer = subject.read(rows, PARTNERSHIP)
    follower.close()
    assert answer is not None
    assert not any("cannot be read" in told.summary for told in answer.timeline)
    return answer


def _state(state: State, key: str) -> str:
    return state.things[key].state


def test_what_others_say_and_ask_is_told(tmp_path: Path) -> None:
    """A concern with its reply, a request that was met, a filing with its answer: each as it is."""
    registry = stories.listed_partnership()
    registry.append(FOCAL_POINT, f"{PARTNERSHIP}/concern/dry", "ConcernFiled", ground="harm",
                    text=text("The wells run dry"), until=registry.day(30))  # fmt: skip
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/support-request/money", "SupportRequested",
                    kind="financial", text=text("A loan"))  # fmt: skip
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/guidance/one", "GuidanceRequested",
                    to=stories.UN_AGENCY, text=text("May we charge for water?"))  # fmt: skip
    state = _told(registry, tmp_path).state
    assert _state(state, "concern:dry") == "filed"
    assert _state(state, "support-request:money") == "open"
    assert _state(state, "guidance:one") == "filed"
    registry.append(OFFICE_A, f"{PARTNERSHIP}/concern/dry", "ConcernEligibilityDecided",
                    eligible=True, reason=text("In scope"),
                    reply_until=registry.day(30))  # fmt: skip
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/concern/dry", "PartnershipReplied",
                    text=text("We measured again"))  # fmt: skip
    registry.append(FOCAL_POINT, f"{PARTNERSHIP}/support/s1", "SupportOffered", kind="financial",
                    text=text("A grant"), request="money")  # fmt: skip
    removals.accept_support(registry)
    removals.deliver_support(registry)
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/support-request/money", "SupportClosed",
                    outcome="met")  # fmt: skip
    registry.append(FOCAL_POINT, f"{PARTNERSHIP}/guidance/one", "GuidanceIssued",
                    text=text("At cost, yes"))  # fmt: skip
    answer = _told(registry, tmp_path)
    assert _state(answer.state, "concern:dry") == "eligible"
    assert [step.event for step in answer.state.things["concern:dry"].steps] == [
        "ConcernFiled", "ConcernEligibilityDecided", "PartnershipReplied",
    ]  # fmt: skip
    assert _state(answer.state, "support-request:money") == "met"
    assert _state(answer.state, "guidance:one") == "answered"
    told = " ".join(entry.summary for entry in answer.timeline)
    for words in ("The wells run dry", "A loan", "May we charge for water?", "At cost, yes"):
        assert words in told


def test_due_diligence_and_its_lapse_are_told(tmp_path: Path) -> None:
    """A partner's case and its eligibility, until its part ends and it is no partner any more."""
    registry = stories.listed_partnership(profile="un_participating")
    state = _told(registry, tmp_path).state
    assert _state(state, f"diligence:{COMPANY}") == "approved"
    assert _state(state, f"attestation:{COMPANY}") == "attested"
    stream = f"{PARTNERSHIP}/eligibility/{COMPANY}"
    removals.later(registry, 732)
    registry.append(diligences.RATER, stream, "PartnerEligibilityLapsed",
                    ground="diligence_expired", cure_until=registry.day(90))  # fmt: skip
    assert _state(_told(registry, tmp_path).state, f"eligibility:{COMPANY}") == "lapsed"
    removals.later(registry, 91)
    registry.append(OFFICE_A, stream, "PartnerEligibilityEnded", reason=text("Not cured"))
    state = _told(registry, tmp_path).state
    assert _state(state, f"eligibility:{COMPANY}") == "removed"
    assert COMPANY not in {p["organization"] for p in state.registration["partners"]}


def test_whatever_has_a_course_has_a_sentence() -> None:
    """Each type of these rooms is in the table, and is told in words of its own."""
    assert set(COURSES) <= set(EVENTS)
    assert set(COURSES) <= set(SENTENCES)
