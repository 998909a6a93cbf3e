"""Every row of the shipped sources becomes an event that the rules admit."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ledger.importers import IMPORTERS
from tests.harness.imports import IMPORTER, REGISTRY, ImportDesk, import_desk
from verifier.event import MAX_EVENT_BYTES, parse
from verifier.rules import admission
from verifier.rules.book import Refused
from verifier.rules.imported import ImportedStatus, Observation, status_as_of


@pytest.fixture(scope="module")
def desk() -> ImportDesk:
    """A ledger into which a machine has imported both shipped sources for the registry."""
    desk = import_desk()
    for importer in ("ogp", "ogp-status"):
        for stream, body in IMPORTERS[importer].events():
            desk.append(stream, body)
    return desk


def test_every_row_is_on_record(desk: ImportDesk) -> None:
    """79 records, 558 commitments, 551 assessments and 10 status facts are admitted, no more."""
    events = [event for event in desk.registry.events if event.subject.startswith("imported:")]
    assert Counter(event.name for event in events) == {
        "ParticipantImported": 79,
        "CommitmentImported": 558,
        "AssessmentImported": 551,
        "StatusImported": 10,
    }


def test_every_event_is_the_one_that_was_planned(desk: ImportDesk) -> None:
    """What is read back from the signed bytes says what the importer said, in its order."""
    planned = [*IMPORTERS["ogp"].events(), *IMPORTERS["ogp-status"].events()]
    events = [event for event in desk.registry.events if event.subject.startswith("imported:")]
    for (stream, body), event in zip(planned, events, strict=True):
        read = admission.read_body(parse(event.raw))
        assert event.stream == stream
        assert type(read) is type(body)
        for field in body.__struct_fields__:
            if field != "on_behalf_of":
                assert getattr(read, field) == getattr(body, field)


def test_every_event_is_within_the_size_limit(desk: ImportDesk) -> None:
    """The longest event of the sources stays far below what a proof file carries."""
    assert max(len(event.raw) for event in desk.registry.events) < MAX_EVENT_BYTES // 4


def test_the_machine_signs_in_the_registrys_name(desk: ImportDesk) -> None:
    """The author of every import is the machine; who acts is the registry."""
    for event in desk.registry.events:
        if event.subject.startswith("imported:"):
            behalf = admission.read_body(event).on_behalf_of
            assert event.iss == IMPORTER
            assert behalf is not None
            assert behalf.actor == REGISTRY


def test_the_state_says_who_observed_what_and_when(desk: ImportDesk) -> None:
    """A commitment is shown as last observed on the day of the source's state, by the machine."""
    subject = desk.registry.subject("imported:ogp:alb")
    observation = subject.get("commitment:al0002", Observation)
    assert observation is not None
    assert (observation.observed, observation.by) == ("2024-07-06", IMPORTER)


@pytest.mark.parametrize(("day", "state"), [("2019-06-01", "inactive"), ("2020-01-01", "removed")])
def test_trinidad_and_tobago(desk: ImportDesk, day: str, state: str) -> None:
    """The state on a day follows from the facts that are on record."""
    status = desk.registry.subject("imported:ogp:tto").get("status", ImportedStatus)
    assert status is not None
    assert status_as_of(status.facts, date.fromisoformat(day)) == state


def test_a_second_import_of_the_same_rows_is_refused(desk: ImportDesk) -> None:
    """A row that changed nothing is not recorded twice."""
    for importer in ("ogp", "ogp-status"):
        stream, body = next(IMPORTERS[importer].events())
        with pytest.raises(Refused) as refused:
            desk.append(stream, body)
        assert [unmet.rule for unmet in refused.value.unmet] == ["IM5"]


@pytest.mark.slow
def test_the_ocean_register_is_admitted() -> None:
    """Every row of the operator's copy of the ocean register is admitted too."""
    folder = os.environ.get("PLEDGEBOOK_OCEAN_DIR")
    if not folder:
        pytest.skip("PLEDGEBOOK_OCEAN_DIR does not name a copy of the ocean register")
    desk = import_desk()
    before = len(desk.registry.events)
    for stream, body in IMPORTERS["un-ocean"].events(Path(folder)):
        desk.append(stream, body)
    assert len(desk.registry.events) - before == 2 * 2_650 + 874
