"""Due days that move: an extension for one report, and the one move of the reporting cycle.

- RE25 The registry extends the due day of the first report that is owed, once, by the profile's
       extension, and not where the report before it was extended as well.
- RE26 The partnership moves its reporting cycle once: from the first report that is owed on, before
       its due day has ended, to a later day within the profile's limit.
- RE29 A report that was extended is extended once more where the country of the lead or the
       secretariat is in a special situation by the version in force, or the secretariat is small
       by what it disclosed for this year or the last; and a request for support is open. [R16]
- RE30 No report is extended while a decision to suspend or remove for it stands: what two offices
       or a body decided is not undone by one office. An appeal may.

All are on record under the partnership, so that every adverse act sees them. Sources: domain B8,
C2.4, C4.3 step 4; decisions D1.1, D3.17, D3.27.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.state import Actor, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.clock import CycleMove, Obligation
from verifier.rules.delisting import case as cases
from verifier.rules.fields import ActorId, Code, Day, Duration, Symbol, Texts, VersionRef
from verifier.rules.guideline import Profile
from verifier.rules.guideline.situations import groups_in_force, is_special
from verifier.rules.partnership import UNDECIDED, Partnership
from verifier.rules.partnership.disclosure import is_small
from verifier.rules.report.state import Extended, clock_of, due_day, first_open, own_reports
from verifier.rules.support import SupportRequest

__all__ = ["EVENTS", "CycleAdjusted", "ExtensionGranted", "Situation"]


class Situation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The special situation for which time is given once more (RE29)."""

    actor: ActorId
    """The lead or the secretariat, whose situation it is."""
    groups: VersionRef | None = None
    """The version of the groups of countries that is in force; none where it is small."""


_Owed = tuple[Partnership, Profile, str, Obligation]


def _owed(subject: Subject, book: Book) -> _Owed | None:
    """Return the partnership, its profile, its clock's first day and the first report it owes."""
    found = partnership.of(subject)
    profile = found and partnership.profile_of(found, book)
    if found is None or not profile or found.listing not in ("listed", "suspended"):
        return None
    clock = clock_of(found, subject, profile)
    if clock is None or found.clock_from is None:
        return None
    return found, profile, found.clock_from, first_open(
        own_reports(subject, found.clock_from), clock, subject, book
    )  # fmt: skip


class ExtensionGranted(Body, frozen=True, kw_only=True):
    """The registry gives more time for one report (RE25, RE29, RE30)."""

    TYPE: ClassVar[str] = "ExtensionGranted/1"
    STREAM: ClassVar[str] = "p-*/extension/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"),)
    MISSION: ClassVar[tuple[int, ...]] = (16, 86)

    obligation: Annotated[int, Meta(ge=1, le=200)]
    duration: Duration
    ground: Code
    explanation: Texts
    mandate: Symbol
    situation: Situation | None = None

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the one whose situation it is."""
        return (self.situation.actor,) if self.situation else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE25, RE29 and RE30."""
        subject = book.subject(entry.event.subject)
        found = _owed(subject, book)
        if found is None:
            yield Unmet(rule="RE25", reason="no clock of a listed partnership runs here")
            return
        _, profile, clock_from, owed = found
        if entry.event.seq != 0:
            yield Unmet(rule="RE25", reason="this stream holds an extension", hint="name another")
        if self.obligation != owed.k:
            yield Unmet(rule="RE25", reason=f"the first report that is owed is {owed.k}")
        if self.duration != profile.extension:
            yield Unmet(rule="RE25", reason=f"an extension is {profile.extension}")
        if f"extended:{clock_from}:{self.obligation - 1}" in subject.things:
            yield Unmet(rule="RE25", reason=f"report {self.obligation - 1} was extended")
        case = cases.about_report(subject)
        if case is not None and case.decision is not None and case.obligation == self.obligation:
            yield Unmet(rule="RE30", reason=f"{case.id} is decided", hint="the partnership may "
                        "appeal", who=partnership.secretariat.name)  # fmt: skip
        once = f"extended:{clock_from}:{self.obligation}" in subject.things
        if self.situation is not None:
            yield from self._unmet_situation(self.situation, found, entry, book)
            if not once or f"extended:{clock_from}:{self.obligation}:more" in subject.things:
                yield Unmet(rule="RE29", reason="it is extended once more, after the first time")
        elif once:
            yield Unmet(rule="RE25", reason=f"report {self.obligation} was extended")

    def _unmet_situation(
        self, situation: Situation, found: _Owed, entry: Entry, book: Book
    ) -> Iterator[Unmet]:
        known, profile, _, _ = found
        actor = book.thing(situation.actor, "actor", Actor)
        if situation.actor not in (known.lead, known.secretariat):
            yield Unmet(rule="RE29", reason=f"{situation.actor} is neither lead nor secretariat")
        elif situation.groups is None:
            subject = book.subject(entry.event.subject)
            own = situation.actor == known.secretariat
            if not own or not is_small(subject, entry.at, profile.small_staff):
                yield Unmet(rule="RE29", reason="no secretariat is disclosed of "
                            f"{profile.small_staff} posts at most")  # fmt: skip
        elif not is_special(situation.groups, actor.country if actor else None, entry.at, book):
            yield Unmet(rule="RE29", reason=f"the country of {situation.actor} is in no special "
                        "situation by the version in force")  # fmt: skip
        requests = book.subject(entry.event.subject).all(SupportRequest)
        if all(request.state != "open" for request in requests):
            yield Unmet(rule="RE29", reason="no request for support is open",
                        who=partnership.secretariat.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the extension on record; the due day is computed with it."""
        key = f"extended:{subject.things['partnership'].clock_from}:{self.obligation}"
        yield (
            f"{key}:more" if self.situation else key,
            Extended(entry.ref, self.obligation, self.duration),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the extension of the report that is owed, or its extension once more."""
        found = _owed(subject, book)
        if found is None:
            return
        known, profile, clock_from, owed = found
        stream = f"{subject.id}/extension/{clock_from}-{owed.k}"
        key = f"extended:{clock_from}:{owed.k}"
        once = key in subject.things
        situation = _situation(known, profile, subject, book) if once else None
        if once and (situation is None or f"{key}:more" in subject.things):
            return
        yield f"{stream}-more" if once else stream, cls(
            obligation=owed.k, duration=profile.extension, ground="undecided",
            explanation=UNDECIDED, mandate="…", situation=situation,
        )  # fmt: skip


def _situation(
    known: Partnership, profile: Profile, subject: Subject, book: Book
) -> Situation | None:
    """Return the special situation of the lead or the secretariat, if there is one."""
    for name in (known.lead, known.secretariat):
        actor = book.thing(name, "actor", Actor)
        for groups in groups_in_force(dates.day_of(book.time), book):
            if is_special(groups, actor.country if actor else None, book.time, book):
                return Situation(name, groups)
    small = is_small(subject, book.time, profile.small_staff)
    return Situation(known.secretariat) if small else None


class CycleAdjusted(Body, frozen=True, kw_only=True):
    """The partnership moves its reporting cycle to a later day of the year (RE26)."""

    TYPE: ClassVar[str] = "CycleAdjusted/1"
    STREAM: ClassVar[str] = "p-*/cycle"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    MISSION: ClassVar[tuple[int, ...]] = (78,)

    obligation: Annotated[int, Meta(ge=1, le=200)]
    due: Day
    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE26."""
        subject = book.subject(entry.event.subject)
        found = _owed(subject, book)
        if found is None:
            yield Unmet(rule="RE26", reason="no clock of a listed partnership runs here")
            return
        _, profile, clock_from, owed = found
        if entry.event.seq != 0:
            yield Unmet(rule="RE26", reason="the cycle was moved before; it moves once")
        if self.obligation != owed.k:
            yield Unmet(rule="RE26", reason=f"the first report that is owed is {owed.k}")
        now = due_day(owed, clock_from, subject, book)
        if not dates.in_time(entry.at, now):
            yield Unmet(rule="RE26", reason=f"it was due on {now}",
                        hint="ask for an extension")  # fmt: skip
        last = dates.add(owed.due, profile.cycle_move_at_most).isoformat()
        if not dates.is_day(self.due) or not owed.due.isoformat() < self.due <= last:
            yield Unmet(rule="RE26", reason=f"the new day lies after {owed.due}, by {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Move the due day, and with it all later ones."""
        clock_from = subject.things["partnership"].clock_from
        yield "cycle:" + clock_from, CycleMove(self.obligation, self.due)


EVENTS: Final[tuple[type[Body], ...]] = (ExtensionGranted, CycleAdjusted)
