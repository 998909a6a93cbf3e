"""What happens to a submission before its turn: everything that needs no place in the order.

The order of the stages is part of the contract:

1. *parse*: bytes to event and payload; any other encoding is refused.
2. *recognize*: a submission that is on record is answered with what is on record, whatever the
   transport checks would say. An event is on record only at or below its stream's head, so for
   subjects in memory the database is asked about those alone. What was committed a moment ago and
   is not signed yet goes on to the committer: its answer comes with the tree that covers it.
3. *transport*: queue, clock, keys of the log. These can only refuse (``T-…``).
4. *signature*: beside the event loop (``signatures.py``). A key is found by its thumbprint: among
   all keys ever enrolled, or in an event that would enrol it, in this request or a recent one.
   Whether it is enrolled to the author at that index is for the rules to say (AD5); a signature is
   the same fact either way.

What is left goes to the committer, which admits in order (``committer.py``).
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from ledger.book import LedgerBook
from ledger.config import Settings
from ledger.errors import LedgerError
from ledger.outcome import Outcome, Rejected, rejected_by
from ledger.signatures import SignatureChecks
from ledger.signer import Signers
from ledger.sqlite import SQLiteRecorder
from verifier.errors import FalseError, PledgebookError
from verifier.event import Event, parse
from verifier.keys import Check, Kid
from verifier.rules.admission import read_body
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.authority.state import thumbprint
from verifier.rules.book import Body, Unmet

__all__ = ["Intake", "Item", "read_item", "truly_signed"]

RECENT_KEYS: Final = 4_096  # keys of recent enrolling events: a pipeline's worth, 0.5 MB


class Item:
    """One event of a request on its way to an outcome."""

    __slots__ = ("body", "event", "index", "outcome", "signed", "submission_id")

    def __init__(self, event: Event, body: Body, signed: bytes) -> None:
        self.event = event
        self.body = body
        self.signed = signed
        self.submission_id = hashlib.sha256(signed).digest()
        self.index: int | None = None
        """Where it was on record already."""
        self.outcome: Outcome | None = None


def read_item(raw: bytes) -> Item:
    """Read one submitted event.

    Raises:
        MalformedError: the bytes are no event, or the payload is not its type's.
        UndecidedError: code ``event-type-unknown``.
    """
    event = parse(raw)
    return Item(event, read_body(event), event.to_be_signed)


class Intake:
    """The stages before the committer; used from one event loop."""

    def __init__(
        self, book: LedgerBook, recorder: SQLiteRecorder, checks: SignatureChecks, *,
        signers: Signers, settings: Settings, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """Take the parts; *clock* is in seconds since 1970."""
        self._book = book
        self._recorder = recorder
        self._checks = checks
        self._signers = signers
        self._skew_s = settings.clock_skew_s
        self._clock = clock
        self._recent_keys: OrderedDict[Kid, bytes] = OrderedDict()
        self.real_clock = True
        """Whether iat is held against this service's clock; set from the genesis."""

    def read(self, raws: Sequence[bytes]) -> list[Item | Rejected]:
        """Stage 1: one item or refusal per event, in order."""
        results: list[Item | Rejected] = []
        for raw in raws:
            try:
                results.append(read_item(raw))
            except PledgebookError as error:
                results.append(rejected_by(error))
        return results

    def recognize(self, items: Sequence[Item], *, signed: int) -> list[Item]:
        """Stage 2: give an index to items on record below a signed size; return the others."""
        subjects = self._book.subjects
        asked = []
        for item in items:
            event = item.event
            subject = subjects.get(event.subject)
            if subject is not None:
                head = subject.heads.get(event.stream)
                if head is None or event.seq > head.seq:
                    continue
            asked.append((event.stream, event.seq, item.submission_id))
        if not asked:
            return list(items)
        found = self._recorder.find_submissions(asked)
        for item in items:
            place = found.get(item.submission_id)
            if place is not None and place[0] < signed:
                take_recorded(item, *place)
        return [item for item in items if item.index is None]

    def transport(self, items: Sequence[Item]) -> list[Item]:
        """Stage 3 but for the queue: refuse what this service does not pass on."""
        latest = self._clock() + self._skew_s
        for item in items:
            body = item.body
            if isinstance(body, LedgerOpened):
                self._check_genesis(item, body, latest)
            elif self.real_clock and item.event.iat > latest:
                item.outcome = _clock_refusal(item.event, latest - self._skew_s)
        return [item for item in items if item.outcome is None]

    def to_check(self, items: Sequence[Item]) -> tuple[list[Item], list[Check]]:
        """Stage 4: return the items whose key is known, and what to check; refuse the others."""
        checks: list[Check] = []
        checked: list[Item] = []
        for item in items:
            for public in item.body.enrols():
                self._remember(public)
        for item in items:
            public_key = self.public_key(item.event.kid)
            if public_key is None:
                item.outcome = _unknown_key(item.event)
            else:
                checks.append((public_key, item.event.signature, item.signed))
                checked.append(item)
        return checked, checks

    def require_signature(self, item: Item) -> None:
        """Require one signature now; an unknown key is left to the rules (AD5).

        Raises:
            FalseError: code ``signature-false``.
        """
        for public in item.body.enrols():
            self._remember(public)
        public_key = self.public_key(item.event.kid)
        if public_key is not None and not self._checks.verdict_now(
            (public_key, item.event.signature, item.signed)
        ):
            raise _false_signature()

    def public_key(self, kid: Kid) -> bytes | None:
        """Return the raw key of a thumbprint, if anyone has shown it."""
        found = self._book.public_keys.get(kid)
        return self._recent_keys.get(kid) if found is None else found

    def _remember(self, public: bytes) -> None:
        self._recent_keys[thumbprint(public)] = public
        if len(self._recent_keys) > RECENT_KEYS:
            self._recent_keys.popitem(last=False)

    def _check_genesis(self, item: Item, body: LedgerOpened, latest: float) -> None:
        """Refuse a genesis under whose keys this service could not sign."""
        if self._signers.lacking(body.log_keys):
            reason = "the genesis names keys of the log that this service does not hold"
            item.outcome = rejected_by(LedgerError("T-log-key", reason))
        elif body.clock == "real" and item.event.iat > latest:
            item.outcome = _clock_refusal(item.event, latest - self._skew_s)


def truly_signed(items: Sequence[Item], verdicts: Sequence[bool]) -> list[Item]:
    """Return the items that are truly signed; refuse the others."""
    for item, true in zip(items, verdicts, strict=True):
        if not true:
            item.outcome = rejected_by(_false_signature())
    return [item for item in items if item.outcome is None]


def take_recorded(item: Item, index: int, raw: bytes) -> None:
    """Let an item stand for what is on record, whose signature may be another valid one."""
    item.index = index
    item.event = parse(raw)


def _clock_refusal(event: Event, now: float) -> Rejected:
    ahead = event.iat - int(now)
    return rejected_by(LedgerError("T-clock", f"signed {ahead} s ahead of this service's clock"))


def _false_signature() -> FalseError:
    return FalseError("signature-false", "the Ed25519 signature does not verify")


def _unknown_key(event: Event) -> Rejected:
    reason = f"key {event.kid.hex()[:16]}… is not enrolled to anyone"
    hint = "sign with a key enrolled to the author, or enrol this one first"
    unmet = (Unmet(rule="AD5", reason=reason, hint=hint),)
    return Rejected(code="AD5", status=403, reason=reason, hint=hint, unmet=unmet)
