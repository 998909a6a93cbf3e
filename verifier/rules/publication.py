"""The register's root in the log: what every stream's head was, and what every subject published.

- RG1 It states the size of the log before it: its own index. It speaks of the state after all
      events before it, and of nothing else.
- RG2 The root and the number of leaves that it states are those of that state.
- RG3 Nothing is published where nothing but upkeep came since the last publication.
- RG4 (whole log) It is due on the day of the first event, other than upkeep, that comes as long
      after the last publication, or the opening of the ledger, as the genesis says.

The register is what ``verifier/records`` and ``public`` say. Source: record format §7.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.genesis import Begun, LedgerOpened
from verifier.rules.authority.state import role, unmet_key
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Hash
from verifier.rules.public import public
from verifier.rules.upkeep import is_idle_since, kept

__all__ = ["ACROSS", "EVENTS", "STREAM", "Published", "RegisterPublished", "across", "due_from",
           "whole_log"]  # fmt: skip

STREAM: Final = "ledger/register"
service: Final = role("registry_service")


class Published(msgspec.Struct, frozen=True):
    """A publication on record: the size it speaks of, and its log time."""

    index: int
    at: int


class RegisterPublished(Body, frozen=True, kw_only=True):
    """The registry's service publishes the register of the log so far (RG1 to RG3)."""

    TYPE: ClassVar[str] = "RegisterPublished/1"
    STREAM: ClassVar[str] = STREAM
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (service,)
    UPKEEP: ClassVar[bool] = True

    size: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    """Of the log before it."""
    leaves: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    root: Hash

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RG1 to RG3.

        The register is computed for the right size and an entitled author only.
        """
        last = book.thing("ledger", "register", Published)
        ledger = book.subject("ledger")
        if last is not None and is_idle_since(last.index + 1, entry.index, ledger):
            yield Unmet(rule="RG3", reason="nothing came since the last publication")
        if self.size != entry.index:
            reason = f"it speaks of {self.size} entries and would stand after {entry.index}"
            yield Unmet(rule="RG1", reason=reason, hint="compute it anew and sign it again")
            return
        if unmet_key(entry, book) is not None or not service.holds(entry.actor, entry, book):
            return  # whoever may not publish is told so, and is owed no computation
        true = book.register.commitment(book.subject, public)
        if true is not None and (self.leaves, self.root) != true:
            reason = f"the register has {true.leaves} leaves and the root {true.root.hex()[:16]}…"
            yield Unmet(rule="RG2", reason=reason, hint="compute it anew and sign it again")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the publication on record."""
        published = Published(entry.index, entry.at)
        yield "register", published
        yield f"register:{entry.event.seq}", published
        yield kept(entry.index, subject)


def due_from(book: Book) -> date | None:
    """Return the first day on which the next publication is due, or nothing before a genesis."""
    genesis, begun = _terms(book)
    if genesis is None:
        return None
    last = book.thing("ledger", "register", Published)
    return dates.add(dates.day_of(last.at if last else begun), genesis.register_every)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield each publication that came late or is missing (RG4)."""
    genesis, begun = _terms(book)
    if genesis is None:
        return
    head = book.subject("ledger").heads.get(STREAM)
    for seq in range(1 if head is None else head.seq + 2):
        published = book.thing("ledger", f"register:{seq}", Published)
        due = dates.add(dates.day_of(begun), genesis.register_every)
        first = book.register.first_on(_midnight(due))
        reached = book.time if published is None else published.at
        if first is not None and (published is None or first[1] < published.index):
            day = dates.day_of(first[0])
            if not dates.in_time(reached, day):
                yield _late(day, published)
        if published is not None:
            begun = published.at


ACROSS: Final = ()
across = whole_log


def _terms(book: Book) -> tuple[LedgerOpened | None, int]:
    begun = book.thing("ledger", "begun", Begun)
    return book.thing("ledger", "genesis", LedgerOpened), begun.at if begun else 0


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _late(due: date, published: Published | None) -> Broken:
    told = "it was not published since" if published is None else (
        f"it was published on {dates.day_text(published.at)}"
    )  # fmt: skip
    return Broken(
        rule="RG4", reason=f"the register was due on {due.isoformat()}; {told}", kind="omission",
        subject="ledger", who="registry_service", due=due.isoformat(), stream=STREAM,
        hint="publish it; until then nobody can be shown what is not in the log",
    )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (RegisterPublished,)
