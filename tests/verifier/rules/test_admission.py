"""The conditions that hold for every event, each refused alone by its number."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.harness import stories
from tests.harness.registry import Registry, public
from tests.harness.removals import branch, refused
from tests.harness.stories import NGO, OFFICE_A, PARTNERSHIP, SCREENER, SECRETARIAT, text
from verifier.errors import UndecidedError
from verifier.event import Event, Seen
from verifier.keys import thumbprint
from verifier.rules import admission
from verifier.rules.book import Refused

PROFILE = "actor-newcomer/profile"


@pytest.fixture(scope="module")
def listed() -> Registry:
    """A ledger with its cast, guidelines and a listed partnership."""
    return stories.listed_partnership()


@pytest.fixture
def registry(listed: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(listed)


def newcomer(**changes: Any) -> dict[str, Any]:
    """Return the fields by which an office registers a newcomer."""
    return {"kind": "organization", "name": text("A newcomer"), "principal": "actor-newcomer",
            "stakeholder_type": "ngo"} | changes  # fmt: skip


def registered(registry: Registry, **changes: Any) -> set[str]:
    """Try to register a newcomer; return the rules that are not met."""
    return refused(registry, OFFICE_A, PROFILE, "ActorRegistered", **newcomer(**changes))


def test_what_meets_every_condition_is_admitted(registry: Registry) -> None:
    """AD1 to AD12 are all met by an ordinary event of the right author at the right place."""
    entry = registry.append(OFFICE_A, PROFILE, "ActorRegistered", **newcomer())
    assert entry.index == len(registry.events) - 1


def test_an_unknown_type_is_undecided(registry: Registry) -> None:
    """AD1: a type or version of another ruleset is neither admitted nor false."""
    event = registry.sign(OFFICE_A, PROFILE, "ActorRegistered", **newcomer())
    with pytest.raises(UndecidedError) as undecided:
        admission.read_body(msgspec.structs.replace(event, type="ActorRegistered/2"))
    assert undecided.value.code == "event-type-unknown"


@pytest.mark.parametrize("ledger", [None, bytes(32)])
def test_an_event_names_this_ledger(registry: Registry, ledger: bytes | None) -> None:
    """AD2: what was signed for another ledger, or for none, is not this one's."""
    assert registered(registry, ledger=ledger) == {"AD2"}


def test_a_ledger_is_opened_once(registry: Registry) -> None:
    """AD2: a second genesis is refused even by a root that counts."""
    genesis = registry.events[0]
    fields = {"ledger": registry.book.ledger, "seq": 1, "prev": genesis.id}
    body = admission.read_body(genesis)
    payload = {name: getattr(body, name) for name in ("origin", "quorum", "expires", "ruleset",
               "clock", "anchor_every", "register_every")}  # fmt: skip
    payload |= {"roots": [{"actor": "actor-root-a", "principal": "actor-root-a-org",
                           "public": public("actor-root-a")}],
                "log_keys": {"checkpoint": public("log")}}  # fmt: skip
    assert "AD2" in refused(registry, "actor-root-a", "ledger/genesis", "LedgerOpened",
                            **payload, **fields)  # fmt: skip


@pytest.mark.parametrize("stream", ["actor-newcomer/keys", f"{PARTNERSHIP}/registration", "x/y/z"])
def test_an_event_stands_on_a_stream_of_its_type(registry: Registry, stream: str) -> None:
    """AD3: elsewhere it means nothing, and nothing else of it is judged by its type."""
    assert refused(registry, OFFICE_A, stream, "ActorRegistered", **newcomer()) == {"AD3"}


def test_a_stream_of_one_writer_has_no_other(registry: Registry) -> None:
    """AD3: nobody endorses on the stream of another's voice."""
    proposal = registry.append(
        "actor-root-a", f"{SCREENER}/appointment/custodian", "AppointmentProposed",
        terms={"role": "guideline_issuer", "mandate": "A/1", "first_day": registry.day()}, quorum=2,
        expires=registry.day(30),
    )  # fmt: skip
    stream = f"{SCREENER}/endorsement/appointment:custodian/actor-root-a"
    named = {"stream": proposal.event.stream, "seq": 0, "id": bytes(proposal.event.id)}
    assert "AD3" in refused(registry, "actor-root-b", stream, "Endorsed", proposal=named,
                            organization="actor-root-b-org")  # fmt: skip


@pytest.mark.parametrize(
    ("seq", "prev"), [(1, bytes(32)), (3, None), (0, None)], ids=["other", "ahead", "again"]
)
def test_an_event_continues_its_stream(registry: Registry, seq: int, prev: bytes | None) -> None:
    """AD4: another head, a place left out, a beginning where there is one; the head is told."""
    if prev is None and seq:
        prev = bytes(32)
    event = registry.sign(
        SECRETARIAT, f"{PARTNERSHIP}/registration", "PartnershipSubmitted",
        **stories.submission(registry), seq=seq, prev=prev,
    )  # fmt: skip
    with pytest.raises(Refused) as refusal:
        registry.add(event)
    assert {unmet.rule for unmet in refusal.value.unmet} == {"AD4", "PA1"}
    assert refusal.value.head == registry.subject(PARTNERSHIP).heads[f"{PARTNERSHIP}/registration"]


def test_an_earlier_event_must_be_there(registry: Registry) -> None:
    """AD4: a stream begins at its beginning."""
    assert registered(registry, seq=1, prev=bytes(32)) == {"AD4"}


def test_a_key_is_its_authors_own_and_active(registry: Registry) -> None:
    """AD5: a key of nobody's, a key of somebody else's, a key that was revoked."""
    assert registered(registry, key="nobody") == {"AD5"}
    assert registered(registry, key=SCREENER) == {"AD5"}
    registry.append(OFFICE_A, f"{OFFICE_A}/keys", "KeyRevoked",
                    kid=thumbprint(public(OFFICE_A)), reason="lost")  # fmt: skip
    assert "AD5" in registered(registry)


def test_an_event_is_fresh(registry: Registry) -> None:
    """AD6: ten minutes behind log time are allowed, one second more is not."""
    time = registry.book.time
    assert registered(registry, iat=time - 601) == {"AD6"}
    registry.append(OFFICE_A, PROFILE, "ActorRegistered", iat=time - 600, **newcomer())


def test_what_was_seen_is_true(registry: Registry) -> None:
    """AD7: a size that is not there yet, or another root than the log's at that size."""
    size = len(registry.events)
    assert registered(registry, seen=Seen(size + 1, bytes(32))) == {"AD7"}
    assert registered(registry, seen=Seen(size - 1, bytes(32))) == {"AD7"}
    registry.append(OFFICE_A, PROFILE, "ActorRegistered",
                    seen=Seen(size - 1, registry.roots[size - 1]), **newcomer())  # fmt: skip


def test_a_decision_says_what_it_has_seen(registry: Registry) -> None:
    """AD7: a decision that states nothing, or nothing but the empty log, is refused."""
    fields = {"terms": {"role": "guideline_issuer", "mandate": "A/1", "first_day": registry.day()},
              "quorum": 2, "expires": registry.day(30)}  # fmt: skip
    stream = f"{NGO}/appointment/custodian"
    for nothing in (None, Seen(0, registry.roots[0])):
        assert refused(registry, "actor-root-a", stream, "AppointmentProposed", seen=nothing,
                       **fields) == {"AD7"}  # fmt: skip


def test_authority_is_short_enough_for_any_key_store(registry: Registry) -> None:
    """AD8: an authority event of more than 3,500 bytes is refused."""
    long = [{"lang": f"de-a{n}", "text": "x" * 400} for n in range(9)]
    assert "AD8" in registered(registry, name=long)


def test_before_the_threshold_only_roots_endorse() -> None:
    """AD9: one of two roots has endorsed; nothing else is recorded."""
    registry = Registry()
    registry.open(roots=("actor-root-a", "actor-root-b"), threshold=2)
    early = Registry()
    early.add(registry.events[0])
    early.add(registry.events[1])
    assert refused(early, "actor-root-a", PROFILE, "ActorRegistered", **newcomer()) == {"AD9"}
    early.add(registry.events[2])
    early.append("actor-root-a", PROFILE, "ActorRegistered", **newcomer())


def test_the_author_holds_a_capacity(registry: Registry) -> None:
    """AD10: an officer of another kind does not register anybody."""
    assert refused(registry, SCREENER, PROFILE, "ActorRegistered", **newcomer()) == {"AD10"}


def test_nobody_acts_for_another_without_a_delegation(registry: Registry) -> None:
    """AD11: and what gives authority is never done by delegation."""
    never = {
        "actor": OFFICE_A,
        "delegation": {"stream": f"{OFFICE_A}/delegation/d", "seq": 0, "id": bytes(32)},
    }
    assert refused(registry, SCREENER, PROFILE, "ActorRegistered", on_behalf_of=never,
                   **newcomer()) == {"AD11"}  # fmt: skip
    step = {"outcome": "pass", "method": "desk", "minutes": 1}
    behalf = {
        "actor": SCREENER,
        "delegation": {"stream": f"{SCREENER}/delegation/d", "seq": 0, "id": bytes(32)},
    }
    stories.submitted_partnership(registry, name="p-second")
    assert refused(registry, OFFICE_A, "p-second/registration", "PartnershipScreened",
                   on_behalf_of=behalf, **step) == {"AD11"}  # fmt: skip


def test_no_time_beyond_the_calendar(registry: Registry) -> None:
    """AD12: the year 2200 has no days here, and nothing else is judged."""
    assert registered(registry, iat=7_258_118_400) == {"AD12"}
    event: Event = registry.sign(OFFICE_A, PROFILE, "ActorRegistered", iat=7_258_118_399,
                                 **newcomer())  # fmt: skip
    registry.add(event)


def test_every_unmet_condition_is_told_at_once(registry: Registry) -> None:
    """An author learns of everything that stands against an event, not of the first thing."""
    told = registered(registry, key="nobody", seq=2, prev=bytes(32), principal="actor-nobody",
                      iat=registry.book.time - 900)  # fmt: skip
    assert told == {"AD4", "AD5", "AD6", "AC1"}
