"""The roots replace themselves, together: members, keys, threshold.

- RT1 There is at least one root; no actor and no raw key stands twice; the threshold is at least
      one and at most the number of distinct principals.
- RT2 Who counts as a root already stays with its key and its principal, and proves nothing again.
      Every other member comes with a key that is new to the ledger (AC3) and proves possession of
      it at this place (AC4): one who never endorsed the genesis as well.
- RT3 Something changes: a member, a key, the threshold.
- RT4 A new root that is on record counts for the principal it is registered with; it is no body,
      and has neither an active key of its own nor a role. This is asked again at each endorsement.

It takes the threshold of the roots that are replaced (PR1) by their own voices (PR5, PR8); whom the
change names has no voice in it. From the endorsement that completes it on, the keys of roots that
are not among the new ones sign nothing more (AD5), and whatever the former roots had proposed ends
(PR11). A key that has ended never comes back (AC3), so nobody leads the ledger back to former roots
by showing an old change. The genesis stays what it is. Source: record format §4; the TUF
specification, §5.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.keys import unmet_possession
from verifier.rules.authority.roots import Joined, Root, Roots, member, root, threshold
from verifier.rules.authority.state import Actor, Grant, Key
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, PublicKey, Symbol
from verifier.rules.proposal import Proposal, ProposalBody

__all__ = ["EVENTS", "NextRoot", "RootsChanged"]


class NextRoot(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A root that stays or comes: its actor, the organization it counts for, its raw public key."""

    actor: ActorId
    principal: ActorId
    public: PublicKey
    pop: Annotated[bytes, Meta(min_length=64, max_length=64)] | None = None
    """The new key's signature over ``possession_statement`` on the proposal's own place; none where
    the root stays with its key."""


class RootsChanged(ProposalBody, frozen=True, kw_only=True):
    """One root proposes who is to follow; the threshold of the present roots endorses it.

    The new keys are taken from the proposal on: whether or not it takes effect, they are enrolled
    to nobody else.
    """

    TYPE: ClassVar[str] = "RootsChanged/1"
    STREAM: ClassVar[str] = "ledger/roots/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    AUTHORITY: ClassVar[bool] = True
    OFFLINE: ClassVar[bool] = True

    roots: Annotated[tuple[NextRoot, ...], Meta(min_length=1, max_length=20)]
    threshold: Annotated[int, Meta(ge=1, le=20)]
    reason: Symbol

    def touches(self, event: object) -> Iterable[str]:
        """Look at those who are to be roots."""
        return (one.actor for one in self.roots)

    def enrols(self) -> Iterable[bytes]:
        """Return the keys that are new."""
        return (one.public for one in self.roots if one.pop is not None)

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the threshold of the roots that are replaced."""
        return threshold(book)

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RT1 to RT4, AC3 and AC4."""
        actors, publics = {r.actor for r in self.roots}, {r.public for r in self.roots}
        if min(len(actors), len(publics)) < len(self.roots):
            yield Unmet(rule="RT1", reason="a root's actor or key is listed twice")
        if self.threshold > len({r.principal for r in self.roots}):
            yield Unmet(rule="RT1", reason="the threshold exceeds the number of principals")
        present = book.thing("ledger", "roots", Roots)
        if present and (self.threshold, set(self._members())) == (
            present.threshold, set(present.members),
        ):  # fmt: skip
            yield Unmet(rule="RT3", reason="these are the roots and the threshold already")
        for one in self.roots:
            yield from _unmet_member(one, entry, book)
        yield from self.bars("", "", entry, book)

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RT4, also at an endorsement."""
        for one in self.roots:
            yield from _unmet_actor(one, entry, book)

    def _members(self) -> tuple[Root, ...]:
        return tuple(Root(one.actor, one.principal, one.public) for one in self.roots)

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Put the new roots in the place of the old."""
        before: Roots = subject.things["roots"]
        yield "roots", Roots(self.threshold, self._members(), entry.index, proposal.ref, before)
        for one in self.roots:
            if one.pop is not None:
                yield "root:" + one.actor, Joined(entry.index)
        staying = {one.actor for one in self.roots}
        for former in before.members:
            joined = subject.get("root:" + former.actor, Joined)
            if former.actor not in staying and joined is not None:
                ended = msgspec.structs.replace(joined, ended=entry.index)
                yield "root:" + former.actor, ended


def _unmet_member(one: NextRoot, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of RT2, AC3 and AC4 by one who stays or comes."""
    now = member(one.actor, book)
    joined = book.thing("ledger", "root:" + one.actor, Joined)
    stays = now is not None and now.public == one.public and joined is not None
    if now is not None and now.principal != one.principal:
        yield Unmet(rule="RT2", reason=f"the root {one.actor} counts for {now.principal}")
    if one.pop is not None:
        yield from unmet_possession(one.public, one.pop, one.actor, entry, book)
    elif not stays:
        yield Unmet(rule="RT2", reason=f"{one.actor} does not count as a root by this key yet",
                    hint="prove possession of a new key")  # fmt: skip


def _unmet_actor(one: NextRoot, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of RT4 by what is on record of an actor."""
    own = book.subject(one.actor)
    actor = own.get("actor", Actor)
    if actor is not None and actor.principal != one.principal:
        yield Unmet(rule="RT4", reason=f"{one.actor} counts for {actor.principal}")
    if actor is not None and actor.kind == "body":
        yield Unmet(rule="RT4", reason=f"{one.actor} is a body and holds no key")
    if any(key.ended is None for key in own.all(Key)):
        yield Unmet(rule="RT4", reason=f"{one.actor} has an active key of its own",
                    hint="end it first: a root signs by its root's key alone")  # fmt: skip
    today = dates.day_text(entry.at)
    for grant in own.all(Grant):
        if grant.withdrawn is None and today <= (grant.last_day or today):
            yield Unmet(rule="RT4", reason=f"{one.actor} is {grant.role}")


EVENTS: Final[tuple[type[Body], ...]] = (RootsChanged,)
