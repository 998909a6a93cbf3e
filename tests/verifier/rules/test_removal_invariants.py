"""Whatever anyone tries, in any order: nobody is removed who was not heard.

A machine takes random steps, lawful and unlawful, by random actors on random days, and submits
each. What was removed is then judged by an oracle of its own that reads nothing but the recorded
events: no rule, no state of a case. The steps lean towards the lawful ones so that removals happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.harness import removals
from tests.harness.lots import WITNESS, drawing, seed_of
from tests.harness.registry import Registry, body_fields
from tests.harness.removals import branch
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    FOCAL_POINT,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    SCREENER,
    SECRETARIAT,
)
from verifier import encoding
from verifier.errors import MalformedError
from verifier.event import Event
from verifier.rules.ahead import steps
from verifier.rules.book import Body, Book, Refused
from verifier.rules.dates import day_of, in_time
from verifier.rules.lot import in_order
from verifier.rules.proposal import Proposal, endorsement_stream
from verifier.rules.table import EVENTS

ORGANIZATIONS = {OFFICE_A: removals.REGISTRY_ORG, OFFICE_B: removals.REGISTRY_ORG}
CAST = (OFFICE_A, OFFICE_B, SECRETARIAT, SCREENER, FOCAL_POINT, *APPEALS_PANEL)
FORWARD = (
    "PartnershipRemoved", "SupportDelivered", "AppealDecisionProposed", "AppealPanelDrawn",
    "AppealPanelAnnounced", "RemovalDecisionProposed", "NoticeDelivered", "FinalNoticeIssued",
    "SupportOffered", "RemovalNoticeIssued", "ReportReturned",
)  # fmt: skip
VOICES = {
    "RemovalDecisionProposed": (OFFICE_A, OFFICE_B),
    "AppealDecisionProposed": APPEALS_PANEL,
}
ON_THE_WAY = (
    "SupportOffered", "RemovalNoticeIssued", "NoticeDelivered", "NoticePublished",
    "FinalNoticeIssued", "RemovalDecisionProposed", "PartnershipRemoved", "CaseClosed",
    "SupportAccepted", "SupportDelivered", "SupportEnded", "ReplyFiled", "AppealFiled",
    "AppealDecisionProposed", "ReportSubmitted", "ReportAccepted", "ReportReturned",
)  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """An event as an outsider reads it: its log time, type, author, key, stream and payload."""

    at: int
    name: str
    iss: str
    kid: bytes
    stream: str
    id: bytes
    payload: dict[str, Any]

    @property
    def day(self) -> date:
        """Return the UTC day of its log time."""
        return day_of(self.at)


def recorded(registry: Registry) -> list[Recorded]:
    """Return the events about the partnership, in order."""
    found, at = [], 0
    for event in registry.events:
        at = max(at, event.iat)
        if event.subject == PARTNERSHIP:
            payload = encoding.decode(event.payload)
            found.append(
                Recorded(at, event.name, event.iss, event.kid, event.stream, event.id, payload)
            )
    return found


def heard(events: list[Recorded]) -> Iterator[str]:
    """Yield what an outsider misses before the first removal; nothing where it was fair."""
    end = next(i for i, e in enumerate(events) if e.name == "PartnershipRemoved")
    before, removal = events[:end], events[end]

    def of(name: str) -> list[Recorded]:
        return [e for e in before if e.name == name]

    finals = of("FinalNoticeIssued")
    decision = next((e for e in of("RemovalDecisionProposed")
                     if e.id == removal.payload["decision"]["id"]), None)  # fmt: skip
    if not finals or decision is None:
        yield "no final notice or no decision"
        return
    final = [e for e in finals if e.at <= decision.at][-1]
    case = removal.stream
    first = [e for e in of("RemovalNoticeIssued") if e.stream == case]
    if not first:
        yield "no first notice"
        return
    if _counts(first[0], before) + timedelta(days=90) > final.day:
        yield "the final notice came too early after the first"
    owed = first[0].payload["obligation"]
    offers = [e for e in of("SupportOffered") if e.payload.get("obligation") == owed]
    if not any(e.day + timedelta(days=60) <= final.day for e in offers):
        yield "no support was offered in time"
    if _counts(final, before) + timedelta(days=30) > decision.day:
        yield "the reply window was open"
    yield from _offices(decision, removal, before)
    yield from _no_report(before, owed)


def _counts(notice: Recorded, before: list[Recorded]) -> date:
    """Return the day from which a notice counts, the last of days where it does not."""
    about = [e for e in before if e.payload.get("notice", {}).get("id") == notice.id]
    days = [e.day for e in about if e.name == "NoticeDelivered"]
    days += [e.day + timedelta(days=60) for e in about if e.name == "NoticePublished"]
    return min(days, default=date(2190, 1, 1))


def _voices(proposal: Recorded, before: list[Recorded]) -> list[Recorded]:
    endorsed = (e for e in before if e.name == "Endorsed")
    return [e for e in endorsed if e.payload["proposal"]["id"] == proposal.id]


def _offices(decision: Recorded, removal: Recorded, before: list[Recorded]) -> Iterator[str]:
    voices = _voices(decision, before)
    if len({(v.iss, v.kid) for v in voices}) < 2 or {v.iss for v in voices} != {OFFICE_A, OFFICE_B}:
        yield "two offices did not decide"
        return
    appeal_until = voices[-1].day + timedelta(days=30)
    appeals = [e for e in before if e.name == "AppealFiled"
               and e.payload["decision"]["id"] == decision.id]  # fmt: skip
    if not appeals and in_time(removal.at, appeal_until):
        yield "the appeal window was open"
    for appeal in appeals:
        upheld = [
            e for e in before
            if e.name == "AppealDecisionProposed" and e.payload["appeal"]["id"] == appeal.id
            and e.payload["outcome"] == "uphold"
            and len({v.iss for v in _voices(e, before)} & _drawn(appeal, before)) >= 2
        ]  # fmt: skip
        if not upheld:
            yield "the appeal was not decided"


def _drawn(appeal: Recorded, before: list[Recorded]) -> set[str]:
    """Return the first three that were drawn for an appeal, after their roster was announced."""
    for announced in before:
        if announced.name == "AppealPanelAnnounced" and announced.payload["appeal"]["id"] == (
            appeal.id
        ):
            roster = {one["member"] for one in announced.payload["roster"]}
            for drawn in before[before.index(announced) :]:
                if drawn.name == "AppealPanelDrawn" and drawn.stream == announced.stream:
                    assert set(drawn.payload["drawn"]) == roster
                    return set(drawn.payload["drawn"][:3])
    return set()


def _no_report(before: list[Recorded], owed: int) -> Iterator[str]:
    """Yield whether a report waited, or the one that was owed had been accepted.

    After two that were returned, one that waits is screened like any other, and stops nothing.
    """
    returned = sum(1 for e in before if e.name == "ReportReturned")
    last = {e.stream: e for e in before if "/report/" in e.stream}
    about = {e.stream: e.payload["obligation"] for e in before if e.name == "ReportSubmitted"}
    for stream, event in last.items():
        if event.name == "ReportSubmitted" and returned < 2:
            yield "a report waited for screening"
        elif event.name == "ReportAccepted" and about[stream] == owed:
            yield "the report had been accepted"


@cache
def beginning() -> Registry:
    """Tell the story up to the first day of a case, once."""
    return removals.overdue()


class Removal(RuleBasedStateMachine):
    """Random steps of everyone on a partnership that owes a report."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = branch(beginning())
        self.forgets: str | None = None
        self.reports = False

    @initialize(
        forgets=st.sampled_from([None, "SupportOffered", "NoticeDelivered"]), reports=st.booleans()
    )
    def set_out(self, forgets: str | None, reports: bool) -> None:
        """Let the registry forget one kind of step for good, and the partnership report or not."""
        self.forgets, self.reports = forgets, reports

    @rule()
    def file_a_report(self) -> None:
        """Submit the report that is owed."""
        for stream, body in _offered(self.registry, "ReportSubmitted") if self.reports else ():
            self._submit(SECRETARIAT, stream, "ReportSubmitted", body_fields(body))

    @rule(days=st.sampled_from([0, 1, 5, 29, 30, 31, 60, 89, 90, 91]))
    def wait(self, days: int) -> None:
        """Let time pass."""
        removals.later(self.registry, days)

    @rule(name=st.sampled_from(ON_THE_WAY), pick=st.integers(0, 5), by=st.sampled_from(CAST),
          lawfully=st.booleans())  # fmt: skip
    def attempt(self, name: str, pick: int, by: str, lawfully: bool) -> None:
        """Try a step of a type: by whoever, as offered by the type or as from nowhere."""
        offered = list(_offered(self.registry, name))
        if offered:
            stream, body = offered[pick % len(offered)]
            self._submit(_usual(name) if lawfully else by, stream, name, body_fields(body))
        elif name == "PartnershipRemoved":
            event = removals.removal_out_of_nothing(self.registry)
            self._submit_event(event)

    @rule(pick=st.integers(0, 5), by=st.sampled_from(CAST))
    def endorse(self, pick: int, by: str) -> None:
        """Try to endorse a proposal."""
        self._voice(by, pick)

    @rule(times=st.integers(1, 5))
    def go_on(self, times: int) -> None:
        """Take the next lawful steps towards a removal, or wait for the day of one."""
        for _ in range(times):
            self._step_forward()

    def _step_forward(self) -> None:
        for name in FORWARD:
            if name == self.forgets:
                continue
            for stream, body in list(_offered(self.registry, name))[:1]:
                fields = self._drawing(name, body_fields(body))
                if self._submit(_usual(name), stream, name, fields):
                    for voice in VOICES.get(name, ()):
                        self._voice(voice, 0)
                    return
        found = steps(PARTNERSHIP, self.registry.book, self.registry.now)
        days = [s.earliest for s in found if s.earliest and s.type.partition("/")[0] in FORWARD]
        self.registry.now = max(self.registry.now, min(days, default=0))

    def _drawing(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Name the witness, and take the checkpoint that it cosigned."""
        if name == "AppealPanelAnnounced":
            return fields | {"witnesses": [str(WITNESS)]}
        if name == "AppealPanelDrawn":
            checkpoint = drawing(self.registry, fields["drawn"], APPEALS_PANEL)
            drawn = in_order(seed_of(checkpoint), fields["drawn"])
            return fields | {"checkpoint": checkpoint, "drawn": list(drawn)}
        return fields

    def _voice(self, by: str, pick: int) -> None:
        proposals = list(self.registry.subject(PARTNERSHIP).all(Proposal))
        if proposals:
            chosen = proposals[-1 - pick % len(proposals)].ref
            stream = endorsement_stream(chosen.stream, by)
            self._submit(by, stream, "Endorsed", {
                "proposal": removals.fields_of(chosen), "organization": ORGANIZATIONS.get(by, by),
            })  # fmt: skip

    def _submit(self, by: str, stream: str, name: str, fields: dict[str, Any]) -> bool:
        try:
            event = self.registry.sign(by, stream, name, **removals.stated(fields))
        except MalformedError:
            return False  # a payload that is outside the profile never reaches the rules
        return self._submit_event(event)

    def _submit_event(self, event: Event) -> bool:
        try:
            self.registry.add(event)
        except Refused:
            return False
        return True

    @invariant()
    def nobody_is_removed_unheard(self) -> None:
        """The oracle finds nothing missing before a removal."""
        if removals.listing(self.registry) == "removed":
            assert list(heard(recorded(self.registry))) == []

    @invariant()
    def an_open_case_has_a_next_step(self) -> None:
        """While a case is open somebody can act: now, or on a day that is named."""
        subject = self.registry.subject(PARTNERSHIP)
        if "case" in subject.things and removals.case(self.registry).ended_on is None:
            found = steps(PARTNERSHIP, self.registry.book, self.registry.now)
            assert any((step.lawful or step.earliest) and step.who for step in found)


def _offered(registry: Registry, name: str) -> Iterator[tuple[str, Body]]:
    book = Book(lambda size: registry.roots[size])
    book.ledger, book.size, book.time = registry.book.ledger, registry.book.size, registry.now
    book.subjects, book.public_keys = registry.book.subjects, registry.book.public_keys
    return EVENTS[name + "/1"].ahead(registry.subject(PARTNERSHIP), book)


def _usual(name: str) -> str:
    if name in ("SupportOffered", "SupportDelivered", "SupportEnded"):
        return FOCAL_POINT
    if name in ("ReportAccepted", "ReportReturned"):
        return SCREENER
    if name == "AppealDecisionProposed":
        return APPEALS_PANEL[0]
    if name in ("AppealPanelAnnounced", "AppealPanelDrawn"):
        return BODY_SECRETARY
    own = ("SupportAccepted", "ReplyFiled", "AppealFiled", "ReportSubmitted")
    return SECRETARIAT if name in own else OFFICE_A


TestRemoval = Removal.TestCase
TestRemoval.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_greedy_way_ends_in_a_removal_that_the_oracle_accepts() -> None:
    """The machine's own way leads to a removal, so its invariant is not empty."""
    machine = Removal()
    machine.go_on(times=12)
    assert removals.listing(machine.registry) == "removed"
    assert list(heard(recorded(machine.registry))) == []


def test_the_oracle_sees_what_is_missing() -> None:
    """A removal that an operator forces through is not accepted by the oracle."""
    registry = branch(beginning())
    registry.force(removals.removal_out_of_nothing(registry))
    assert list(heard(recorded(registry))) == ["no final notice or no decision"]
    registry, decision = removals.decided(branch(beginning()))
    fields = {"decision": msgspec.to_builtins(decision.ref, builtin_types=(bytes,)),
              "effective_on": registry.day()}  # fmt: skip
    registry.force(registry.sign(OFFICE_A, removals.CASE, "PartnershipRemoved", **fields))
    assert list(heard(recorded(registry))) == ["the appeal window was open"]
