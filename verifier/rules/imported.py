"""Imports: what another register said, kept as an observation and never taken for more.

A registry service carries rows of another register into the ledger, so that they can be found and
compared. Imports are types of their own, under subjects of their own
(``imported:<registry>:<source id>``), and nothing follows from them: no listing, no standing, no
duty, no right. What they hold is shown as "last observed on D by importer X", never as current.

Rules (R5, R70; decisions D1.5 and D1.9):

- IM1 An import stands under ``imported:<registry>:<source id>`` alone.
- IM2 A registry service signs it, for itself or for the registry that delegated it; or the
      registry. [R70]
- IM3 None follows once the participant has claimed the import.
- IM4 The participant's record comes before whatever else is observed of it; an assessment follows
      the commitment that it assesses, on the same stream.
- IM5 A row that changed nothing is not imported again, and no observation is older than the last;
      equal rows of one file are told apart by their count. [R5]
- IM6 An assessment carries a code. ND, NR, NA and an empty cell say that there is none; they stay
      in the row's cells and make no assessment. [R69]
- IM7 A date is what the source's text says, in as coarse a precision as the text leaves it; the
      value has the form of that precision, and ``unknown`` has none. What was observed was not
      observed after log time. [R69]
- IM8 A claim is recorded once, by the registry, for a registered organization, and names the live
      subject that goes on from here. [R5]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import is_registered, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Alpha3, Code, Day, Hash, Label, ShortText, Symbol, Text

__all__ = [
    "EVENTS",
    "NO_CODE",
    "AssessmentImported",
    "Claim",
    "CommitmentImported",
    "ImportClaimed",
    "ImportedDate",
    "ImportedPlace",
    "ImportedStatus",
    "Observation",
    "ParticipantImported",
    "Precision",
    "SourceRow",
    "StatusFact",
    "StatusImported",
    "status_as_of",
]

NO_CODE: Final = frozenset({"", "NA", "ND", "NR"})
"""What a source writes where it has no code: not applicable, no data, not reviewed (IM6)."""

Cell = Annotated[str, Meta(max_length=4_000)]
"""A cell as the source has it; longer texts are not cells."""
Cells = Annotated[dict[str, Cell], Meta(min_length=1, max_length=60)]
"""Cells by column key. The payload profile bounds the keys; 60 is wider than any source here."""
_Several: Final = Meta(min_length=1, max_length=100)  # the longest list in a source here is 9
Precision = Literal["day", "month", "quarter", "year", "unknown"]
Year = Annotated[str, Meta(pattern=r"^[0-9]{4}\Z")]


class SourceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where an observation comes from, so that anyone can hold it against the source."""

    id: Label
    """The source's own identifier of what the row is about, verbatim."""
    row: Hash
    """SHA-256 of the row's bytes in the file that was read, without its line end."""
    file: ShortText
    """The upstream file that the row was taken from."""
    copy: Annotated[int, Meta(ge=2, le=1_000)] | None = None
    """Which of several equal rows this is, from the second on."""
    observed: Day | None = None
    """The day of the source's state; left out where nobody recorded it."""
    url: Annotated[str, Meta(min_length=8, max_length=400)] | None = None


class ImportedDate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A date as the source writes it, and what it says in exactly one reading (IM7)."""

    text: Annotated[str, Meta(max_length=80)]
    precision: Precision
    value: Annotated[
        str, Meta(pattern=r"^[0-9]{4}(-(Q[1-4]|(0[1-9]|1[0-2])(-[0-9]{2})?))?\Z")
    ] | None = None  # fmt: skip


class ImportedPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place by its United Nations short name, with the United Nations' own footnote if any."""

    name: Label
    m49: Annotated[str, Meta(pattern=r"^[0-9]{3}\Z")] | None = None
    country: Alpha3 | None = None
    footnote: ShortText | None = None


class Observation(msgspec.Struct, frozen=True, gc=False):
    """The last row observed of a thing: "last observed on D by importer X"."""

    row: bytes
    observed: str
    """A day; the day of log time where the source's state has none."""
    by: str


class StatusFact(msgspec.Struct, frozen=True, gc=False):
    """A dated status of the source, as recorded."""

    event: str
    state: str | None
    precision: str
    value: str | None
    row: bytes
    copy: int | None = None


class ImportedStatus(msgspec.Struct, frozen=True):
    """All status facts observed of a participant, in the order of the record."""

    facts: tuple[StatusFact, ...]


class Claim(msgspec.Struct, frozen=True):
    """Who claimed the import, and the live subject that goes on from here."""

    claimant: str
    live: str


class _Import(Body, frozen=True, kw_only=True):
    """What every import has in common (IM1 to IM5, IM7)."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry_service"), role("registry"))

    source: SourceRow

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of the common rules, then of the type's own."""
        things = book.subject(entry.event.subject).things
        if "claim" in things:
            yield Unmet(rule="IM3", reason=f"{entry.event.subject} has been claimed",
                        hint="what is known now belongs to the live subject")  # fmt: skip
        if "record" not in things and type(self) is not ParticipantImported:
            yield Unmet(rule="IM4", reason="the participant's record has not been imported",
                        hint=f"import {entry.event.subject}/record first")  # fmt: skip
        observed = self.source.observed
        today = dates.day_text(entry.at)
        if observed is not None and (observed > today or not dates.is_day(observed)):
            yield Unmet(rule="IM7", reason=f"{observed} is no day up to {today}")
        yield from self.unmet_here(things.get(self.key(entry)), observed or today, entry)

    def key(self, entry: Entry) -> str:
        """Return the key of the thing that this import observes."""
        raise NotImplementedError

    def unmet_here(self, known: object, observed: str, entry: Entry) -> Iterator[Unmet]:
        """Yield what is not met of IM5; ``known`` is what was last observed."""
        if type(known) is Observation:
            if known.row == self.source.row:
                yield Unmet(rule="IM5", reason="this row has been imported already")
            elif known.observed > observed:
                yield Unmet(rule="IM5", reason=f"a state of {known.observed} is on record already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Keep which row was observed when, by whom."""
        source = self.source
        observed = source.observed or dates.day_text(entry.at)
        yield self.key(entry), Observation(source.row, observed, entry.event.iss)


class ParticipantImported(_Import, frozen=True, kw_only=True):
    """A participant of another register is observed there (IM1 to IM3, IM5, IM7)."""

    TYPE: ClassVar[str] = "ParticipantImported/1"
    STREAM: ClassVar[str] = "imported:*:*/record"
    MISSION: ClassVar[tuple[int, ...]] = (5, 70)

    name: ShortText
    """As the source writes it."""
    kind: Code
    place: ImportedPlace | None = None
    cells: Cells | None = None

    def key(self, entry: Entry) -> str:
        """Return the key of the participant's record."""
        return "record"

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Keep the observation, and the country by which scopes are judged."""
        yield from super().evolve(entry, subject, book)
        if self.place is not None and self.place.country is not None:
            yield "place", Place((self.place.country,))


class CommitmentImported(_Import, frozen=True, kw_only=True):
    """A commitment is observed in another register (IM1 to IM5, IM7).

    It is a row of that register: the promise is not the ledger's, nobody owes it here.
    """

    TYPE: ClassVar[str] = "CommitmentImported/1"
    STREAM: ClassVar[str] = "imported:*:*/commitment/*"
    MISSION: ClassVar[tuple[int, ...]] = (5, 70)

    title: Text
    text: Text | None = None
    maker: Text | None = None
    """The institution or entity that the source names; left out where it names none."""
    start: ImportedDate | None = None
    due: ImportedDate | None = None
    plan_end: Year | None = None
    """The year in which the plan ends that the commitment belongs to."""
    deliverables: Annotated[tuple[ImportedDate, ...], _Several] | None = None
    resources: Annotated[tuple[Cell, ...], _Several] | None = None
    cells: Cells | None = None

    def key(self, entry: Entry) -> str:
        """Return the key of the commitment."""
        return "commitment:" + entry.event.stream.rpartition("/")[2]

    def unmet_here(self, known: object, observed: str, entry: Entry) -> Iterator[Unmet]:
        """Yield what is not met of IM5 and IM7."""
        yield from super().unmet_here(known, observed, entry)
        yield from unmet_date(self.start)
        yield from unmet_date(self.due)
        for due in self.deliverables or ():
            yield from unmet_date(due)


class AssessmentImported(_Import, frozen=True, kw_only=True):
    """A reviewer's code for a commitment is observed in another register (IM1 to IM7)."""

    TYPE: ClassVar[str] = "AssessmentImported/1"
    STREAM: ClassVar[str] = "imported:*:*/commitment/*"
    MISSION: ClassVar[tuple[int, ...]] = (5, 70)

    point: Code
    """The point of the review, such as ``mid_term`` or ``end_of_term``."""
    scale: Code
    """The code list of the source that the code is of."""
    code: Label
    """The code, verbatim."""
    reviewer: Label
    published: ImportedDate | None = None

    def key(self, entry: Entry) -> str:
        """Return the key of the assessment: of which commitment, at which point."""
        return f"assessment:{entry.event.stream.rpartition('/')[2]}:{self.point}"

    def unmet_here(self, known: object, observed: str, entry: Entry) -> Iterator[Unmet]:
        """Yield what is not met of IM4 to IM7."""
        yield from super().unmet_here(known, observed, entry)
        if entry.event.seq == 0:
            yield Unmet(rule="IM4", reason="the commitment assessed has not been imported")
        if self.code in NO_CODE:
            yield Unmet(rule="IM6", reason=f"{self.code!r} says that there is no code",
                        hint="keep it in the row's cells")  # fmt: skip
        yield from unmet_date(self.published)


class StatusImported(_Import, frozen=True, kw_only=True):
    """A dated status of a participant is observed in another register (IM1 to IM5, IM7).

    It has no effect here: the other register decided, this one observed it.
    """

    TYPE: ClassVar[str] = "StatusImported/1"
    STREAM: ClassVar[str] = "imported:*:*/status"
    MISSION: ClassVar[tuple[int, ...]] = (5, 70)

    event: Code
    """What happened, in the source's words."""
    on: ImportedDate
    state: Code | None = None
    """The state that the source says holds from then on; left out where it says none."""
    reported_by: Literal["registry", "self"] = "registry"
    ground: ShortText | None = None
    detail: Text | None = None
    cells: Cells | None = None

    def key(self, entry: Entry) -> str:
        """Return the key of the facts."""
        return "status"

    def unmet_here(self, known: object, observed: str, entry: Entry) -> Iterator[Unmet]:
        """Yield what is not met of IM5 and IM7."""
        same = (self.source.row, self.source.copy)
        if type(known) is ImportedStatus and any((f.row, f.copy) == same for f in known.facts):
            yield Unmet(rule="IM5", reason="this row has been imported already")
        yield from unmet_date(self.on)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Add the fact to those observed before."""
        known = subject.get("status", ImportedStatus)
        on, source = self.on, self.source
        fact = StatusFact(
            self.event, self.state, on.precision, on.value, source.row, source.copy
        )  # fmt: skip
        yield "status", ImportedStatus((*(known.facts if known else ()), fact))


class ImportClaimed(Body, frozen=True, kw_only=True):
    """The participant itself takes over from its import (IM1, IM8)."""

    TYPE: ClassVar[str] = "ImportClaimed/1"
    STREAM: ClassVar[str] = "imported:*:*/claim"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"),)
    MISSION: ClassVar[tuple[int, ...]] = (5,)

    claimant: ActorId
    live: Annotated[str, Meta(pattern=r"^p-[a-z0-9][a-z0-9._:-]{0,61}\Z")]
    ground: Symbol

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the claimant."""
        return (self.claimant,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of IM8."""
        things = book.subject(entry.event.subject).things
        if "record" not in things or "claim" in things:
            yield Unmet(rule="IM8", reason="there is nothing here to be claimed (any more)")
        if not is_registered(self.claimant, book):
            yield Unmet(rule="IM8", reason=f"{self.claimant} is not registered",
                        hint="register the organization first", who="registry")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Close the import."""
        yield "claim", Claim(self.claimant, self.live)


_LENGTHS: Final = {"day": 10, "month": 7, "quarter": 7, "year": 4}


def unmet_date(stated: ImportedDate | None) -> Iterator[Unmet]:
    """Yield what is not met of IM7 for one date."""
    if stated is None:
        return
    value, precision = stated.value, stated.precision
    if value is None:
        fits = precision == "unknown"
    elif precision == "day":
        fits = dates.is_day(value)
    else:
        fits = (
            len(value) == _LENGTHS.get(precision)
            and ("Q" in value) == (precision == "quarter")
            and "1900" <= value[:4] <= "2199"
        )
    if not fits:
        yield Unmet(rule="IM7", reason=f"{value} is not a date known to its {precision}",
                    hint="state the precision that the text has in its one reading")  # fmt: skip


def status_as_of(facts: Iterable[StatusFact], day: date) -> str | None:
    """Return the state that the facts say held at the end of a day, or nothing.

    A fact counts from the last day that its date may mean, so that a month without a day never
    makes a status older than the source does; a fact that states no state changes none.
    """
    latest, state = date.min, None
    for fact in facts:
        if fact.state is None or fact.value is None:
            continue
        certain = last_day(fact.value)
        if latest <= certain <= day:
            latest, state = certain, fact.state
    return state


def last_day(value: str) -> date:
    """Return the last day that a value of day, month, quarter or year may mean."""
    if len(value) == _LENGTHS["day"]:
        return date.fromisoformat(value)
    year, _, part = value.partition("-")
    month = 12 if not part else int(part[1:]) * 3 if part.startswith("Q") else int(part)
    return dates.add(date(int(year), month, 1), "P1M") - timedelta(days=1)


EVENTS: Final[tuple[type[Body], ...]] = (
    ParticipantImported,
    CommitmentImported,
    AssessmentImported,
    StatusImported,
    ImportClaimed,
)
