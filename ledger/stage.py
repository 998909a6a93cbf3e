"""A stage: actors who sign and submit one after the other, over HTTP like everyone else.

``init``, ``demo`` and the importers use it. It knows the acts that open a ledger and appoint its
actors; whatever else is said is a body on a stream. On a ledger with a stated clock the stage says
what time it is; on a real one it is now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from ledger.client import Author, Declined, LedgerClient, Recorded, Statement
from ledger.signer import Signer
from verifier.keys import thumbprint
from verifier.rules.authority.actors import ActorConfirmed, ActorRegistered
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.authority.keys import KeyEnrolled, possession_statement
from verifier.rules.authority.roles import AppointmentProposed, RoleGranted
from verifier.rules.authority.scope import Scope
from verifier.rules.authority.state import Terms
from verifier.rules.book import Body, Head
from verifier.rules.fields import EventRef, LangText, Texts
from verifier.rules.proposal import Endorsed, endorsement_stream

__all__ = ["Stage", "english", "ref"]

BATCH = 100


def english(text: str) -> Texts:
    """Return a text in English, as payloads hold it."""
    return (LangText("en", text),)


def ref(recorded: Recorded) -> EventRef:
    """Return the reference to a recorded event."""
    event = recorded.event
    return EventRef(event.stream, event.seq, event.id)


class Stage:
    """The actors at hand and the time on the stage.

    ``signer_of(actor)`` gives an actor's signer, making its key at first if need be.
    """

    def __init__(
        self,
        client: LedgerClient,
        signer_of: Callable[[str], Signer],
        *,
        ledger_id: bytes | None,
        now: float | None = None,
    ) -> None:
        self.client = client
        self.ledger_id = ledger_id
        self._signer_of = signer_of
        self._authors: dict[str, Author] = {}
        self._grants: dict[str, tuple[str, EventRef]] = {}
        """Actor -> the role that it was given last, and the event that gave it."""
        self._stated = now

    @property
    def now(self) -> float:
        """The signing time in seconds: stated, or real."""
        return time.time() if self._stated is None else self._stated

    @property
    def today(self) -> date:
        """The day on the stage, UTC."""
        return datetime.fromtimestamp(self.now, UTC).date()

    def state(self, now: float) -> None:
        """State the time from here on; only for ledgers with a stated clock."""
        self._stated = now

    def day(self, ahead: int = 0) -> str:
        """Return a day some days ahead of the day on the stage."""
        return (self.today + timedelta(days=ahead)).isoformat()

    def public_key(self, actor: str) -> bytes:
        """Return an actor's raw public key."""
        return self._signer_of(actor).public_key()

    def signer(self, name: str) -> Signer:
        """Return the signer of an actor, or of another part such as a witness."""
        return self._signer_of(name)

    def author(self, actor: str) -> Author:
        """Return an actor's author, with what it has signed here."""
        if actor not in self._authors:
            signer = self._signer_of(actor)
            self._authors[actor] = Author(
                actor, signer, ledger_id=self.ledger_id, clock=lambda: self.now
            )
        return self._authors[actor]

    async def say(self, actor: str, stream: str, body: Body) -> Recorded:
        """Sign and submit one event; return it with its receipt.

        The head is asked for each time: several actors write on one stream.

        Raises:
            DeclinedError: the ledger refused it, with every unmet rule.
        """
        author = self.author(actor)
        author.withdraw(stream)
        await self.client.prefetch(author, [stream])
        return await self.client.append(author, Statement.of(stream, body))

    async def say_all(
        self, actor: str, planned: Iterable[tuple[str, Body]], *, new_streams: bool = False
    ) -> list[Recorded | Declined]:
        """Sign and submit many events of one actor, in batches; return every outcome.

        With ``new_streams`` each stream's first event here is its first ever, so no head is asked.
        """
        author = self.author(actor)

        def statements() -> Iterable[Statement]:
            for stream, body in planned:
                if new_streams and not author.knows(stream):
                    author.adopt(stream, None)
                yield Statement.of(stream, body)

        return [
            outcome
            async for outcome in self.client.pipeline(author, statements(), batch_events=BATCH)
        ]

    # The acts that open a ledger and appoint its actors.

    async def open(self, genesis: LedgerOpened) -> Recorded:
        """Open the ledger by its first root and let every root endorse it."""
        first = genesis.roots[0].actor
        author = self.author(first)
        author.adopt("ledger/genesis", None)
        opened = await self.client.append(author, Statement.of("ledger/genesis", genesis))
        self.ledger_id = opened.event.id
        self._authors.clear()
        for member in genesis.roots:
            await self.endorse(member.actor, opened, member.principal)
        return opened

    async def endorse(self, actor: str, proposal: Recorded, organization: str) -> Recorded:
        """Endorse a proposal."""
        stream = endorsement_stream(proposal.event.stream, actor)
        body = Endorsed(proposal=ref(proposal), organization=organization)
        return await self.say(actor, stream, body)

    async def register(
        self,
        actor: str,
        name: str,
        *,
        by: str,
        confirmed_by: str | None,
        kind: str = "organization",
        principal: str | None = None,
        **more: Any,
    ) -> None:
        """Register an actor, enrol its key and have both confirmed; by none where a root suffices.

        ``confirmed_by`` is the actor's organization if that holds a key, else another registrar.
        """
        fields = {"stakeholder_type": "un_entity"} | more
        body = msgspec.convert(
            {"kind": kind, "name": [{"lang": "en", "text": name}], "principal": principal or actor}
            | fields,
            ActorRegistered,
        )
        await self.say(by, f"{actor}/profile", body)
        signer = self._signer_of(actor)
        stream = f"{actor}/keys"
        head: Head | None = await self.client.head(stream)
        statement = possession_statement(
            ledger=self.ledger_id or b"",
            actor=actor,
            kid=thumbprint(signer.public_key()),
            stream=stream,
            seq=0 if head is None else head.seq + 1,
            prev=None if head is None else head.id,
        )
        key = KeyEnrolled(public=signer.public_key(), pop=signer.sign(statement))
        await self.say(by, stream, key)
        if confirmed_by is not None:
            confirmed = ActorConfirmed(
                organization=body.principal, kid=thumbprint(signer.public_key())
            )
            await self.say(confirmed_by, f"{actor}/profile", confirmed)

    async def appoint(
        self,
        actor: str,
        role: str,
        *,
        roots: dict[str, str],
        quorum: int,
        mandate: str,
        subject: str | None = None,
    ) -> None:
        """Give a role by the roots; ``roots`` maps each root that endorses to its principal.

        With ``subject`` it is given for that body alone, which another stream says.
        """
        scope = None if subject is None else Scope(subjects=(subject,))
        body = AppointmentProposed(
            terms=Terms(role=role, mandate=mandate, first_day=self.day(), scope=scope),
            quorum=quorum,
            expires=self.day(30),
        )
        local = role if subject is None else f"{role}-of-{subject.removeprefix('actor-')}"
        stream = f"{actor}/appointment/{local.replace('_', '-')}"
        proposal = await self.say(next(iter(roots)), stream, body)
        for number, (root, principal) in enumerate(roots.items()):
            if number < quorum:
                await self.endorse(root, proposal, principal)
        self._grants[actor] = (role, ref(proposal))

    async def grant(
        self, actor: str, terms: Terms, *, by: str, decision: EventRef | None = None
    ) -> None:
        """Give a role by an actor that was appointed here to a role that may give it."""
        giver, under = self._grants[by]
        body = RoleGranted(terms=terms, giver=giver, under=under, depth=2, decision=decision)
        await self.say(by, f"{actor}/role/{terms.role.replace('_', '-')}", body)
