"""The hot states of subjects: the rules' book, bounded, over the log in the database.

Rules:

1. A subject that is not in memory is rebuilt from its own events, by the same ``fold`` that an
   auditor runs. A subject that exists never looks empty, whoever asks.
2. Between ``assume`` and ``settle`` the book is ahead of the database. ``abandon`` forgets all that
   a failed commit had assumed: those subjects are rebuilt when they are next asked for.
3. What was assumed is never evicted before it is settled; the singletons and the registry of keys
   never are.
4. One thread uses a book.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.domain import DomainEventProtocol

from ledger.hashes import Roots
from ledger.mapper import Recorded
from ledger.recorder import LogHead
from ledger.register import LedgerRegister
from ledger.register_table import RegisterTable
from verifier.rules import admission
from verifier.rules.authority.state import thumbprint
from verifier.rules.book import SINGLETONS, Book, Entry, Subject

__all__ = ["LedgerBook"]


class LedgerBook(Book):
    """The book of a ledger that runs."""

    __slots__ = (
        "_before", "_dirty", "_hot", "_new_keys", "_repository", "_roots", "limit", "register",
        "versions",
    )  # fmt: skip

    def __init__(
        self, repository: Repository[str], roots: Roots, table: RegisterTable, *, limit: int
    ) -> None:
        """Rebuild from *repository*, know the log's *roots*, keep *limit* subjects in memory."""
        super().__init__(roots.at)
        self.register: LedgerRegister = LedgerRegister(table)
        self._roots = roots
        self._hot: OrderedDict[str, Subject] = OrderedDict()
        self.subjects = self._hot
        self.versions: dict[str, int] = {}
        """How many events each hot subject has."""
        self._repository = repository
        self.limit = limit
        self._dirty: set[str] = set()
        self._new_keys: list[bytes] = []
        self._before: tuple[int, int, bytes | None] = (0, 0, None)

    def open_at(self, head: LogHead, *, ledger: bytes | None, keys: Mapping[bytes, bytes]) -> None:
        """Stand at a committed head, with all keys and the singletons at hand."""
        self.size, self.time, self.ledger = head.size, head.time, ledger
        self._before = (self.size, self.time, self.ledger)
        self.public_keys = dict(keys)
        for name in SINGLETONS:
            self.subject(name)

    def subject(self, subject_id: str) -> Subject:
        """Return a subject's state, rebuilt from its events if it is not in memory (rule 1)."""
        found = self._hot.get(subject_id)
        return self._rebuild(subject_id) if found is None else found

    def prepare(self, names: Iterable[str]) -> None:
        """Have these subjects at hand and mark them as used last."""
        hot = self._hot
        for name in names:
            if name in hot:
                hot.move_to_end(name)
            else:
                self._rebuild(name)

    def assume(self, entry: Entry) -> int:
        """Let an admitted event take effect and return its version in its subject (rule 2)."""
        name = entry.event.subject
        self.subject(name)
        self._dirty.add(name)  # first: `record` may fail half way
        for public in entry.body.enrols():
            kid = thumbprint(public)
            if kid not in self.public_keys:
                self._new_keys.append(kid)
        admission.record(entry, self)
        self._roots.assume(entry.event.id)
        version = self.versions[name] = self.versions[name] + 1
        return version

    def settle(self) -> None:
        """Keep what was assumed: it is durable. Then let the least used subjects go (rule 3)."""
        self._before = (self.size, self.time, self.ledger)
        self._forget()
        while len(self._hot) > self.limit + len(SINGLETONS):
            name, subject = self._hot.popitem(last=False)
            if name in SINGLETONS:
                self._hot[name] = subject
            else:
                del self.versions[name]

    def abandon(self) -> None:
        """Forget what was assumed (rule 2)."""
        self.size, self.time, self.ledger = self._before
        for name in self._dirty:
            self._hot.pop(name, None)
            self.versions.pop(name, None)
        for kid in self._new_keys:
            self.public_keys.pop(kid, None)
        self._forget()

    def _forget(self) -> None:
        self._dirty.clear()
        self._new_keys.clear()
        self._roots.forget()
        self.register.forget()

    def _rebuild(self, subject_id: str) -> Subject:
        """Fold a subject's events, read through the library's repository."""
        subject = self._hot[subject_id] = Subject(subject_id)  # `evolve` may read its own subject
        self.versions[subject_id] = 0

        def project(_: Any, events: Iterable[DomainEventProtocol[str]]) -> Subject | None:
            for recorded in events:
                assert isinstance(recorded, Recorded)
                admission.fold(recorded.entry, subject, self)
                self.versions[subject_id] = recorded.originator_version
            return subject if self.versions[subject_id] else None

        try:
            self._repository.get(subject_id, projector_func=project)
        except AggregateNotFoundError:
            return subject  # it has no events: an empty state is the truth
        except BaseException:
            del self._hot[subject_id], self.versions[subject_id]
            raise
        return subject
