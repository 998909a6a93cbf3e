"""Whether United Nations entities report on their partnerships to their governing bodies.

- FI13 (whole log) An entity with a part in partnerships on the register reports on them to its
       governing body (``BoardReportTabled``) as often as the strictest of their profiles says,
       counted from its last report or the listing; later is its own omission. [R83]

Sources: R83; domain C5; A/RES/70/224, paragraph 14.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verifier.rules import calendar, dates, partnership
from verifier.rules.book import Body, Book, Broken, Subject
from verifier.rules.filing.rule import Filed
from verifier.rules.partnership.state import ON_THE_REGISTER, Partnership, entities

__all__ = ["EVENTS", "whole_log"]

EVERY: Final = {"yearly": "P1Y", "every_two_years": "P2Y", "qcpr": "P4Y"}
"""How often each demand of a profile asks for it."""


def concerns(subject: Subject) -> bool:
    """Say whether a subject matters to FI13: an entity reports on it, or a report is on it."""
    found = partnership.of(subject)
    if found is not None and _reporting(found):
        return True
    return any(filed.name == "BoardReportTabled" for filed in subject.all(Filed))


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of FI13: for each entity the report that was owed first."""
    tabled = _tabled(book)
    owed: dict[str, tuple[str, str]] = {}
    for subject in book.subjects.values():
        found = partnership.of(subject)
        profile = partnership.profile_of(found, book) if found is not None else None
        every = EVERY.get(profile.board_tabling) if profile is not None else None
        if found is None or every is None or found.listing not in ON_THE_REGISTER:
            continue
        for entity in _reporting(found):
            since = max(found.listed_on or "", tabled.get(entity, ""))
            due = calendar.extended(dates.add(dates.parse_day(since), every), book).isoformat()
            owed[entity] = min((due, subject.id), owed.get(entity, (due, subject.id)))
    today = dates.day_text(book.time)
    for entity, (due, about) in sorted(owed.items()):
        if due < today:
            yield Broken(
                rule="FI13", kind="omission", subject=entity, who="executive_head", due=due,
                stream="forum-*/board-report/*", reason=f"{entity} was to report on its "
                f"partnerships, {about} among them, to its governing body by {due}",
            )  # fmt: skip


across = whole_log


def _reporting(found: Partnership) -> tuple[str, ...]:
    """Return the entities that report on a partnership: the one that leads, or each in it."""
    return (found.lead,) if found.un_role == "led" else entities(found.partners)


def _tabled(book: Book) -> dict[str, str]:
    """Return the day of each organization's last report to its governing body."""
    last: dict[str, str] = {}
    for subject in book.subjects.values():
        for filed in subject.all(Filed):
            if filed.name == "BoardReportTabled" and filed.organization is not None:
                last[filed.organization] = max(filed.on, last.get(filed.organization, ""))
    return last


EVENTS: Final[tuple[type[Body], ...]] = ()
