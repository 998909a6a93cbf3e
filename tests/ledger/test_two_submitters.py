"""Two who submit at once get what one after the other would have got, in one order or the other."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.outcome import Accepted, Outcome
from tests.harness import stories
from tests.harness.ledgers import audit, running, stored
from tests.harness.registry import Registry
from tests.harness.removals import branch
from tests.harness.stories import COMPANY, GOVERNMENT, OFFICE_A, PARTNERSHIP, SCREENER, SECRETARIAT
from verifier.event import Event, parse
from verifier.rules.authority.state import Grant
from verifier.rules.book import Book, Refused

Move = Callable[[Registry], Event]
Result = tuple[str, ...]
"""«accepted», or the rules that were not met, in their order."""


def _commit(registry: Registry) -> Event:
    return registry.sign(SECRETARIAT, f"{PARTNERSHIP}/commitment/taps", "CommitmentMade",
                         **stories.commitment(registry))  # fmt: skip


def _commit_more(registry: Registry) -> Event:
    fields = stories.commitment(registry, text=stories.text("Forty taps"))
    return registry.sign(SECRETARIAT, f"{PARTNERSHIP}/commitment/taps", "CommitmentMade", **fields)


def _acknowledge(registry: Registry, who: str = COMPANY) -> Event:
    return registry.sign(who, f"{PARTNERSHIP}/commitment/taps", "CommitmentAcknowledged",
                         organization=who)  # fmt: skip


def _contribute(registry: Registry) -> Event:
    return _acknowledge(registry, GOVERNMENT)


def _withdraw(registry: Registry) -> Event:
    return registry.sign(COMPANY, f"{PARTNERSHIP}/commitment/taps", "CommitmentWithdrawn",
                         reason=stories.text("The well is dry"))  # fmt: skip


def _report(registry: Registry) -> Event:
    return registry.sign(SECRETARIAT, f"{PARTNERSHIP}/report/first", "ReportSubmitted",
                         **stories.report(registry))  # fmt: skip


def _report_elsewhere(registry: Registry) -> Event:
    return registry.sign(SECRETARIAT, f"{PARTNERSHIP}/report/second", "ReportSubmitted",
                         **stories.report(registry))  # fmt: skip


def _waiting(registry: Registry) -> dict[str, Any]:
    head = registry.subject(PARTNERSHIP).heads.get(f"{PARTNERSHIP}/report/first")
    return {"stream": f"{PARTNERSHIP}/report/first", "seq": head.seq if head else 0,
            "id": bytes(head.id) if head else bytes(32)}  # fmt: skip


def _accept(registry: Registry) -> Event:
    return registry.sign(SCREENER, f"{PARTNERSHIP}/report/first", "ReportAccepted",
                         report=_waiting(registry))  # fmt: skip


def _return(registry: Registry) -> Event:
    return registry.sign(SCREENER, f"{PARTNERSHIP}/report/first", "ReportReturned",
                         report=_waiting(registry),
                         deficiencies=stories.text("No result"))  # fmt: skip


def _dismiss(registry: Registry) -> Event:
    """Take the screening officer's role away, while it may be at work."""
    grant = next(registry.subject(SCREENER).all(Grant))
    named = {"stream": grant.ref.stream, "seq": grant.ref.seq, "id": bytes(grant.ref.id)}
    return registry.sign(OFFICE_A, f"{SCREENER}/withdrawal/w1", "RoleWithdrawn", grant=named,
                         reason="A/RES/70/224")  # fmt: skip


def _resign(registry: Registry) -> Event:
    """Let the screening officer lay the same role down."""
    grant = next(registry.subject(SCREENER).all(Grant))
    named = {"stream": grant.ref.stream, "seq": grant.ref.seq, "id": bytes(grant.ref.id)}
    return registry.sign(SCREENER, f"{SCREENER}/withdrawal/w2", "RoleWithdrawn", grant=named,
                         reason="A/RES/70/224")  # fmt: skip


MOVES: tuple[Move, ...] = (
    _commit, _commit_more, _acknowledge, _contribute, _withdraw, _report, _report_elsewhere,
    _accept, _return, _dismiss, _resign,
)  # fmt: skip


@pytest.fixture(scope="module")
def beginning() -> Registry:
    """A ledger with a listed partnership, late in its first year."""
    return stories.listed_partnership().on("2024-12-15")


def in_turn(registry: Registry, events: tuple[Event, ...]) -> tuple[Registry, list[Result]]:
    """Submit events one after the other to a branch; return it, and what became of each."""
    registry = branch(registry)
    results: list[Result] = []
    for event in events:
        try:
            registry.add(event)
        except Refused as refusal:
            results.append(tuple(unmet.rule for unmet in refusal.unmet))
        else:
            results.append(("accepted",))
    return registry, results


def result(outcome: Outcome) -> Result:
    """Return what became of an event at the ledger, as ``in_turn`` tells it."""
    if isinstance(outcome, Accepted):
        return ("accepted",)
    return tuple(unmet.rule for unmet in outcome.unmet) or (outcome.code,)


def state(book: Book) -> dict[str, Any]:
    """Return all that a book holds of its subjects."""
    return {s.id: (s.heads, s.things) for s in book.subjects.values() if s.heads}


async def play(folder: Path, beginning: Registry, rounds: list[tuple[Move, Move, bool]]) -> None:
    """Play rounds of two moves each, both signed on what stood before the round."""
    model = branch(beginning)
    async with running(folder) as ledger:
        await ledger.submit([event.raw for event in beginning.events])
        for first, second, together in rounds:
            pair = (first(model), second(model))
            if together:
                outcomes = (await ledger.submit([event.raw for event in pair])).outcomes
            else:
                replies = await asyncio.gather(*(ledger.submit([e.raw]) for e in pair))
                outcomes = tuple(reply.outcomes[0] for reply in replies)
            told = [result(outcome) for outcome in outcomes]
            forth, forth_told = in_turn(model, pair)
            back, back_told = in_turn(model, pair[::-1])
            if pair[0].id == pair[1].id:  # the same move twice is one event, told to both
                assert told[0] == told[1] == forth_told[0]
                model, _ = in_turn(model, pair[:1])
            elif told == forth_told and [e.id for e in forth.events] == ids(folder):
                model = forth
            else:
                assert told == back_told[::-1]
                model = back
            assert ids(folder) == [event.id for event in model.events]
    entries = stored(folder)
    audit(entries)
    replayed, _ = in_turn(Registry(), tuple(map(parse, entries)))
    assert state(replayed.book) == state(model.book)


def ids(folder: Path) -> list[bytes]:
    """Return the ids of what is on record, in order."""
    return [parse(raw).id for raw in stored(folder)]


@settings(max_examples=25)
@given(
    rounds=st.lists(
        st.tuples(st.sampled_from(MOVES), st.sampled_from(MOVES), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_two_submitters_are_served_as_if_in_turn(
    beginning: Registry, rounds: list[tuple[Move, Move, bool]]
) -> None:
    """Whatever two submit at once, results and state are those of one sequential order."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), beginning, rounds))


def test_the_moves_are_worth_playing(beginning: Registry) -> None:
    """Each move is lawful somewhere on the way, so that the rounds meet more than refusals."""
    registry = branch(beginning)
    for move in (_commit, _acknowledge, _contribute, _withdraw, _report, _return, _report, _accept,
                 _dismiss):  # fmt: skip
        registry.add(move(registry))
    for move in (_commit_more, _report_elsewhere, _resign):
        branched = branch(beginning)
        branched.add(move(branched))
