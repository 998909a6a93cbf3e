"""What the importers say adds up to the figures of the sources."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.importers import IMPORTERS, ogp, ogp_status, un_ocean
from verifier.rules.imported import (
    AssessmentImported,
    CommitmentImported,
    ParticipantImported,
    StatusFact,
    StatusImported,
    status_as_of,
)

OGP = list(ogp.IMPORTER.events())
STATUS = list(ogp_status.IMPORTER.events())


def subject(stream: str) -> str:
    """Returns the subject of a stream."""
    return stream.partition("/")[0]


def assessments(point: str) -> Counter[str]:
    """Counts the codes of the assessments at a point of the review."""
    return Counter(
        body.code for _, body in OGP if isinstance(body, AssessmentImported) and body.point == point
    )


def cells(key: str) -> Counter[str]:
    """Counts the verbatim cells of a column over all commitments."""
    return Counter(
        body.cells[key] for _, body in OGP if isinstance(body, CommitmentImported) and body.cells
    )


def status_of(code: str, day: str) -> str | None:
    """Returns the state that the imported facts on a country give for a day."""
    facts = [
        StatusFact(body.event, body.state, body.on.precision, body.on.value, body.source.row)
        for stream, body in STATUS
        if isinstance(body, StatusImported) and subject(stream) == ogp.subject_of(code)
    ]
    return status_as_of(facts, date.fromisoformat(day))


def test_commitments_and_participants() -> None:
    """558 commitments of 75 participants: 67 States, 7 local governments and Kosovo."""
    participants = [body for _, body in OGP if isinstance(body, ParticipantImported)]
    assert sum(isinstance(body, CommitmentImported) for _, body in OGP) == 558
    assert Counter(body.kind for body in participants) == {
        "state": 67,
        "local_government": 7,
        "other": 1,
    }


def test_subjects() -> None:
    """With the status facts there are 79 subjects, four of them without a commitment."""
    streams = [stream for stream, _ in OGP + STATUS]
    committed = {subject(stream) for stream in streams if "/commitment/" in stream}
    recorded = [stream for stream in streams if stream.endswith("/record")]
    assert len({subject(stream) for stream in streams}) == 79
    assert len(recorded) == len(set(recorded)) == 79
    assert {subject(stream) for stream in streams} - committed == {
        f"imported:ogp:{code}" for code in ("aze", "bih", "tto", "tur")
    }


def test_end_of_term() -> None:
    """The codes at end of term, and the cells that hold none, are those of the source."""
    codes = {"Complete": 71, "Substantial": 122, "Limited": 123, "Not Started": 25, "Unclear": 2}
    assert assessments("end_of_term") == codes
    assert cells("completion_end_of_term") == codes | {"NR": 153, "ND": 62}


def test_mid_term() -> None:
    """The codes at mid-term, and the cells that hold none, are those of the source."""
    codes = {"Substantial": 65, "Limited": 78, "Complete": 40, "Not Started": 24, "Withdrawn": 1}
    assert assessments("mid_term") == codes
    assert cells("completion_progress_report") == codes | {"ND": 261, "NR": 58, "NA": 31}


def test_assessments_in_all() -> None:
    """208 assessments at mid-term and 343 at end of term are 551, and there are no others."""
    found = Counter(body.point for _, body in OGP if isinstance(body, AssessmentImported))
    assert found == {"mid_term": 208, "end_of_term": 343}


def test_only_import_types() -> None:
    """The importers say nothing but observations: no decision, no listing, no report."""
    assert {body.TYPE for _, body in OGP + STATUS} == {
        "ParticipantImported/1",
        "CommitmentImported/1",
        "AssessmentImported/1",
        "StatusImported/1",
    }


@pytest.mark.parametrize(
    ("code", "day", "state"),
    [
        ("TTO", "2018-12-04", None),
        ("TTO", "2018-12-05", "inactive"),
        ("TTO", "2019-06-01", "inactive"),
        ("TTO", "2020-01-01", "removed"),
        ("AZE", "2016-05-03", None),
        ("AZE", "2018-01-01", "inactive"),
        ("AZE", "2019-01-01", "inactive"),
        ("TUR", "2016-12-01", None),
        ("TUR", "2017-09-21", "not_participating"),
        ("MNE", "2017-06-28", "inactive"),
        ("BIH", "2018-12-05", "inactive"),
    ],
)
def test_status_as_of(code: str, day: str, state: str | None) -> None:
    """The state of a country on a day follows from the dated facts alone."""
    assert status_of(code, day) == state


def test_places() -> None:
    """Places have United Nations names; Kosovo has the footnote and no code of a country."""
    places = {
        stream.partition("/")[0].removeprefix("imported:ogp:"): body.place
        for stream, body in OGP + STATUS
        if isinstance(body, ParticipantImported)
    }
    assert all(places.values())
    kosovo, buenos_aires, turkiye = places["xkx"], places["arba"], places["tur"]
    assert kosovo is not None
    assert buenos_aires is not None
    assert turkiye is not None
    assert "resolution 1244 (1999)" in (kosovo.footnote or "")
    assert (kosovo.name, kosovo.m49, kosovo.country) == ("Kosovo", None, None)
    assert (buenos_aires.country, buenos_aires.m49) == ("ARG", "032")
    assert turkiye.name == "Türkiye"
    assert [code for code, place in places.items() if place and not place.country] == ["xkx"]


def test_the_same_facts_give_the_same_events() -> None:
    """Importing twice gives the same pairs: the importers are pure."""
    assert list(ogp.IMPORTER.events()) == OGP
    assert list(ogp_status.IMPORTER.events()) == STATUS


def test_dates_of_the_source() -> None:
    """Start and end dates are read to these precisions, and every text is kept."""
    commitments = [body for _, body in OGP if isinstance(body, CommitmentImported)]
    precisions = Counter(body.due.precision for body in commitments if body.due)
    assert precisions == {"day": 344, "unknown": 111, "month": 58, "year": 34, "quarter": 11}
    texts = {body.due.text for body in commitments if body.due and body.due.precision == "unknown"}
    assert {"NA", "Ongoing", "44439", "7/19/1905", "12/31/18"} <= texts


def test_a_source_that_is_not_shipped_needs_a_folder() -> None:
    """The ocean register is read from the operator's folder alone."""
    with pytest.raises(LedgerError) as error:
        IMPORTERS["un-ocean"].events()
    assert error.value.code == "import-source"


def ocean_folder() -> Path:
    """Returns the operator's copy of the ocean register, or skips the test and says so."""
    folder = os.environ.get("PLEDGEBOOK_OCEAN_DIR")
    if not folder:
        pytest.skip("PLEDGEBOOK_OCEAN_DIR does not name a copy of the ocean register")
    return Path(folder)


def test_ocean_figures() -> None:
    """2,650 actions: 548 reported, 1 is SMART, and 874 reports have the source's statuses."""
    events = list(un_ocean.IMPORTER.events(ocean_folder()))
    commitments = [body for _, body in events if isinstance(body, CommitmentImported)]
    reports = [(stream, body) for stream, body in events if isinstance(body, StatusImported)]
    assert len(commitments) == len({subject(stream) for stream, _ in events}) == 2_650
    assert sum((body.cells or {})["smart_field"] == "True" for body in commitments) == 1
    assert len({subject(stream) for stream, _ in reports}) == 548
    assert Counter((body.cells or {})["progress_status"] for _, body in reports) == {
        "On track": 654,
        "Completed": 176,
        "Off track": 16,
        "Financial issues": 13,
        "": 11,
        "Cancelled": 3,
        "Inactive": 1,
    }


def test_ocean_dates_never_set() -> None:
    """1,451 deliverables and 498 starts of 1970-01-01 are unknown dates, not days."""
    events = list(un_ocean.IMPORTER.events(ocean_folder()))
    commitments = [body for _, body in events if isinstance(body, CommitmentImported)]
    deliverables = [due for body in commitments for due in body.deliverables or ()]
    starts = [body.start for body in commitments if body.start]
    unset = [due for due in deliverables if due.text == "1970-01-01"]
    assert (len(deliverables), len(unset)) == (6_364, 1_451)
    assert sum(start.text == "1970-01-01" for start in starts) == 498
    assert {due.precision for due in unset} == {"unknown"}
    assert all("1970" not in (date.value or "") for date in [*deliverables, *starts])
