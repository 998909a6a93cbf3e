"""What a decision was shown: its evidence list, and its answers to the two standing questions.

- EV1 Every item is the present version of a report, a reply or an expert's opinion on record here,
      and stands once.
- EV2 What is not taken into account says why. [R89]
- EV3 The list is complete: every report, reply and opinion on record is in it, except what an
      earlier decision here considered in the same version. Whoever decides chooses no evidence.
      Of what one side can file without end a list has to hold the newest: of the replies the last
      200, of contributors' reports each one's last; so nobody makes a list that cannot be written.
      While a decision collects endorsements, what came since stops it: a reply, an audit, a report
      of the partnership's own that was accepted or that stops the clock (ST9), none after those.
      [R1, R89]
- EV4 A longer list stands before the decision, in parts that the decision names; each part was
      recorded for this decision's matter.
- EV5 A decision says whether it leaves governments' and the United Nations' own tasks to them.
      [R17, R18, R19]

Sources: R1, R17 to R19; decisions D1.1, D1.8, D4.33.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import EventRef, LocalId, ShortText
from verifier.rules.report.state import OWN, Report
from verifier.rules.standing import stops_the_clock

__all__ = [
    "EVENTS",
    "MOST_REPLIES",
    "OPEN_ANSWER",
    "Answer",
    "Considered",
    "EvidenceListed",
    "Items",
    "ListPart",
    "Opinion",
    "Parts",
    "Reply",
    "Treated",
    "asked",
    "considered",
    "everything",
    "on_record",
    "unmet_evidence",
    "unmet_since",
]

MOST_REPLIES: Final = 200
"""How many replies, the newest, a list may not leave out (EV3); four parts hold 1,200 items."""


class Treated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A report or reply, and what the deciders did with it (EV1, EV2)."""

    ref: EventRef
    treatment: Literal["considered", "rejected", "not_seen"]
    reason: ShortText | None = None


Items = Annotated[tuple[Treated, ...], Meta(max_length=30)]
"""What stands in the decision itself; 3,500 bytes hold about 25 items."""

Parts = Annotated[tuple[EventRef, ...], Meta(max_length=4)]
"""The parts of a longer list (EV4)."""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to one of the two questions that every decision answers (EV5)."""

    answer: Literal["yes", "no", "not_applicable"]
    reason: ShortText


OPEN_ANSWER: Final = Answer("not_applicable", "…")
"""Stands for an answer that the author of a possible next decision has yet to give."""


class Reply(msgspec.Struct, frozen=True):
    """What a partnership replied in a matter; the thing ``reply:<id>`` of its subject."""

    ref: EventRef
    matter: str
    filed_at: int


class Opinion(msgspec.Struct, frozen=True):
    """An expert body's opinion; the thing ``opinion:<id>`` of its subject."""

    ref: EventRef
    matter: str | None
    issued_at: int
    """Log time in seconds."""


class ListPart(msgspec.Struct, frozen=True):
    """A part of a longer evidence list; the thing ``evidence:<id>`` of its subject."""

    ref: EventRef
    matter: str
    items: tuple[Treated, ...]


class Considered(msgspec.Struct, frozen=True):
    """What a decision that took effect considered; the thing ``considered:<decision id>``."""

    refs: tuple[EventRef, ...]
    listed: tuple[EventRef, ...] = ()
    """All that its list held, whatever became of it."""


class EvidenceListed(Body, frozen=True, kw_only=True):
    """A part of an evidence list that is too long for the decision itself (EV1, EV2, EV4)."""

    TYPE: ClassVar[str] = "EvidenceListed/1"
    STREAM: ClassVar[str] = "p-*/evidence/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        role("registry"), role("reviewer"), role("appeals_panel"),
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (1, 89)

    matter: LocalId
    """The review or case that the list is for."""
    items: Annotated[tuple[Treated, ...], Meta(min_length=1, max_length=300)]

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of EV1 and EV2."""
        if entry.event.seq != 0:
            yield Unmet(rule="EV4", reason="this part is on record", hint="name another")
        yield from _unmet_items(self.items, book.subject(entry.event.subject))

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the part on record."""
        key = "evidence:" + entry.event.stream.rpartition("/")[2]
        yield key, ListPart(entry.ref, self.matter, self.items)


def on_record(subject: Subject) -> Iterator[EventRef]:
    """Yield the present version of every report, reply and opinion on record."""
    yield from (report.ref for report in subject.all(Report))
    yield from (reply.ref for reply in subject.all(Reply))
    yield from (opinion.ref for opinion in subject.all(Opinion))


def asked(subject: Subject) -> Iterator[tuple[EventRef, int]]:
    """Yield what a list has to hold, each with the log time in seconds at which it came (EV3)."""
    contributed: dict[str, Report] = {}
    for report in subject.all(Report):
        if report.kind != "contributor":
            yield report.ref, report.submitted_at
            continue
        last = contributed.get(report.organization, report)
        if last.submitted_at <= report.submitted_at:
            contributed[report.organization] = report
    yield from ((report.ref, report.submitted_at) for report in contributed.values())
    yield from ((reply.ref, reply.filed_at) for reply in _last_replies(subject))
    yield from ((opinion.ref, opinion.issued_at) for opinion in subject.all(Opinion))


def _last_replies(subject: Subject) -> list[Reply]:
    return sorted(subject.all(Reply), key=lambda reply: reply.filed_at)[-MOST_REPLIES:]


def everything(subject: Subject) -> Items:
    """Return a list of all that no decision has considered yet, as considered now."""
    earlier = _considered_earlier(subject)
    return tuple(Treated(ref, "considered") for ref, _ in asked(subject) if ref not in earlier)


def considered(items: Items, parts: Parts, subject: Subject) -> Considered:
    """Return what a decision with this list considered."""
    whole = _whole(items, parts, subject)
    return Considered(
        tuple(item.ref for item in whole if item.treatment == "considered"),
        tuple(item.ref for item in whole),
    )


def unmet_evidence(items: Items, parts: Parts, matter: str, subject: Subject) -> Iterator[Unmet]:
    """Yield what is not met of EV1 to EV4 by a decision that is proposed in a matter."""
    known = {part.ref: part for part in subject.all(ListPart)}
    for ref in parts:
        if ref not in known or known[ref].matter != matter:
            yield Unmet(rule="EV4", reason=f"{ref.stream} is no part of the evidence in {matter}")
    whole = _whole(items, parts, subject)
    yield from _unmet_items(whole, subject)
    listed = {item.ref for item in whole} | _considered_earlier(subject)
    for ref, _ in asked(subject):
        if ref not in listed:
            yield Unmet(
                rule="EV3",
                reason=f"the evidence list leaves out {ref.stream} {ref.seq}",
                hint="list every report and reply on record; say «rejected» and why, if so",
            )


def unmet_since(items: Items, parts: Parts, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what came since a decision was proposed and stops its endorsement (EV3).

    A partner could file one report after the other and never be decided on: contributors' reports
    stop nothing, and of the own ones only those that ST9 counts.
    """
    subject = book.subject(entry.event.subject)
    listed = {item.ref for item in _whole(items, parts, subject)} | _considered_earlier(subject)
    waiting = stops_the_clock(subject, entry.at, book)
    reports = (
        report.ref
        for report in subject.all(Report)
        if report.kind == "audit"
        or (report.kind in OWN and (report.state == "accepted" or report.ref == waiting))
    )
    for ref in (*reports, *(reply.ref for reply in _last_replies(subject))):
        if ref not in listed:
            yield Unmet(rule="EV3", reason=f"{ref.stream} {ref.seq} came after the proposal",
                        hint="propose anew, with this in the evidence list")  # fmt: skip


def _whole(items: Items, parts: Parts, subject: Subject) -> tuple[Treated, ...]:
    found = (part for part in subject.all(ListPart) if part.ref in parts)
    return (*items, *(item for part in found for item in part.items))


def _considered_earlier(subject: Subject) -> set[EventRef]:
    return {ref for earlier in subject.all(Considered) for ref in earlier.refs}


def _unmet_items(items: tuple[Treated, ...], subject: Subject) -> Iterator[Unmet]:
    present = set(on_record(subject))
    seen: set[EventRef] = set()
    for item in items:
        where = f"{item.ref.stream} {item.ref.seq}"
        if item.ref not in present:
            yield Unmet(rule="EV1", reason=f"{where} is no present report or reply here")
        if item.ref in seen:
            yield Unmet(rule="EV1", reason=f"{where} stands twice")
        seen.add(item.ref)
        if item.treatment != "considered" and item.reason is None:
            yield Unmet(rule="EV2", reason=f"{where} is {item.treatment}, and no reason is given")


EVENTS: Final[tuple[type[Body], ...]] = (EvidenceListed,)
