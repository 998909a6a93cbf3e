"""Standing for any day and any knowledge date, for every profile and register."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.importers.ogp_status import IMPORTER
from tests.harness import stories
from tests.harness.registry import Registry, body_fields
from tests.harness.stories import OFFICE_A, PARTNERSHIP, text
from tests.verifier.rules.test_standing import EMPTY, joined
from verifier.rules import admission
from verifier.rules.book import Entry
from verifier.rules.clock import DESA_2018, R_2005, R_2011, Clock, Terms, terms_of
from verifier.rules.guideline import base_in_force, guideline_set
from verifier.rules.history import as_known, standing_as_of
from verifier.rules.imported import ImportedStatus, status_as_of
from verifier.rules.report import Report
from verifier.rules.standing import standing, standing_at


def entries(registry: Registry) -> list[Entry]:
    """Return the entries of a log, read anew from its events."""
    found, now = [], 0
    for index, event in enumerate(registry.events):
        now = max(now, event.iat)
        found.append(Entry(index, event, admission.read_body(event), now))
    return found


# Knowledge.


def test_what_was_known_later_does_not_change_what_was_known() -> None:
    """The same day at two knowledge dates: before the report was recorded, and after."""
    registry = stories.listed_partnership().on("2025-02-01")
    before = len(registry.events)
    stories.accepted_report(registry.on("2025-02-02"))
    log = entries(registry)
    day = date(2025, 2, 3)
    known = [standing_as_of(log, PARTNERSHIP, day=day, size=size).state
             for size in (before, before + 1, before + 2)]  # fmt: skip
    assert known == ["overdue", "pending_review", "not_due"]
    assert (
        standing_as_of(log, PARTNERSHIP, day=date(2025, 2, 1), size=before + 2).state == "overdue"
    )


def test_a_general_extension_reaches_back() -> None:
    """A day before an extension was known is judged anew once it is: both answers stay."""
    registry = stories.listed_partnership().on("2025-01-20")
    before = len(registry.events)
    registry.append(
        OFFICE_A, "calendar/extension/outage", "DeadlineExtendedGenerally",
        first_day="2025-01-14", last_day="2025-01-16", days=10, ground=text("An outage"),
        mandate="REG/1",
    )  # fmt: skip
    log, day = entries(registry), date(2025, 1, 18)
    states = [standing_as_of(log, PARTNERSHIP, day=day, size=size).state
              for size in (before, before + 1)]  # fmt: skip
    assert states == ["overdue", "due_soon"]


def test_before_its_listing_a_partnership_has_no_standing() -> None:
    """As of a day before it was listed, and as known before that, there is none."""
    registry = stories.listed_partnership()
    log = entries(registry)
    for day, size in ((date(2024, 1, 14), len(log)), (date(2030, 1, 1), len(log) - 1)):
        assert standing_as_of(log, PARTNERSHIP, day=day, size=size).state == "none"
    assert standing_as_of(log, "p-nothing", day=date(2030, 1, 1), size=9**9).state == "none"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["report", "screen", "wait"])),
                max_size=8), st.integers(0, 1500))  # fmt: skip
def test_the_fold_agrees_with_the_ledger(steps: list[tuple[int, str]], ahead: int) -> None:
    """At the end of any history the standing as known is the one of the whole book."""
    registry = stories.listed_partnership()
    for n, (days, act) in enumerate(steps):
        registry.now += days * 86_400
        waits = [r for r in _reports(registry) if r.state == "submitted"]
        if act == "report" and not waits and n < 6 and days > 300:
            stories.submitted_report(registry, local=f"r{n}")
        elif act == "screen" and waits:
            local = waits[0].ref.stream.rpartition("/")[2]
            (stories.accept if days % 2 else stories.send_back)(registry, local=local)
    registry.now += ahead * 86_400
    day = date.fromisoformat(registry.day())
    whole = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    log = entries(registry)
    assert standing_as_of(log, PARTNERSHIP, day=day, size=len(log)) == whole


def _reports(registry: Registry) -> list[Report]:
    return list(registry.subject(PARTNERSHIP).all(Report))


# Every profile and register.


DAYS = {
    "un_led": ("2025-02-14", "2026-01-15", "2025-02-14", "2026-01-15"),
    "un_participating": ("2025-03-16", "2026-01-15", "2025-03-16", "2026-01-15"),
    "light": ("2026-01-15", "2027-01-15", "2026-01-15", "2026-01-15"),
    "mega_un_led": ("2025-02-14", "2026-01-15", "2025-02-14", "2026-01-15"),
    "mega_un_participating": ("2025-02-14", "2026-01-15", "2025-03-16", "2026-01-15"),
    **dict.fromkeys(
        ("country_un_led", "country_un_participating", "country_light"),
        ("2025-04-15", "2026-01-15", "2025-04-15", "2027-01-15"),
    ),
    **dict.fromkeys(
        ("mega_country_un_led", "mega_country_un_participating"),
        ("2025-02-14", "2026-01-15", "2025-04-15", "2027-01-15"),
    ),
}
"""Non-communicating, inactive and eligible for removal from; the second report due on."""


def test_every_profile_has_its_days() -> None:
    """Listed on 2024-01-15, no report: due a year later, then as each profile counts."""
    registry = stories.guidelines(stories.cast(Registry()))
    version = base_in_force(date(2024, 1, 15), registry.book)
    assert version is not None
    issued = guideline_set(version, registry.book)
    assert issued is not None
    assert {profile.name for profile in issued.profiles} == set(DAYS)
    subject = joined("2024-01-15")
    for profile in issued.profiles:
        clock = Clock(terms_of(profile), date(2024, 1, 15))
        found = standing(subject, clock, date(2025, 1, 15), EMPTY)
        days = (found.non_communicating_from, found.second_state_from, found.removal_eligible_from,
                clock.obligation(2).due)  # fmt: skip
        assert (found.state, str(found.due)) == ("overdue", "2025-01-15")
        assert tuple(map(str, days)) == DAYS[profile.name], profile.name
        for day, state in zip(DAYS[profile.name], ("non_communicating", "inactive"), strict=False):
            on = date.fromisoformat(day)
            assert standing(subject, clock, on, EMPTY).state == state
            assert standing(subject, clock, on - timedelta(1), EMPTY).state != state


@pytest.mark.parametrize(
    ("terms", "since", "late", "inactive", "removal"),
    [
        (R_2005, "2004-06-01", "2006-06-01", "2007-06-01", "2008-06-01"),
        (R_2011, "2011-06-01", "2012-06-01", "2013-06-01", "2013-06-01"),
        (DESA_2018, "2018-07-01", "2019-07-01", "2020-07-01", "2021-07-01"),
    ],
)
def test_the_historical_registers_come_out_to_the_day(
    terms: Terms, since: str, late: str, inactive: str, removal: str
) -> None:
    """E1: R-2005, R-2011 and the traffic light of 2018 are values of one clock."""
    found = standing(
        joined(since), Clock(terms, date.fromisoformat(since)), date(2040, 1, 1), EMPTY
    )
    days = (found.due, found.second_state_from, found.removal_eligible_from)
    assert tuple(map(str, days)) == (late, inactive, removal)
    if terms is R_2005:
        assert date.fromisoformat(removal) - date.fromisoformat(since) == timedelta(1461)


def test_a_calendar_that_names_the_day_of_the_year() -> None:
    """UNGC 2023: reports are due on 30 June; whoever joins in July reports in the next year."""
    terms = Terms(first="P1Y", cycle="P1Y", second_state="P1Y", removal_eligible_after="P6M",
                  due_on="06-30")  # fmt: skip
    for since, due in (("2022-07-01", "2024-06-30"), ("2022-06-30", "2023-06-30"),
                       ("2022-01-01", "2023-06-30")):  # fmt: skip
        clock = Clock(terms, date.fromisoformat(since))
        assert str(clock.obligation(1).due) == due
        assert clock.obligation(2).due.month == 6


# What other registers decided, as they dated it.

FACTS = IMPORTER.folder / "status_events.csv"


@pytest.fixture(scope="module")
def facts() -> list[Entry]:
    """The dated facts of the Open Government Partnership, imported row by row into a log."""
    if not FACTS.exists():
        pytest.skip(f"{FACTS} is not there: the status facts cannot be asked")
    registry = stories.cast(Registry())
    for stream, body in IMPORTER.events():
        if not body.TYPE.startswith("StatusImported"):
            continue
        subject = stream.partition("/")[0]
        if not registry.subject(subject).heads:
            registry.append(OFFICE_A, f"{subject}/record", "ParticipantImported", kind="state",
                            source=body_fields(body)["source"], name=subject)  # fmt: skip
        registry.append(OFFICE_A, stream, "StatusImported", **body_fields(body))
    return entries(registry)


def asked(log: list[Entry], code: str, day: str, size: int) -> str | None:
    """Return the state that was observed of a country for a day, as known at a size."""
    subject = f"imported:ogp:{code}"
    book = as_known(log, subject, day=date(2199, 1, 1), size=size)
    status = book.thing(subject, "status", ImportedStatus)
    return status_as_of(status.facts if status else (), date.fromisoformat(day))


@pytest.mark.parametrize(
    ("code", "day", "state"),
    [
        ("tto", "2018-12-04", None), ("tto", "2018-12-05", "inactive"),
        ("tto", "2019-06-01", "inactive"), ("tto", "2019-12-05", "inactive"),
        ("tto", "2019-12-06", "removed"), ("tto", "2020-01-01", "removed"),
        ("aze", "2016-05-03", None), ("aze", "2016-05-04", "inactive"),
        ("aze", "2017-06-28", "inactive"), ("aze", "2018-12-05", "inactive"),
    ],
)  # fmt: skip
def test_the_status_facts_answer_for_any_day(
    facts: list[Entry], code: str, day: str, state: str | None
) -> None:
    """E2: Trinidad and Tobago inactive, a year later removed; Azerbaijan inactive throughout."""
    assert asked(facts, code, day, len(facts)) == state


def test_a_removal_that_was_not_known_yet_is_not_told(facts: list[Entry]) -> None:
    """E2: as known before its row was recorded, the country was still inactive in 2020."""
    places = [e.index for e in facts if e.event.subject == "imported:ogp:tto"]
    assert asked(facts, "tto", "2020-01-01", places[-1]) == "inactive"
    assert asked(facts, "tto", "2020-01-01", places[-1] + 1) == "removed"


def test_azerbaijan_was_extended_twice(facts: list[Entry]) -> None:
    """E2: designated on 2016-05-04, extended in 2017 and 2018, each with its day."""
    book = as_known(facts, "imported:ogp:aze", day=date(2199, 1, 1), size=len(facts))
    status = book.thing("imported:ogp:aze", "status", ImportedStatus)
    assert status is not None
    dated = {fact.event: fact.value for fact in status.facts}
    assert dated["designated_inactive"] == "2016-05-04"
    assert {day for event, day in dated.items() if event.endswith("_extended")} == {
        "2017-06-28", "2018-12-05",
    }  # fmt: skip


def test_the_year_between_designation_and_removal() -> None:
    """E2: from 2018-12-05 to 2019-12-06, the year of the source's rule and a day."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        days = {row["event"]: row["date"] for row in csv.DictReader(file) if row["iso3"] == "TTO"}
    assert (days["designated_inactive"], days["removed"]) == ("2018-12-05", "2019-12-06")
