"""The one rule of simple filings: each kind is a row that says where, by whom, with what.

- FI1 A filing begins a stream of its own; an answer follows on the stream of what it answers, once.
- FI2 What it rests on is on record, named in its present version, of a kind that its row allows,
      and named once: a report that was accepted, a review that was decided, a lesson, another
      filing. What a partnership files rests on its own record.
- FI3 Every actor that it names is registered.
- FI4 Its days exist; a due day is not past, and what was held was not held in the future.
- FI5 No category, row, goal, tag, partnership or clause stands twice in a list.
- FI6 What is filed about a partnership is filed about one that is listed or suspended; whoever was
      asked answers also later.
- FI7 A consultation heard as many categories of stakeholders as the profile of its partnership
      asks [R100].
- FI8 An organization that is stated is the author's own; an idea is taken up by another [R94].
- FI9 The clause that was checked stands in the version that is named [R55].
- FI10 (whole log) What has an owner or an addressee and a due day is answered by then; silence is
      an omission of theirs [R96].
- FI11 A decision that it names is in effect [R93].
- FI12 A clause that is waived for the partnership on this day is not found broken, in whole or in
      part, without the waiver being named; one that is named is that waiver [R55, R57].

A report of a meeting under the Chatham House Rule has no field that could name who took part: its
row has none (decision D3.30). Sources: R2, R3, R10, R38, R39, R44 to R48, R52, R55, R83, R93, R94,
R96 to R100.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, cast

import msgspec

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.scope import within
from verifier.rules.authority.state import (
    Actor,
    Grant,
    grant_in_force,
    is_registered,
    organization_of,
)
from verifier.rules.body import decision, subject_of
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import EventRef
from verifier.rules.filing.words import Words
from verifier.rules.guideline import guideline_set
from verifier.rules.lesson import lesson
from verifier.rules.partnership import UNDECIDED
from verifier.rules.report import Report
from verifier.rules.review.state import Review
from verifier.rules.waiver import waived

__all__ = ["Filed", "Filing", "Row", "addressee", "anyone", "event_of", "speaks_for", "whole_log"]

ACTORS: Final = ("to", "owner", "entity", "office", "for_body")
LISTS: Final[dict[str, str]] = {
    "participants": "category", "statuses": "row", "goals": "", "tags": "", "partnerships": "",
}  # fmt: skip
"""Lists in which nothing stands twice (FI5), and the field of their items that tells."""

PLACEHOLDERS: Final[dict[str, Any]] = {
    "text": UNDECIDED, "outcome": "done", "document": "…",
}  # fmt: skip
"""What an answer that may come next holds where its author has yet to decide."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of simple filing."""

    name: str
    told: str
    """What it is, in one sentence; the docstring of the event type."""
    stream: str
    signers: tuple[Capacity, ...]
    needs: tuple[str, ...]
    """The fields of ``Words`` that it must have."""
    may: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    """What ``sources`` may name: ``report``, ``review``, ``lesson``, or another filing."""
    answers: str = ""
    """The filing that it answers, on the same stream."""
    by_another: bool = False
    """Whether it comes from another organization than what it rests on (FI8)."""
    mix: bool = False
    """Whether its participants have to be as many-sided as the profile asks (FI7)."""
    mission: tuple[int, ...]


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A filing on record; the thing ``filing:<kind>:<id>`` of its subject."""

    ref: EventRef
    name: str
    organization: str | None = None
    """The organization that it was filed for, where it is stated."""
    named: str | None = None
    """Whom it waits for."""
    due: str | None = None
    answered: EventRef | None = None
    on: str = ""
    """The day on which it was filed."""


def _key(stream: str) -> str:
    return "filing:" + stream.partition("/")[2].replace("/", ":")


def _filed(stream: str, book: Book) -> Filed | None:
    return book.thing(stream.partition("/")[0], _key(stream), Filed)


def _is_body(actor: str, book: Book) -> bool:
    known = book.thing(actor, "actor", Actor)
    return known is not None and known.kind == "body"


def speaks_for(actor: str, named: str, entry: Entry, book: Book) -> bool:
    """Say whether an actor answers for the one named: itself, its office, its body's secretary.

    A secretary whose grant is not limited answers for any body that its answer names as one.
    """
    if named in (actor, organization_of(actor, book)):
        return True
    is_body = getattr(entry.body, "for_body", None) == named and _is_body(named, book)
    return any(
        grant.role == "body_secretary"
        and grant_in_force(grant, entry.at)
        and (
            any(within(named, limit) for limit in grant.scope.subjects)
            if grant.scope is not None and grant.scope.subjects is not None
            else is_body and grant.scope is None
        )
        for grant in book.subject(actor).all(Grant)
    )


def _is_addressee(actor: str, entry: Entry, book: Book) -> bool:
    found = _filed(entry.event.stream, book)
    return found is not None and bool(found.named) and speaks_for(
        actor, found.named or "", entry, book
    )  # fmt: skip


def _is_anyone(actor: str, entry: Entry, book: Book) -> bool:
    return is_registered(actor, book)


addressee: Final = Capacity("the one whom the filing names", _is_addressee)
anyone: Final = Capacity("any registered actor", _is_anyone)


class Filing(Body, frozen=True, kw_only=True):
    """What all filings have in common; event types are made from rows (FI1 to FI9, FI11, FI12)."""

    ROW: ClassVar[Row]
    VOCABULARY: ClassVar[type[Words]] = Words
    """Where its fields are declared."""

    def stated(self, field: str) -> Any:
        """Return a field, or nothing where the row or the filing leaves it out."""
        return getattr(self, field, None)

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the actors that it names and at what it rests on."""
        yield from self._actors()
        for ref in self.stated("sources") or ():
            yield ref.stream.partition("/")[0]
        if self.stated("decision") is not None:
            yield subject_of(self.stated("decision"))

    def _actors(self) -> Iterator[str]:
        yield from (name for field in ACTORS if (name := self.stated(field)) is not None)
        yield from (given.organization for given in self.stated("contributions") or ())

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of FI1 to FI9, FI11 and FI12."""
        yield from self._unmet_place(entry, book)
        for ref in self.stated("sources") or ():
            yield from self._unmet_source(ref, entry, book)
        for actor in dict.fromkeys(self._actors()):
            if not is_registered(actor, book):
                yield Unmet(rule="FI3", reason=f"{actor} is not registered", who="registry")
        yield from self._unmet_days(entry)
        yield from self._unmet_lists(entry, book)
        yield from self._unmet_clause(entry, book)
        yield from self._unmet_organization(entry, book)

    def _unmet_place(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        row, event = self.ROW, entry.event
        if not row.answers:
            if event.seq != 0:
                yield Unmet(rule="FI1", reason="this stream holds a filing", hint="name another")
        else:
            found = _filed(event.stream, book)
            if found is None or found.name != row.answers:
                yield Unmet(rule="FI1", reason=f"this stream holds no {row.answers}")
            elif found.answered is not None:
                yield Unmet(rule="FI1", reason="it is answered already")
        if event.subject.startswith("p-") and not row.answers:
            known = partnership.of(book.subject(event.subject))
            if known is None or known.listing not in ("listed", "suspended"):
                yield Unmet(rule="FI6", reason="the partnership is not listed", who="registry")

    def _unmet_source(self, ref: EventRef, entry: Entry, book: Book) -> Iterator[Unmet]:
        where = f"{ref.stream} {ref.seq}"
        if not _stands(ref, self.ROW.rests_on, book):
            yield Unmet(rule="FI2", reason=f"{where} is not in force on record here, or no "
                        f"{' or '.join(self.ROW.rests_on)}")  # fmt: skip
        if entry.event.subject.startswith("p-") and not ref.stream.startswith(
            entry.event.subject + "/"
        ):
            yield Unmet(rule="FI2", reason=f"{where} is not on this partnership's record")
        if self.stated("sources").count(ref) > 1:
            yield Unmet(rule="FI2", reason=f"{where} stands twice")

    def _unmet_days(self, entry: Entry) -> Iterator[Unmet]:
        today = dates.day_text(entry.at)
        for field in ("due", "held_on"):
            day = self.stated(field)
            if day is None:
                continue
            if not dates.is_day(day):
                yield Unmet(rule="FI4", reason=f"{day} is not a calendar day")
            elif field == "due" and day < today:
                yield Unmet(rule="FI4", reason=f"the due day {day} is past")
            elif field == "held_on" and day > today:
                yield Unmet(rule="FI4", reason=f"{day} is still to come")

    def _unmet_lists(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        for field, telling in LISTS.items():
            items = self.stated(field) or ()
            told = {getattr(item, telling) if telling else item for item in items}
            if len(told) < len(items):
                yield Unmet(rule="FI5", reason=f"something stands twice in {field}")
        if self.ROW.mix:
            known = partnership.of(book.subject(entry.event.subject))
            profile = partnership.profile_of(known, book) if known else None
            heard = len(self.stated("participants"))
            if profile is not None and heard < profile.consultation_mix:
                yield Unmet(rule="FI7", reason=f"{heard} categories were heard; the profile asks "
                            f"{profile.consultation_mix}")  # fmt: skip

    def _unmet_clause(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        version, clause = self.stated("guideline"), self.stated("clause")
        if version is None or clause is None:
            return
        found = guideline_set(version, book)
        if found is None or all(one.id != clause for one in found.clauses):
            yield Unmet(rule="FI9", reason=f"{version.set} {version.version} has no {clause}")
        subject, named = book.subject(entry.event.subject), self.stated("waiver")
        held = waived(clause, version, subject, dates.day_of(entry.at))
        broken = self.stated("result") in ("not_met", "partly_met")
        if held is not None and named is None and broken:
            yield Unmet(rule="FI12", reason=f"{clause} is waived until {held.until}",
                        hint=f"name the waiver of {held.ref.stream}")  # fmt: skip
        if named is not None and (held is None or named != held.ref):
            yield Unmet(rule="FI12", reason=f"{named.stream} does not waive {clause} on this day")

    def _unmet_organization(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        adopted = self.stated("decision")
        if adopted is not None and decision(adopted, book) is None:
            yield Unmet(rule="FI11", reason=f"{adopted.stream} is no decision in effect",
                        who="presiding_officer")  # fmt: skip
        own = organization_of(entry.actor, book)
        if self.stated("organization") not in (None, own):
            yield Unmet(rule="FI8", reason=f"{entry.actor} acts for {own}")
        for ref in (self.stated("sources") or ()) if self.ROW.by_another else ():
            filed = _filed(ref.stream, book)
            if filed is not None and filed.organization == own:
                yield Unmet(rule="FI8", reason=f"{ref.stream} is this organization's own")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the filing on record, or its answer."""
        key = _key(entry.event.stream)
        if self.ROW.answers:
            yield key, msgspec.structs.replace(subject.things[key], answered=entry.ref)
            return
        yield key, Filed(
            ref=entry.ref, name=self.ROW.name, organization=self.stated("organization"),
            named=self.stated("to") or self.stated("owner"), due=self.stated("due"),
            on=dates.day_text(entry.at),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the answer to each filing that waits for it."""
        if cls.ROW.answers:
            for filed in subject.all(Filed):
                if filed.name == cls.ROW.answers and filed.answered is None:
                    needed = {field: PLACEHOLDERS[field] for field in cls.ROW.needs}
                    yield filed.ref.stream, cls(**needed)


def _stands(ref: EventRef, kinds: tuple[str, ...], book: Book) -> bool:
    """Say whether a reference names something in force of one of these kinds (FI2)."""
    subject, _, rest = ref.stream.partition("/")
    kind, _, local = rest.partition("/")
    if kind == "report" and kind in kinds:
        report = book.thing(subject, f"report:{local}", Report)
        return report is not None and report.ref == ref and report.state == "accepted"
    if kind == "review" and kind in kinds:
        review = book.thing(subject, f"review:{local}", Review)
        return review is not None and review.ref == ref and review.decision is not None
    if kind == "lesson" and kind in kinds:
        return lesson(ref, book) is not None
    filed = _filed(ref.stream, book)
    return filed is not None and filed.ref == ref and filed.name in kinds


def event_of(row: Row) -> type[Filing]:
    """Make the event type of a row."""
    hints = inspect.get_annotations(Words, eval_str=True)
    fields: list[Any] = [(name, hints[name]) for name in row.needs]
    may = (*row.may, "for_body") if row.answers else row.may
    fields += [(name, hints[name] | None, None) for name in may]
    namespace = {
        "__doc__": f"{row.told.removesuffix('.')} (FI1 to FI9, FI11, FI12).", "ROW": row,
        "TYPE": f"{row.name}/1", "STREAM": row.stream, "SIGNERS": row.signers,
        "MISSION": row.mission,
    }  # fmt: skip
    made = msgspec.defstruct(
        row.name, fields, bases=(Filing,), namespace=namespace, module=__name__,
        frozen=True, kw_only=True,
    )  # fmt: skip
    return cast("type[Filing]", made)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of FI10."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        for filed in subject.all(Filed):
            if filed.answered is None and filed.due is not None and filed.due < today:
                yield Broken(
                    rule="FI10", subject=subject.id, kind="omission", who=filed.named or "",
                    reason=f"{filed.ref.stream} was due on {filed.due} and has no answer",
                )  # fmt: skip
