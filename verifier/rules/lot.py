"""What is drawn by lot: chosen by nobody, and drawn again by anyone.

1. An announcement says who or what can be drawn, and names the witnesses that count, each with the
   key of its timed cosignatures, none of them the log.
2. A draw rests on a checkpoint of this log that covers the announcement, with the log's root, and
   that a named witness cosigned. Its seed is SHA-256 of the checkpoint's text and of the earliest
   of those cosignatures, which nobody could know when the announcement was put on record.
3. What is drawn comes in the order of SHA-256 of the seed and its name.
4. Asking a witness twice leaves the earlier cosignature with the witness: anyone may show it, and
   the draw is then made again by the earliest that was shown.

The asker's own rules say so, each under its number. Source: domain C5; ADR 0014.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from verifier import note
from verifier.errors import FalseError, MalformedError, UndecidedError
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import Body, Book, Broken, Capacity, Entry, Subject, Unmet
from verifier.rules.fields import EventRef

__all__ = [
    "Cosigned",
    "Draw",
    "Lot",
    "Shown",
    "Witnesses",
    "anyone",
    "chosen",
    "earliest",
    "in_order",
    "shown_first",
    "unmet_again",
    "unmet_witnesses",
]

Vkey = Annotated[str, Meta(min_length=20, max_length=400)]
Witnesses = Annotated[tuple[Vkey, ...], Meta(min_length=1, max_length=7)]
Note = Annotated[bytes, Meta(min_length=1, max_length=16_384)]
"""A checkpoint as a witness cosigned it, verbatim."""

anyone: Final = Capacity("an actor", lambda actor, entry, book: bool(actor))


class Draw(msgspec.Struct, frozen=True):
    """What was drawn, by the seed that a cosignature of this Unix time makes."""

    ref: EventRef
    at: int
    seed: bytes
    drawn: tuple[str, ...]
    index: int


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot as it was announced: its event and index, the witnesses that count, and its draw."""

    ref: EventRef
    index: int
    witnesses: tuple[str, ...]
    draw: Draw | None = None


class Shown(msgspec.Struct, frozen=True):
    """A cosignature that was shown against a draw; the thing ``shown:<lot>/<author>:<seq>``."""

    ref: EventRef
    lot: str
    at: int


class Cosigned(Body, frozen=True, kw_only=True):
    """What rests on a cosigned checkpoint (rule 2)."""

    checkpoint: Note

    def unmet_checkpoint(self, rule: str, lot: Lot, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield, under a rule of the asker's, what is not met of rule 2."""
        genesis = book.thing("ledger", "genesis", LedgerOpened)
        try:
            checkpoint = note.Checkpoint.parse(note.parse_note(self.checkpoint).text)
            earliest(self.checkpoint, lot.witnesses)
        except (MalformedError, FalseError, UndecidedError) as error:
            yield Unmet(rule=rule, reason=error.reason,
                        hint="take a checkpoint that a named witness cosigned")  # fmt: skip
            return
        if genesis is not None and checkpoint.origin != genesis.origin:
            yield Unmet(rule=rule, reason=f"it is a checkpoint of {checkpoint.origin}")
        elif not lot.index < checkpoint.size <= entry.index:
            yield Unmet(rule=rule, reason=f"its size {checkpoint.size} does not cover the "
                        "announcement, or is not reached here")  # fmt: skip
        elif checkpoint.root != book.root_at(checkpoint.size):
            yield Unmet(rule=rule, reason=f"the log's root at {checkpoint.size} is another")


def unmet_witnesses(rule: str, witnesses: tuple[str, ...], book: Book) -> Iterator[Unmet]:
    """Yield, under a rule of the asker's, what is not met of rule 1 by the witnesses named."""
    genesis = book.thing("ledger", "genesis", LedgerOpened)
    names = []
    for text in witnesses:
        try:
            key = note.VerifierKey.parse(text)
        except MalformedError as error:
            yield Unmet(rule=rule, reason=error.reason)
            continue
        names.append(key.name)
        if key.kind != note.COSIGNATURE:
            yield Unmet(rule=rule, reason=f"the key of {key.name} makes no timed cosignatures")
        if genesis is not None and key.name == genesis.origin:
            yield Unmet(rule=rule, reason="the log is no witness of itself")
    if len(set(names)) < len(names):
        yield Unmet(rule=rule, reason="a witness stands twice")


@lru_cache(maxsize=64)  # several conditions of one event ask it, and each cosignature is dear
def earliest(data: bytes, witnesses: tuple[str, ...]) -> tuple[int, bytes]:
    """Return the time of the earliest cosignature by a named witness, and the seed it makes.

    Raises:
        MalformedError, FalseError, UndecidedError: as ``note.verify_note`` says.
    """
    parsed = note.parse_note(data)
    keys = [note.VerifierKey.parse(text) for text in witnesses]
    verified = note.verify_note(parsed, keys)
    known = {(line.key.name, line.key.key_id): line.timestamp or 0 for line in verified.signatures}
    lines = [(known[line.name, line.key_id], line.body) for line in parsed.signatures
             if (line.name, line.key_id) in known]  # fmt: skip
    at, body_ = min(lines)
    return at, hashlib.sha256(parsed.text + body_).digest()


def in_order(seed: bytes, names: Iterable[str]) -> tuple[str, ...]:
    """Return names in the order in which a seed draws them (rule 3)."""
    return tuple(sorted(names, key=lambda name: hashlib.sha256(seed + name.encode()).digest()))


def shown_first(local: str, subject: Subject) -> int | None:
    """Return the time of the earliest cosignature that was shown against a lot, if one was."""
    return min((one.at for one in subject.all(Shown) if one.lot == local), default=None)


def unmet_again(rule: str, lot: Lot, local: str, at: int, subject: Subject) -> Iterator[Unmet]:
    """Yield, under a rule of the asker's, why a cosignature of this time draws nothing (rule 4)."""
    shown = shown_first(local, subject)
    if lot.draw is not None and (shown is None or shown >= lot.draw.at):
        yield Unmet(rule=rule, reason="it is drawn")
    elif shown is not None and at > shown:
        yield Unmet(rule=rule, reason="an earlier cosignature was shown",
                    hint="draw by the earliest")  # fmt: skip


def chosen(rule: str, lot: Lot, local: str, subject: Subject, who: str) -> Iterator[Broken]:
    """Yield, under a rule of the asker's, that a draw stands on a later cosignature than shown."""
    shown = shown_first(local, subject)
    if lot.draw is not None and shown is not None and shown < lot.draw.at:
        yield Broken(rule=rule, subject=subject.id, who=who,
                     reason=f"{lot.draw.ref.stream} rests on a cosignature of {lot.draw.at}; one "
                     f"of {shown} was shown", hint="draw again by the earliest")  # fmt: skip
