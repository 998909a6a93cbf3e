"""The rows of the directory's tables; their fields are the columns, the first the key."""

from __future__ import annotations

import msgspec

__all__ = ["AboutRow", "ActorRow", "AppealRow", "PromiseRow", "SubjectRow"]


class SubjectRow(msgspec.Struct):
    """A row of ``subject``; its fields are the columns."""

    id: str
    kind: str
    title: str
    titles: str
    """JSON: the title by language."""
    status: str | None
    status_from: str | None
    source: str
    countries: str
    """JSON: alpha-3 codes."""
    first_index: int
    last_index: int
    last_at: int
    claimed: int = 0
    promised: int = 0
    delivered: int = 0
    missed: int = 0
    withdrawn: int = 0
    observed: int = 0
    assessed: int = 0
    last_observed: str | None = None
    importer: str | None = None
    live: str | None = None
    hidden_until: str | None = None
    """The last day of the interim measure that hides the listing."""
    ruled: str | None = None
    """What a body last decided on: ``suspend`` or ``remove``; what an appeal is against."""
    integrity: str | None = None
    """The open case about integrity: it ends no suspension, and its end ends the measure."""


class PromiseRow(msgspec.Struct):
    """A row of ``promise``: a commitment by its stream, and how it counts."""

    id: str
    state: str
    accountable: str = ""
    acknowledged: int = 0
    point: str = ""
    code: str = ""


class AppealRow(msgspec.Struct):
    """A row of ``appeal``: what a panel was asked to decide, and who has endorsed it so far."""

    id: str
    outcome: str
    quorum: int
    case_id: str
    voices: str = "[]"
    """JSON: the organizations, sorted."""


class AboutRow(msgspec.Struct):
    """A row of ``about``: what holds for the whole ledger; so far its clock alone."""

    id: str
    value: str


class ActorRow(msgspec.Struct):
    """A row of ``actor``: its names, for the search."""

    id: str
    names: str
