"""The book: what the rules may look at, as of just before an event.

Rules:

1. A *subject* is the consistency boundary. Its state is the heads of its streams and its *things*:
   small frozen structs by key. A change replaces a thing, it never edits one. Things are found by
   key, or by kind; neither takes longer as other things come.
2. ``unmet`` may read the event's own subject, its author's, those the event names or its type
   ``touches``, and the singletons (``ledger``, ``guidelines``, ``calendar``).
3. ``evolve`` may read only the event, its own subject and what never changes in the singletons
   (the genesis, who the roots were at an index, a guideline version by its name); so a subject can
   be rebuilt from its own events alone. Whatever else an effect depends on is stated in the payload
   and checked by ``unmet``.
4. No clock, no randomness, no I/O: time is log time.
5. What only the whole log can show is a rule all the same: a module's ``whole_log`` yields what is
   broken in the book of a log that was read to its end. Only the audit asks it; admission never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, TypeVar

import msgspec

from verifier.errors import RefusedError
from verifier.event import Event
from verifier.rules.fields import ActorId, EventRef
from verifier.rules.registered import Registered

__all__ = [
    "SINGLETONS",
    "Body",
    "Book",
    "Broken",
    "Capacity",
    "Change",
    "Entry",
    "Head",
    "OnBehalf",
    "Refused",
    "Subject",
    "Unmet",
]

FEW_THINGS: Final = 32  # which one looks through; of more, the kinds asked for are kept apart
SINGLETONS: Final = ("ledger", "guidelines", "calendar")

Change = tuple[str, Any]
"""The key of a thing and the frozen struct that stands there from now on."""

T = TypeVar("T")


class Head(msgspec.Struct, frozen=True, gc=False):
    """The last event of a stream."""

    seq: int
    id: bytes


class Unmet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition that is not met, told so that its reader knows what to do.

    ``earliest`` is the first second of log time at which time alone would meet it; ``who`` is the
    capacity that can act.
    """

    rule: str
    reason: str
    hint: str = ""
    earliest: int | None = None
    who: str = ""


class Broken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule over the whole log that is broken (rule 5), told like an unmet condition."""

    rule: str
    reason: str
    subject: str
    kind: Literal["breach", "omission"] = "breach"
    """An omission (somebody was late or silent) is told, and does not make the record false."""
    hint: str = ""
    who: str = ""
    due: str = ""
    """The day by which what is missing was owed, in ISO 8601."""
    stream: str = ""
    """Where it would stand."""


class Refused(RefusedError):
    """The rules do not admit an event; ``unmet`` holds every condition, ``head`` a newer head."""

    def __init__(self, unmet: tuple[Unmet, ...], *, head: Head | None = None) -> None:
        first = unmet[0]
        super().__init__(first.rule, first.reason, hint=first.hint)
        self.unmet = unmet
        self.head = head


class Subject:
    """The state of one subject: stream heads by stream id, things by key (rule 1)."""

    __slots__ = ("_kinds", "_things", "heads", "id", "things")

    def __init__(self, subject_id: str) -> None:
        self.id = subject_id
        self.heads: dict[str, Head] = {}
        self._things: dict[str, Any] = {}
        self.things: Mapping[str, Any] = MappingProxyType(self._things)
        """Only ``change`` changes them."""
        self._kinds: dict[type, dict[str, Any]] = {}

    def change(self, *changes: Change) -> None:
        """Put things at their keys."""
        for key, thing in changes:
            kind, before = type(thing), self._things.get(key)
            if before is not None and type(before) is not kind:
                self._kinds.clear()
            self._things[key] = thing
            if kind in self._kinds:
                self._kinds[kind][key] = thing

    def get(self, key: str, kind: type[T]) -> T | None:
        """Return the thing at a key if it is of this kind."""
        thing = self._things.get(key)
        return thing if type(thing) is kind else None

    def advance(self, event: Event) -> None:
        """Make an event the head of its stream."""
        self.heads[event.stream] = Head(event.seq, event.id)

    def all(self, kind: type[T]) -> Iterator[T]:
        """Yield every thing of this kind, in order of first appearance."""
        return iter(self.by_key(kind).values())

    def by_key(self, kind: type[T]) -> Mapping[str, T]:
        """Return the things of this kind by their keys, in order of first appearance."""
        found = self._kinds.get(kind)
        if found is None:
            found = {key: thing for key, thing in self._things.items() if type(thing) is kind}
            if len(self._things) > FEW_THINGS:  # from now on ``change`` keeps them together
                self._kinds[kind] = found
        return found


class Book:
    """All subjects at hand, the size and the log time, as of just before an event."""

    __slots__ = ("ledger", "public_keys", "register", "root_at", "size", "subjects", "time")

    def __init__(self, root_at: Callable[[int], bytes]) -> None:
        self.ledger: bytes | None = None
        self.size = 0
        self.time = 0
        self.subjects: dict[str, Subject] = {}
        self.public_keys: dict[bytes, bytes] = {}
        """Every key ever enrolled: thumbprint -> raw public key. A raw key is enrolled once."""
        self.root_at = root_at
        """Gives the log's own root at a size up to ``size``."""
        self.register = Registered()
        """Computes the register of the present state (``publication``)."""

    def subject(self, subject_id: str) -> Subject:
        """Return a subject's state; a subject without events is empty."""
        found = self.subjects.get(subject_id)
        return found if found is not None else Subject(subject_id)

    def pass_over(self, event: Event) -> None:
        """Let an event take its place in the chain and nothing more: it was not admissible."""
        subject = self.subjects.setdefault(event.subject, Subject(event.subject))
        subject.advance(event)
        self.register.touch(event.subject, self.size, self.time)
        if self.size == 0:
            self.ledger = event.id
        self.size += 1

    def thing(self, subject: str, key: str, kind: type[T]) -> T | None:
        """Return a thing of a subject, or nothing."""
        return self.subject(subject).get(key, kind)


class OnBehalf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom the author acts, and the delegation that allows it."""

    actor: ActorId
    delegation: EventRef


class Capacity(msgspec.Struct, frozen=True):
    """A capacity in which one may sign: its name, and who holds it at an event.

    ``holds(actor, entry, book)`` decides for the acting actor.
    """

    name: str
    holds: Callable[[str, Entry, Book], bool]


class Body(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """The payload of one event type; its class docstring is the type's numbered rules.

    A type's version is part of its name: a changed payload is a new class beside the old one.
    """

    TYPE: ClassVar[str]
    """Name and schema version, such as ``CommitmentMade/1``."""
    STREAM: ClassVar[str]
    """The streams it may stand on: ``*`` is one segment, ``@`` the author's actor id."""
    SIGNERS: ClassVar[tuple[Capacity, ...]]
    """Whoever holds one of these capacities may sign."""
    DECISION: ClassVar[bool] = False
    """Decisions, endorsements and appeals: ``seen`` required; at most 3,500 bytes."""
    AUTHORITY: ClassVar[bool] = False
    """Authority events: at most 3,500 bytes, so that any key store can sign them."""
    OFFLINE: ClassVar[bool] = False
    """Signed in ceremonies: may be up to seven days behind log time."""
    UPKEEP: ClassVar[bool] = False
    """The log's own record keeping: alone it makes nothing due (``upkeep``)."""
    MISSION: ClassVar[tuple[int, ...]] = ()
    """The rows of the mission table, R1 to R100, that the type carries."""

    on_behalf_of: OnBehalf | None = None

    def touches(self, event: Event) -> Iterable[str]:
        """Name the further subjects that ``unmet`` looks at."""
        return ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield every condition of this type that is not met."""
        return iter(())

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Yield what changes in the event's own subject."""
        return iter(())

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the last day on which it would be in time, for «what may happen next»."""
        return None

    def enrols(self) -> Iterable[bytes]:
        """Return the raw public keys that this event enrols."""
        return ()

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Yield (stream, body) pairs that could come next, for «what may happen next».

        The bodies carry placeholders where the author must decide; ``unmet`` judges the rest.
        """
        return iter(())


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An event at an index: its payload decoded, the log time there, and who acts."""

    index: int
    event: Event
    body: Body
    at: int
    """Log time T(index) in seconds."""

    @property
    def actor(self) -> str:
        """Who acts: the author, or the one on whose behalf the author signed."""
        behalf = self.body.on_behalf_of
        return self.event.iss if behalf is None else behalf.actor

    @property
    def signers(self) -> tuple[str, ...]:
        """The one who acts, and the one who signed in its name if that is another."""
        author = self.event.iss
        return (author,) if self.body.on_behalf_of is None else (self.actor, author)

    @property
    def ref(self) -> EventRef:
        """The reference by which other events name this one."""
        return EventRef(self.event.stream, self.event.seq, self.event.id)
