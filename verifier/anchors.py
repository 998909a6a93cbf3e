"""What outsiders vouch for of time: the anchors in a log, judged by the auditor's own policy.

1. A voucher is a witness of the policy whose cosignature in an anchor verifies, or a time-stamping
   authority that the auditor names. The log names neither.
2. An event after an anchor was recorded after the times it states (``t_lo``, the greatest); an
   event that an anchored checkpoint covers was recorded before them (``t_hi``, the least). What is
   served to the auditor with cosignatures counts as an anchor of everything.
3. Log time may be at most ``SLACK_S`` beyond either bound; otherwise it is false.
4. A cosignature of a witness of the policy that does not verify makes the anchor false, and so does
   a trusted authority's token over something else. What others made counts for nothing.
5. AN4: from an event that no anchor covers, the next must come within the genesis's
   ``anchor_every``. The time runs in log time, as every deadline does.
6. On a ledger whose clock is stated nothing of this is asked: its times are no claim about ours.

Source: record format §5. ``Anchors`` sees each admitted event once, in order; it remembers the log
times since the last anchor and one row for each anchor.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from verifier.errors import FalseError, PledgebookError, UndecidedError
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.rules import dates
from verifier.rules.anchor import CheckpointAnchored
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import Book, Broken, Entry
from verifier.timestamps import Authorities

__all__ = ["SLACK_S", "Anchors", "Bound", "Kept", "Told"]

SLACK_S: Final = 300  # clocks of authors, witnesses and authorities differ

Told = tuple[PledgebookError, int]
"""What an anchor shows to be false or cannot be decided, and the index that it is about."""


class Bound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bound on the time of an event: when, who vouches, and the anchor that recorded it."""

    time: int
    """Seconds since 1970."""
    by: str
    kind: Literal["witness", "authority"] = "witness"
    anchor: int | None = None
    """The anchor's index; none where the checkpoint itself was served with the cosignature."""


class _Anchor(msgspec.Struct, frozen=True):
    index: int
    size: int
    vouchers: tuple[Bound, ...]


class Kept(msgspec.Struct, array_like=True):
    """What an audit remembers of anchors, to go on from there."""

    anchors: list[_Anchor]
    times: list[int]
    base: int
    upkeep: list[int]
    least: int
    every: str
    late: list[tuple[int, int]]
    unchecked: int


class Anchors:
    """The anchors of one log, as one auditor judges them."""

    def __init__(self, policy: Policy, authorities: Authorities | None) -> None:
        self._policy = policy
        self._authorities = authorities
        self._anchors: list[_Anchor] = []
        self._times = array("q")  # log time of each index from `_base` on
        self._base = 0
        self._upkeep: list[int] = []  # indices of upkeep events from `_base` on
        self._least = 0  # log time may not be below this
        self._every = ""
        self._late: list[tuple[int, int]] = []
        self.served: VerifiedCheckpoint | None = None
        """What was served to the auditor, if the policy accepts it."""
        self.unchecked = 0
        """Tokens that nobody here could check: no authority is named, or the extra is missing."""

    def kept(self) -> Kept:
        """Return what restores these."""
        return Kept(self._anchors, [*self._times], self._base, self._upkeep, self._least,
                    self._every, self._late, self.unchecked)  # fmt: skip

    def restore(self, kept: Kept) -> None:
        """Stand where an earlier audit by the same policy ended."""
        self._anchors, self._times, self._base = kept.anchors, array("q", kept.times), kept.base
        self._upkeep, self._least, self._every = kept.upkeep, kept.least, kept.every
        self._late, self.unchecked = kept.late, kept.unchecked

    def __len__(self) -> int:
        """Return how many anchors have a voucher that counts."""
        return sum(bool(anchor.vouchers) for anchor in self._anchors)

    def recorded(self, entry: Entry) -> list[Told]:
        """Take note of an event that takes effect; return what its time makes false."""
        if entry.index == 0 and isinstance(entry.body, LedgerOpened):
            self._every = entry.body.anchor_every if entry.body.clock == "real" else ""
        if not self._every:  # rule 6
            return []
        times, missing = self._times, entry.index - self._base - len(self._times)
        if missing:  # events that were not admitted have no time of their own
            times.extend([times[-1] if times else entry.at] * missing)
        times.append(entry.at)
        told: list[Told] = []
        if entry.at < self._least:
            told.append((_behind(self._least - entry.at), entry.index))
            self._least = 0  # told once for each anchor
        if entry.body.UPKEEP:
            self._upkeep.append(entry.index)
            if isinstance(entry.body, CheckpointAnchored):
                told += self._anchored(entry, entry.body)
        return told

    def _anchored(self, entry: Entry, body: CheckpointAnchored) -> list[Told]:
        told: list[Told] = []
        vouchers = [*self._witnesses(entry, body, told), *self._authority(entry, body, told)]
        size = body.checkpoint().size
        self._anchors.append(_Anchor(entry.index, size, tuple(vouchers)))
        if vouchers:
            first = min(vouchers, key=lambda voucher: voucher.time)
            ahead = bisect_right(self._times, first.time + SLACK_S) + self._base
            if ahead < size:  # rule 3; log time never falls, so the last covered is ahead too
                told.append((_ahead(self._times[size - 1 - self._base] - first.time, first), ahead))
            latest = max(voucher.time for voucher in vouchers)
            self._least = max(self._least, latest - SLACK_S)
        if self._waiting(entry.at):
            self._late.append((self._oldest(), entry.index))
        self._forget(size)
        return told

    def _witnesses(
        self, entry: Entry, body: CheckpointAnchored, told: list[Told]
    ) -> Iterator[Bound]:
        try:
            seen = self._policy.judge(body.note, require_quorum=False)
        except UndecidedError:
            return
        except PledgebookError as error:  # rule 4
            told.append((FalseError("anchor-false", error.reason), entry.index))
            return
        for witness in seen.witnesses:
            yield Bound(time=witness.timestamp, by=witness.name, anchor=entry.index)

    def _authority(
        self, entry: Entry, body: CheckpointAnchored, told: list[Told]
    ) -> Iterator[Bound]:
        if body.token is None:
            return
        if self._authorities is None:
            self.unchecked += 1
            return
        try:
            stamp = self._authorities.check(body.token, body.checkpoint().text())
        except UndecidedError:
            self.unchecked += 1
        except FalseError as error:
            told.append((FalseError("anchor-false", error.reason), entry.index))
        else:
            yield Bound(time=stamp.time, by=stamp.by, kind="authority", anchor=entry.index)

    # AN4

    def _oldest(self) -> int:
        """Return the first ordinary event that no anchor covers; past the end if there is none."""
        oldest = self._base
        for upkeep in self._upkeep:
            if upkeep > oldest:
                break
            oldest = upkeep + 1
        return oldest

    def _waiting(self, at: int) -> bool:
        """Say whether at a log time an event has waited too long for its anchor (rule 5)."""
        oldest = self._oldest() - self._base
        if oldest >= len(self._times):
            return False
        day = dates.day_of(self._times[oldest])
        return at >= dates.deadline(dates.add(day, self._every))

    def _forget(self, size: int) -> None:
        del self._times[: size - self._base]
        self._base = size
        self._upkeep = [index for index in self._upkeep if index >= size]

    def late(self, book: Book) -> Iterator[Broken]:
        """Yield each time that an anchor came too late, or never came (AN4)."""
        late = [*self._late]
        if self._every and self._waiting(book.time):
            late.append((self._oldest(), -1))
        for oldest, index in late:
            came = f"the anchor at entry {index} came later" if index >= 0 else "none has come yet"
            yield Broken(
                rule="AN4", kind="omission", subject="ledger", who="registry_service",
                reason=f"entry {oldest} was to be anchored within {self._every}; {came}",
                hint="let the service ask witnesses and anchor what they cosigned",
                stream="ledger/anchors",
            )  # fmt: skip

    # What is asked at the end.

    def bounds(self, index: int) -> tuple[Bound | None, Bound | None]:
        """Return the tightest bounds on when an event was recorded: after, and before (rule 2)."""
        after = [voucher for anchor in self._anchors if anchor.index < index
                 for voucher in anchor.vouchers]  # fmt: skip
        before = [voucher for anchor in self._anchors if anchor.size > index
                  for voucher in anchor.vouchers]  # fmt: skip
        served = self.served
        if self._every and served is not None and served.checkpoint.size > index:
            before += [Bound(time=one.timestamp, by=one.name) for one in served.witnesses]
        return (
            max(after, key=lambda bound: bound.time, default=None),
            min(before, key=lambda bound: bound.time, default=None),
        )


def _ahead(seconds: int, voucher: Bound) -> FalseError:
    reason = f"log time is {seconds} s ahead of {voucher.kind} {voucher.by}, at an anchor"
    return FalseError("time-ahead", reason)


def _behind(seconds: int) -> FalseError:
    reason = f"log time is {seconds + SLACK_S} s behind an anchor that was recorded before"
    return FalseError("time-behind", reason)
