"""The words in which a subject's state is told: the structs of its JSON answer.

Absent is null. Days are ISO 8601, in UTC; an index is an event's place in the log, by which the
log's own proof of it is found.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "Assessment",
    "Commitment",
    "Observed",
    "Proposal",
    "State",
    "Status",
    "StatusFact",
    "Step",
    "Thing",
    "Voice",
]


class Observed(msgspec.Struct, frozen=True):
    """Where an imported statement comes from: last observed on a day, by an importer."""

    day: str
    importer: str
    registry: str
    source_id: str
    file: str
    row_sha256: str
    url: str | None


class StatusFact(msgspec.Struct, frozen=True):
    """A dated status of another register."""

    event: str
    state: str | None
    stated_date: str
    precision: str
    value: str | None
    ground: str | None
    detail: str | None
    observed: Observed
    index: int


class Status(msgspec.Struct, frozen=True):
    """The listing here, or the status in another register, and since when."""

    state: str
    since: str
    index: int
    observed: Observed | None = None
    """Set where another register said it."""


class Assessment(msgspec.Struct, frozen=True):
    """A reviewer's code for an imported commitment."""

    point: str
    scale: str
    code: str
    reviewer: str
    published: str | None
    observed: Observed
    index: int


class Commitment(msgspec.Struct, kw_only=True):
    """A commitment: what was said, by whom it is owed, and what became of it."""

    id: str
    state: str
    """claimed, active, fulfilled, missed, withdrawn or completed_with_lessons; observed where it
    was imported."""
    text: dict[str, str]
    accountable: str | None
    due: str | None
    index: int
    acknowledged: bool = False
    """By the accountable organization: only then is it a promise."""
    acknowledged_by: list[str] = msgspec.field(default_factory=list)
    contributors: list[str] = msgspec.field(default_factory=list)
    progress: str | None = None
    progress_as_of: str | None = None
    fulfilled_on: str | None = None
    late: bool = False
    cells: dict[str, str] = msgspec.field(default_factory=dict)
    """The cells of the source's row, verbatim: ND, NR and NA say that there is no code."""
    assessments: list[Assessment] = msgspec.field(default_factory=list)
    observed: Observed | None = None


class Thing(msgspec.Struct, kw_only=True):
    """A report, a review or a case: how it stands, and its steps in order."""

    id: str
    kind: str
    state: str
    facts: dict[str, str | int | None]
    steps: list[Step] = msgspec.field(default_factory=list)


class Step(msgspec.Struct, frozen=True):
    """An event that moved a thing on."""

    index: int
    day: str
    event: str
    by: str


class Voice(msgspec.Struct, frozen=True):
    """An endorsement."""

    actor: str
    organization: str
    index: int


class Proposal(msgspec.Struct, kw_only=True):
    """An act of several: what is proposed, whose voices it has, and whether it took effect."""

    id: str
    event: str
    by: str
    quorum: int
    expires: str
    counts: str
    """organizations, or offices where four eyes of one body suffice."""
    facts: dict[str, str | int | None]
    index: int
    endorsements: list[Voice] = msgspec.field(default_factory=list)
    effective: int | None = None
    """The index of the endorsement that met the quorum."""


class State(msgspec.Struct, kw_only=True):
    """What a subject's record amounts to."""

    id: str
    kind: str
    title: dict[str, str] = msgspec.field(default_factory=dict)
    status: Status | None = None
    registration: dict[str, Any] = msgspec.field(default_factory=dict)
    commitments: dict[str, Commitment] = msgspec.field(default_factory=dict)
    status_facts: list[StatusFact] = msgspec.field(default_factory=list)
    things: dict[str, Thing] = msgspec.field(default_factory=dict)
    proposals: dict[str, Proposal] = msgspec.field(default_factory=dict)
    last_observed: Observed | None = None
    live: str | None = None
    """The subject that goes on from a claimed import."""
