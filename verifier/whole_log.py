"""The rules over the whole log, asked subject by subject, and until when each answer stands.

Rules:

1. What the rules say of a subject depends on its state, on the subjects that they look up for it,
   on the singletons and on log time. All of that is noted as they are asked (``moment``).
2. An answer stands while none of those has changed and log time has not reached the second that was
   noted. Then it need not be asked again, and asking again would say the same.
3. A rule that compares all subjects with each other is asked anew where any subject has a thing
   that it is about; one that looks at some alone, about those (``table.ACROSS``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from verifier.rules import table
from verifier.rules.book import SINGLETONS, Book, Broken, Subject
from verifier.rules.moment import Watch

__all__ = ["Answer", "across", "ask", "concerned"]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What the rules said of a subject, and what it rests on (rule 1)."""

    broken: tuple[Broken, ...]
    until: int
    """The first second of log time at which it may be another."""
    reads: tuple[str, ...] = ()
    """The other subjects that were looked up."""


class _View(Book):
    """A book in which one subject stands alone, and what else is looked up is noted."""

    __slots__ = ("_book", "reads")

    def __init__(self, book: Book, subject: Subject, watch: Watch) -> None:
        super().__init__(book.root_at)
        self._book = book
        self.ledger, self.size, self.time = book.ledger, book.size, watch.moment
        self.public_keys, self.register = book.public_keys, book.register
        self.subjects = {subject.id: subject}
        self.reads: dict[str, None] = {}

    def subject(self, subject_id: str) -> Subject:
        """Return a subject's state from the whole book."""
        self.reads[subject_id] = None
        return self._book.subject(subject_id)


class _Some(Book):
    """A book of which rules see some subjects; what they look up by name is there as well."""

    __slots__ = ("_book",)

    def __init__(self, book: Book, names: Collection[str]) -> None:
        super().__init__(book.root_at)
        self._book = book
        self.ledger, self.size, self.time = book.ledger, book.size, book.time
        self.public_keys, self.register = book.public_keys, book.register
        self.subjects = {name: book.subject(name) for name in sorted(names)}

    def subject(self, subject_id: str) -> Subject:
        """Return a subject's state from the whole book."""
        return self._book.subject(subject_id)


def ask(subject: Subject, book: Book) -> Answer:
    """Ask every rule that judges subjects one by one about this one."""
    watch = Watch(book.time)
    view = _View(book, subject, watch)
    broken = [one for rules in table.BY_SUBJECT for one in rules(view)]
    reads = tuple(name for name in view.reads if name != subject.id and name not in SINGLETONS)
    return Answer(tuple(broken), watch.until, reads)


def across(book: Book, about: Mapping[int, Collection[str]]) -> Iterator[Broken]:
    """Ask the rules that compare subjects; *about* says for each which subjects it is about."""
    for number, compared in enumerate(table.ACROSS):
        names = about.get(number, ())
        if compared.concerns is not None:
            yield from compared.rules(_Some(book, names))
        elif names or not compared.kinds:
            yield from compared.rules(book)


def concerned(subject: Subject) -> int:
    """Return, a bit for each, which of the rules that compare subjects are about one."""
    return sum(
        1 << number for number, compared in enumerate(table.ACROSS) if compared.is_about(subject)
    )
