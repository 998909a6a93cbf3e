"""Risks to the integrity of the United Nations: raised, escalated, owned, treated and closed.

- RK1 A risk is raised about a listed or suspended partnership; a stream holds one risk.
- RK2 A high risk states the day by which it is escalated, as far ahead as the profile says; others
      state none [R32].
- RK3 The owner that is designated holds the role of a risk owner [R92].
- RK4 A risk is assessed before it is treated, and closed after it was treated or found to be none;
      what is closed takes nothing more.
- RK5 A risk is escalated once, to an executive head or a body. [R32]
- RK6 A high risk is closed after it was escalated, and by another office than the one that assessed
      it. [R32]
- RK8 What is closed as resolved leaves no high residual: that is accepted, or referred. [R32]
- RK9 A risk that is referred names an open review or case here to which it goes; another outcome
      names none. [R32]
- RK7 (whole log) A high risk is escalated by its day [R32].

Who owns a risk is a role that an executive head gives, so that the rules work whether a system has
one chief risk manager or leaves it to its heads. The safe space shelters no breach of integrity.
Sources: R18, R32, R92; domain C2.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.state import Actor, Grant, grant_in_force, role
from verifier.rules.body import mission
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting.case import open_case
from verifier.rules.fields import ActorId, Blob, Day, EventRef, LocalId, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import Review

__all__ = [
    "EVENTS",
    "IntegrityRiskAssessed",
    "IntegrityRiskClosed",
    "IntegrityRiskEscalated",
    "IntegrityRiskMitigated",
    "IntegrityRiskRaised",
    "Risk",
    "RiskOwnerDesignated",
    "SubstitutionRiskRaised",
    "whole_log",
]

Severity = Literal["low", "moderate", "high"]
Score = Annotated[int, Meta(ge=1, le=5)]

_un: Final = (
    role("focal_point", partly=True), role("lead_entity_officer"), role("risk_owner"),
    role("due_diligence_officer"), role("un_country_team", partly=True), role("legal_affairs"),
)  # fmt: skip
_states: Final = (mission, role("member_state_office", partly=True))
_others: Final = (role("registry"), role("expert_body"), role("independent_auditor"))


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """A risk on record; the thing ``risk:<id>`` of its partnership. Days are ISO 8601."""

    ref: EventRef
    severity: str
    escalate_by: str | None = None
    raised_by: str
    owner: str | None = None
    escalated_to: str | None = None
    assessed_by: tuple[str, ...] = ()
    residual: str = ""
    """What its owner last said remains of it."""
    state: str = "open"
    """open, assessed, mitigated or closed."""


def _key(event: Event) -> str:
    return "risk:" + event.stream.rpartition("/")[2]


def _found(entry: Entry, book: Book) -> Risk | None:
    return book.thing(entry.event.subject, _key(entry.event), Risk)


def _holds(actor: str, wanted: str, at: int, book: Book) -> bool:
    return any(
        grant.role == wanted and grant_in_force(grant, at)
        for grant in book.subject(actor).all(Grant)
    )


def _unmet_escalation(
    severity: str, stated: str | None, entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield what is not met of RK2."""
    found = partnership.of(book.subject(entry.event.subject))
    profile = partnership.profile_of(found, book) if found else None
    if profile is None:
        return
    day = dates.add(dates.day_of(entry.at), profile.risk_escalated_within).isoformat()
    if stated != (day if severity == "high" else None):
        yield Unmet(rule="RK2", reason=f"a high risk is escalated by {day}, others by no day")


class _Raises(Body, frozen=True, kw_only=True):
    """What raises a risk (RK1, RK2)."""

    STREAM: ClassVar[str] = "p-*/risk/*"

    severity: Severity
    escalate_by: Day | None = None
    text: Texts
    evidence: Annotated[tuple[Blob, ...], Meta(max_length=30)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RK1 and RK2."""
        found = partnership.of(book.subject(entry.event.subject))
        if found is None or found.listing not in ("listed", "suspended"):
            yield Unmet(rule="RK1", reason="the partnership is not listed", who="registry")
        if entry.event.seq != 0:
            yield Unmet(rule="RK1", reason="this stream holds a risk", hint="name another")
        yield from _unmet_escalation(self.severity, self.escalate_by, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the risk on record."""
        yield _key(entry.event), Risk(
            ref=entry.ref, severity=self.severity, escalate_by=self.escalate_by,
            raised_by=entry.actor,
        )  # fmt: skip


class IntegrityRiskRaised(_Raises, frozen=True, kw_only=True):
    """A United Nations entity, a State or the registry sees a risk (RK1, RK2)."""

    TYPE: ClassVar[str] = "IntegrityRiskRaised/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (*_un, *_states, *_others)
    MISSION: ClassVar[tuple[int, ...]] = (32,)

    kind: Literal[
        "reputation", "corruption", "safeguarding", "human_rights", "environment", "finance",
        "data", "conflict_of_interest", "other",
    ]  # fmt: skip


class SubstitutionRiskRaised(_Raises, frozen=True, kw_only=True):
    """A United Nations entity or State sees its own task done by a partnership (RK1, RK2)."""

    TYPE: ClassVar[str] = "SubstitutionRiskRaised/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (*_un, *_states)
    MISSION: ClassVar[tuple[int, ...]] = (18,)

    task: Texts
    """Which responsibility it would take the place of."""


def _is_owner(actor: str, entry: Entry, book: Book) -> bool:
    found = _found(entry, book)
    return found is not None and found.owner == actor


_designates: Final = (role("executive_head"), role("lead_entity_officer"))
owner: Final = Capacity("the owner of the risk", _is_owner)


class _Treats(Body, frozen=True, kw_only=True):
    """What is done about a risk on record (RK4)."""

    STREAM: ClassVar[str] = "p-*/risk/*"
    FROM: ClassVar[tuple[str, ...]]

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RK4."""
        found = _found(entry, book)
        if found is None or found.state not in self.FROM:
            told = "not on record" if found is None else found.state
            yield Unmet(rule="RK4", reason=f"the risk is {told}, not {' or '.join(self.FROM)}")

    def _changed(self, entry: Entry, subject: Subject, **changes: object) -> Change:
        key = _key(entry.event)
        return key, msgspec.structs.replace(subject.things[key], **changes)


class RiskOwnerDesignated(_Treats, frozen=True, kw_only=True):
    """An entity says whose risk it is (RK3, RK4)."""

    TYPE: ClassVar[str] = "RiskOwnerDesignated/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _designates
    FROM: ClassVar[tuple[str, ...]] = ("open", "assessed", "mitigated")
    MISSION: ClassVar[tuple[int, ...]] = (32, 92)

    owner: ActorId

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the owner's roles."""
        return (self.owner,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RK3 and RK4."""
        yield from super().unmet(entry, book)
        if not _holds(self.owner, "risk_owner", entry.at, book):
            yield Unmet(rule="RK3", reason=f"{self.owner} is no risk owner", who="executive_head")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Name the owner."""
        yield self._changed(entry, subject, owner=self.owner)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer an owner for each risk that has none."""
        for risk in subject.all(Risk):
            if risk.owner is None and risk.state != "closed":
                yield risk.ref.stream, cls(owner="actor-undecided")


class IntegrityRiskEscalated(_Treats, frozen=True, kw_only=True):
    """A risk is brought before an executive head or a body (RK4, RK5)."""

    TYPE: ClassVar[str] = "IntegrityRiskEscalated/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (owner, *_un, role("registry"))
    FROM: ClassVar[tuple[str, ...]] = ("open", "assessed", "mitigated")
    MISSION: ClassVar[tuple[int, ...]] = (32,)

    to: ActorId
    text: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at whom it is brought before."""
        return (self.to,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RK4 and RK5."""
        yield from super().unmet(entry, book)
        found, known = _found(entry, book), book.thing(self.to, "actor", Actor)
        if found is not None and found.escalated_to is not None:
            yield Unmet(rule="RK5", reason=f"it was brought before {found.escalated_to} already")
        is_body = known is not None and known.kind == "body"
        if not (is_body or _holds(self.to, "executive_head", entry.at, book)):
            yield Unmet(rule="RK5", reason=f"{self.to} is neither an executive head nor a body")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note whom it was brought before."""
        yield self._changed(entry, subject, escalated_to=self.to)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the escalation of each high risk that waits for it."""
        for risk in subject.all(Risk):
            if risk.severity == "high" and risk.escalated_to is None and risk.state != "closed":
                yield risk.ref.stream, cls(to="actor-undecided", text=UNDECIDED)


class IntegrityRiskAssessed(_Treats, frozen=True, kw_only=True):
    """The owner assesses a risk, and may find it higher or lower (RK2, RK4)."""

    TYPE: ClassVar[str] = "IntegrityRiskAssessed/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (owner,)
    FROM: ClassVar[tuple[str, ...]] = ("open", "assessed")
    MISSION: ClassVar[tuple[int, ...]] = (32, 92)

    severity: Severity
    escalate_by: Day | None = None
    """Where it is found to be high and was not."""
    likelihood: Score
    impact: Score
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RK2 and RK4."""
        yield from super().unmet(entry, book)
        found = _found(entry, book)
        was_high = found is not None and found.escalate_by is not None
        risen = "low" if was_high else self.severity  # the first day stays
        yield from _unmet_escalation(risen, self.escalate_by, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the assessment; a risk that was high once keeps its day."""
        before: Risk = subject.things[_key(entry.event)]
        yield self._changed(
            entry, subject, state="assessed", severity=self.severity,
            escalate_by=before.escalate_by or self.escalate_by, assessed_by=entry.signers,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the assessment of each risk that has an owner."""
        for risk in subject.all(Risk):
            if risk.owner is not None and risk.state == "open":
                yield risk.ref.stream, cls(
                    severity="low", likelihood=1, impact=1, text=UNDECIDED
                )  # fmt: skip


class IntegrityRiskMitigated(_Treats, frozen=True, kw_only=True):
    """The owner says what was done about a risk (RK4)."""

    TYPE: ClassVar[str] = "IntegrityRiskMitigated/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (owner,)
    FROM: ClassVar[tuple[str, ...]] = ("assessed", "mitigated")
    MISSION: ClassVar[tuple[int, ...]] = (32, 92)

    text: Texts
    residual: Severity
    """What remains of it."""

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note that it was treated."""
        yield self._changed(entry, subject, state="mitigated", residual=self.residual)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the treatment of each risk that was assessed."""
        for risk in subject.all(Risk):
            if risk.state == "assessed":
                yield risk.ref.stream, cls(text=UNDECIDED, residual="low")


class IntegrityRiskClosed(_Treats, frozen=True, kw_only=True):
    """A risk is closed with a reason (RK4, RK6, RK8, RK9)."""

    TYPE: ClassVar[str] = "IntegrityRiskClosed/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (owner, *_designates)
    FROM: ClassVar[tuple[str, ...]] = ("assessed", "mitigated")
    MISSION: ClassVar[tuple[int, ...]] = (32, 92)

    outcome: Literal["resolved", "accepted", "unfounded", "referred"]
    reason: Texts
    matter: LocalId | None = None
    """The review or case that it was referred to."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RK4, RK6, RK8 and RK9."""
        yield from super().unmet(entry, book)
        found = _found(entry, book)
        if found is None:
            return
        if self.outcome == "resolved" and found.residual == "high":
            yield Unmet(rule="RK8", reason="what remains of it is high",
                        hint="accept it, or refer it")  # fmt: skip
        yield from self._unmet_matter(book.subject(entry.event.subject))
        if found.state == "assessed" and self.outcome not in ("unfounded", "referred"):
            yield Unmet(rule="RK4", reason="nothing was done about it yet", who=owner.name)
        if found.escalate_by is None:
            return
        if found.escalated_to is None:
            yield Unmet(rule="RK6", reason="a high risk was not escalated", who=owner.name)
        if not set(entry.signers).isdisjoint(found.assessed_by):
            yield Unmet(rule="RK6", reason="who closes a high risk has assessed it",
                        hint="let another office close it")  # fmt: skip

    def _unmet_matter(self, subject: Subject) -> Iterator[Unmet]:
        review = subject.get(f"review:{self.matter}", Review)
        case = open_case(subject)
        goes = (review is not None and review.state == "open") or (
            case is not None and case.id == self.matter
        )
        if (self.outcome == "referred") != (self.matter is not None):
            yield Unmet(rule="RK9", reason="a risk that is referred says to what, and no other")
        elif self.matter is not None and not goes:
            yield Unmet(rule="RK9", reason=f"{self.matter} is no open review or case here")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Close the risk."""
        yield self._changed(entry, subject, state="closed")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the closing of each risk that was treated."""
        for risk in subject.all(Risk):
            if risk.state == "mitigated":
                yield risk.ref.stream, cls(outcome="resolved", reason=UNDECIDED)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of RK7."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        for risk in subject.all(Risk):
            if risk.escalated_to is None and risk.escalate_by and risk.escalate_by < today:
                yield Broken(
                    rule="RK7", subject=subject.id, kind="omission",
                    who=risk.owner or risk.raised_by,
                    reason=f"{risk.ref.stream} was to be escalated by {risk.escalate_by}",
                )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    IntegrityRiskRaised,
    SubstitutionRiskRaised,
    RiskOwnerDesignated,
    IntegrityRiskEscalated,
    IntegrityRiskAssessed,
    IntegrityRiskMitigated,
    IntegrityRiskClosed,
)
