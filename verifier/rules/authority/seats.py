"""Seats: the roles that a body fills, each put into effect by its secretary as the body decided.

- RO11 A role of ``BY_DECISION`` is given as a body decided: by an appointment in effect, of a body
       that a grant of its secretary names, whose item for this holder and this role states these
       very terms. It is put into effect within P90D, and each decision gives it once. [R1, R45]
- RO12 It is taken back as the same body decided since: by an item for this holder and this role
       that says «dismiss», in effect after the grant was given, and within P90D. Its holder lays it
       down without one. [R1, R45]

So nobody alone picks the reviewers, the auditors, the experts or the judges of an appeal, nor lets
one of them go, nor shortens a term or narrows a scope by the way. That what a body decided is also
put into effect is a duty of its secretary (BO11). Source: decisions D2.10, D2.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verifier.rules import dates
from verifier.rules.authority.state import Grant, Terms, grants
from verifier.rules.body.state import Decision, decision, secretary, subject_of, unmet_result
from verifier.rules.book import Book, Entry, Unmet
from verifier.rules.fields import EventRef

__all__ = [
    "APPOINT",
    "APPOINTMENT",
    "BY_DECISION",
    "DISMISS",
    "matter",
    "unmet_appointment",
    "unmet_dismissal",
]

BY_DECISION: Final = frozenset({"reviewer", "appeals_panel", "expert_body", "independent_auditor"})
"""The roles that a body fills: who reviews, judges, advises and audits in its name."""

APPOINTMENT: Final = "appointment"
"""The kind of a body's decision on seats; the results are ``appoint`` and ``dismiss``."""

APPOINT: Final = "appoint"
DISMISS: Final = "dismiss"

EFFECT_WITHIN: Final = "P90D"
"""For how long a decision on a seat can be put into effect, so that none is kept in a drawer."""


def matter(role: str) -> str:
    """Return the matter of an item about a role: its name, as streams have it."""
    return role.replace("_", "-")


def unmet_appointment(
    terms: Terms, ref: EventRef | None, entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield what is not met of RO11 by a grant of a role."""
    if terms.role not in BY_DECISION:
        if ref is not None:
            yield Unmet(rule="RO11", reason=f"no body decides who is {terms.role}")
        return
    yield from _unmet_decision("RO11", terms.role, ref, entry, book, APPOINT)
    found, holder = decision(ref, book) if ref else None, book.subject(entry.event.subject)
    if found is None:
        return
    stated = found.terms.get(f"{holder.id}/{matter(terms.role)}")
    if stated is not None and stated != terms:
        yield Unmet(rule="RO11", reason=f"{found.symbol} states other terms")
    if any((held.decision, held.role) == (ref, terms.role) for held in holder.all(Grant)):
        yield Unmet(rule="RO11", reason=f"{found.symbol} has given this role",
                    hint="the body decides anew")  # fmt: skip


def unmet_dismissal(
    grant: Grant, ref: EventRef | None, entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield what is not met of RO12 by the withdrawal of a role that another holds."""
    if grant.role not in BY_DECISION or entry.actor == entry.event.subject:
        if ref is not None:
            yield Unmet(rule="RO12", reason="no body decides on this withdrawal")
        return
    yield from _unmet_decision("RO12", grant.role, ref, entry, book, DISMISS)
    found = decision(ref, book) if ref else None
    if found is None or grant.decision is None:
        return
    if found.body != subject_of(grant.decision):
        yield Unmet(rule="RO12", reason=f"{subject_of(grant.decision)} has given this role")
    if found.effective is None or found.effective < grant.given:
        yield Unmet(rule="RO12", reason=f"{found.symbol} is older than the grant",
                    hint="the body decides anew")  # fmt: skip


def _unmet_decision(
    rule: str, role: str, ref: EventRef | None, entry: Entry, book: Book, result: str
) -> Iterator[Unmet]:
    if ref is None:
        yield Unmet(rule=rule, reason=f"a body decides who is {role}",
                    hint="name the decision of the body", who=secretary.name)  # fmt: skip
        return
    item = f"{entry.event.subject}/{matter(role)}"
    yield from unmet_result(rule, ref, book, kind=APPOINTMENT, item=item, result=result)
    found = decision(ref, book)
    if found is None:
        return
    if found.body not in _serves(entry, book):
        yield Unmet(rule=rule, reason=f"{entry.actor} is no secretary of {found.body}")
    last = _last_day(found)
    if not dates.in_time(entry.at, dates.parse_day(last)):
        yield Unmet(rule=rule, reason=f"{found.symbol} could be put into effect until {last}",
                    hint="the body decides anew")  # fmt: skip


def _serves(entry: Entry, book: Book) -> set[str]:
    """Return what the grants of a secretary name: among it the bodies that it serves (BO1)."""
    scopes = (grant.scope for grant in grants(entry.actor, secretary.name, entry, book))
    return {name for scope in scopes if scope for name in scope.subjects or ()}


def _last_day(found: Decision) -> str:
    return dates.add(dates.parse_day(found.effective_on), EFFECT_WITHIN).isoformat()
