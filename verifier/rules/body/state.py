"""What is known of bodies: sessions, silence procedures, decisions and the result of each item.

``decision``, ``unmet_result`` and ``subject_of`` are what other rooms ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules.authority.state import Actor, Grant, Terms, grant_in_force, grants, role
from verifier.rules.book import Body, Book, Capacity, Entry, Subject, Unmet
from verifier.rules.fields import Code, EventRef, LocalId

__all__ = [
    "NOT_ADOPTED",
    "Annex",
    "Annexes",
    "Announced",
    "Decision",
    "DecisionItem",
    "Items",
    "OfBody",
    "Session",
    "Votes",
    "annexes_named",
    "carries",
    "decision",
    "mission",
    "named_key",
    "own_presiding_officer",
    "own_secretary",
    "presiding_officer",
    "secretary",
    "subject_of",
    "thing_key",
    "unmet_items",
    "unmet_result",
    "whole",
]

NOT_ADOPTED: Final = "not_adopted"
"""The result of an item whose own vote did not carry (BO7)."""

Count = Annotated[int, Meta(ge=0, le=500)]
SubjectName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._:-]{0,63}\Z")]


class Votes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recorded vote: how many members were in favour, against, abstaining."""

    in_favour: Count
    against: Count
    abstaining: Count


def carries(votes: Votes) -> bool:
    """Say whether a vote carries: the majority of those present and voting (BO4)."""
    return votes.in_favour > votes.against


class DecisionItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a decision settles: the subject, the matter there (a case, a role), and the result."""

    subject: SubjectName
    matter: LocalId
    result: Code
    votes: Votes | None = None
    """Where this item was voted on by itself."""
    terms: Terms | None = None
    """What a seat is given with, where the matter is a role (RO11)."""


Items = Annotated[tuple[DecisionItem, ...], Meta(max_length=30)]
"""What stands in the decision itself; 3,500 bytes hold about 30 items."""

Annexes = Annotated[tuple[EventRef, ...], Meta(max_length=8)]


class Session(msgspec.Struct, frozen=True):
    """A session of a body; the thing ``session:<id>``. Days are ISO 8601."""

    ref: EventRef
    first_day: str
    last_day: str


class Annex(msgspec.Struct, frozen=True):
    """A list of items for a decision; the thing ``annex:<id>`` of its body."""

    ref: EventRef
    items: tuple[DecisionItem, ...]


class Announced(msgspec.Struct, frozen=True):
    """A silence procedure; the thing ``silence:<decision id>`` of its body. Times are log time."""

    ref: EventRef
    kind: str
    items: tuple[DecisionItem, ...]
    annexes: tuple[EventRef, ...]
    ends: int
    """The first second at which silence has lasted."""
    broken_by: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of a body; the thing ``decision:<id>``. Without ``effective`` it is not in force.

    ``results`` has the result of every item by ``<subject>/<matter>``.
    """

    ref: EventRef
    """Its newest certification: what other events refer to."""
    body: str
    symbol: str
    kind: str
    adopted_on: str
    adoption: str
    results: dict[str, str]
    certified_by: tuple[str, ...]
    cosigned_by: tuple[str, ...] = ()
    effective: int | None = None
    """The index of the cosignature."""
    effective_on: str = ""
    """Its day, in ISO 8601."""
    terms: dict[str, Terms] = {}
    """What seats are given with, by ``<subject>/<matter>`` too."""


def subject_of(ref: EventRef) -> str:
    """Return the subject that a reference leads to, for ``touches``."""
    return ref.stream.partition("/")[0]


def decision(ref: EventRef, book: Book) -> Decision | None:
    """Return the decision that a reference names, if it is in effect."""
    found = book.thing(subject_of(ref), thing_key("decision", ref.stream), Decision)
    return found if found is not None and found.ref == ref and found.effective is not None else None


def unmet_result(
    rule: str, ref: EventRef, book: Book, *, kind: str, item: str, result: str
) -> Iterator[Unmet]:
    """Yield, under a rule of the asker's, why a decision does not settle an item so.

    ``item`` is ``<subject>/<matter>``.
    """
    found = decision(ref, book)
    if found is None:
        yield Unmet(rule=rule, reason=f"{ref.stream} is no decision in effect",
                    who=presiding_officer.name)  # fmt: skip
    elif found.kind != kind:
        yield Unmet(rule=rule, reason=f"{found.symbol} is a decision on {found.kind}, not {kind}")
    elif (got := found.results.get(item)) != result:
        settled = "does not settle it" if got is None else f"says «{got}»"
        yield Unmet(rule=rule, reason=f"{found.symbol} {settled}; «{result}» is asked")


secretary: Final = role("body_secretary")
presiding_officer: Final = role("presiding_officer")


def _of_this_body(name: str) -> Capacity:
    """Make the capacity of holding a role that was given for this body by its name (BO1)."""

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        return any(
            grant.scope is not None and entry.event.subject in (grant.scope.subjects or ())
            for grant in grants(actor, name, entry, book)
        )

    return Capacity(name, holds)


own_secretary: Final = _of_this_body("body_secretary")
own_presiding_officer: Final = _of_this_body("presiding_officer")


def _is_mission(actor: str, entry: Entry, book: Book) -> bool:
    return any(
        grant.role == "permanent_mission" and grant_in_force(grant, entry.at)
        for grant in book.subject(actor).all(Grant)
    )


mission: Final = Capacity("permanent_mission", _is_mission)
"""A mission speaks for its State in any body, whatever country its scope names."""


class OfBody(Body, frozen=True, kw_only=True):
    """What every event of a body has in common (BO1)."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = (own_secretary,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1."""
        known = book.thing(entry.event.subject, "actor", Actor)
        if known is None or known.kind != "body":
            yield Unmet(rule="BO1", reason=f"{entry.event.subject} is no registered body",
                        who="registry")  # fmt: skip


def thing_key(kind: str, stream: str) -> str:
    """Return the key of the thing that a stream ``…/<id>`` holds."""
    return f"{kind}:{stream.rpartition('/')[2]}"


def named_key(kind: str, entry: Entry) -> str:
    """Return the key of what a stream ``…/<kind>/<id>/<author>`` is about."""
    return f"{kind}:{entry.event.stream.split('/')[2]}"


def annexes_named(refs: tuple[EventRef, ...], subject: Subject) -> Iterator[Annex]:
    """Yield the annexes of a decision that are on record; what is missing is BO7's to tell."""
    for ref in refs:
        found = subject.get(thing_key("annex", ref.stream), Annex)
        if found is not None and found.ref == ref:
            yield found


def whole(
    items: tuple[DecisionItem, ...], annexes: tuple[EventRef, ...], subject: Subject
) -> tuple[DecisionItem, ...]:
    """Return the items of a decision with those of its annexes."""
    return (*items, *(item for annex in annexes_named(annexes, subject) for item in annex.items))


def unmet_items(items: Iterable[DecisionItem]) -> Iterator[Unmet]:
    """Yield what is not met of BO7 by a list of items."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        if (item.subject, item.matter) in seen:
            yield Unmet(rule="BO7", reason=f"{item.subject}/{item.matter} stands twice")
        seen.add((item.subject, item.matter))
        if item.votes is not None and carries(item.votes) == (item.result == NOT_ADOPTED):
            yield Unmet(rule="BO7", reason=f"{item.subject}/{item.matter} is {item.result} by "
                        f"{item.votes.in_favour} to {item.votes.against}")  # fmt: skip
