"""What is known of actors, keys, roles and delegations, and the questions asked of it.

- AU1 A key belongs to the actor it was enrolled to; only an active key signs.
- AU2 A role counts from its grant's first day to its last, within its scope, unless withdrawn.
- AU3 A delegation counts for its delegate, its event types and its scope, until its last day,
      unless withdrawn.
- AU4 An actor counts for one principal: its organization; a State is one, the departments of the
      United Nations Secretariat together are one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from verifier.keys import thumbprint
from verifier.rules import dates
from verifier.rules.authority.roots import ending_of, member, root
from verifier.rules.authority.scope import Scope, covers
from verifier.rules.book import Book, Capacity, Entry, Unmet
from verifier.rules.fields import Code, Day, EventRef, Symbol

__all__ = [
    "Actor",
    "Confirmed",
    "Delegation",
    "Distrusted",
    "Grant",
    "Key",
    "Opened",
    "Terms",
    "distrusted",
    "distrusted_key",
    "grant_in_force",
    "grant_key",
    "grants",
    "is_registered",
    "itself",
    "key_of",
    "office",
    "organization_of",
    "registrars",
    "role",
    "thumbprint",
    "unmet_confirmation",
    "unmet_delegation",
    "unmet_key",
    "unmet_threshold",
]


class Actor(msgspec.Struct, frozen=True):
    """An organization, an office or a machine, and the principal it counts for (AU4)."""

    kind: str
    principal: str
    stakeholder_type: str
    country: str | None
    by: str
    """Who registered it."""


class Confirmed(msgspec.Struct, frozen=True):
    """The thing ``confirmed`` of an actor: from this index on it may sign."""

    index: int


class Key(msgspec.Struct, frozen=True):
    """A key of an actor: its bytes, and the index at which it ended, if it did."""

    public: bytes
    next: bytes | None = None
    """Thumbprint of the key that must come next (pre-rotation)."""
    ended: int | None = None
    why: str = ""
    by: str = ""
    """Who enrolled it."""


class Distrusted(msgspec.Struct, frozen=True):
    """A key that is distrusted; the thing ``distrusted:<thumbprint>`` of its actor."""

    kid: bytes
    since: str
    """From which day on what it signed is suspect."""
    on: str
    """The day on which that was put on record."""
    index: int = 0


class Opened(msgspec.Struct, frozen=True):
    """The roots' threshold was endorsed at this index: the ledger takes other events."""

    index: int


class Terms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What an appointment says, whether one signs it, several endorse it or a body decides it."""

    role: Code
    mandate: Symbol
    first_day: Day
    last_day: Day | None = None
    scope: Scope | None = None


class Grant(msgspec.Struct, frozen=True):
    """A role held by the actor of the subject it stands in."""

    ref: EventRef
    role: str
    giver: str
    """The role that its giver held: ``root`` where the roots gave it together."""
    under: EventRef | None
    """The giver's own grant, on the giver's stream; none where the roots gave it."""
    mandate: str
    depth: int
    first_day: str
    last_day: str | None = None
    scope: Scope | None = None
    given: int = 0
    """The index at which it was given."""
    withdrawn: int | None = None
    laid_down: bool = False
    """Whether it was its holder who ended it."""
    decision: EventRef | None = None
    """The decision of the body that gave it (RO11)."""


class Delegation(msgspec.Struct, frozen=True):
    """What the actor of the subject lets another actor sign in its name."""

    ref: EventRef
    to: str
    types: tuple[str, ...]
    last_day: str
    scope: Scope | None = None
    withdrawn: int | None = None


def key_of(actor: str, kid: bytes, book: Book) -> Key | None:
    """Return an actor's key by its thumbprint; a root's keys stand in the ledger's own subject."""
    key = book.subject(actor).get("key:" + kid.hex(), Key)
    if key is not None:
        return key
    own = member(actor, book)
    if own is not None and thumbprint(own.public) == kid:
        held = distrusted(actor, kid, book)
        return Key(own.public) if held is None else Key(own.public, None, held.index, "distrusted")
    past = ending_of(actor, kid, book)
    return Key(past[0], ended=past[1], why="ended by the roots together") if past else None


def distrusted_key(kid: bytes) -> str:
    """Return the key of the thing that says that an actor's key is distrusted."""
    return "distrusted:" + kid.hex()


def distrusted(actor: str, kid: bytes, book: Book) -> Distrusted | None:
    """Return since when an actor's key is distrusted, or nothing."""
    return book.thing(actor, distrusted_key(kid), Distrusted)


def organization_of(actor: str, book: Book) -> str:
    """Return the organization that an actor counts for (AU4); empty if it is unknown."""
    known = book.thing(actor, "actor", Actor)
    if known is not None:
        return known.principal
    own = member(actor, book)
    return own.principal if own else ""


def is_registered(actor: str, book: Book) -> bool:
    """Say whether an actor is on record."""
    return book.thing(actor, "actor", Actor) is not None


def grant_key(ref: EventRef) -> str:
    """Return the key of the thing that a grant is in its holder's subject."""
    return "grant:" + ref.stream.partition("/")[2].replace("/", ":")


def grant_in_force(grant: Grant, at: int) -> bool:
    """Say whether a grant counts at a log time (AU2), whatever its scope."""
    today = dates.day_text(at)
    return (
        grant.withdrawn is None
        and grant.first_day <= today
        and (grant.last_day is None or today <= grant.last_day)
    )


def grants(actor: str, name: str, entry: Entry, book: Book) -> Iterator[Grant]:
    """Yield an actor's grants of a role that are in force at an event, whatever their scope."""
    for grant in book.subject(actor).all(Grant):
        if grant.role == name and grant_in_force(grant, entry.at):
            yield grant


def role(name: str, *, partly: bool = False) -> Capacity:
    """Make the capacity of holding a role in force that covers the event (AU2).

    With ``partly`` it is enough that one of the countries concerned is covered.
    """

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        return any(
            covers(grant.scope, entry, book, partly=partly)
            for grant in grants(actor, name, entry, book)
        )

    return Capacity(name, holds)


def office(name: str) -> Capacity:
    """Make the capacity of holding a role in force, whatever its scope.

    For acts whose reach their own rules limit, such as giving a role.
    """

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        return any(True for _ in grants(actor, name, entry, book))

    return Capacity(name, holds)


def _is_subject(actor: str, entry: Entry, book: Book) -> bool:
    return actor == entry.event.subject


itself = Capacity("the actor itself", _is_subject)
registrars = (role("registry"), root)
"""Who registers actors and enrols their first keys."""


def unmet_key(entry: Entry, book: Book) -> Unmet | None:
    """Return what is not met of AD5 (AU1)."""
    event = entry.event
    if entry.index == 0:
        roots = getattr(entry.body, "roots", ())
        if any(r.actor == event.iss and thumbprint(r.public) == event.kid for r in roots):
            return None
        return Unmet(rule="AD5", reason="the first event is signed by a root that it lists")
    key = key_of(event.iss, event.kid, book)
    if key is None:
        return Unmet(
            rule="AD5",
            reason=f"key {event.kid.hex()[:16]}… is not enrolled to {event.iss}",
            hint="sign with a key enrolled to the author, or enrol this one first",
        )
    if key.ended is None:
        return None
    return Unmet(
        rule="AD5",
        reason=f"key {event.kid.hex()[:16]}… was {key.why} at index {key.ended}",
        hint="sign with the author's active key",
    )


def unmet_confirmation(entry: Entry, book: Book) -> Unmet | None:
    """Return what is not met of AC12; a root's key stands in the genesis and needs nothing more."""
    event = entry.event
    things = book.subject(event.iss).things
    if "confirmed" in things or "key:" + event.kid.hex() not in things:
        return None
    return Unmet(
        rule="AC12",
        reason=f"{event.iss} was registered by one and confirmed by nobody yet",
        hint="have it confirmed by its organization or by another registrar",
    )


def unmet_threshold(entry: Entry, book: Book) -> Unmet | None:
    """Return what is not met of AD9."""
    if entry.index == 0 or book.thing("ledger", "opened", Opened) is not None:
        return None
    if entry.event.stream.startswith("ledger/endorsement/genesis/"):
        return None
    return Unmet(rule="AD9", reason="the roots have not endorsed the genesis yet", who="a root")


def unmet_delegation(entry: Entry, book: Book) -> Unmet | None:
    """Return what is not met of AD11 (AU3)."""
    behalf = entry.body.on_behalf_of
    if behalf is None:
        return None
    if entry.body.AUTHORITY:
        return Unmet(rule="AD11", reason=f"{entry.body.TYPE} is never signed on behalf of another",
                     who=behalf.actor)  # fmt: skip
    key = "delegation:" + behalf.delegation.stream.rpartition("/")[2]
    found = book.thing(behalf.actor, key, Delegation)
    event = entry.event
    if found is None or found.ref != behalf.delegation or found.to != event.iss:
        return Unmet(rule="AD11", reason=f"{behalf.actor} gave {event.iss} no such delegation")
    if found.withdrawn is not None or dates.day_text(entry.at) > found.last_day:
        return Unmet(rule="AD11", reason="the delegation was withdrawn or has ended")
    if event.name in found.types and covers(found.scope, entry, book):
        return None
    return Unmet(
        rule="AD11", reason=f"the delegation does not cover {event.name} on {event.subject}"
    )
