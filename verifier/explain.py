"""Why an event was allowed, and what it led to: told from the log alone, by an audit that watches.

1. The event is found by its index (``@812``), its id, or a beginning of its id; a beginning that
   fits two events is refused.
2. What permitted it is told as of its place: the capacity in which it was signed, the rules that
   its type is judged by, and the chain of authority, each link with the event that made it, back to
   the genesis.
3. What it led to: the things of its subject that it changed, and every later event that names it.
4. Its time is bounded by what others vouch for: the anchors before it and the anchored checkpoints
   that cover it (``anchors``); when it was signed, by the anchors before what it says to have seen.
   Whether a key distrusted later had signed it before is measured by them where there are any.
5. The five sentences are those of the audit, the first about this event alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from verifier.anchors import Bound
from verifier.errors import MalformedError, UndecidedError
from verifier.event import Event
from verifier.explanation import GENERAL, Explanation, Later, Link
from verifier.finding import Finding, Sentence, Verdict
from verifier.keys import thumbprint
from verifier.rules import dates, texts
from verifier.rules.authority.distrust import suspect
from verifier.rules.authority.roots import Roots
from verifier.rules.authority.rulesets import CodeLists, code_list, ruleset_at
from verifier.rules.authority.state import Delegation, Grant, grant_in_force
from verifier.rules.body import decision, subject_of
from verifier.rules.book import Book, Entry
from verifier.rules.fields import EventRef
from verifier.rules.proposal import Proposal, proposal_key

__all__ = ["Watch"]

SHORTEST: Final = 8
"""Hexadecimal digits of an id that a reader must give at least."""

Bounds = Callable[[int], tuple[Bound | None, Bound | None]]
"""The tightest bounds from outside on the time of the event at an index: after, and before."""

MAX_LATER: Final = 200
MAX_INDEX_CHARS: Final = 12


class _Stood(msgspec.Struct, frozen=True):
    """Where an event that gives authority stands, and by whom it was signed."""

    index: int
    id: bytes
    stream: str
    author: str


class Watch:
    """Watches an audit for one event; ``explain`` tells it when the audit is over."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted.lower()
        self._index = _index(self.wanted)
        self._event: Event | None = None
        self._book: Book | None = None
        self._ambiguous = False
        self._told: Explanation | None = None
        self._later: list[Later] = []
        self._stood: dict[tuple[str, int], _Stood] = {}
        self._keys: dict[bytes, _Stood] = {}

    def admitted(self, entry: Entry, book: Book) -> None:
        """Look at an event that is about to take effect, with the book before it."""
        event, self._book = entry.event, book
        if self._is_wanted(event, entry.index):
            self._choose(event)
            if self._event is event:
                self._told = self._explain(entry, book)
        if event.subject.startswith("actor-") or event.subject == "ledger":
            stood = _Stood(entry.index, event.id, event.stream, event.iss)
            self._stood[(event.stream, event.seq)] = stood
            for public in entry.body.enrols():
                self._keys[thumbprint(public)] = stood

    def read(self, event: Event, index: int) -> None:
        """Look at an event that was read, whether or not it was allowed."""
        if self._is_wanted(event, index):
            self._choose(event)
            if self._told is None:  # it was not allowed
                self._told = _told(event, index, allowed=False)
        chosen = self._event
        if chosen is None or event is chosen or event.raw.find(chosen.id) < 0:
            return
        if len(self._later) < MAX_LATER:
            how = "follows on its stream" if event.prev == chosen.id else "names it"
            self._later.append(Later(index=index, event=event.id.hex(), type=event.type,
                                     stream=event.stream, how=how))  # fmt: skip

    def explanation(
        self, findings: Iterable[Finding], verdict: Verdict, bounds: Bounds
    ) -> Explanation:
        """Return what is to be told; *bounds* are those of the audit on an index.

        Raises:
            UndecidedError: code ``event-unknown``; no such event was read.
            MalformedError: code ``event-id``; two events have ids that begin so.
        """
        told = self._told
        if told is None:
            reason = f"no event that was read is {self.wanted}"
            raise UndecidedError("event-unknown", reason)
        if self._ambiguous:
            raise MalformedError("event-id", f"two events have ids that begin {self.wanted}")
        own = tuple(finding for finding in findings if finding.event == told.event)
        after, before = bounds(told.index)
        first = _first(told, own, doubted=self._suspect(told, bounds))
        seen = self._event.seen if self._event else None
        signed = bounds(seen.size - 1)[0] if seen and seen.size else None
        broken = [code.partition(":")[0] for found in own for code in (found.code, *found.also)]
        return msgspec.structs.replace(
            told, signed_after=signed, after=after, before=before, findings=own,
            led_to=tuple(self._later),
            rules=told.rules if told.allowed else tuple(map(texts.rule, broken)),
            sentences=(first, *verdict.sentences[1:]), not_checked=verdict.not_checked,
        )  # fmt: skip

    def _is_wanted(self, event: Event, index: int) -> bool:
        if self._index is not None:
            return index == self._index
        return event.id.hex().startswith(self.wanted)

    def _suspect(self, told: Explanation, bounds: Bounds) -> bool:
        """Say whether its key was distrusted later, back to before it (as the log ends)."""
        event = self._event
        if event is None or self._book is None or not told.allowed:
            return False
        first, before, seen_by = bounds(0)[1], bounds(told.index)[1], None
        if first is not None and first.anchor is not None:  # anchors measure this log
            seen_by = before.time if before else dates.ENDS_S
        return suspect(event.id, actor=event.iss, kid=event.kid, day=told.day, book=self._book,
                       seen_by=seen_by)  # fmt: skip

    def _choose(self, event: Event) -> None:
        if self._event is None:
            self._event = event
        elif self._event.id != event.id:
            self._ambiguous = True

    def _explain(self, entry: Entry, book: Book) -> Explanation:
        body, subject = entry.body, book.subject(entry.event.subject)
        capacity = next((c for c in body.SIGNERS if c.holds(entry.actor, entry, book)), None)
        name = capacity.name if capacity else ""
        numbers = dict.fromkeys((*GENERAL, *texts.cited(type(body))))
        return msgspec.structs.replace(
            _told(entry.event, entry.index, allowed=True),
            day=dates.day_text(entry.at), actor=entry.actor, capacity=name,
            rules=tuple(map(texts.rule, numbers)),
            authority=tuple(self._chain(name, entry, book)),
            changed=tuple(key for key, _ in body.evolve(entry, subject, book)),
            ruleset=_ruleset(entry.index, book), code_lists=tuple(_code_lists(entry, book)),
        )  # fmt: skip

    # The chain of authority, from the key to the genesis.

    def _chain(self, capacity: str, entry: Entry, book: Book) -> Iterator[Link]:
        event = entry.event
        enrolled = self._keys.get(event.kid)
        if enrolled is not None:
            yield self._link(enrolled, holds=f"key {event.kid.hex()[:16]}…", actor=event.iss)
        registered = self._stood.get((f"{event.iss}/profile", 0))
        if registered is not None:
            yield self._link(registered, holds="a place in the register of actors", actor=event.iss)
        confirmed = self._stood.get((f"{event.iss}/profile", 1))
        if confirmed is not None:
            yield self._link(confirmed, holds="a confirmation of it", actor=event.iss)
        behalf = entry.body.on_behalf_of
        if behalf is not None:
            yield from self._delegation(behalf.actor, behalf.delegation, book)
        grant = _grant_of(entry.actor, capacity, entry, book)
        while grant is not None:
            yield self._grant(grant, book)
            if grant.decision is not None:
                yield self._decision(grant.decision, book)
            under = grant.under
            grant = None if under is None else _grant_by(under, book)
        roots = book.thing("ledger", "roots", Roots)
        while roots is not None and roots.by is not None:
            yield self._roots(roots.by, book)
            roots = roots.before
        genesis = self._stood.get(("ledger/genesis", 0))
        if genesis is not None:
            yield self._link(genesis, holds="the roots' authority", actor="the roots")

    def _grant(self, grant: Grant, book: Book) -> Link:
        holder = grant.ref.stream.partition("/")[0]
        proposal = book.thing(holder, proposal_key(grant.ref.stream), Proposal)
        stood = self._stood.get((grant.ref.stream, grant.ref.seq))
        by = stood.author if stood else ""
        if grant.under is None and proposal is not None:
            by = "the roots: " + ", ".join(voice.actor for voice in proposal.endorsements)
        return Link(
            holds=f"the role {grant.role}", actor=holder, by=by, mandate=grant.mandate,
            scope=_scope(grant.scope), first_day=grant.first_day, last_day=grant.last_day or "",
            stream=grant.ref.stream, event=grant.ref.id.hex(),
            index=stood.index if stood else None,
        )  # fmt: skip

    def _decision(self, ref: EventRef, book: Book) -> Link:
        found, stood = decision(ref, book), self._stood.get((ref.stream, ref.seq))
        by = (*found.certified_by, *found.cosigned_by) if found else ()
        return Link(
            holds="what it decided on that seat", actor=subject_of(ref), by=", ".join(by),
            mandate=found.symbol if found else "", stream=ref.stream, event=ref.id.hex(),
            index=stood.index if stood else None,
        )  # fmt: skip

    def _roots(self, ref: EventRef, book: Book) -> Link:
        proposal = book.thing("ledger", proposal_key(ref.stream), Proposal)
        stood = self._stood.get((ref.stream, ref.seq))
        voices = proposal.endorsements if proposal else ()
        return Link(
            holds="the place of the roots before them", actor="the roots",
            by="the roots: " + ", ".join(voice.actor for voice in voices),
            stream=ref.stream, event=ref.id.hex(), index=stood.index if stood else None,
        )  # fmt: skip

    def _delegation(self, giver: str, ref: EventRef, book: Book) -> Iterator[Link]:
        key = "delegation:" + ref.stream.rpartition("/")[2]
        found = book.thing(giver, key, Delegation)
        stood = self._stood.get((ref.stream, ref.seq))
        if found is not None:
            yield Link(
                holds=f"a delegation to act for {giver}", actor=found.to, by=giver,
                scope=_scope(found.scope), last_day=found.last_day, stream=ref.stream,
                event=ref.id.hex(), index=stood.index if stood else None,
            )  # fmt: skip

    def _link(self, stood: _Stood, *, holds: str, actor: str) -> Link:
        return Link(holds=holds, actor=actor, by=stood.author, stream=stood.stream,
                    event=stood.id.hex(), index=stood.index)  # fmt: skip


def _ruleset(index: int, book: Book) -> str:
    """Return the ruleset that judges an index, with the digest of its text where that is stated."""
    found = ruleset_at(index, book)
    if found is None:
        return ""
    return found.version + (f", SHA-256 {found.digest.hex()}" if found.digest else "")


def _code_lists(entry: Entry, book: Book) -> Iterator[str]:
    """Yield the code lists by which an event's codes are to be read."""
    things = book.subject("ledger").by_key(CodeLists)
    for name in sorted(key.partition(":")[2] for key in things):
        held = code_list(name, entry, book)
        if held is not None:
            yield f"{name} {held.version}, SHA-256 {held.sha256.hex()}"


def _index(wanted: str) -> int | None:
    """Return the index that is asked for; nothing where an id is.

    Raises:
        MalformedError: code ``event-id``.
    """
    if wanted.startswith("@") and wanted[1:].isdecimal() and len(wanted) < MAX_INDEX_CHARS:
        return int(wanted[1:])
    if SHORTEST <= len(wanted) <= 64 and not set(wanted) - set("0123456789abcdef"):
        return None
    reason = f"an event is named @INDEX, or by {SHORTEST} to 64 hexadecimal digits of its id"
    raise MalformedError("event-id", reason)


def _told(event: Event, index: int, *, allowed: bool) -> Explanation:
    return Explanation(
        event=event.id.hex(), type=event.type, stream=event.stream, seq=event.seq, index=index,
        day=dates.day_text(event.iat), author=event.iss, actor=event.iss, allowed=allowed,
    )  # fmt: skip


def _grant_of(actor: str, role: str, entry: Entry, book: Book) -> Grant | None:
    held = book.subject(actor).all(Grant)
    return next((g for g in held if g.role == role and grant_in_force(g, entry.at)), None)


def _grant_by(ref: EventRef, book: Book) -> Grant | None:
    holder = book.subject(ref.stream.partition("/")[0])
    return next((grant for grant in holder.all(Grant) if grant.ref == ref), None)


def _scope(scope: object) -> str:
    """Return a scope in words: each limit that it states."""
    if scope is None:
        return ""
    limits = msgspec.to_builtins(scope)
    return "; ".join(f"{name}: {', '.join(map(str, of))}" for name, of in limits.items())


def _first(told: Explanation, own: tuple[Finding, ...], *, doubted: bool) -> Sentence:
    if not own and not told.allowed:
        reason = "the ruleset in force at its place is not known here"
        return Sentence(about="signed, and allowed then", state="unknown", reason=reason)
    if not own:
        reason = f"signed by {told.author}, and allowed as {told.capacity or 'its author'}"
        if doubted:
            reason += "; suspect: its key was distrusted later, and it was not reaffirmed"
        return Sentence(about="signed, and allowed then", state="yes", reason=reason)
    undecided = not any(finding.decided for finding in own)
    return Sentence(
        about="signed, and allowed then",
        state="unknown" if undecided else "no",
        reason="; ".join(f"{finding.code}: {finding.reason}" for finding in own),
    )
