"""Decisions of several: a proposal, separate endorsements, and the effect where the quorum is met.

One mechanism serves every act of several (decision D1.7): a proposal type says who may endorse it,
how many must, what is counted, and what its effect is. Each endorsement is an event of its own on
a stream with one writer, judged at its own index, so that nobody can outrun a quorum by occupying
a chain, and everyone sees who decided.

- PR1 A proposal states the quorum that the rules ask of it at its index.
- PR2 It expires on a stated day, at least one day and at most P180D after it is made.
- PR3 An endorsement names the one proposal that its stream is for, and its author has seen it: the
      size that it states as seen lies beyond the proposal's index.
- PR4 It comes before the proposal expires and before the proposal has taken effect; the genesis
      alone is endorsed by further roots after that.
- PR5 Its author holds a capacity that may endorse this proposal.
- PR6 Its author signs for itself: a delegation adds no voice.
- PR7 It states the organization it counts for, and that is its author's. [R1]
- PR8 An organization (or, where offices are counted, an office) and a raw key count once.
- PR9 Who has an interest in the matter, or signed before on it, does not count: the type says who.
- PR10 A stream holds one proposal and nothing before it, so that none is replaced under its
       endorsers.
- PR11 What the roots proposed ends when they are replaced: those who come after them endorse what
       they propose themselves, so that no voice of a former root, and no former threshold, counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates
from verifier.rules.authority.roots import Roots, root
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Day, EventRef, Texts

__all__ = [
    "EVENTS",
    "Endorsed",
    "Endorsement",
    "Proposal",
    "ProposalBody",
    "has_lapsed",
    "proposal_key",
]

LONGEST_EXPIRY: Final = "P180D"


class Endorsement(msgspec.Struct, frozen=True):
    """One voice: whose, counted for which organization, by which key, at which index."""

    actor: str
    organization: str
    kid: bytes
    index: int


class Proposal(msgspec.Struct, frozen=True):
    """A proposal on record: its event, its payload, its voices, and the index of its effect."""

    ref: EventRef
    by: str
    body: ProposalBody
    index: int
    endorsements: tuple[Endorsement, ...] = ()
    effective: int | None = None

    def count(self) -> int:
        """Return how many voices count (PR8)."""
        keys = {voice.kid for voice in self.endorsements}
        if self.body.COUNTS == "offices":
            return min(len({voice.actor for voice in self.endorsements}), len(keys))
        return min(len({voice.organization for voice in self.endorsements}), len(keys))


class ProposalBody(Body, frozen=True, kw_only=True):
    """The payload of a proposal; a subclass is a proposal type (PR1, PR2, PR10)."""

    DECISION: ClassVar[bool] = True
    ENDORSERS: ClassVar[tuple[Capacity, ...]]
    COUNTS: ClassVar[str] = "organizations"
    """``organizations`` for a quorum; ``offices`` where four eyes of one body suffice."""

    LATE_VOICES: ClassVar[bool] = False
    """Whether it can be endorsed after it has taken effect."""

    quorum: Annotated[int, Meta(ge=1, le=50)]
    expires: Day

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Return the quorum that the rules ask at this index."""
        raise NotImplementedError

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield why this actor's voice may not count (PR9)."""
        return iter(())

    def voiced(self, voice: Endorsement) -> Iterator[Change]:
        """Yield what changes in the subject by one voice, beside its being counted."""
        return iter(())

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Yield what changes in the subject when the quorum is met; ``entry`` completes it."""
        raise NotImplementedError

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of the type's own rules."""
        return iter(())

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PR1, PR2, PR10 and the type's own rules."""
        if entry.event.seq != 0:
            yield Unmet(rule="PR10", reason="this stream holds something", hint="name another")
        required = self.required_quorum(entry, book)
        if self.quorum != required:
            yield Unmet(rule="PR1", reason=f"the quorum here is {required}, not {self.quorum}")
        if not dates.is_day(self.expires):
            yield Unmet(rule="PR2", reason=f"{self.expires} is not a calendar day")
        else:
            today = dates.day_of(entry.at)
            expires = dates.parse_day(self.expires)
            if not today < expires <= dates.add(today, LONGEST_EXPIRY):
                yield Unmet(rule="PR2", reason=f"a proposal expires 1 to 180 days after {today}")
        yield from self.unmet_here(entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the proposal on record."""
        yield proposal_key(entry.event.stream), Proposal(entry.ref, entry.actor, self, entry.index)


def proposal_key(stream: str) -> str:
    """Return the key of a proposal's thing: its stream within the subject, joined by colons."""
    return "proposal:" + stream.partition("/")[2].replace("/", ":")


def endorsement_stream(stream: str, actor: str) -> str:
    """Return the stream on which an actor endorses the proposal of a stream."""
    subject = stream.partition("/")[0]
    return f"{subject}/endorsement/{proposal_key(stream).removeprefix('proposal:')}/{actor}"


def has_lapsed(proposal: Proposal, book: Book) -> bool:
    """Say whether a proposal waits for roots who have been replaced (PR11)."""
    if root not in proposal.body.ENDORSERS:
        return False
    roots = book.thing("ledger", "roots", Roots)
    return roots is not None and proposal.index < roots.since


class Endorsed(Body, frozen=True, kw_only=True):
    """An actor endorses a proposal (PR3 to PR9, PR11)."""

    TYPE: ClassVar[str] = "Endorsed/1"
    STREAM: ClassVar[str] = "*/endorsement/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        Capacity("an actor", lambda actor, entry, book: actor == entry.event.iss),
    )
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (1,)

    proposal: EventRef
    organization: ActorId
    opinion: Texts | None = None

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the organization it counts for."""
        return (self.organization,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PR3 to PR9 and PR11."""
        subject = book.subject(entry.event.subject)
        proposal = subject.get(proposal_key(self.proposal.stream), Proposal)
        stream = endorsement_stream(self.proposal.stream, entry.event.iss)
        if proposal is None or proposal.ref != self.proposal or entry.event.stream != stream:
            yield Unmet(rule="PR3", reason="the proposal named is not the one of this stream")
            return
        seen = entry.event.seen
        if seen is not None and seen.size <= proposal.index:
            yield Unmet(rule="PR3", reason="its author had not seen the proposal in the log",
                        hint=f"read the log to size {proposal.index + 1} at least")  # fmt: skip
        expires = dates.deadline(dates.parse_day(proposal.body.expires))
        ended = proposal.effective is not None and not proposal.body.LATE_VOICES
        if ended or entry.at >= expires:
            yield Unmet(rule="PR4", reason="the proposal has taken effect or has expired")
        if has_lapsed(proposal, book):
            yield Unmet(rule="PR11", reason="the roots under whom it was proposed were replaced",
                        hint="propose it anew", who=root.name)  # fmt: skip
        yield from self._unmet_voice(proposal, entry, book)

    def _unmet_voice(self, proposal: Proposal, entry: Entry, book: Book) -> Iterator[Unmet]:
        actor = entry.event.iss
        if self.on_behalf_of is not None:
            yield Unmet(rule="PR6", reason="an endorsement is never signed on behalf of another")
        if not any(c.holds(actor, entry, book) for c in proposal.body.ENDORSERS):
            wanted = " or ".join(capacity.name for capacity in proposal.body.ENDORSERS)
            yield Unmet(rule="PR5", reason=f"{actor} is not {wanted} here", who=wanted)
        organization = organization_of(actor, book)
        if organization != self.organization:
            yield Unmet(rule="PR7", reason=f"{actor} belongs to {organization}")
        for voice in proposal.endorsements:
            if voice.kid == entry.event.kid or voice.actor == actor:
                yield Unmet(rule="PR8", reason=f"{actor} or its key has endorsed already")
            elif voice.organization == organization and proposal.body.COUNTS != "offices":
                yield Unmet(
                    rule="PR8",
                    reason=f"{organization} has endorsed already, by {voice.actor}",
                    hint="a quorum counts distinct organizations",
                )
        yield from proposal.body.bars(actor, self.organization, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Count the voice; where the quorum is met, the proposal takes effect."""
        key = proposal_key(self.proposal.stream)
        proposal = subject.things[key]
        voice = Endorsement(entry.event.iss, self.organization, entry.event.kid, entry.index)
        proposal = msgspec.structs.replace(proposal, endorsements=(*proposal.endorsements, voice))
        yield from proposal.body.voiced(voice)
        if proposal.effective is not None or proposal.count() < proposal.body.quorum:
            yield key, proposal
            return
        yield key, msgspec.structs.replace(proposal, effective=entry.index)
        yield from proposal.body.effect(proposal, entry, subject, book)


EVENTS: Final[tuple[type[Body], ...]] = (Endorsed,)
