"""What a removal case asks of its deciders by which day: their silence is told as theirs.

- CD1 (whole log) An appeal is decided by its day; later the matter is the deciders' again, and the
      silence is the panel's omission.
- CD2 (whole log) A case whose report was accepted is closed within the profile's time for lifting a
      suspension; later is the registry's own omission. A suspension asks SU3.

Sources: domain C4.3 steps 9 and 10; decisions D1.8, D3.19 to D3.21.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verifier.rules.book import Body, Book, Broken, Subject
from verifier.rules.delisting import case as cases
from verifier.rules.delisting.case import registry
from verifier.rules.duty import Duty, late

__all__ = ["EVENTS", "duties", "whole_log"]


def duties(subject: Subject, book: Book) -> Iterator[Duty]:
    """Yield what is owed in the open case of a partnership."""
    case = cases.open_case(subject)
    rules = cases.terms(subject, book.time, book) if case else None
    if case is None or rules is None:
        return
    lapses = cases.appeal_lapses(case, rules, book)
    if lapses is not None:
        yield Duty(
            rule="CD1", subject=subject.id, stream=f"{subject.id}/decision/*",
            what="the decision on the appeal", who="appeals_panel", due=lapses.isoformat(),
        )  # fmt: skip
    accepted = cases.cured_on(case, subject)
    if accepted is not None and case.suspension is None:
        due = cases.later(accepted, rules.suspension_lifted_within)
        yield Duty(
            rule="CD2", subject=subject.id, stream=f"{subject.id}/case/{case.id}",
            what="the closing of the case", who=registry.name, due=due.isoformat(),
        )  # fmt: skip


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield every appeal and every closing that is late (CD1, CD2)."""
    yield from late(duties, book)


EVENTS: Final[tuple[type[Body], ...]] = ()
