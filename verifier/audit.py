"""The whole-log audit: every byte, signature, chain, root and admission, re-run from the log alone.

What is checked, in this order (the numbers stand in the code):

1. The checkpoint is signed as the trust policy asks, and is of the ledger that it names.
2. Every entry is a well-formed event (``event``) with a canonical payload of its type.
3. Every event was admissible by the log before it (``rules.admission``): author, key, stream
   chain, time, what it says it has seen, capacity, and its type's own procedure. From where a
   ruleset is in force that is not known here, this could not be decided.
4. Every signature verifies by the strict rules of ``keys``, with the engine named.
5. The tree grown again from the entries has the checkpoint's root; published tiles agree with it.
6. A checkpoint known from before is a beginning of this log.
7. The genesis names this origin and this log key.
8. Where the ledger's clock is real, log time is not ahead of the witnesses of a checkpoint, and
   lies within what the anchors bound (``anchors``).
9. The rules over the whole log hold, where it was read to its end (``rules.book``, rule 5). What
   somebody owed and did not do is told as an omission: it makes nobody's record false.
10. An audit may go on where an earlier one ended (``since``): then what that one read is not read
    again, and what is served must begin with it.

Signatures are checked in other processes while the rules run here, and here as well as soon as the
others have enough in hand. An inadmissible event is told and does not take effect; where only its
place is wrong (AD4, AD6, AD7) it does, so that one broken link does not hide behind its
consequences.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from verifier import differences, tiles
from verifier.anchors import SLACK_S, Anchors
from verifier.attachments import Attachments
from verifier.errors import (
    FalseError,
    MalformedError,
    PledgebookError,
    UndecidedError,
)
from verifier.event import Event, parse
from verifier.finding import Finding, Progress, Verdict, meaning
from verifier.keys import Check, verify_many
from verifier.note import Checkpoint
from verifier.options import Observer, Options
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.reading import published_tile, read_ahead
from verifier.regrown import RegrownTree
from verifier.rules import admission, table
from verifier.rules.authority import rulesets
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import Book, Broken, Entry, Refused
from verifier.since import Since
from verifier.sources import Source
from verifier.tree import HASH_BYTES, leaf_hash
from verifier.verdict import Audited, Checked, conclude
from verifier.workers import Batch, Workers

__all__ = ["Audit", "Observer", "Options"]

_Signed = tuple[int, Event]
"""An event whose signature is being checked, and its index."""

BATCHES_AHEAD: Final = 4  # checked here, and waiting for the verdicts of others before them
PROGRESS_EVERY: Final = 16  # bundles
WORTH_PROCESSES: Final = 2_000  # entries; below, starting processes costs more than it saves
_PLACE_RULES: Final = frozenset({"AD4", "AD6", "AD7"})
MAX_ENTRIES: Final = 2**32  # weeks of work; a larger size keeps an auditor busy, nothing else
MAX_DIFFERENCES: Final = 10_000  # of leaves and tiles, kept to explain what was moved


class Audit:
    """One audit of one source; ``run`` yields findings and progress, the verdict last.

    ``executor`` checks signatures in other processes; with None they are checked in this one.
    """

    def __init__(
        self,
        source: Source,
        policy: Policy,
        *,
        options: Options,
        executor: Workers | None,
        observer: Observer | None = None,
        since: Since | None = None,
    ) -> None:
        self.observer = observer
        self.source = source
        self.policy = policy
        self.options = options
        self.executor = executor
        self.since = since
        self.tree = RegrownTree(partial(source.tile, 0, width=tiles.FULL_WIDTH))
        self.book = Book(self.tree.root_at)
        self.checked = Checked()
        self.anchors = Anchors(policy, options.authorities)
        self.attachments = Attachments()
        self._known_size: int | None = None
        self.served = b""
        self.ended: Checkpoint | None = None
        self._start = 0
        """Where an audit that goes on began; the first entry to be read."""
        self.unjudged = ""
        self._differences: list[differences.Difference] = []
        self._pending: deque[tuple[list[_Signed], Batch | list[bool]]] = deque()
        self._most_pending = BATCHES_AHEAD + (executor.most if executor is not None else 0)

    def run(self) -> Iterator[Finding | Progress | Verdict]:
        """Audit the source.

        Raises:
            PolicyError: the policy is for another log.
            UndecidedError: the source cannot be read at all.
        """
        began = time.monotonic()
        served = self.served = self.source.checkpoint()
        verified: VerifiedCheckpoint | None = None
        try:
            verified = self.anchors.served = self.policy.judge(served)  # 1
        except (FalseError, MalformedError) as error:
            yield self._finding(error, about="logged")
        checkpoint = verified.checkpoint if verified else differences.checkpoint_of(served)
        if checkpoint is not None and checkpoint.size > MAX_ENTRIES:
            reason = f"{checkpoint.size} entries; this verifier reads {MAX_ENTRIES} at most"
            yield self._finding(UndecidedError("log-too-large", reason), about="unchanged")
            checkpoint = None
        if checkpoint is None:
            yield self._verdict(None, None, began)
            return
        known, findings = self._known(checkpoint)
        yield from findings
        if self.since is not None and self.since.past is not None:
            gap = self._go_on(self.since, checkpoint)
            if gap is not None:
                yield gap
                yield self._verdict(checkpoint, verified, began)
                return
        yield from self._entries(checkpoint, known)
        yield from self._root(checkpoint)  # 5
        if self.since is not None:
            self.since.keep(self.checked)
        yield from self._whole_log(checkpoint)  # 9
        yield from self._opening(checkpoint, verified)  # 7
        yield self._verdict(checkpoint, verified, began)
        self.ended = checkpoint if verified is not None else None

    # 10: what an earlier audit left

    def _go_on(self, since: Since, checkpoint: Checkpoint) -> Finding | None:
        """Stand where the last audit ended; return what is wrong between it and what is served."""
        assert since.past is not None
        self._known_size = since.size
        checked = since.restore(self.tree, self.book, self.anchors, self.attachments)
        gap = since.gap(checkpoint, self.source, self.tree)
        if gap is not None:
            return self._finding(gap, about="complete")
        self.checked, self.unjudged, self._start = checked, since.past.unjudged, since.size
        checked.told_before = checked.findings
        return None

    def remember(self) -> bool:
        """Write what the next audit goes on from; say whether there was cause to (``since``, 4)."""
        return self.since is not None and self.since.remember(self)

    # 2 to 4: entries

    def _entries(
        self, checkpoint: Checkpoint, known: VerifiedCheckpoint | None
    ) -> Iterator[Finding | Progress]:
        bundles = read_ahead(self.source, checkpoint.size, since=self._start)
        for number, (bundle, raws, tile, excess) in enumerate(bundles):
            batch: list[_Signed] = []
            items: list[Check] = []
            for raw in raws[self.tree.size - bundle.n * tiles.FULL_WIDTH :]:
                findings = self._entry(raw, batch, items)
                if findings:
                    yield from findings
                if known is not None and self.tree.size == known.checkpoint.size:
                    yield from self._compare_known(known)  # 6
            self._compare_tile(bundle, tile)
            if excess:
                told = f"{excess} bytes follow the entries of {bundle.path}"
                yield self._finding(MalformedError("tile-malformed", told), about="unchanged")
            self._send(batch, items, checkpoint.size - self._start)
            while len(self._pending) > self._most_pending:
                yield from self._receive()
            if number % PROGRESS_EVERY == PROGRESS_EVERY - 1:
                yield Progress(done=self.tree.size, total=checkpoint.size)
            if len(raws) < bundle.width:
                yield self._missing(checkpoint)
                break
        while self._pending:
            yield from self._receive()
        yield Progress(done=self.tree.size, total=checkpoint.size)

    def _entry(self, raw: bytes, batch: list[_Signed], items: list[Check]) -> Sequence[Finding]:
        """Judge one entry and return what was found; the hottest code of an audit."""
        findings: Sequence[Finding] = ()
        try:
            event = parse(raw)  # 2
        except MalformedError as error:
            findings = [self._finding(error, index=self.tree.size, about="unchanged")]
            self.tree.append(leaf_hash(raw))
            self.book.size += 1
            return findings
        unknown = self.unjudged or rulesets.unknown_ruleset(self.book)
        findings = self._leave_undecided(event, unknown) if unknown else self._judge(event)
        self.tree.append(event.id)
        self.checked.entries += 1
        if self.since is not None:
            self.since.changed.add(event.subject)
        public = self.book.public_keys.get(event.kid)
        if public is not None:
            batch.append((self.tree.size - 1, event))
            items.append((public, event.signature, event.to_be_signed))
        if self.observer is not None:
            self.observer.read(event, self.tree.size - 1)
        return findings

    def _judge(self, event: Event) -> Sequence[Finding]:
        """Judge an event by the rules and let it take effect; return what was found."""
        findings: Sequence[Finding] = ()
        try:
            body = admission.read_body(event)
            entry = admission.admit(event, body, self.book)  # 3
            self.checked.admissions += 1
            if self.observer is not None:
                self.observer.admitted(entry, self.book)
            admission.record(entry, self.book)
            findings = self._in_time(entry)  # 8
        except Refused as refused:
            unknown = next((u.reason for u in refused.unmet if u.rule == "GE3"), "")
            if unknown:
                return self._leave_undecided(event, unknown)
            told = self._finding(refused, event=event, index=self.tree.size)
            also = tuple(f"{unmet.rule}: {unmet.reason}" for unmet in refused.unmet[1:])
            findings = [msgspec.structs.replace(told, also=also, hint="")]  # hints are for authors
            self._record_refused(event, refused)
        except PledgebookError as error:
            findings = [self._finding(error, event=event, index=self.tree.size)]
            self.book.pass_over(event)
        except Exception as error:  # noqa: BLE001  # a fault of this verifier is no verdict
            fault = UndecidedError("rules-fault", f"{type(error).__name__}: {error}")
            findings = [self._finding(fault, event=event, index=self.tree.size)]
            self.book.pass_over(event)
        return findings

    def _leave_undecided(self, event: Event, reason: str) -> Sequence[Finding]:
        """Judge neither this event nor what follows; tell once, from where on."""
        first, self.unjudged = not self.unjudged, reason
        self.book.pass_over(event)
        if not first:
            return ()
        self.checked.unjudged = self.tree.size
        error = UndecidedError("ruleset-unknown", reason)
        return [self._finding(error, event=event, index=self.tree.size)]

    def _record_refused(self, event: Event, refused: Refused) -> None:
        if {unmet.rule for unmet in refused.unmet} <= _PLACE_RULES:
            body = admission.read_body(event)
            at = max(self.book.time, event.iat)
            try:
                admission.record(entry := Entry(self.book.size, event, body, at), self.book)
                self.anchors.recorded(entry)
            except Exception:  # noqa: BLE001  # what it builds on is missing: already told
                self.book.pass_over(event)
        else:
            self.book.pass_over(event)

    # 4: signatures, beside the rules

    def _send(self, batch: list[_Signed], items: list[Check], total: int) -> None:
        if not batch:
            return
        others = self.executor if total >= WORTH_PROCESSES else None
        if others is not None and others.has_room():
            self._pending.append((batch, others.submit(items)))
        else:
            self._pending.append((batch, verify_many(items, engine=self.options.engine)))

    def _receive(self) -> Iterator[Finding]:
        batch, result = self._pending.popleft()
        verdicts = result if isinstance(result, list) else result.result()
        self.checked.signatures += len(verdicts)
        self.checked.verified += sum(verdicts)
        if all(verdicts):
            return
        for (index, event), verdict in zip(batch, verdicts, strict=True):
            if not verdict:
                error = FalseError("signature-false", f"the signature of {event.iss} is false")
                yield self._finding(error, event=event, index=index)

    # 5: the tree

    def _compare_tile(self, bundle: tiles.Bundle, published: bytes) -> None:
        """Compare a level-0 tile with the entries; remember the leaves that differ."""
        self.checked.tiles += 1
        start = bundle.n * tiles.FULL_WIDTH
        grown = self.tree.tile(tiles.Tile(0, bundle.n, bundle.width))
        if published == grown:
            return
        for at in range(0, max(len(published), len(grown)), HASH_BYTES):
            pair = published[at : at + HASH_BYTES], grown[at : at + HASH_BYTES]
            if pair[0] != pair[1] and len(self._differences) < MAX_DIFFERENCES:
                self._differences.append((start + at // HASH_BYTES, *pair))

    def _root(self, checkpoint: Checkpoint) -> Iterator[Finding]:
        if self.tree.size == checkpoint.size and self.tree.root() == checkpoint.root:
            for index, _, _ in self._differences[:1]:
                error = FalseError("tile-false", "a level-0 tile differs from its entries")
                yield self._finding(error, index=index, about="unchanged")
            yield from self._upper_tiles(checkpoint.size)
            return
        committed = differences.root_of_tiles(self.source, checkpoint.size)
        if committed == checkpoint.root:
            for code, reason, index in differences.differences(self._differences):
                yield self._finding(FalseError(code, reason), index=index, about="unchanged")
        reason = f"the root at size {checkpoint.size} is not the one of the entries served"
        yield self._finding(FalseError("root-false", reason), about="unchanged")

    def _upper_tiles(self, size: int) -> Iterator[Finding]:
        for tile in tiles.tiles_at(size, since=self._start):
            if tile.level == 0:
                continue
            self.checked.tiles += 1
            try:
                published = published_tile(self.source, tile)
            except UndecidedError as error:
                yield self._finding(error, about="unchanged")
                continue
            if published is None:
                told_missing = UndecidedError("source-missing", f"{tile.path} is not served")
                yield self._finding(told_missing, about="unchanged")
            elif published != self.tree.tile(tile):
                told = FalseError("tile-false", f"{tile.path} differs from the tiles below it")
                yield self._finding(told, about="unchanged")

    def _missing(self, checkpoint: Checkpoint) -> Finding:
        reason = f"{self.tree.size} of the {checkpoint.size} entries of the checkpoint are served"
        return self._finding(FalseError("tail-cut", reason), about="unchanged")

    # 6: what was known before

    def _known(self, checkpoint: Checkpoint) -> tuple[VerifiedCheckpoint | None, list[Finding]]:
        if self.options.known is None:
            return None, []
        try:
            known = self.policy.judge(self.options.known)
        except (FalseError, MalformedError) as error:  # the auditor's file, not the log's fault
            reason = f"the checkpoint given as known is none of this log's: {error.reason}"
            raise UndecidedError("known-unsuitable", reason) from None
        size = self._known_size = known.checkpoint.size
        if size <= checkpoint.size:
            return known, list(self._compare_known(known)) if size == 0 else []
        reason = f"size {checkpoint.size} is served; size {size} was signed before"
        return None, [self._finding(FalseError("rolled-back", reason), about="complete")]

    def _compare_known(self, known: VerifiedCheckpoint) -> Iterator[Finding]:
        before = known.checkpoint
        if self.tree.root() != before.root:
            reason = f"at size {before.size} the root was {before.root.hex()}"
            yield self._finding(FalseError("history-forked", reason), about="complete")
        else:
            yield from self._ahead_of(known)

    # 8: log time

    def _ahead_of(self, seen: VerifiedCheckpoint) -> Iterator[Finding]:
        """Tell if log time, at the size that witnesses saw, lay ahead of the first of them."""
        genesis = self.book.thing("ledger", "genesis", LedgerOpened)
        if genesis is None or genesis.clock != "real" or not seen.witnesses:
            return
        first = min(seen.witnesses, key=lambda witness: witness.timestamp)
        ahead_s = self.book.time - first.timestamp
        if ahead_s > SLACK_S:
            reason = f"log time is {ahead_s} s ahead of the witness {first.name}"
            yield self._finding(FalseError("time-ahead", reason), about="logged")

    def _in_time(self, entry: Entry) -> Sequence[Finding]:
        self.attachments.recorded(entry)
        told = self.anchors.recorded(entry)
        return [self._finding(error, index=i, about="logged") for error, i in told]

    # 9: what only the whole log shows

    def _whole_log(self, checkpoint: Checkpoint) -> Iterator[Finding]:
        if self.unjudged or self.tree.size < checkpoint.size:
            return  # the verdict says that they were not run
        self.checked.whole_log = 0
        everything = (*table.WHOLE_LOG, self.anchors.late, self.attachments.broken)
        asked = [partial(self._asked, self.since)] if self.since else [
            partial(self._asks, rules) for rules in everything
        ]  # fmt: skip
        for ask in asked:
            try:
                yield from ask()
            except Exception as error:  # noqa: BLE001  # a fault of this verifier is no verdict
                fault = UndecidedError("rules-fault", f"{type(error).__name__}: {error}")
                yield self._finding(fault)

    def _asks(self, rules: table.Rules) -> Iterator[Finding]:
        assert self.checked.whole_log is not None
        self.checked.whole_log += 1
        for broken in rules(self.book):
            yield self._broken(broken)

    def _asked(self, since: Since) -> Iterator[Finding]:
        """Tell what is new of what the rules say, and count what was told before."""
        self.checked.whole_log = len(table.WHOLE_LOG) + 2
        extra = (*self.anchors.late(self.book), *self.attachments.broken(self.book))
        for broken, before in since.broken(self.book, extra):
            found = self._broken(broken)
            if before:
                self.checked.told_before += 1
            else:
                yield found
        breaches, omissions = since.standing()
        self.checked.told_before += breaches + omissions
        self.checked.omissions += omissions
        for _ in range(breaches):
            self.checked.spoil("signed", undecided=False)

    def _broken(self, broken: Broken) -> Finding:
        omission = broken.kind == "omission"
        if omission:
            self.checked.omissions += 1
        else:
            self.checked.spoil("signed", undecided=False)
        return Finding(
            code=broken.rule, what=meaning(broken.rule), reason=broken.reason,
            hint=broken.hint, subject=broken.subject, author=broken.who, omission=omission,
        )  # fmt: skip

    # 7: the genesis

    def _opening(
        self, checkpoint: Checkpoint, verified: VerifiedCheckpoint | None
    ) -> Iterator[Finding]:
        genesis = self.book.thing("ledger", "genesis", LedgerOpened)
        pinned = self.policy.ledger
        if pinned is not None and self.book.ledger is not None and pinned != self.book.ledger:
            reason = f"the policy names {pinned.hex()}, this is {self.book.ledger.hex()}"
            yield self._finding(FalseError("ledger-other", reason), about="logged")
        if genesis is None:
            return
        if genesis.origin != checkpoint.origin:
            reason = f"opened as {genesis.origin}, served as {checkpoint.origin}"
            yield self._finding(FalseError("origin-other", reason), about="logged")
        keys = {genesis.log_keys.checkpoint, genesis.log_keys.checkpoint_ml_dsa_44}
        if verified is not None and not keys.intersection(k.public for k in verified.log_keys):
            reason = "the key of the trust policy is not one of the genesis"
            yield self._finding(FalseError("log-key-other", reason), about="logged")
        if verified is not None:
            yield from self._ahead_of(verified)  # 8

    # Telling.

    def _verdict(
        self, checkpoint: Checkpoint | None, verified: VerifiedCheckpoint | None, began: float
    ) -> Verdict:
        audited = Audited(
            source=self.source.name,
            checked=self.checked,
            genesis=self.book.thing("ledger", "genesis", LedgerOpened),
            ledger=self.book.ledger,
            checkpoint=checkpoint,
            verified=verified,
            pinned=self.policy.ledger is not None,
            anchors=self.anchors,
            attachments=len(self.attachments),
            known=self._known_size,
            since=self._start,
            seconds=time.monotonic() - began,
        )
        return conclude(audited)

    def _finding(
        self, error: PledgebookError, *, event: Event | None = None, index: int | None = None,
        about: str = "signed",
    ) -> Finding:  # fmt: skip
        """Tell an error; ``about`` is the sentence of the verdict that it spoils."""
        undecided = isinstance(error, UndecidedError)
        self.checked.spoil(about, undecided=undecided)
        told = Finding(
            code=error.code, what=meaning(error.code), reason=error.reason, hint=error.hint,
            decided=not undecided, index=index,
        )  # fmt: skip
        if event is None:
            return told
        return msgspec.structs.replace(
            told, event=event.id.hex(), stream=event.stream, type=event.type, author=event.iss
        )
