"""What a body has decided about its seats, and its secretary has not put into effect.

- BO11 (whole log) An appointment or a dismissal is put into effect within P30D after it is
       cosigned, unless the body decides anew on it; later is its secretary's own omission. [R45]

Source: decisions D1.8, D2.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verifier.rules import calendar, dates
from verifier.rules.authority.seats import APPOINT, APPOINTMENT, DISMISS, matter
from verifier.rules.authority.state import Actor, Grant
from verifier.rules.body.state import Decision, secretary, subject_of
from verifier.rules.book import Body, Book, Broken, Subject
from verifier.rules.duty import Duty, late

__all__ = ["EVENTS", "duties", "whole_log"]

WITHIN: Final = "P30D"


def duties(subject: Subject, book: Book) -> Iterator[Duty]:
    """Yield what a body decided about its seats and is not in effect."""
    known = subject.get("actor", Actor)
    if known is None or known.kind != "body":
        return
    for item, found in sorted(_newest(subject).items()):
        holder, _, about = item.partition("/")
        grants = [g for g in book.subject(holder).all(Grant) if matter(g.role) == about]
        result = found.results[item]
        given = any(grant.decision == found.ref for grant in grants)
        stands = any(_is_of(grant, found) and grant.withdrawn is None for grant in grants)
        if (result == APPOINT and not given) or (result == DISMISS and stands):
            due = dates.add(dates.parse_day(found.effective_on), WITHIN)
            yield Duty(
                rule="BO11", subject=holder, what=f"what {found.symbol} says of {about}",
                stream=f"{holder}/{'role' if result == APPOINT else 'withdrawal'}/*",
                who=secretary.name, due=calendar.extended(due, book).isoformat(),
            )  # fmt: skip


def _newest(subject: Subject) -> dict[str, Decision]:
    """Return the newest decision in effect on each seat, by its item."""
    found: dict[str, Decision] = {}
    for decision in sorted(subject.all(Decision), key=lambda d: d.effective or 0):
        if decision.kind == APPOINTMENT and decision.effective is not None:
            found |= dict.fromkeys(decision.results, decision)
    return found


def _is_of(grant: Grant, found: Decision) -> bool:
    """Say whether a grant is one that this body gave before a decision of it."""
    return (
        grant.decision is not None
        and subject_of(grant.decision) == found.body
        and grant.given < (found.effective or 0)
    )


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield every decision on a seat that was not put into effect in time (BO11)."""
    yield from late(duties, book)


EVENTS: Final[tuple[type[Body], ...]] = ()
