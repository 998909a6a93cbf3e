"""One subject: everything on record about it, in order, and what that amounts to, as of any day.

The table is the timeline: one row per event of the log, its payload as it was signed. The state is
folded from these rows when somebody asks (``present``), so it can be asked as of any day, a better
wording needs no rebuild, and a rebuild decodes nothing.

What it leaves out: signatures and proofs, which the log itself serves by the index told here; and
what other subjects' records say about this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Any, ClassVar, Final

import msgspec

from projections.reading import Recorded, flatten, plain
from projections.views.present import ALWAYS, counts_from, present
from projections.views.sentences import sentence
from projections.views.shape import Rows, View
from projections.views.state import State
from verifier.errors import MalformedError
from verifier.keys import thumbprint
from verifier.rules.book import Body
from verifier.rules.table import EVENTS

__all__ = ["Answer", "EnrolledKey", "Entry", "Subject", "Told", "read", "read_entry", "recent"]

MAX_LIMIT: Final = 500  # events told in one answer; the state always rests on all of them


class Subject(View):
    """The fold of the timelines: one row per event."""

    NAME: ClassVar[str] = "subject"
    VERSION: ClassVar[int] = 1
    TABLES: ClassVar[tuple[str, ...]] = (
        (
            "CREATE TABLE IF NOT EXISTS timeline (log_index INTEGER PRIMARY KEY, "
            "at INTEGER NOT NULL, id BLOB NOT NULL, iss TEXT NOT NULL, stream TEXT NOT NULL, "
            "iat INTEGER NOT NULL, type TEXT NOT NULL, seq INTEGER NOT NULL, "
            "payload BLOB NOT NULL) STRICT"
        ),
    )
    INDEXES: ClassVar[tuple[str, ...]] = (
        "CREATE INDEX IF NOT EXISTS timeline_stream ON timeline (stream, log_index)",
    )

    def apply(self, entries: Sequence[Recorded], rows: Rows) -> None:
        """Write a row for each entry."""
        rows.insert("timeline", map(_COLUMNS, entries))


_COLUMNS: Final = attrgetter(*Recorded.__struct_fields__[:9])
"""The fields that are columns, in order: all but the decoded payload."""


_SELECT: Final = "SELECT log_index, at, id, iss, stream, iat, type, seq, payload FROM timeline"


MAX_KEYS: Final = 1_000
ENROLLING: Final = tuple(kind.TYPE for kind in EVENTS.values() if kind.enrols is not Body.enrols)
"""The event types that enrol keys."""


# Queries.


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event in a timeline."""

    index: int
    at: int
    """Log time there, in seconds."""
    day: str | None
    """The day from which it counts; null where the source's date cannot be read, or has none."""
    event_id: str
    type: str
    signer: str
    on_behalf_of: str | None
    stream: str
    seq: int
    signed_at: int
    summary: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A subject: its state, and a stretch of its timeline."""

    id: str
    as_of: str | None
    state: State
    events: int
    """How many events count; all of them without a day."""
    timeline: list[Told]
    next_after: int | None
    """Ask for the events after this index next; null at the end."""


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded last, newest first."""

    id: str | None
    """The subject; null where it is about all of them."""
    title: dict[str, str]
    timeline: list[Told]
    next_before: int | None
    """Ask for the events before this index next; null at the genesis."""


class EnrolledKey(msgspec.Struct, frozen=True):
    """A key, and the entry that enrolled it."""

    kid: str
    public: str
    index: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log, told and spelt out."""

    told: Told
    fields: list[tuple[str, str | int]]
    """Every value of the payload as it was signed, by its path; bytes in hexadecimal."""
    previous: int | None
    """The index of the entry before it on its stream."""
    next: int | None
    keys: list[EnrolledKey]
    """The keys of whoever signed, and those of the roots; which one it was, its bytes say."""


def read(
    rows: Rows, subject: str, *, as_of: date | None = None, after: int = -1, limit: int = MAX_LIMIT
) -> Answer | None:
    """Return a subject as of the end of a day, or of the record; nothing if it has no event.

    Raises:
        MalformedError: code ``query-malformed``; a bound is exceeded.
    """
    if not (1 <= limit <= MAX_LIMIT and -1 <= after <= 2**53):
        raise MalformedError("query-malformed", f"limit is 1 to {MAX_LIMIT}")
    entries = _entries_of(rows, subject)
    if not entries:
        return None
    if as_of is not None:
        entries = [pair for pair in entries if counts_from(*pair) <= as_of]
    told = [pair for pair in entries if pair[0].index > after]
    return Answer(
        id=subject,
        as_of=as_of.isoformat() if as_of is not None else None,
        state=present(subject, entries),
        events=len(entries),
        timeline=[_told(entry, body) for entry, body in told[:limit]],
        next_after=told[limit - 1][0].index if len(told) > limit else None,
    )


def recent(
    rows: Rows, subject: str | None = None, *, before: int | None = None, limit: int = MAX_LIMIT
) -> Recent | None:
    """Return what was recorded last, newest first; about one subject, nothing if it has no event.

    Raises:
        MalformedError: code ``query-malformed``; a bound is exceeded.
    """
    if not (1 <= limit <= MAX_LIMIT and (before is None or 0 <= before <= 2**53)):
        raise MalformedError("query-malformed", f"limit is 1 to {MAX_LIMIT}, before an index")
    if subject is None:
        title, kept = {}, rows.execute(
            f"{_SELECT} WHERE log_index < ? ORDER BY log_index DESC LIMIT ?",
            (2**53 if before is None else before, limit + 1),
        )  # fmt: skip
        entries = [_decoded(Recorded(*row)) for row in kept]
    else:
        every = _entries_of(rows, subject)
        if not every:
            return None
        title = present(subject, every).title
        entries = [
            pair for pair in reversed(every) if before is None or pair[0].index < before
        ][: limit + 1]  # fmt: skip
    return Recent(
        id=subject, title=title, timeline=[_told(*pair) for pair in entries[:limit]],
        next_before=entries[limit - 1][0].index if len(entries) > limit else None,
    )  # fmt: skip


def _entries_of(rows: Rows, subject: str) -> list[tuple[Recorded, Any]]:
    found = rows.execute(
        f"{_SELECT} WHERE stream > ? AND stream < ? ORDER BY log_index",
        (subject + "/", subject + "0"),  # «0» follows «/», so these are the subject's streams
    )
    return [_decoded(Recorded(*row)) for row in found]


def read_entry(rows: Rows, index: int) -> Entry | None:
    """Return the entry at an index; nothing if there is none."""
    found = rows.execute(f"{_SELECT} WHERE log_index = ?", (index,))
    if not found:
        return None
    entry, body = _decoded(Recorded(*found[0]))
    try:
        fields = plain(entry.payload)
    except MalformedError:
        fields = {}  # the told sentence says why
    return Entry(
        told=_told(entry, body),
        fields=[
            (path, value.hex() if isinstance(value, bytes) else value)
            for path, value in flatten(fields)
        ],
        previous=_beside(rows, entry, "MAX", "<"),
        next=_beside(rows, entry, "MIN", ">"),
        keys=_keys(rows, entry.iss),
    )


def _keys(rows: Rows, actor: str) -> list[EnrolledKey]:
    """Return the keys that were enrolled on an actor's streams, and the roots'."""
    marks = ", ".join("?" * len(ENROLLING))
    found = rows.execute(
        f"{_SELECT} WHERE (stream > ? AND stream < ? OR stream > 'ledger/' AND stream < 'ledger0') "
        f"AND type IN ({marks}) ORDER BY log_index LIMIT ?",
        (actor + "/", actor + "0", *ENROLLING, MAX_KEYS),
    )
    decoded = [_decoded(Recorded(*row)) for row in found]
    return [
        EnrolledKey(thumbprint(public).hex(), public.hex(), entry.index)
        for entry, body in decoded
        if isinstance(body, Body)
        for public in body.enrols()
    ]


def _beside(rows: Rows, entry: Recorded, which: str, side: str) -> int | None:
    statement = f"SELECT {which}(log_index) FROM timeline WHERE stream = ? AND log_index {side} ?"  # noqa: S608
    index: int | None = rows.execute(statement, (entry.stream, entry.index))[0][0]
    return index


def _decoded(entry: Recorded) -> tuple[Recorded, Any]:
    """Return an entry with its payload; one that cannot be decoded says so and changes nothing."""
    try:
        return entry, entry.body
    except MalformedError as error:
        spoilt = Recorded(
            entry.index, entry.at, entry.id, entry.iss, entry.stream, entry.iat,
            UNREADABLE + entry.type, entry.seq, entry.payload,
        )  # fmt: skip
        return spoilt, {"reason": error.reason}


UNREADABLE: Final = "unreadable "


def _told(entry: Recorded, body: Any) -> Told:
    behalf = body.get("on_behalf_of") if isinstance(body, dict) else body.on_behalf_of
    unreadable = entry.type.startswith(UNREADABLE)
    day = counts_from(entry, body)
    return Told(
        index=entry.index, at=entry.at, day=None if day in (date.max, ALWAYS) else day.isoformat(),
        event_id=entry.id.hex(), type=entry.type.removeprefix(UNREADABLE), signer=entry.iss,
        on_behalf_of=_actor(behalf), stream=entry.stream, seq=entry.seq, signed_at=entry.iat,
        summary=f"The payload cannot be read: {body['reason']}" if unreadable
        else sentence(entry.type, body),
    )  # fmt: skip


def _actor(behalf: Any) -> str | None:
    if isinstance(behalf, dict):
        return str(behalf.get("actor"))
    return None if behalf is None else behalf.actor
