"""What is known of the roots: who they are, since when, and who they were before.

- AU5 The roots are those of the genesis until they replace themselves together; each change counts
      from the endorsement that completes it. A root's key signs as long as its root has it.
- AU6 Who is a root from the genesis counts from its own endorsement of it; who became one later has
      proved possession of its key in the change, and counts with that.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from verifier.keys import thumbprint
from verifier.rules.book import Book, Capacity, Entry
from verifier.rules.fields import ActorId, EventRef

__all__ = [
    "Joined",
    "Root",
    "Roots",
    "ending_of",
    "is_member",
    "member",
    "root",
    "roots_at",
    "threshold",
]


class Root(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A root principal: its actor, the organization it counts for, its raw public key."""

    actor: ActorId
    principal: ActorId
    public: Annotated[bytes, Meta(min_length=32, max_length=32)]


class Roots(msgspec.Struct, frozen=True):
    """The root principals, how many of them an act of the roots needs, and since when."""

    threshold: int
    members: tuple[Root, ...]
    since: int = 0
    """The index that made them the roots: they are, for every event after it."""
    by: EventRef | None = None
    """The proposal that named them; none where that is the genesis."""
    before: Roots | None = None
    """The roots that these replaced; they never change, so what is asked of a past index is what
    was answered there."""


class Joined(msgspec.Struct, frozen=True):
    """From this index on a root counts; it stands there until its root is replaced."""

    index: int
    ended: int | None = None


def threshold(book: Book) -> int:
    """Return how many roots an act of theirs needs now."""
    roots = book.thing("ledger", "roots", Roots)
    return roots.threshold if roots else 0


def member(actor: str, book: Book) -> Root | None:
    """Return a root of now by its actor."""
    roots = book.thing("ledger", "roots", Roots)
    return next((r for r in roots.members if r.actor == actor), None) if roots else None


def is_member(actor: str, book: Book) -> bool:
    """Say whether an actor is one of the roots of now, whether or not it counts yet."""
    return member(actor, book) is not None


def roots_at(index: int, book: Book) -> Roots | None:
    """Return the roots by whom an event at an index is judged; the answer never changes."""
    roots = book.thing("ledger", "roots", Roots)
    while roots is not None and roots.since >= index:
        roots = roots.before
    return roots


def ending_of(actor: str, kid: bytes, book: Book) -> tuple[bytes, int] | None:
    """Return a key that a root had once, and the index at which it ended."""
    roots = book.thing("ledger", "roots", Roots)
    while roots is not None and roots.before is not None:
        for known in roots.before.members:
            if known.actor == actor and thumbprint(known.public) == kid:
                return known.public, roots.since
        roots = roots.before
    return None


def _is_root(actor: str, entry: Entry, book: Book) -> bool:
    """Say whether an actor acts as a root: one that counts, or one about to endorse the genesis."""
    if entry.index == 0:
        return any(r.actor == actor for r in getattr(entry.body, "roots", ()))
    joined = book.thing("ledger", "root:" + actor, Joined)
    if joined is not None and joined.ended is None:
        return True
    return entry.event.stream == f"ledger/endorsement/genesis/{actor}" and is_member(actor, book)


root = Capacity("a root", _is_root)
