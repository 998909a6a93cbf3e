"""Imports are observations of another register: bounded, dated, and without effect."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.imports import IMPORTER, REGISTRY, ImportDesk, import_desk
from verifier.errors import MalformedError
from verifier.rules import admission
from verifier.rules.authority.scope import Place
from verifier.rules.book import Body, Refused, Subject
from verifier.rules.imported import (
    AssessmentImported,
    Claim,
    CommitmentImported,
    ImportedDate,
    ImportedPlace,
    ImportedStatus,
    Observation,
    ParticipantImported,
    SourceRow,
    StatusFact,
    StatusImported,
    last_day,
    status_as_of,
)

SUBJECT = "imported:ogp:alb"
COMMITMENT = f"{SUBJECT}/commitment/al0002"


def source(row: int = 1, **fields: Any) -> SourceRow:
    """Returns where a row comes from."""
    values = {
        "id": "AL0002",
        "row": bytes([row]) * 32,
        "file": "rows.csv",
        "observed": "2024-07-06",
    }
    return SourceRow(**(values | fields))


def participant(**fields: Any) -> ParticipantImported:
    """Returns a participant's record."""
    place = ImportedPlace(name="Albania", m49="008", country="ALB")
    return ParticipantImported(
        **({"source": source(), "name": "Albania", "kind": "state", "place": place} | fields)
    )


def commitment(**fields: Any) -> CommitmentImported:
    """Returns a commitment."""
    return CommitmentImported(**({"source": source(), "title": "e-Acts"} | fields))


def assessment(**fields: Any) -> AssessmentImported:
    """Returns an assessment."""
    values = {"source": source(), "point": "mid_term", "scale": "ogp_completion",
              "code": "Limited", "reviewer": "Independent Reporting Mechanism"}  # fmt: skip
    return AssessmentImported(**(values | fields))


def status(**fields: Any) -> StatusImported:
    """Returns a status fact."""
    on = ImportedDate(text="2018-12-05", precision="day", value="2018-12-05")
    values = {"source": source(), "event": "designated_inactive", "on": on, "state": "inactive"}
    return StatusImported(**(values | fields))


@pytest.fixture
def desk() -> ImportDesk:
    """A ledger with one participant imported."""
    desk = import_desk()
    desk.append(f"{SUBJECT}/record", participant())
    return desk


def refused(desk: ImportDesk, stream: str, body: Body, **fields: Any) -> list[str]:
    """Returns the numbers of the rules that refuse an import."""
    with pytest.raises(Refused) as refusal:
        desk.append(stream, body, **fields)
    return [unmet.rule for unmet in refusal.value.unmet]


@pytest.mark.parametrize(
    "stream", ["p-clean-water/record", "imported:ogp/record", "imported:ogp:alb/registration"]
)
def test_im1_imports_stand_under_imported_subjects_alone(desk: ImportDesk, stream: str) -> None:
    """No import stands on a live subject, a subject without a source id, or another kind."""
    assert "AD3" in refused(desk, stream, participant(), on_behalf_of=desk.on_behalf_of)


def test_im2_a_machine_needs_the_delegation(desk: ImportDesk) -> None:
    """Without the delegation, or beyond its types and subjects, the machine signs nothing."""
    with pytest.raises(Refused) as refusal:
        desk.registry.append(
            IMPORTER, COMMITMENT, "CommitmentImported",
            title="e-Acts", source={"id": "AL0002", "row": b"1" * 32, "file": "rows.csv"},
        )  # fmt: skip
    assert [unmet.rule for unmet in refusal.value.unmet] == ["AD10"]
    narrow = import_desk(types=["CommitmentImported"], scope={"subjects": ["imported:ogp:"]})
    assert refused(narrow, f"{SUBJECT}/record", participant()) == ["AD11"]
    assert "AD11" in refused(narrow, "imported:other:x/commitment/c", commitment())


def test_im2_a_registry_service_and_the_registry_sign_for_themselves(desk: ImportDesk) -> None:
    """A registry service with its own role, and the registry, need no delegation."""
    desk.registry.grant(IMPORTER, "registry_service", by=REGISTRY)
    fields = {"title": "e-Acts", "source": {"id": "x", "row": b"1" * 32, "file": "rows.csv"}}
    for author, stream in ((IMPORTER, COMMITMENT), (REGISTRY, f"{SUBJECT}/commitment/al0003")):
        entry = desk.registry.append(author, stream, "CommitmentImported", **fields)
        assert entry.actor == author


def test_im2_an_outsider_imports_nothing(desk: ImportDesk) -> None:
    """Whoever holds neither role is refused, however well formed the row."""
    desk.registry.enlist("actor-outsider")
    with pytest.raises(Refused) as refusal:
        desk.registry.append(
            "actor-outsider", COMMITMENT, "CommitmentImported",
            title="e-Acts", source={"id": "AL0002", "row": b"1" * 32, "file": "rows.csv"},
        )  # fmt: skip
    assert [unmet.rule for unmet in refusal.value.unmet] == ["AD10"]


def test_im3_nothing_is_imported_after_the_claim(desk: ImportDesk) -> None:
    """Once the participant has claimed its import, observations end, of every type."""
    desk.append(COMMITMENT, commitment())
    desk.registry.enlist("actor-albania", stakeholder_type="government")
    claim = {"claimant": "actor-albania", "live": "p-albania", "ground": "letter of 3 May"}
    desk.registry.append(REGISTRY, f"{SUBJECT}/claim", "ImportClaimed", **claim)
    assert desk.registry.subject(SUBJECT).get("claim", Claim) == Claim("actor-albania", "p-albania")
    later = source(2, observed="2025-07-06")
    for stream, body in (
        (f"{SUBJECT}/record", participant(source=later)),
        (COMMITMENT, commitment(source=later)),
        (COMMITMENT, assessment(source=later)),
        (f"{SUBJECT}/status", status(source=later)),
    ):
        assert refused(desk, stream, body) == ["IM3"]


@pytest.mark.parametrize(
    ("stream", "body"),
    [(COMMITMENT, commitment()), (COMMITMENT, assessment()), (f"{SUBJECT}/status", status())],
)
def test_im4_the_record_comes_first(stream: str, body: Body) -> None:
    """Nothing is observed of a participant that is not on record."""
    assert "IM4" in refused(import_desk(), stream, body)


def test_im4_an_assessment_follows_its_commitment(desk: ImportDesk) -> None:
    """An assessment does not begin a stream; it follows the commitment there."""
    assert refused(desk, COMMITMENT, assessment()) == ["IM4"]
    desk.append(COMMITMENT, commitment())
    desk.append(COMMITMENT, assessment())
    assert desk.registry.subject(SUBJECT).get("assessment:al0002:mid_term", Observation)


def test_im5_the_same_row_is_not_imported_twice(desk: ImportDesk) -> None:
    """A row that changed nothing is refused, for every type."""
    bodies = ((f"{SUBJECT}/record", participant()), (COMMITMENT, commitment()),
              (COMMITMENT, assessment()), (f"{SUBJECT}/status", status()))  # fmt: skip
    for stream, body in bodies[1:]:
        desk.append(stream, body)
    for stream, body in bodies:
        assert refused(desk, stream, body) == ["IM5"]


def test_im5_equal_rows_are_told_apart_by_their_count(desk: ImportDesk) -> None:
    """A source that holds a row twice has two facts; each is imported once."""
    desk.append(f"{SUBJECT}/status", status())
    desk.append(f"{SUBJECT}/status", status(source=source(copy=2)))
    assert refused(desk, f"{SUBJECT}/status", status(source=source(copy=2))) == ["IM5"]
    facts = desk.registry.subject(SUBJECT).things["status"].facts
    assert [fact.copy for fact in facts] == [None, 2]


def test_im5_a_newer_state_replaces_the_observation_and_an_older_one_does_not(
    desk: ImportDesk,
) -> None:
    """The last observation moves forward only; the earlier events stay on the stream."""
    desk.append(COMMITMENT, commitment())
    assert refused(desk, COMMITMENT, commitment(source=source(2, observed="2023-01-01"))) == ["IM5"]
    desk.append(COMMITMENT, commitment(source=source(3, observed="2025-01-01")))
    last = desk.registry.subject(SUBJECT).get("commitment:al0002", Observation)
    assert last == Observation(bytes([3]) * 32, "2025-01-01", IMPORTER)
    assert desk.registry.subject(SUBJECT).heads[COMMITMENT].seq == 1


@pytest.mark.parametrize("code", ["ND", "NR", "NA"])
def test_im6_no_code_is_no_assessment(desk: ImportDesk, code: str) -> None:
    """ND, NR and NA stay in the cells, verbatim, and make no assessment."""
    entry = desk.append(COMMITMENT, commitment(cells={"completion": code, "theme": ""}))
    assert entry.body.cells == {"completion": code, "theme": ""}  # type: ignore[attr-defined]
    assert refused(desk, COMMITMENT, assessment(code=code)) == ["IM6"]


@pytest.mark.parametrize(
    ("precision", "value"),
    [
        ("day", "2014-02-30"), ("day", "2014-12"), ("day", None), ("month", "2014"),
        ("month", "2014-Q1"), ("quarter", "2014-03"), ("year", "2014-03"), ("year", "0001"),
        ("year", None), ("unknown", "2014"), ("unknown", "2014-01-01"),
    ],
)  # fmt: skip
def test_im7_a_value_has_the_form_of_its_precision(
    desk: ImportDesk, precision: Any, value: str | None
) -> None:
    """A date that claims more, less or other than its precision is refused wherever it stands."""
    wrong = ImportedDate(text="?", precision=precision, value=value)
    for body in (commitment(start=wrong), commitment(due=wrong), commitment(deliverables=(wrong,))):
        assert refused(desk, COMMITMENT, body) == ["IM7"]
    assert refused(desk, f"{SUBJECT}/status", status(on=wrong)) == ["IM7"]
    desk.append(COMMITMENT, commitment())
    assert refused(desk, COMMITMENT, assessment(published=wrong)) == ["IM7"]


@pytest.mark.parametrize("observed", ["2026-11-03", "2199-01-01", "2024-02-30"])
def test_im7_nothing_is_observed_after_log_time(desk: ImportDesk, observed: str) -> None:
    """A state of tomorrow, or of a day that does not exist, cannot have been observed."""
    assert refused(desk, COMMITMENT, commitment(source=source(observed=observed))) == ["IM7"]


def test_an_unstated_day_of_observation_is_the_day_of_the_record(desk: ImportDesk) -> None:
    """Where nobody recorded the day of the source's state, the day of log time stands."""
    desk.append(COMMITMENT, commitment(source=source(observed=None)))
    last = desk.registry.subject(SUBJECT).get("commitment:al0002", Observation)
    assert last is not None
    assert last.observed == "2026-11-02"


def test_im8_a_claim_needs_an_import_and_a_registered_claimant(desk: ImportDesk) -> None:
    """A claim of nothing, by nobody, by the machine, or a second time is refused."""
    claim = {"claimant": "actor-albania", "live": "p-albania", "ground": "letter of 3 May"}

    def rules(author: str, subject: str) -> list[str]:
        with pytest.raises(Refused) as refusal:
            desk.registry.append(author, f"{subject}/claim", "ImportClaimed", **claim)
        return [unmet.rule for unmet in refusal.value.unmet]

    assert rules(REGISTRY, SUBJECT) == ["IM8"]
    desk.registry.enlist("actor-albania")
    assert rules(REGISTRY, "imported:ogp:none") == ["IM8"]
    assert rules(IMPORTER, SUBJECT) == ["AD10"]
    desk.registry.append(REGISTRY, f"{SUBJECT}/claim", "ImportClaimed", **claim)
    assert rules(REGISTRY, SUBJECT) == ["IM8"]


def test_imports_change_their_own_subject_alone(desk: ImportDesk) -> None:
    """No listing, no standing and no right follows: only the imported subject changes."""
    before = {name: dict(s.things) for name, s in desk.registry.book.subjects.items()}
    for stream, body in ((COMMITMENT, commitment()), (COMMITMENT, assessment()),
                         (f"{SUBJECT}/status", status())):  # fmt: skip
        desk.append(stream, body)
    after = {name: s.things for name, s in desk.registry.book.subjects.items()}
    assert {name for name in after if after[name] != before.get(name)} == {SUBJECT}
    assert after[SUBJECT].keys() == {
        "record", "place", "commitment:al0002", "assessment:al0002:mid_term", "status",
    }  # fmt: skip


def test_the_place_is_the_country_and_nothing_where_there_is_none(desk: ImportDesk) -> None:
    """Scopes by country see the country; a place without a code is in no country's scope."""
    kosovo = ImportedPlace(name="Kosovo", footnote="References to Kosovo …")
    desk.append("imported:ogp:xkx/record", participant(place=kosovo))
    assert desk.registry.subject(SUBJECT).get("place", Place) == Place(("ALB",))
    assert desk.registry.subject("imported:ogp:xkx").get("place", Place) is None


def test_a_subject_is_rebuilt_from_its_own_events(desk: ImportDesk) -> None:
    """Folding the subject's own events again gives the same state."""
    entries = [desk.append(COMMITMENT, commitment()), desk.append(COMMITMENT, assessment())]
    for number, day in ((5, "2018-12-05"), (6, "2019-12-06")):
        on = ImportedDate(text=day, precision="day", value=day)
        entries.append(desk.append(f"{SUBJECT}/status", status(source=source(number), on=on)))
    subject = desk.registry.subject(SUBJECT)
    expected = dict(subject.things)
    facts = subject.things["status"]
    assert isinstance(facts, ImportedStatus)
    assert [fact.value for fact in facts.facts] == ["2018-12-05", "2019-12-06"]
    rebuilt = Subject(SUBJECT)
    folded = {"commitment:al0002", "assessment:al0002:mid_term", "status"}
    rebuilt.change(*(kept for kept in expected.items() if kept[0] not in folded))
    for entry in entries:
        admission.fold(entry, rebuilt, desk.registry.book)
    assert rebuilt.things == expected


def test_unknown_fields_are_malformed(desk: ImportDesk) -> None:
    """An import carries no fields but its own, so nothing else can travel with it."""
    with pytest.raises(MalformedError) as error:
        desk.append(COMMITMENT, commitment(), listing="removed")
    assert error.value.code == "event-fields"


def fact(value: str | None, state: str | None) -> StatusFact:
    """Returns a status fact with a value."""
    return StatusFact("event", state, "day", value, b"")


@pytest.mark.parametrize(
    ("value", "last"),
    [
        ("2015-03-04", date(2015, 3, 4)), ("2015-02", date(2015, 2, 28)),
        ("2016-02", date(2016, 2, 29)), ("2015-Q1", date(2015, 3, 31)),
        ("2015-Q4", date(2015, 12, 31)), ("2015", date(2015, 12, 31)),
    ],
)  # fmt: skip
def test_a_coarse_date_counts_from_its_last_day(value: str, last: date) -> None:
    """A month, a quarter or a year makes a status no older than the source does."""
    assert last_day(value) == last
    assert status_as_of([fact(value, "inactive")], last) == "inactive"
    assert status_as_of([fact(value, "inactive")], date.fromordinal(last.toordinal() - 1)) is None


@given(st.lists(st.tuples(st.dates(date(2010, 1, 1), date(2020, 1, 1)),
                          st.sampled_from(["a", "b", None])), max_size=8),
       st.dates(date(2009, 1, 1), date(2021, 1, 1)))  # fmt: skip
def test_status_as_of_is_the_last_stated(stated: list[tuple[date, str | None]], day: date) -> None:
    """The state on a day is the latest stated up to it; of one day, the last on record."""
    facts = [fact(on.isoformat(), state) for on, state in stated]
    sure = [(on, at, state) for at, (on, state) in enumerate(stated) if state and on <= day]
    assert status_as_of(facts, day) == (max(sure)[2] if sure else None)


def test_facts_without_a_date_or_a_state_change_nothing() -> None:
    """A concern, or an event whose date is unknown, makes no status."""
    facts = [fact("2015", None), fact(None, "removed")]
    assert status_as_of(facts, date(2020, 1, 1)) is None
