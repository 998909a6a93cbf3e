"""Signed refusals: what the ledger refused, by which rules, at which tree; and whether rightly.

Rules (normative text: ``docs/spec/refusal.md``; the numbers are the same):

1. A refusal is ``COSE_Sign1`` with tag 18 in deterministic CBOR: protected header, the refused
   event under the label -65542 of the unprotected header, payload, signature of 64 bytes. Any other
   encoding is refused.
2. The protected header is ``{1: -8, 3: "application/vnd.msgpack", 4: kid, 15: {1: origin, 2: ledger
   URN}, 16: typ}``; the key is the ``refusal`` key of the genesis and signs nothing else.
3. The payload is the canonical map ``{root, rules, size, submission}``: the tree of which the event
   would have been the next entry, the numbers of all rules that it did not meet, ascending, and
   its submission id.
4. The event is not signed by the ledger. It is believed because its submission id is the one that
   was signed, and because its own signature verifies.
5. A refusal is right if the event, judged by the entries before *size*, does not meet exactly these
   rules. It is wrong if the event meets all rules, fails others than these, or was on record.
6. It says two histories if the log has another root at *size*. It decides nothing where the log is
   shorter, does not hold itself, or follows rules that are not known here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from verifier import encoding, keys
from verifier.errors import FalseError, MalformedError, PledgebookError, UndecidedError
from verifier.event import (
    Event,
    SubmissionId,
    cose_bytes,
    cose_text,
    parse,
    sig_structure,
)
from verifier.finding import EXIT_VERIFIED, Verdict
from verifier.keys import Kid, thumbprint
from verifier.receipt import LEDGER_URN
from verifier.rules import admission
from verifier.rules.authority import rulesets
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import Book, Entry, Unmet

if TYPE_CHECKING:
    from verifier.audit import Audit

__all__ = [
    "REFUSAL_TYP",
    "Refusal",
    "Ruling",
    "Trial",
    "format_refusal",
    "parse_refusal",
    "refusal_header",
    "refusal_payload",
    "ruling_text",
    "to_be_signed",
]

REFUSAL_TYP: Final = "application/vnd.pledgebook.refusal+cose"
MAX_REFUSAL_BYTES: Final = 56 * 1024  # the largest event, and room for every rule's number


class _Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload (rule 3)."""

    root: bytes
    rules: tuple[str, ...]
    size: int
    submission: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A parsed refusal, not verified."""

    origin: str
    ledger: bytes
    kid: Kid
    root: bytes
    rules: tuple[str, ...]
    size: int
    submission: SubmissionId
    event: Event
    protected: bytes
    payload: bytes
    signature: bytes


class Ruling(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag="ruling"):
    """What became of a refusal on trial."""

    right: bool
    event: str
    """The refused event's id."""
    author: str
    type: str
    size: int
    """The number of entries by which it was judged."""
    refused_by: tuple[str, ...]
    """The rules that the ledger named."""
    unmet: tuple[Unmet, ...]
    """What the event does not meet when judged again."""
    recorded: int | None = None
    """Where it stood on record already, if it did."""


def refusal_header(origin: str, ledger: bytes, kid: Kid) -> bytes:
    """Return the protected header of all refusals under one key (rule 2)."""
    return b"".join(
        (b"\xa5\x01\x27\x03", cose_text("application/vnd.msgpack"), b"\x04\x58\x20", kid,
         b"\x0f\xa2\x01", cose_text(origin), b"\x02", cose_text(LEDGER_URN + ledger.hex()),
         b"\x10", cose_text(REFUSAL_TYP))
    )  # fmt: skip


def refusal_payload(submission: bytes, rules: Sequence[str], size: int, root: bytes) -> bytes:
    """Return the payload (rule 3)."""
    return encoding.encode(
        {"root": root, "rules": sorted(set(rules)), "size": size, "submission": submission}
    )


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Return what the refusal key signs."""
    return sig_structure(protected, payload)


def format_refusal(protected: bytes, event: bytes, payload: bytes, signature: bytes) -> bytes:
    """Write a refusal (rule 1)."""
    return b"".join(
        (b"\xd2\x84", cose_bytes(protected), b"\xa1\x3a\x00\x01\x00\x05", cose_bytes(event),
         cose_bytes(payload), b"\x58\x40", signature)
    )  # fmt: skip


_HEAD: Final = re.compile(
    rb"\xd2\x84(?:\x58.|\x59.{2})\xa5\x01\x27\x03\x77application/vnd\.msgpack\x04\x58\x20(.{32})"
    rb"\x0f\xa2\x01(?:[\x60-\x77]|\x78.)([A-Za-z0-9._~/:-]{3,200})"
    rb"\x02\x78\x56urn:pledgebook:ledger:([0-9a-f]{64})"
    rb"\x10\x78\x27application/vnd\.pledgebook\.refusal\+cose"
    rb"\xa1\x3a\x00\x01\x00\x05",
    re.DOTALL,
)
"""Everything before the event. Lengths are compared by writing the refusal anew."""


def parse_refusal(data: bytes) -> Refusal:
    """Read a refusal (rules 1 to 3) and the event in it, without verifying either.

    Raises:
        MalformedError: code ``refusal-malformed``, or those of ``event.parse``.
        FalseError: code ``refusal-other``; the event is not the one that was refused.
    """
    found = _HEAD.match(data) if len(data) <= MAX_REFUSAL_BYTES else None
    if found is None:
        raise MalformedError("refusal-malformed", "not the one form of a refusal (rules 1 and 2)")
    raw, at = _take(data, found.end())
    payload, at = _take(data, at)
    signature = data[at + 2 :]
    kid, origin, ledger = Kid(found[1]), found[2].decode(), bytes.fromhex(found[3].decode())
    protected = refusal_header(origin, ledger, kid)
    if format_refusal(protected, raw, payload, signature) != data or len(signature) != 64:
        reason = "a length is not in its shortest form, or not what follows (rule 1)"
        raise MalformedError("refusal-malformed", reason)
    stated = _stated(payload)
    event = parse(raw)
    if event.submission_id != stated.submission:
        raise FalseError(
            "refusal-other", "the event in it is not the one that was refused (rule 4)"
        )
    return Refusal(
        origin, ledger, kid, stated.root, stated.rules, stated.size,
        event.submission_id, event, protected, payload, signature,
    )  # fmt: skip


def _take(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a byte string of at most 65,535 bytes; its head is compared later."""
    head = data[at : at + 3]
    if head[:1] == b"\x59" and len(head) == 3:
        start, length = at + 3, int.from_bytes(head[1:], "big")
    elif head[:1] == b"\x58" and len(head) > 1:
        start, length = at + 2, head[1]
    elif head and 0x40 <= head[0] < 0x58:
        start, length = at + 1, head[0] - 0x40
    else:
        raise MalformedError("refusal-malformed", "a byte string is missing (rule 1)")
    return data[start : start + length], start + length


def _stated(payload: bytes) -> _Stated:
    try:
        encoding.decode(payload)
        stated = msgspec.msgpack.decode(payload, type=_Stated)
    except (MalformedError, msgspec.ValidationError) as error:
        raise MalformedError("refusal-malformed", f"payload: {error} (rule 3)") from None
    lengths = (len(stated.root), len(stated.submission))
    if lengths != (32, 32) or stated.size < 1 or not stated.rules:
        raise MalformedError("refusal-malformed", "a member of the payload is empty (rule 3)")
    if list(stated.rules) != sorted(set(stated.rules)):
        raise MalformedError("refusal-malformed", "the rules do not ascend (rule 3)")
    return stated


class Trial:
    """Watches an audit up to the size of a refusal and judges the event there (rules 4 to 6)."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        self._book: Book | None = None
        self._recorded: int | None = None
        self._outcome: Ruling | PledgebookError | None = None

    def hold(self, audit: Audit) -> Ruling:
        """Run an audit that this trial watches, and say what became of the refusal.

        Raises:
            PledgebookError: as ``ruling``, or as the audit itself.
        """
        self.watch(audit.book)
        verdict = deque(audit.run(), maxlen=1).pop()
        return self.ruling(sound=isinstance(verdict, Verdict) and verdict.exit == EXIT_VERIFIED)

    def watch(self, book: Book) -> None:
        """Take the book that the audit keeps."""
        self._book = book

    def admitted(self, entry: Entry, book: Book) -> None:
        """Look at nothing: what counts is the state after an entry."""

    def read(self, event: Event, index: int) -> None:
        """Look for the refused event on record; judge it where the ledger did."""
        refusal = self.refusal
        if index >= refusal.size or self._book is None:
            return
        if event.stream == refusal.event.stream and event.submission_id == refusal.submission:
            self._recorded = index
        if index == refusal.size - 1:
            try:
                self._outcome = self._judge(self._book)
            except PledgebookError as error:
                self._outcome = error
            except Exception as error:  # noqa: BLE001  # a fault of this verifier is no verdict
                fault = f"{type(error).__name__}: {error}"
                self._outcome = UndecidedError("rules-fault", fault)

    def ruling(self, *, sound: bool) -> Ruling:
        """Say what became of it, once the audit has ended; *sound* if the log itself holds.

        Raises:
            UndecidedError: code ``refusal-undecided``, or what could not be decided of the event.
            FalseError: code ``refusal-forged``, ``refusal-fork`` or ``signature-false``.
            MalformedError: the event's payload is not its type's.
        """
        if isinstance(self._outcome, FalseError):
            raise self._outcome
        if not sound:
            reason = "the log that would decide it does not hold itself; audit it"
            raise UndecidedError("refusal-undecided", reason)
        if self._outcome is None:
            reason = f"this log has not reached the {self.refusal.size} entries of the refusal"
            raise UndecidedError("refusal-undecided", reason)
        if isinstance(self._outcome, PledgebookError):
            raise self._outcome
        return self._outcome

    def _judge(self, book: Book) -> Ruling:
        refusal, event = self.refusal, self.refusal.event
        self._require_signed(book)
        if book.root_at(refusal.size) != refusal.root:
            reason = f"at size {refusal.size} the refusal names another root than this log"
            raise FalseError("refusal-fork", reason)
        unknown = rulesets.unknown_ruleset(book)
        if unknown:
            raise UndecidedError("ruleset-unknown", unknown)
        body = admission.read_body(event)
        public = book.public_keys.get(event.kid)
        if public is not None:
            keys.verify(public, event.signature, event.to_be_signed)
        entry = Entry(refusal.size, event, body, max(book.time, event.iat))
        unmet = () if self._recorded is not None else tuple(admission.conditions(entry, book))
        return Ruling(
            right=bool(unmet) and sorted({one.rule for one in unmet}) == list(refusal.rules),
            event=event.id.hex(), author=event.iss, type=event.type, size=refusal.size,
            refused_by=refusal.rules, unmet=unmet, recorded=self._recorded,
        )  # fmt: skip

    def _require_signed(self, book: Book) -> None:
        """Require the signature of the ledger's own refusal key (rule 2)."""
        refusal = self.refusal
        genesis = book.thing("ledger", "genesis", LedgerOpened)
        key = None if genesis is None else genesis.log_keys.refusal
        if genesis is None or key is None or (refusal.origin, refusal.ledger, refusal.kid) != (
            genesis.origin, book.ledger, thumbprint(key),
        ):  # fmt: skip
            reason = "it is not by the refusal key that this ledger's genesis names"
            raise FalseError("refusal-forged", reason)
        message = to_be_signed(refusal.protected, refusal.payload)
        if not keys.verify_many([(key, refusal.signature, message)], engine="openssl")[0]:
            raise FalseError("refusal-forged", "the signature of the refusal key does not verify")


def ruling_text(ruling: Ruling) -> str:
    """Say in words what became of a refusal."""
    named = ", ".join(ruling.refused_by)
    found = ", ".join(sorted({one.rule for one in ruling.unmet}))
    if ruling.recorded is not None:
        said = f"WRONG: the event was on record already, as entry {ruling.recorded}"
    elif not ruling.unmet:
        said = f"WRONG: the ledger refused by {named} what its rules admit"
    elif not ruling.right:
        said = f"WRONG: the ledger refused by {named}; the event breaks {found}"
    else:
        said = f"RIGHT: the event breaks {found}, as the ledger said"
    lines = [
        f"refusal {said}",
        f"  event    {ruling.type} by {ruling.author}, {ruling.event}",
        f"  judged   by the {ruling.size} entries before it",
        *(f"  {one.rule:<8} {one.reason}" for one in ruling.unmet),
    ]
    return "\n".join(lines)
