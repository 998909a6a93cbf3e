"""Samples for review that anyone can draw again, and that nobody can choose.

- SM1 A sample is announced while its cycle is open, one for each profile; its share is no less than
      the profile's `review_share` in the base version in force. [R24]
- SM2 It is drawn from the register as it stood at the size that the announcement states as seen,
      which lies beyond the cycle's opening.
- SM3 The announcement names the witnesses that count, each with the key of its cosignatures, none
      of them the log.
- SM4 A draw rests on a checkpoint of this log that covers the announcement, with the log's root,
      and that a named witness cosigned; its seed is SHA-256 of the checkpoint's text and the
      earliest of those cosignatures. [R90]
- SM5 It is drawn once; and once more only where an earlier cosignature was shown, on the earliest.
- SM6 Anyone shows a checkpoint that fulfils SM4 and was cosigned earlier than the draw's. [R90]
- SM7 What was drawn is what the seed draws: of the partnerships of the profile that were on the
      register at that size, in the order of SHA-256 of the seed and the name, the first share in a
      hundred, rounded up (whole log). [R24, R90]
- SM8 No draw stands on a cosignature when an earlier one was shown: its seed may have been chosen
      (whole log). [R24, R90]

The secretary cannot know a cosignature beforehand, and asking twice leaves the earlier one with the
witness, who can show it. Sources: domain C5; decision D1.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import body, dates, guideline, lot, partnership
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code
from verifier.rules.lot import Draw, Shown
from verifier.rules.review.state import Sample, cycle_of, local_of

__all__ = ["ACROSS", "EVENTS", "CheckpointShown", "SampleAnnounced", "SampleDrawn", "across",
           "by_subject", "drawn", "whole_log"]  # fmt: skip

Percent = Annotated[int, Meta(ge=1, le=100)]
SubjectName = Annotated[str, Meta(pattern=r"^p-[a-z0-9][a-z0-9._:-]{0,61}\Z")]


class SampleAnnounced(Body, frozen=True, kw_only=True):
    """The secretary announces a sample, before anybody can know its seed (SM1 to SM3)."""

    TYPE: ClassVar[str] = "SampleAnnounced/1"
    STREAM: ClassVar[str] = "cycle-*/sample/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (body.secretary,)
    MISSION: ClassVar[tuple[int, ...]] = (24, 90)
    DECISION: ClassVar[bool] = True

    profile: Code
    share: Percent
    witnesses: lot.Witnesses

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SM1 to SM3."""
        cycle = cycle_of(entry.event.subject, book)
        if cycle is None or cycle.closed_on is not None:
            yield Unmet(rule="SM1", reason="the cycle is not open", who=body.secretary.name)
        elif entry.event.seen is not None and entry.event.seen.size <= cycle.index:
            yield Unmet(rule="SM2", reason="the size stated as seen lies before the cycle",
                        hint="state the newest checkpoint")  # fmt: skip
        if entry.event.seq != 0:
            yield Unmet(rule="SM1", reason="this stream holds a sample", hint="name another")
        if any(s.profile == self.profile for s in book.subject(entry.event.subject).all(Sample)):
            yield Unmet(rule="SM1", reason=f"the sample of {self.profile} is announced: a second "
                        "one could be drawn until it pleases")  # fmt: skip
        yield from self._unmet_share(entry, book)
        yield from lot.unmet_witnesses("SM3", self.witnesses, book)

    def _unmet_share(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        version = guideline.base_in_force(dates.day_of(entry.at), book)
        rules = guideline.profile_of(version, self.profile, book) if version else None
        if rules is None or rules.review_share is None:
            yield Unmet(rule="SM1", reason=f"{self.profile} is not reviewed by sample")
        elif self.share < rules.review_share:
            yield Unmet(rule="SM1", reason=f"of {self.profile} at least {rules.review_share} in a "
                        "hundred are reviewed")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the announcement on record."""
        size = entry.event.seen.size if entry.event.seen is not None else 0
        yield "sample:" + local_of(entry), Sample(
            ref=entry.ref, index=entry.index, profile=self.profile, share=self.share, size=size,
            witnesses=self.witnesses,
        )  # fmt: skip


class SampleDrawn(lot.Cosigned, frozen=True, kw_only=True):
    """The secretary draws a sample by the first checkpoint that was witnessed since (SM4, SM5)."""

    TYPE: ClassVar[str] = "SampleDrawn/1"
    STREAM: ClassVar[str] = "cycle-*/sample/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (body.secretary,)
    MISSION: ClassVar[tuple[int, ...]] = (24, 90)

    drawn: Annotated[tuple[SubjectName, ...], Meta(max_length=600)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SM4 and SM5."""
        subject = book.subject(entry.event.subject)
        sample = subject.get("sample:" + local_of(entry), Sample)
        if sample is None:
            yield Unmet(rule="SM5", reason="no sample is announced here", who=body.secretary.name)
            return
        unmet = tuple(self.unmet_checkpoint("SM4", sample, entry, book))
        yield from unmet
        if not unmet:
            at, _ = lot.earliest(self.checkpoint, sample.witnesses)
            yield from lot.unmet_again("SM5", sample, local_of(entry), at, subject)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the draw on record; it replaces one that rested on a later cosignature."""
        key = "sample:" + local_of(entry)
        sample = subject.things[key]
        at, seed = lot.earliest(self.checkpoint, sample.witnesses)
        draw = Draw(entry.ref, at, seed, self.drawn, entry.index)
        yield key, msgspec.structs.replace(sample, draw=draw)


class CheckpointShown(lot.Cosigned, frozen=True, kw_only=True):
    """Anyone shows that a sample was not drawn by the first witnessed checkpoint (SM4, SM6)."""

    TYPE: ClassVar[str] = "CheckpointShown/1"
    STREAM: ClassVar[str] = "cycle-*/shown/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (lot.anyone,)
    MISSION: ClassVar[tuple[int, ...]] = (90,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SM4 and SM6."""
        subject = book.subject(entry.event.subject)
        sample = subject.get("sample:" + entry.event.stream.split("/")[2], Sample)
        if sample is None or sample.draw is None:
            yield Unmet(rule="SM6", reason="no such sample is drawn")
            return
        unmet = tuple(self.unmet_checkpoint("SM4", sample, entry, book))
        yield from unmet
        if not unmet and lot.earliest(self.checkpoint, sample.witnesses)[0] >= sample.draw.at:
            yield Unmet(rule="SM6", reason="it was not cosigned before the draw's")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the earlier cosignature on record."""
        _, _, local, author = entry.event.stream.split("/")
        at, _ = lot.earliest(self.checkpoint, subject.things["sample:" + local].witnesses)
        yield f"shown:{local}/{author}:{entry.event.seq}", Shown(entry.ref, local, at)


def drawn(seed: bytes, population: Iterable[str], share: int) -> tuple[str, ...]:
    """Return what a seed draws of a population: the share in a hundred, rounded up (SM7)."""
    order = lot.in_order(seed, population)
    return order[: -(-len(order) * share // 100)]


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of SM7 and SM8: samples that nobody would draw again."""
    yield from across(book)
    yield from by_subject(book)


def by_subject(book: Book) -> Iterator[Broken]:
    """Yield what is broken of SM8."""
    for subject in book.subjects.values():
        for sample in subject.all(Sample):
            if sample.draw is not None:
                local = sample.ref.stream.rpartition("/")[2]
                yield from lot.chosen("SM8", sample, local, subject, body.secretary.name)


ACROSS: Final = (Sample,)


def across(book: Book) -> Iterator[Broken]:
    """Yield what is broken of SM7."""
    for subject in book.subjects.values():
        for sample in subject.all(Sample):
            if sample.draw is not None:
                yield from _unlike_its_seed(sample, sample.draw, subject, book)


def _unlike_its_seed(sample: Sample, draw: Draw, subject: Subject, book: Book) -> Iterator[Broken]:
    population = [
        one.id for one in book.subjects.values() if _profile_at(one, sample.size) == sample.profile
    ]
    right = drawn(draw.seed, population, sample.share)
    if draw.drawn != right:
        yield Broken(rule="SM7", subject=subject.id, who=body.secretary.name,
                     reason=f"of {len(population)} partnerships the seed of {draw.ref.stream} "
                     f"draws {', '.join(right) or 'none'}; it has others")  # fmt: skip


def _profile_at(subject: Subject, size: int) -> str | None:
    """Return the profile by which a subject was on the register at a size of the log."""
    found = partnership.of(subject)
    return None if found is None else partnership.profile_at(found, size)


EVENTS: Final[tuple[type[Body], ...]] = (SampleAnnounced, SampleDrawn, CheckpointShown)
