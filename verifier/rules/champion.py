"""Champions: partnerships that a forum holds up as examples.

- CH1 A champion is a listed partnership in good standing: nothing is overdue, and a report of its
      own was accepted within the profile's time before [R73].
- CH2 A partnership is nominated once for a forum, by an office that belongs to none of its
      partners.
- CH3 A body selects who was nominated, by a decision in effect that says so; what nominating asks
      is asked again; neither the body nor an office that certified is a partner's. [R73]
- CH4 A nomination or selection ends once: a body takes back what it selected, or the partnership
      lays it down.
- CH5 (whole log) A champion that has become non-communicating or is not listed any more is
      withdrawn; that it is not is an omission of the body's secretary. [R73]

Sources: R73; domain C2.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

import msgspec

from verifier.event import Event
from verifier.rules import body, dates, partnership
from verifier.rules.authority.state import office, organization_of
from verifier.rules.body import subject_of
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import EventRef, Texts
from verifier.rules.filing.rule import speaks_for
from verifier.rules.partnership import is_partner
from verifier.rules.report import OWN, Report
from verifier.rules.review.state import unmet_apart
from verifier.rules.standing import standing_at

__all__ = [
    "EVENTS",
    "Champion",
    "ChampionNominated",
    "ChampionSelected",
    "ChampionWithdrawn",
    "whole_log",
]

GOOD: Final = ("not_due", "due_soon", "pending_review", "exempt")
LOST: Final = ("none", "non_communicating", "inactive")
_secretary: Final = office("body_secretary")


_ours: Final = (partnership.secretariat, partnership.lead)


class Champion(msgspec.Struct, frozen=True, kw_only=True):
    """A nomination for a forum; the thing ``champion:<forum>`` of its partnership."""

    ref: EventRef
    body: str | None = None
    """The body that selected it."""
    state: str = "nominated"
    """nominated, selected or withdrawn."""


def _key(event: Event) -> str:
    return "champion:" + event.stream.rpartition("/")[2]


def _unmet_good(subject: Subject, at: int, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of CH1."""
    found = partnership.of(subject)
    profile = partnership.profile_of(found, book) if found is not None else None
    if found is None or profile is None or found.listing != "listed":
        yield Unmet(rule="CH1", reason="the partnership is not listed", who="registry")
        return
    state = standing_at(subject, at, book).state
    if state not in GOOD:
        yield Unmet(rule="CH1", reason=f"its standing is «{state}»", who="the partnership")
    since = dates.add(dates.day_of(at), profile.champion_report, times=-1).isoformat()
    accepted = (r.screened_on for r in subject.all(Report)
                if r.kind in OWN and r.state == "accepted")  # fmt: skip
    if not any(day is not None and day >= since for day in accepted):
        yield Unmet(rule="CH1", reason=f"no report of its own was accepted since {since}")


class ChampionNominated(Body, frozen=True, kw_only=True):
    """A partnership is nominated as a champion for a forum (CH1, CH2)."""

    TYPE: ClassVar[str] = "ChampionNominated/1"
    STREAM: ClassVar[str] = "p-*/champion/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        _secretary, office("focal_point"), office("permanent_mission"), office("major_group"),
        office("stakeholder_convenor"),
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (73,)

    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CH1 and CH2."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_good(subject, entry.at, book)
        before = subject.get(_key(entry.event), Champion)
        if before is not None:
            yield Unmet(rule="CH2", reason=f"for this forum it is {before.state} already")
        found = partnership.of(subject)
        if found and any(is_partner(found, organization_of(s, book)) for s in entry.signers):
            yield Unmet(rule="CH2", reason="who nominates belongs to a partner", hint="let another")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the nomination on record."""
        yield _key(entry.event), Champion(ref=entry.ref)


class ChampionSelected(Body, frozen=True, kw_only=True):
    """A body's secretary records that the body selected a champion (CH1, CH3)."""

    TYPE: ClassVar[str] = "ChampionSelected/1"
    STREAM: ClassVar[str] = "p-*/champion/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_secretary,)
    MISSION: ClassVar[tuple[int, ...]] = (73,)

    decision: EventRef

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body."""
        return (subject_of(self.decision),)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CH1 and CH3."""
        subject, key = book.subject(entry.event.subject), _key(entry.event)
        found = subject.get(key, Champion)
        if found is None or found.state != "nominated":
            state = "not nominated" if found is None else found.state
            yield Unmet(rule="CH3", reason=f"the partnership is {state}")
        yield from _unmet_good(subject, entry.at, book)
        listed = partnership.of(subject)
        if listed is not None:
            yield from unmet_apart("CH3", self.decision, listed, book)
        yield from body.unmet_result(
            "CH3", self.decision, book, kind="champion",
            item=f"{subject.id}/{key.partition(':')[2]}", result="select",
        )  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Make the partnership a champion."""
        key = _key(entry.event)
        yield key, msgspec.structs.replace(
            subject.things[key], state="selected", body=subject_of(self.decision)
        )  # fmt: skip


class ChampionWithdrawn(Body, frozen=True, kw_only=True):
    """A champion or nominee is one no longer (CH4)."""

    TYPE: ClassVar[str] = "ChampionWithdrawn/1"
    STREAM: ClassVar[str] = "p-*/champion/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        _secretary, *_ours,
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (73,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CH4."""
        found = book.thing(entry.event.subject, _key(entry.event), Champion)
        if found is None or found.state == "withdrawn":
            yield Unmet(rule="CH4", reason="there is no nomination here that could end")
        elif found.body is not None and not (
            any(own.holds(entry.actor, entry, book) for own in _ours)
            or speaks_for(entry.actor, found.body, entry, book)
        ):
            yield Unmet(rule="CH4", reason=f"{found.body} has selected it", who=found.body)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End it."""
        key = _key(entry.event)
        yield key, msgspec.structs.replace(subject.things[key], state="withdrawn")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of each nomination and selection."""
        for champion in subject.all(Champion):
            if champion.state != "withdrawn":
                yield champion.ref.stream, cls(reason=partnership.UNDECIDED)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of CH5."""
    for subject in book.subjects.values():
        if not any(champion.state == "selected" for champion in subject.all(Champion)):
            continue
        state = standing_at(subject, book.time, book).state
        if state in LOST:
            yield Broken(
                rule="CH5", subject=subject.id, kind="omission", who=_secretary.name,
                reason=f"the champion's standing is «{state}», and it was not withdrawn",
            )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (ChampionNominated, ChampionSelected, ChampionWithdrawn)
