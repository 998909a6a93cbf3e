"""Reminders: what comes before any notice. A machine may sign them, and nothing else of a case.

- RS1 A reminder names the report that is owed and its due day, and is sent on one of the days that
      the profile names, or on a later one before the next of them. [R86]
- RS2 Each of these days is reminded of once.
- RS3 A reminder is sent on each of these days that comes while the report is what is owed and none
      waits; what was not sent is the registry's own omission, until the report is accepted (whole
      log). [R86]

One that is sent late, before the next of the days, counts as sent. Source: R86; domain C4.3 step 0;
decisions D1.8, D3.19.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting.case import registry
from verifier.rules.duty import Duty, late
from verifier.rules.fields import Day, EventRef
from verifier.rules.report.state import own_reports
from verifier.rules.standing import standing_at

__all__ = ["EVENTS", "Reminder", "ReminderSent", "duties", "whole_log"]

machine: Final = role("registry_service")


class Reminder(msgspec.Struct, frozen=True):
    """The last reminder of a report; the thing ``reminder:<clock>:<obligation>``."""

    ref: EventRef
    days: tuple[int, ...]
    """The days that were reminded of, counted from the due day."""


def _key(subject: Subject, obligation: int) -> str:
    found = partnership.of(subject)
    return f"reminder:{found.clock_from if found else None}:{obligation}"


class ReminderSent(Body, frozen=True, kw_only=True):
    """The registry, or a machine of it, reminds of a report (RS1, RS2)."""

    TYPE: ClassVar[str] = "ReminderSent/1"
    STREAM: ClassVar[str] = "p-*/reminder"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry, machine)
    MISSION: ClassVar[tuple[int, ...]] = (72, 86)

    obligation: Annotated[int, Meta(ge=1, le=200)]
    due: Day
    day: Annotated[int, Meta(ge=-366, le=366)]
    """The day of the profile that it is for, counted from the due day."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RS1 and RS2."""
        subject = book.subject(entry.event.subject)
        found, now = partnership.of(subject), standing_at(subject, entry.at, book)
        rules = partnership.profile_of(found, book) if found else None
        due = now.due.isoformat() if now.due else "no day"
        if (self.obligation, self.due) != (now.obligation, due):
            yield Unmet(rule="RS1", reason=f"what is owed is report {now.obligation}, due on {due}")
        if rules is None or now.due is None:
            return
        today = dates.day_of(entry.at)
        passed = [d for d in sorted(rules.reminder_days) if now.due + timedelta(days=d) <= today]
        if not passed or self.day != passed[-1]:
            yield Unmet(rule="RS1", reason=f"no reminder is sent for day {self.day} today")
        held = subject.get(_key(subject, self.obligation), Reminder)
        if held is not None and self.day in held.days:
            yield Unmet(rule="RS2", reason=f"day {self.day} was reminded of")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the reminder."""
        key = _key(subject, self.obligation)
        held = subject.get(key, Reminder)
        yield key, Reminder(entry.ref, (*(held.days if held else ()), self.day))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the reminder of the newest day that has come."""
        found, now = partnership.of(subject), standing_at(subject, book.time, book)
        rules = partnership.profile_of(found, book) if found else None
        if rules is None or now.due is None or now.obligation is None:
            return
        today, held = dates.day_of(book.time), subject.get(_key(subject, now.obligation), Reminder)
        passed = [d for d in sorted(rules.reminder_days) if now.due + timedelta(days=d) <= today]
        if passed and not (held and passed[-1] in held.days):
            yield (
                f"{subject.id}/reminder",
                cls(obligation=now.obligation, due=now.due.isoformat(), day=passed[-1]),
            )


def duties(subject: Subject, book: Book) -> Iterator[Duty]:
    """Yield every reminder of the report that is owed now, unless it was sent."""
    found, now = partnership.of(subject), standing_at(subject, book.time, book)
    rules = partnership.profile_of(found, book) if found else None
    if not rules or now.due is None or now.obligation is None or now.state == "pending_review":
        return
    held, since = subject.get(_key(subject, now.obligation), Reminder), _owed_since(subject)
    for day in sorted(set(rules.reminder_days) - set(held.days if held else ())):
        due = (now.due + timedelta(days=day)).isoformat()
        if due > since:
            yield Duty(
                rule="RS3", subject=subject.id, stream=f"{subject.id}/reminder",
                what=f"the reminder of report {now.obligation} for day {day}",
                who=f"{registry.name} or {machine.name}", due=due,
            )  # fmt: skip


def _owed_since(subject: Subject) -> str:
    """Return the day since which the report that is owed now is: all before it are accepted."""
    found = partnership.of(subject)
    begins = found.clock_from if found and found.clock_from else ""
    accepted = (r for r in own_reports(subject, begins) if r.state == "accepted")
    return max((r.screened_on or begins for r in accepted), default=begins)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield every reminder that was not sent (RS3)."""
    yield from late(duties, book)


EVENTS: Final[tuple[type[Body], ...]] = (ReminderSent,)
