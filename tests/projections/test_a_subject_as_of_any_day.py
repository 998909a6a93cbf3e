"""A subject answers as of any day, says no more than the record, and agrees with the rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from projections.views import Directory, Subject, lookup, subject
from projections.views.sentences import SENTENCES, sentence
from tests.harness import stories
from tests.harness.registry import Registry, ref
from tests.projections.logs import Log, runner
from verifier.rules import commitment, partnership, report
from verifier.rules.table import EVENTS


def _told(registry: Registry, folder: Path, name: str, **options: Any) -> subject.Answer:
    follower = runner(Log.of(registry), folder, Subject)
    follower.catch_up()
    with follower.reading("subject") as (rows, _):
        answer = subject.read(rows, name, **options)
    follower.close()
    assert answer is not None
    return answer


@pytest.fixture
def life() -> Registry:
    """A partnership listed in 2024, promising in 2025, reporting late in 2026."""
    registry = stories.listed_partnership(Registry().on("2024-01-15"))
    stories.made_commitment(registry.on("2025-03-01"))
    stories.made_commitment(registry, local="wells")
    registry.on("2025-04-01").append(
        stories.COMPANY, "p-clean-water/commitment/taps", "CommitmentAcknowledged",
        organization=stories.COMPANY,
    )  # fmt: skip
    registry.on("2025-06-01").append(
        stories.SECRETARIAT, "p-clean-water/commitment/taps", "ProgressReported",
        as_of="2025-05-31", status="on_track", value="12",
    )  # fmt: skip
    registry.append(stories.COMPANY, "p-clean-water/commitment/wells", "CommitmentAcknowledged",
                    organization=stories.COMPANY)  # fmt: skip
    registry.append(stories.COMPANY, "p-clean-water/commitment/wells", "CommitmentWithdrawn",
                    reason=stories.text("The sites are salt"))  # fmt: skip
    registry.on("2026-02-01").append(
        stories.COMPANY, "p-clean-water/commitment/taps", "CommitmentFulfilled",
        on="2026-01-31", evidence=[bytes(32)],
    )  # fmt: skip
    stories.accepted_report(registry.on("2026-02-02"))
    return registry


@pytest.mark.parametrize(
    ("as_of", "status", "commitments", "reports"),
    [
        ("2024-01-14", None, {}, {}),
        ("2024-01-15", "listed", {}, {}),
        ("2025-03-31", "listed", {"taps": "claimed", "wells": "claimed"}, {}),
        ("2025-04-01", "listed", {"taps": "active", "wells": "claimed"}, {}),
        ("2025-12-31", "listed", {"taps": "active", "wells": "withdrawn"}, {}),
        ("2026-02-01", "listed", {"taps": "fulfilled", "wells": "withdrawn"}, {}),
        ("2026-02-02", "listed", {"taps": "fulfilled", "wells": "withdrawn"},
         {"first": "accepted"}),
        (None, "listed", {"taps": "fulfilled", "wells": "withdrawn"}, {"first": "accepted"}),
    ],
)  # fmt: skip
def test_a_partnership_as_of_a_day(
    tmp_path: Path, life: Registry, as_of: str | None, status: str | None,
    commitments: dict[str, str], reports: dict[str, str],
) -> None:  # fmt: skip
    """What was recorded by the end of the day counts, and nothing later."""
    day = date.fromisoformat(as_of) if as_of else None
    answer = _told(life, tmp_path, stories.PARTNERSHIP, as_of=day)
    state = answer.state
    assert (state.status.state if state.status else None) == status
    assert {c.id: c.state for c in state.commitments.values()} == commitments
    assert {t.id: t.state for t in state.things.values() if t.kind == "report"} == reports
    assert all(told.day is not None and told.day <= (as_of or "9") for told in answer.timeline)


def test_the_state_is_the_one_that_the_rules_compute(tmp_path: Path, life: Registry) -> None:
    """The views fold with their own code; the rules, folding the same events, say the same."""
    state = _told(life, tmp_path, stories.PARTNERSHIP).state
    book = life.subject(stories.PARTNERSHIP)
    found = partnership.of(book)
    assert found is not None
    assert state.status is not None
    assert state.status.state == found.listing
    assert state.registration["lead"] == found.lead
    for thing in book.all(commitment.Commitment):
        told = state.commitments[thing.ref.stream.rpartition("/")[2]]
        assert (told.state, tuple(told.acknowledged_by)) == (thing.state, thing.acknowledged_by)
        assert (told.fulfilled_on, told.late, told.due) == (
            thing.fulfilled_on, thing.late, thing.due,
        )  # fmt: skip
    for thing in book.all(report.Report):
        told_report = state.things["report:" + thing.ref.stream.rpartition("/")[2]]
        assert told_report.state == thing.state
        assert told_report.facts["period_end"] == thing.period_end


def test_the_timeline_is_the_record_in_pages(tmp_path: Path, life: Registry) -> None:
    """Every event of the subject stands in it once, in order, with who signed it and when."""
    whole = _told(life, tmp_path, stories.PARTNERSHIP)
    events = [(i, e) for i, e in enumerate(life.events) if e.subject == stories.PARTNERSHIP]
    assert [(t.index, t.event_id, t.signer, t.type, t.stream, t.seq, t.signed_at)
            for t in whole.timeline] == [
        (i, e.id.hex(), e.iss, e.type, e.stream, e.seq, e.iat) for i, e in events
    ]  # fmt: skip
    assert all(t.summary for t in whole.timeline)
    pages, after = [], -1
    while True:
        page = _told(life, tmp_path, stories.PARTNERSHIP, after=after, limit=3)
        pages += page.timeline
        assert page.state == whole.state
        if page.next_after is None:
            break
        after = page.next_after
    assert pages == whole.timeline


def test_an_unknown_type_is_shown_and_an_unreadable_payload_too(tmp_path: Path) -> None:
    """Neither is an error, hides anything or changes anything."""
    log = Log([stories.listed_partnership(Registry()).events[0].raw])
    log.append(
        "actor-a", "p-one/matter/x", "ThingHappened/9", deep={"list": [1, {"b": b"\1"}]}, z="z"
    )
    log.append("actor-a", "p-one/commitment/x", "CommitmentMade/1", nothing="of the kind")
    follower = runner(log.publish(), tmp_path, Subject)
    follower.catch_up()
    with follower.reading("subject") as (rows, _):
        answer = subject.read(rows, "p-one")
    follower.close()
    assert answer is not None
    unknown, unreadable = answer.timeline
    assert unknown.type == "ThingHappened/9"
    assert unknown.summary == "ThingHappened. deep.list[0]: 1; deep.list[1].b: 01; z: z"
    assert unreadable.type == "CommitmentMade/1"
    assert unreadable.summary.startswith("The payload cannot be read: CommitmentMade/1: ")
    assert answer.state.commitments == {}


def test_every_type_has_a_sentence_and_every_sentence_a_type() -> None:
    """Who adds an event type says in plain words what it says; nothing is told that is gone."""
    assert set(SENTENCES) == set(EVENTS)


def test_every_event_on_record_is_told_in_its_own_words(tmp_path: Path, life: Registry) -> None:
    """Each event of a whole registry has a sentence made from its own fields."""
    follower = runner(Log.of(life), tmp_path, Subject)
    follower.catch_up()
    with follower.reading("subject") as (rows, _):
        names = {event.subject for event in life.events}
        answers = [subject.read(rows, name) for name in names]
    follower.close()
    told = [one for answer in answers if answer is not None for one in answer.timeline]
    assert len(told) == len(life.events)
    assert not any("cannot be read" in one.summary for one in told)
    assert sentence("Unknown/1", {"a": "x" * 1_000}).endswith("…")


def test_the_directory_counts_promises_as_the_rules_use_the_word(
    tmp_path: Path, life: Registry
) -> None:
    """Claimed is not promised; what was acknowledged stays promised whatever became of it."""
    stories.made_commitment(life, local="pumps")
    follower = runner(Log.of(life), tmp_path, Directory)
    follower.catch_up()
    with follower.reading("directory") as (rows, _):
        (found,) = lookup.find(rows, lookup.Filters(q="clean")).results
        assert lookup.find(rows, lookup.Filters(q="taps government")).total == 0
        assert lookup.find(rows, lookup.Filters(q="p-clean")).results == [found]
    follower.close()
    assert (found.claimed, found.promised, found.delivered, found.withdrawn) == (1, 2, 1, 1)
    assert (found.source, found.countries, found.status) == ("ledger", ["KEN"], "listed")


def test_a_report_that_awaits_signatures_is_shown_as_such(tmp_path: Path) -> None:
    """It is unsigned, with who has yet to sign; the last signature makes it submitted."""
    registry = stories.listed_partnership(profile="un_led").on("2025-01-14")
    submitted = registry.append(stories.SECRETARIAT, "p-clean-water/report/first",
                                "ReportSubmitted", **stories.report(registry))  # fmt: skip
    shown = _told(registry, tmp_path, stories.PARTNERSHIP).state.things["report:first"]
    assert (shown.state, shown.facts["awaits"]) == ("unsigned", "lead_un_entity")
    registry.append(
        stories.UN_AGENCY, submitted.event.stream, "ReportCosigned", report=ref(submitted),
        slot="lead_un_entity", organization=stories.UN_AGENCY,
    )  # fmt: skip
    shown = _told(registry, tmp_path / "later", stories.PARTNERSHIP).state.things["report:first"]
    assert (shown.state, shown.facts["awaits"]) == ("submitted", None)
    shared = ("template", "answers", "results", "finances", "documents", "awaits")
    content = {k: v for k, v in stories.report(registry).items() if k in shared}
    registry.append(
        stories.SECRETARIAT, submitted.event.stream, "ReportAmended", report=ref(submitted),
        reason=stories.text("A typing error"), **content,
    )  # fmt: skip
    shown = _told(registry, tmp_path / "anew", stories.PARTNERSHIP).state.things["report:first"]
    assert (shown.state, shown.facts["awaits"]) == ("unsigned", "lead_un_entity")
