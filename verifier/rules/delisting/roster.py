"""Who may hear an appeal: the roster of the day of the decision, without who had a part in it.

- AP5 Nobody hears it who signed before in the case, by actor, key or deciding organization, nor who
      is or was an office of the body that decided, nor a party to the partnership.
- AP9 The roster is the one that stood when the decision appealed against was taken: who was given
      the role later does not count, and whom another dismissed since still does, unless its days
      are over or it took a role that excludes this one. So nobody picks the judges of a case.

Sources: domain C4.3 steps 8 and 9; decision D3.21.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from verifier.rules import partnership
from verifier.rules.authority.offices import INCOMPATIBLE
from verifier.rules.authority.scope import Place, Scope, covers, reaches
from verifier.rules.authority.state import Grant, grant_in_force
from verifier.rules.body import presiding_officer, secretary
from verifier.rules.book import Book, Capacity, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting.case import RemovalCase
from verifier.rules.delisting.decision import RemovalDecisionProposed
from verifier.rules.proposal import Proposal

__all__ = ["PANEL", "Moment", "Ties", "barred", "has_seat", "panel", "ties", "unmet_fresh_eyes"]

PANEL: Final = "appeals_panel"
ANOTHER: Final = "another member of the roster decides"


class Moment(msgspec.Struct, frozen=True):
    """The log time and the index at which something is judged."""

    at: int
    index: int


class Ties(msgspec.Struct, frozen=True, kw_only=True):
    """What tied others to a case when its appeal was looked at: enough to judge by it later."""

    subject: str
    place: Place | None
    decided: int
    """The index of the decision appealed against."""
    body: str | None
    """The body that took it, on the tracks on which one does."""
    actors: tuple[str, ...]
    """Who signed in the case, or proposed or endorsed a decision in it, and the secretariat."""
    organizations: tuple[str, ...]
    """Whose offices decided."""
    parties: tuple[str, ...]
    """Who is or was a partner."""


def ties(subject: Subject, index: int) -> Ties:
    """Return the ties of a partnership's open case, as of an index."""
    case, found = cases.open_case(subject), partnership.of(subject)
    decision = case.decision if case else None
    signers = [signer.actor for signer in case.signers] if case else []
    partners = [partner.organization for partner in found.partners] if found else []
    return Ties(
        subject=subject.id, place=subject.get("place", Place),
        decided=decision.index if decision else index,
        body=decision.body if decision else None,
        actors=tuple(sorted({*signers, *_deciders(subject, case),
                             *((found.secretariat,) if found else ())})),
        organizations=tuple(v.organization for v in decision.offices) if decision else (),
        parties=(*partners, *(found.former if found else ())),
    )  # fmt: skip


def _deciders(subject: Subject, case: RemovalCase | None) -> Iterator[str]:
    """Yield who proposed or endorsed a decision in the case, whether or not it took effect."""
    for proposal in subject.all(Proposal):
        body = proposal.body
        if case and isinstance(body, RemovalDecisionProposed) and body.case == case.id:
            yield proposal.by
            yield from (voice.actor for voice in proposal.endorsements)


def _as_of(grant: Grant, index: int) -> Grant:
    """Return a grant as it stood at an index, whatever became of it since."""
    if grant.withdrawn is None or grant.withdrawn < index:
        return grant
    return msgspec.structs.replace(grant, withdrawn=None, laid_down=False)


def _grants(actor: str, when: Moment, book: Book) -> list[Grant]:
    return [
        _as_of(grant, when.index)
        for grant in book.subject(actor).all(Grant)
        if grant.given < when.index
    ]


def _seats(actor: str, when: Moment, book: Book) -> Iterator[Grant]:
    """Yield an actor's seats on the roster whose days run, also those that another withdrew."""
    held = _grants(actor, when, book)
    if any(
        frozenset((own.role, PANEL)) in INCOMPATIBLE and grant_in_force(own, when.at)
        for own in held
    ):
        return
    for grant in held:
        if grant.role == PANEL and not grant.laid_down and _runs(grant, when.at):
            yield grant


def _runs(grant: Grant, at: int) -> bool:
    return grant_in_force(msgspec.structs.replace(grant, withdrawn=None), at)


def _sits(actor: str, entry: Entry, book: Book) -> bool:
    seats = _seats(actor, Moment(entry.at, entry.index), book)
    return any(covers(seat.scope, entry, book) for seat in seats)


panel: Final = Capacity(PANEL, _sits)


def has_seat(actor: str, tied: Ties, when: Moment, book: Book) -> bool:
    """Say whether an actor's seat on the roster covers a case."""
    return any(_covered(seat.scope, tied) for seat in _seats(actor, when, book))


def _covered(scope: Scope | None, tied: Ties) -> bool:
    return reaches(scope, tied.subject, tied.place)


def barred(actor: str, organization: str, tied: Ties, when: Moment, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of AP5 and AP9 by an actor who would hear an appeal."""
    seats = [seat for seat in _seats(actor, when, book) if _covered(seat.scope, tied)]
    if seats and not any(
        seat.given < tied.decided and (seat.withdrawn is None or seat.withdrawn > tied.decided)
        for seat in seats
    ):
        yield Unmet(rule="AP9", reason=f"{actor} was not on the roster at the decision",
                    hint=ANOTHER, who=PANEL)  # fmt: skip
    if actor in tied.actors:
        yield Unmet(rule="AP5", reason=f"{actor} had a part in this case before",
                    hint=ANOTHER, who=PANEL)  # fmt: skip
    if tied.body is not None and tied.body in _bodies_of(actor, when, book):
        yield Unmet(rule="AP5", reason=f"{actor} certifies, or did, for {tied.body}",
                    hint=ANOTHER, who=PANEL)  # fmt: skip
    if organization in tied.organizations:
        yield Unmet(rule="AP5", reason=f"{organization} took the decision appealed against",
                    hint=ANOTHER, who=PANEL)  # fmt: skip
    if organization in tied.parties:
        yield Unmet(rule="AP5", reason=f"{organization} is a party to the partnership",
                    hint=ANOTHER, who=PANEL)  # fmt: skip


def _bodies_of(actor: str, when: Moment, book: Book) -> Iterator[str]:
    """Yield every body whose decisions an actor may certify or cosign, or once might."""
    for grant in _grants(actor, when, book):
        if grant.role in (secretary.name, presiding_officer.name) and grant.scope:
            yield from grant.scope.subjects or ()


def unmet_fresh_eyes(actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of AP5 and AP9 by the author of an event."""
    subject = book.subject(entry.event.subject)
    when, tied = Moment(entry.at, entry.index), ties(subject, entry.index)
    yield from barred(actor, organization, tied, when, book)
    case = cases.open_case(subject)
    if case is not None and any(entry.event.kid == signer.kid for signer in case.signers):
        yield Unmet(rule="AP5", reason="this key signed before in this case",
                    hint=ANOTHER, who=PANEL)  # fmt: skip
