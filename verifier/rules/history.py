"""A record as somebody knew it: for any day, and for any knowledge date.

1. The knowledge date is the size of the log: what stands at or beyond it was not known. There is no
   second account of when something was known, and nobody can put an event before it.
2. The day is about the subject: only what was recorded about it until the end of that day counts.
   What applies to all (guidelines, general extensions) counts as it was known.
3. A day that lies ahead of what was known is a projection: nothing is recorded until then.

A subject is rebuilt from its own events and what never changes (``book``, rule 3), so no other
subject is read. Sources: domain C3.1, C6 (V16); decision D1.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from verifier.rules import admission, calendar, dates
from verifier.rules.book import SINGLETONS, Book, Entry, Subject
from verifier.rules.standing import Standing, standing_at

__all__ = ["as_known", "standing_as_of"]


def as_known(entries: Iterable[Entry], subject_id: str, *, day: date, size: int) -> Book:
    """Return the book of one subject on a day, as known at a size (rules 1 to 3).

    ``entries`` are in order of their index, and at least those of the subject and the singletons.
    """
    book = Book(_no_root)
    for entry in entries:
        if entry.index >= size:
            break
        book.size, book.time = entry.index + 1, entry.at
        about = entry.event.subject
        if about == subject_id:
            if dates.day_of(entry.at) > day:
                continue
        elif about not in SINGLETONS:
            continue
        found = book.subjects.setdefault(about, Subject(about))
        admission.fold(entry, found, book)
    return book


def _no_root(size: int) -> bytes:
    raise LookupError(f"a record as known has no root of size {size}")


def standing_as_of(entries: Iterable[Entry], subject_id: str, *, day: date, size: int) -> Standing:
    """Return a partnership's standing on a day, as known at a size of the log."""
    book = as_known(entries, subject_id, day=day, size=size)
    return standing_at(book.subject(subject_id), calendar.opens(day), book)
