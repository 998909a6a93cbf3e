"""Duties: what is owed by a day, by whom, and whether it was done.

1. A duty is computed from the state of one subject and a day; nothing is stored, and no event marks
   that time has passed.
2. A duty is *late* once its due day has ended everywhere (``dates``, rule 3) and nothing on record
   meets it; what met it after the due day is told as such.
3. What is late at the end of a log is an omission: it is told, with whose it is, and the record of
   what was done stays true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from verifier.rules import dates
from verifier.rules.book import Book, Broken, Subject

__all__ = ["Duty", "late"]


class Duty(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something owed by a day, in ISO 8601."""

    rule: str
    """The rule that says so."""
    subject: str
    stream: str
    """Where what meets it would stand; it may end in ``*``."""
    what: str
    who: str
    """The actor or the capacity that owes it."""
    due: str
    met_on: str | None = None

    def is_late(self, at: int) -> bool:
        """Say whether it is owed and was not done, as of a log time in seconds."""
        return self.met_on is None and not dates.in_time(at, dates.parse_day(self.due))

    @property
    def was_late(self) -> bool:
        """Say whether it was done, but after its due day."""
        return self.met_on is not None and self.met_on > self.due


def late(duties: Callable[[Subject, Book], Iterator[Duty]], book: Book) -> Iterator[Broken]:
    """Yield every duty of any subject that is late at the end of a log (rule 3)."""
    for subject in book.subjects.values():
        for duty in duties(subject, book):
            if duty.is_late(book.time):
                place = "" if duty.stream.endswith("*") else f", on {duty.stream},"
                yield Broken(
                    rule=duty.rule, subject=duty.subject, kind="omission", who=duty.who,
                    due=duty.due, stream=duty.stream,
                    reason=f"{duty.what}{place} was due on {duty.due}",
                )  # fmt: skip
