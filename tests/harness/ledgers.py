"""Ledgers over a folder, opened as the service opens them, with the harness's keys."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ledger.application import Ledger, Reply, Settings
from ledger.factory import DATABASE
from ledger.outcome import Accepted, Outcome
from ledger.signer import Signers
from tests.harness.registry import ORIGIN, Registry, public, secret
from verifier import note
from verifier.event import Event, parse
from verifier.rules import admission
from verifier.rules.book import Book
from verifier.tree import Frontier, verify_inclusion


class NamedSigner:
    """The private key that belongs to a name in tests, behind the real port."""

    def __init__(self, name: str) -> None:
        self._name = name

    def public_key(self) -> bytes:
        """Return the raw public key."""
        return public(self._name)

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature."""
        return secret(self._name).sign(data)

    def describe(self) -> str:
        """Say whose key it is."""
        return f"Ed25519 key of {self._name}"


def open_ledger(folder: Path, *, key: str = "log", publisher: str = "", **settings: Any) -> Ledger:
    """Open the ledger of a folder with the log's key of the harness, and a publisher's."""
    register = NamedSigner(publisher) if publisher else None
    signers = Signers(NamedSigner(key), service=register)
    return Ledger.open(folder, settings=Settings(**settings), signers=signers)


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Ledger]:
    """Open, start and close a ledger."""
    ledger = open_ledger(folder, **settings)
    await ledger.start()
    try:
        yield ledger
    finally:
        await ledger.close()


def actor_events(registry: Registry, names: Sequence[str]) -> list[Event]:
    """Sign the registration of actors by a root, each on a stream of its own; record nothing."""
    return [
        registry.sign(
            "actor-root-a", f"{name}/profile", "ActorRegistered", kind="organization",
            name=[{"lang": "en", "text": name}], principal=name, stakeholder_type="un_entity",
        )
        for name in names
    ]  # fmt: skip


def raws(events: Sequence[Event]) -> list[bytes]:
    """Return the bytes of events."""
    return [event.raw for event in events]


def accepted(outcome: Outcome) -> Accepted:
    """Return an outcome that must be an acceptance."""
    assert isinstance(outcome, Accepted), outcome
    return outcome


def check_receipts(reply: Reply) -> note.Checkpoint:
    """Check every receipt of a reply as its holder would, and return the checkpoint."""
    assert reply.checkpoint is not None
    key = note.VerifierKey(ORIGIN, note.ED25519, public("log"))
    checkpoint = note.Checkpoint.parse(note.verify_note(reply.checkpoint, [key]).text)
    for outcome in reply.outcomes:
        if isinstance(outcome, Accepted):
            verify_inclusion(
                outcome.event.id, outcome.proof, index=outcome.index,
                size=checkpoint.size, root=checkpoint.root,
            )  # fmt: skip
    return checkpoint


def stored(folder: Path) -> list[bytes]:
    """Return the event bytes of a ledger's database, read beside all code of the ledger."""
    connection = sqlite3.connect(folder / DATABASE)
    try:
        rows = connection.execute("SELECT state FROM entries ORDER BY position").fetchall()
    finally:
        connection.close()
    return [row[0] for row in rows]


def audit(entries: Sequence[bytes]) -> tuple[int, bytes]:
    """Admit entries one after the other, as an auditor does; return size and root."""
    roots = [Frontier().root()]
    frontier, book = Frontier(), Book(lambda size: roots[size])
    for raw in entries:
        event = parse(raw)
        entry = admission.admit(event, admission.read_body(event), book)
        admission.record(entry, book)
        frontier.append(event.id)
        roots.append(frontier.root())
    return frontier.size, frontier.root()
