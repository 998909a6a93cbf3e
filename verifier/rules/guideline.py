"""Guideline sets: the procedure's parameters as versioned data, so that no rule holds a number.

- GU1 The versions of a set count up from one, each where its stream continues.
- GU2 A version counts from a day that exists, not before the day it is issued, and not before the
      version it follows.
- GU3 No clause id and no profile name stands twice in a version.
- GU4 Profiles stand in the base set, the one set of layer 1, and in no other; a base version has
      at least one.
- GU5 Within a profile, no second state and no removal begins before the grace has ended, support
      can be offered in time after the first notice, and a cycle lasts at least P30D and as long as
      the window.

A version never changes and never goes away; what applies at an event is found by lookup at its
place, and an event that names another version is refused (decision D1.1). Sources: R12, R24, R53,
R56, R57, R60; domain C5 and D3.18 for the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, Day, Duration, LocalId, Symbol, Text, VersionRef

__all__ = [
    "EVENTS",
    "Base",
    "Clause",
    "GuidelineSet",
    "GuidelineSetIssued",
    "Profile",
    "base_in_force",
    "guideline_set",
    "in_force",
    "profile_of",
]

GUIDELINES: Final = "guidelines"
A_DAY: Final = date(2001, 1, 1)  # durations are compared from one day, where no month is clamped
SHORTEST_CYCLE: Final = "P30D"  # bounds how many obligations a clock can hold

Quorum = Annotated[int, Meta(ge=1, le=50)]
Percent = Annotated[int, Meta(ge=1, le=100)]


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One clause of a guideline: its id, by which findings cite it, and its text."""

    id: LocalId
    text: Text


class Profile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """All that a guideline asks of one kind of partnership; durations are ISO 8601.

    ``grace``, ``second_state`` and ``removal_eligible_after`` are counted from a report's due day.
    """

    name: Literal["un_led", "un_participating", "light", "mega", "country"]

    first: Duration
    """From the clock's first day to the first report's due day."""
    cycle: Duration
    window: Duration
    """How long before its due day a report is «due soon» and its period may end."""
    grace: Duration
    """To the day on which an overdue report makes its partnership non-communicating."""
    second_state: Duration
    """To the day on which a non-communicating partnership becomes inactive."""
    removal_eligible_after: Duration
    """To the first day on which a removal case may be opened."""
    screening_within: Duration
    cure_after_return: Duration
    cure_periods: Annotated[int, Meta(ge=0, le=20)]
    """How many returned or unsigned reports on one obligation stop the clock; the next does not."""
    cosign_within: Duration
    """For how long a report that waits for its further signatures stops the clock."""
    amend_within: Duration
    return_lapses: Duration
    """From a return to the day on which the report can no longer be submitted again."""
    withheld_at_most: Duration
    cycle_move_at_most: Duration
    """By how much the one move of the reporting cycle may put off a due day."""
    due_on: Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])\Z")] | None = None
    """The day of the year on which reports are due, such as ``06-30``, where a calendar says it."""
    reminder_days: Annotated[
        tuple[Annotated[int, Meta(ge=-366, le=366)], ...], Meta(min_length=1, max_length=12)
    ]
    """The days of the reminders, counted from the due day; a negative one comes before it."""
    milestone_every: Duration
    """In each such time a commitment has a milestone, or its due day."""
    template: Code

    removal_track: Literal["light", "full"]
    support_before_final: Duration
    notice_to_final: Duration
    notice_lapses: Duration
    """From the final notice's decision day to the day on which a new final notice is needed."""
    notice_published_counts_after: Duration
    """Where no delivery is on record: from a notice's publication to the day it counts from."""
    reply_window: Duration
    decision_window: Duration
    decision_offices: Annotated[int, Meta(ge=2, le=50)]
    suspension: Duration | None = None
    extension: Duration
    appeal_window: Duration
    appeal_decided_within: Duration
    appeal_quorum: Quorum
    review_quorum: Quorum

    evidence: Code
    financial_disclosure: Code
    due_diligence: Code
    compact: Code
    """Whether a company must have committed itself to the principles of the Global Compact."""
    review_every: Duration | None = None
    review_share: Percent | None = None
    """Of how many partnerships in a hundred a review draws its sample."""
    board_tabling: Code
    report_signatures: Code

    consultation_mix: Annotated[int, Meta(ge=1, le=16)]
    """How many categories of stakeholders a consultation hears at least."""


class GuidelineSet(msgspec.Struct, frozen=True):
    """A version of a guideline set, as it was issued."""

    ref: VersionRef
    layer: str
    mandate: str
    valid_from: str
    clauses: tuple[Clause, ...]
    profiles: tuple[Profile, ...]


class Base(msgspec.Struct, frozen=True):
    """Which set is the base set (GU4)."""

    set: str


class GuidelineSetIssued(Body, frozen=True, kw_only=True):
    """A version of a guideline set is issued (GU1 to GU5)."""

    TYPE: ClassVar[str] = "GuidelineSetIssued/1"
    STREAM: ClassVar[str] = "guidelines/set/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("guideline_issuer"),)

    version: Annotated[int, Meta(ge=1, le=9999)]
    layer: Literal["layer_1", "qcpr", "layer_2", "national", "tailored"]
    mandate: Symbol
    valid_from: Day
    clauses: Annotated[tuple[Clause, ...], Meta(min_length=1, max_length=400)]
    profiles: Annotated[tuple[Profile, ...], Meta(max_length=5)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1 to GU5."""
        if self.version != entry.event.seq + 1:
            yield Unmet(rule="GU1", reason=f"the next version is {entry.event.seq + 1}")
        yield from self._unmet_day(entry, book)
        clauses = {clause.id for clause in self.clauses}
        if len(clauses) < len(self.clauses):
            yield Unmet(rule="GU3", reason="a clause id stands twice")
        if len({profile.name for profile in self.profiles}) < len(self.profiles):
            yield Unmet(rule="GU3", reason="a profile name stands twice")
        yield from self._unmet_base(entry, book)
        for profile in self.profiles:
            yield from _unmet_profile(profile)

    def _unmet_day(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        if not dates.is_day(self.valid_from):
            yield Unmet(rule="GU2", reason=f"{self.valid_from} is not a calendar day")
            return
        before = guideline_set(VersionRef(_set_id(entry), self.version - 1), book)
        today = dates.day_of(entry.at).isoformat()
        earliest = max(today, before.valid_from) if before else today
        if self.valid_from < earliest:
            yield Unmet(rule="GU2", reason=f"it counts from {earliest} on at the earliest",
                        hint="guidelines are never changed for the past")  # fmt: skip

    def _unmet_base(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        base = book.thing(GUIDELINES, "base", Base)
        if self.layer != "layer_1":
            if self.profiles:
                yield Unmet(rule="GU4", reason="profiles stand in the base set alone")
        elif base is not None and base.set != _set_id(entry):
            yield Unmet(rule="GU4", reason=f"the set of layer 1 is {base.set}",
                        hint="issue its next version")  # fmt: skip
        elif not self.profiles:
            yield Unmet(rule="GU4", reason="a version of the base set has at least one profile")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the version on record."""
        ref = VersionRef(_set_id(entry), self.version)
        yield (
            _key(ref),
            GuidelineSet(
                ref, self.layer, self.mandate, self.valid_from, self.clauses, self.profiles
            ),
        )
        if self.layer == "layer_1":
            yield "base", Base(ref.set)


def _unmet_profile(profile: Profile) -> Iterator[Unmet]:
    grace = dates.add(A_DAY, profile.grace)
    for name in ("second_state", "removal_eligible_after"):
        if dates.add(A_DAY, getattr(profile, name)) < grace:
            yield Unmet(rule="GU5", reason=f"{profile.name}: {name} ends before the grace")
    if dates.add(A_DAY, profile.cycle) < max(
        dates.add(A_DAY, profile.window), dates.add(A_DAY, SHORTEST_CYCLE)
    ):
        yield Unmet(rule="GU5", reason=f"{profile.name}: the cycle is shorter than its window "
                    f"or than {SHORTEST_CYCLE}")  # fmt: skip
    if dates.add(A_DAY, profile.support_before_final) > dates.add(A_DAY, profile.notice_to_final):
        yield Unmet(rule="GU5", reason=f"{profile.name}: support_before_final > notice_to_final",
                    hint="an offer made with the notice is in time for the final one")  # fmt: skip


def _set_id(entry: Entry) -> str:
    return entry.event.stream.rpartition("/")[2]


def _key(ref: VersionRef) -> str:
    return f"set:{ref.set}:{ref.version}"


def guideline_set(ref: VersionRef, book: Book) -> GuidelineSet | None:
    """Return a version of a guideline set; it never changes, so ``evolve`` may read it by name."""
    return book.thing(GUIDELINES, _key(ref), GuidelineSet)


def in_force(set_id: str, day: date, book: Book) -> VersionRef | None:
    """Return the version of a set that is in force on a day, or nothing."""
    head = book.subject(GUIDELINES).heads.get(f"{GUIDELINES}/set/{set_id}")
    wanted = day.isoformat()
    for version in range(head.seq + 1 if head else 0, 0, -1):
        found = guideline_set(VersionRef(set_id, version), book)
        if found is not None and found.valid_from <= wanted:
            return found.ref
    return None


def base_in_force(day: date, book: Book) -> VersionRef | None:
    """Return the version of the base set that is in force on a day, or nothing (GU4)."""
    base = book.thing(GUIDELINES, "base", Base)
    return None if base is None else in_force(base.set, day, book)


def profile_of(ref: VersionRef, name: str, book: Book) -> Profile | None:
    """Return a profile of a version by its name, or nothing."""
    found = guideline_set(ref, book)
    return next((p for p in found.profiles if p.name == name), None) if found else None


EVENTS: Final[tuple[type[Body], ...]] = (GuidelineSetIssued,)
