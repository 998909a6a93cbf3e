"""Attachments are erased on record, with ground and authority, and not while a case is open."""

from __future__ import annotations

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, refused
from tests.harness.stories import NGO, PARTNERSHIP
from verifier import encoding
from verifier.rules import admission, dates, partnership
from verifier.rules.book import Entry
from verifier.rules.erasure import Erased
from verifier.rules.references import blobs_of
from verifier.rules.table import EVENTS

OFFICER = "actor-data-protection"
NAME, OTHER = bytes([7]) * 32, bytes([8]) * 32
STREAM = f"{PARTNERSHIP}/erasure/e1"


def seat(registry: Registry) -> Registry:
    """Appoint a data protection officer."""
    registry.enlist(OFFICER, kind="office", principal="actor-registry-org")
    return registry.appoint(OFFICER, "data_protection_officer")


@pytest.fixture(scope="module")
def told() -> tuple[Registry, Entry]:
    """A listed partnership, an officer, and a concern that refers to two attachments."""
    registry = seat(stories.listed_partnership())
    return registry, concern(registry)


def concern(registry: Registry, local: str = "c1") -> Entry:
    """File a concern that refers to two attachments."""
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    profile = partnership.profile_of(found, registry.book)
    assert profile is not None
    until = dates.add(dates.parse_day(registry.day()), profile.concern_decided_within)
    return registry.append(
        NGO, f"{PARTNERSHIP}/concern/{local}", "ConcernFiled", ground="harm",
        text=stories.text("Harm."), evidence=(NAME, OTHER), until=until.isoformat(),
    )  # fmt: skip


@pytest.fixture
def registry(told: tuple[Registry, Entry]) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(told[0])


@pytest.fixture
def named(told: tuple[Registry, Entry]) -> Entry:
    """The event that refers to the attachments."""
    return told[1]


def test_what_is_erased_is_on_record_with_its_ground(registry: Registry, named: Entry) -> None:
    """ER1, ER2: the officer erases one of two; the other stays."""
    entry = registry.append(OFFICER, STREAM, "ErasureRecorded", named_by=ref(named), blobs=(NAME,),
                            ground="consent_withdrawn", authority="DPO/2024/7")  # fmt: skip
    things = registry.subject(PARTNERSHIP).things
    assert things["erased:" + NAME.hex()] == Erased(
        entry.ref, "consent_withdrawn", "DPO/2024/7", registry.day()
    )
    assert "erased:" + OTHER.hex() not in things


def untold(registry: Registry, named: Entry, *, by: str = OFFICER, **changes: object) -> set[str]:
    """Try to erase; return the rules that are not met."""
    fields = {"named_by": ref(named), "blobs": (NAME,), "ground": "no_longer_needed",
              "authority": "DPO/2024/7"} | changes  # fmt: skip
    return refused(registry, by, STREAM, "ErasureRecorded", **fields)


def test_er1_the_event_is_on_record_here(registry: Registry, named: Entry) -> None:
    """ER1: neither one that is to come, nor another at its place, nor one of another subject."""
    true = ref(named)
    other = registry.append(
        "actor-root-a", "actor-x/profile", "ActorRegistered", kind="organization",
        name=stories.text("X"), principal="actor-x", stakeholder_type="un_entity",
    )  # fmt: skip
    elsewhere = ref(other)
    for wrong in (true | {"seq": 1}, true | {"id": bytes(32)}, elsewhere):
        assert untold(registry, named, named_by=wrong) == {"ER1"}


def test_er2_an_attachment_is_erased_once(registry: Registry, named: Entry) -> None:
    """ER2: not twice in one event, and not again."""
    assert untold(registry, named, blobs=(NAME, NAME)) == {"ER2"}
    registry.append(OFFICER, STREAM, "ErasureRecorded", named_by=ref(named), blobs=(NAME,),
                    ground="court_order", authority="Case 7/2024")  # fmt: skip
    assert untold(registry, named) == {"ER2"}


def test_nobody_else_erases(registry: Registry, named: Entry) -> None:
    """AD10: neither the registry nor who filed it."""
    assert untold(registry, named, by=NGO) == {"AD10"}
    assert untold(registry, named, by="actor-root-a") == {"AD10"}


def test_er3_no_evidence_disappears_while_a_case_is_open() -> None:
    """ER3: what is unlawful to hold goes at any time, the rest waits for the end of the case."""
    registry = seat(removals.noticed())
    entry = next(
        Entry(index, event, admission.read_body(event), event.iat)
        for index, event in enumerate(registry.events) if event.subject == PARTNERSHIP
    )  # fmt: skip
    assert untold(registry, entry) == {"ER3"}
    registry.append(OFFICER, STREAM, "ErasureRecorded", named_by=ref(entry), blobs=(NAME,),
                    ground="unlawful_content", authority="Case 7/2024")  # fmt: skip


def test_the_type_of_a_field_says_that_it_names_attachments(named: Entry) -> None:
    """Neither ids of events nor other digests are taken for attachments."""
    assert blobs_of(named.body) == (NAME, OTHER)
    naming = {name for name, body in EVENTS.items() if _has_blobs(body)}
    assert {"ConcernFiled/1", "ReportSubmitted/1", "ReportSealed/1", "ErasureRecorded/1"} <= naming
    assert not naming & {"LedgerOpened/1", "KeyEnrolled/1", "CheckpointAnchored/1",
                         "CodeListAdopted/1", "SafeSpaceLessonSubmitted/1"}  # fmt: skip
    assert encoding.decode(named.event.payload)["evidence"] == [NAME, OTHER]


def _has_blobs(body: type) -> bool:
    from verifier.rules import references

    return references._finder_of(body) is not None
