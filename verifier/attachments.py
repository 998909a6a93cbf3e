"""The attachments that a log refers to, and what became of each.

1. An attachment is *present* where the source serves an object of its name, *altered* where it
   serves another, *erased* where it serves none and the log says on which ground, *missing* where
   it serves none and nothing says why, *kept* where it is served although it was to be erased.
2. Only an altered one is false. A missing one is told: the log never promised that it is there.
3. What the log names is known after an audit; nothing is fetched before.
4. ER4: an erasure names attachments that the event it points to does not refer to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from verifier.blob import blob_path, content_of
from verifier.errors import FalseError, UndecidedError
from verifier.report import inert
from verifier.rules.book import Book, Broken, Entry
from verifier.rules.erasure import ErasureRecorded
from verifier.rules.references import blobs_of
from verifier.sources import Source

__all__ = ["Attachment", "Attachments", "Kept", "attachments_text"]

MARKS: Final = {"present": "ok", "erased": "ok", "missing": " ?", "kept": " !", "altered": "NO",
                "unread": " ?"}  # fmt: skip


class Attachment(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True,
    tag="attachment", tag_field="message",
):  # fmt: skip
    """An attachment and its state (rule 1); *unread* where the source could not be read."""

    name: str
    state: Literal["present", "altered", "missing", "erased", "kept", "unread"]
    named_by: int
    """The index of the first event that refers to it."""
    erased_by: int | None = None
    ground: str = ""
    authority: str = ""
    bytes: int = 0
    """Of its content, where it is present."""


class _Erasure(msgspec.Struct, frozen=True):
    index: int
    ground: str
    authority: str


class Kept(msgspec.Struct, array_like=True):
    """What an audit remembers of attachments, to go on from there."""

    erased: dict[bytes, _Erasure]
    wrong: list[tuple[int, str]]
    named: int
    """How many are referred to."""


class Attachments:
    """What the events of one log say of its attachments."""

    def __init__(self) -> None:
        self._named: dict[bytes, int] = {}
        self._erased: dict[bytes, _Erasure] = {}
        self._by_event: dict[bytes, frozenset[bytes]] = {}
        self._wrong: list[tuple[int, str]] = []

    def kept(self) -> Kept:
        """Return what restores these, but for what is looked up one by one."""
        return Kept(self._erased, self._wrong, len(self._named))

    def fresh(self) -> tuple[dict[bytes, int], dict[bytes, frozenset[bytes]]]:
        """Return what is looked up and is new: who names each, and what each event names."""
        return self._named, self._by_event

    def restore(
        self, kept: Kept, named: dict[bytes, int], by_event: dict[bytes, frozenset[bytes]]
    ) -> None:
        """Stand where an earlier audit ended."""
        self._erased, self._wrong = kept.erased, kept.wrong
        self._named, self._by_event = named, by_event

    def __len__(self) -> int:
        """Return how many attachments are referred to."""
        return len(self._named)

    def recorded(self, entry: Entry) -> None:
        """Take note of an event that takes effect."""
        body = entry.body
        if isinstance(body, ErasureRecorded):
            erasure = _Erasure(entry.index, body.ground, body.authority)
            for name in body.blobs:
                self._erased.setdefault(name, erasure)
            if not self._by_event.get(body.named_by.id, frozenset()).issuperset(body.blobs):
                self._wrong.append((entry.index, entry.event.subject))
            return
        names = blobs_of(body)
        if names:
            self._by_event[entry.event.id] = frozenset(names)
            for name in names:
                self._named.setdefault(name, entry.index)

    def broken(self, _book: Book) -> Iterator[Broken]:
        """Yield the erasures of what the event they name does not refer to (ER4)."""
        for index, subject in self._wrong:
            yield Broken(
                rule="ER4", subject=subject, who="data_protection_officer",
                reason=f"entry {index} erases what the event it names does not refer to",
                hint="ask which attachments were meant, and who had them erased",
            )  # fmt: skip

    def states(self, source: Source) -> Iterator[Attachment]:
        """Fetch each attachment and yield its state, in the order in which the log names them."""
        for name, named_by in self._named.items():
            erased = self._erased.get(name)
            told = Attachment(
                name=name.hex(), state="present", named_by=named_by,
                erased_by=erased.index if erased else None,
                ground=erased.ground if erased else "",
                authority=erased.authority if erased else "",
            )  # fmt: skip
            yield msgspec.structs.replace(told, **_state(source, name, erased=erased is not None))


def _state(source: Source, name: bytes, *, erased: bool) -> dict[str, object]:
    try:
        content = content_of(name, source.blob(name))
    except UndecidedError as error:
        if error.code != "source-missing":
            return {"state": "unread"}
        return {"state": "erased" if erased else "missing"}
    except FalseError:
        return {"state": "altered"}
    return {"state": "kept" if erased else "present", "bytes": len(content)}


def attachments_text(told: Attachment) -> str:
    """Return a line for a person to read."""
    words = {
        "present": f"present and matching, {told.bytes:,} bytes",
        "altered": "ALTERED: what is served is not what the log names",
        "missing": "missing: it is not served, and no erasure is on record",
        "erased": f"erased under {told.ground} ({told.authority}), entry {told.erased_by}",
        "kept": f"still served, though erased under {told.ground}, entry {told.erased_by}",
        "unread": "not read: the source failed",
    }[told.state]
    place = blob_path(bytes.fromhex(told.name))
    return inert(f"[{MARKS[told.state]}] {place}  named by entry {told.named_by}: {words}")
