"""The roots replace themselves together, as TUF rotates its root: old threshold, new proofs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, public
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.rootchanges import change, newcomer, propose, seat, terms
from verifier.keys import thumbprint
from verifier.rules import admission
from verifier.rules.ahead import steps
from verifier.rules.authority.roots import Roots, roots_at
from verifier.rules.authority.state import Grant, Key, key_of
from verifier.rules.book import Book, Entry, Subject
from verifier.rules.fields import EventRef

ROOT_A, ROOT_B, ROOT_C, ROOT_D = (f"actor-root-{letter}" for letter in "abcd")
HOLDER = "actor-holder"
REPLACED = {"AD5", "AD10"}


@pytest.fixture(scope="module")
def founded() -> Registry:
    """A ledger with two roots, both needed, and one actor to appoint."""
    return Registry().open().enlist(HOLDER)


@pytest.fixture
def registry(founded: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(founded)


def refused_change(registry: Registry, *roots: dict[str, Any], **changes: Any) -> set[str]:
    """Propose what the rules refuse."""
    return refused(registry, ROOT_A, "ledger/roots/r1", "RootsChanged",
                   **terms(registry, *roots, **changes))  # fmt: skip


def present(registry: Registry) -> Roots:
    """Return the roots of now."""
    roots = registry.book.thing("ledger", "roots", Roots)
    assert roots is not None
    return roots


def actors(registry: Registry) -> list[str]:
    """Return the roots of now by their actors."""
    return [member.actor for member in present(registry).members]


def appointment(registry: Registry, by: str = ROOT_A, local: str = "a1", quorum: int = 2) -> Entry:
    """Propose to appoint the holder."""
    return registry.append(
        by, f"{HOLDER}/appointment/{local}", "AppointmentProposed", quorum=quorum,
        terms={"role": "registry", "mandate": "A/1", "first_day": registry.day()},
        expires=registry.day(30),
    )  # fmt: skip


def test_the_roots_replace_one_of_them_together(registry: Registry) -> None:
    """RT1 to RT4: by the old threshold; who comes has proved its key, who stays proves nothing."""
    proposal = propose(registry, seat(ROOT_A), newcomer(registry, ROOT_C))
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    assert actors(registry) == [ROOT_A, ROOT_B]
    registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org")
    assert actors(registry) == [ROOT_A, ROOT_C]
    given = appointment(registry)
    assert refused_voice(registry, ROOT_B, given, f"{ROOT_B}-org") >= {"AD5", "PR5"}
    registry.endorse(ROOT_A, given, f"{ROOT_A}-org")
    registry.endorse(ROOT_C, given, f"{ROOT_C}-org")
    assert [grant.role for grant in registry.subject(HOLDER).all(Grant)] == ["registry"]


def test_a_former_root_signs_nothing_more(registry: Registry) -> None:
    """AD5 and AD10: its key ended with its place, and it is told where."""
    change(registry, seat(ROOT_A), newcomer(registry, ROOT_C))
    fields = {"kind": "organization", "name": stories.text("X"), "principal": "actor-x",
              "stakeholder_type": "un_entity"}  # fmt: skip
    assert refused(registry, ROOT_B, "actor-x/profile", "ActorRegistered", **fields) == REPLACED
    registry.enlist("actor-x", by=ROOT_C)
    assert refused(registry, ROOT_B, "actor-x/keys", "KeyRevoked",
                   kid=thumbprint(public("actor-x")), reason="lost") == REPLACED  # fmt: skip


def test_a_root_changes_its_key_and_stays(registry: Registry) -> None:
    """RT2: the same root with a new key; the old key ended, and never comes back (AC3)."""
    change(registry, newcomer(registry, ROOT_A, key="next"), seat(ROOT_B))
    assert refused(registry, ROOT_A, f"{HOLDER}/appointment/a1", "AppointmentProposed", quorum=2,
                   terms={"role": "registry", "mandate": "A/1", "first_day": registry.day()},
                   expires=registry.day(30)) == {"AD5"}  # fmt: skip
    registry.keys[ROOT_A] = "next"
    given = appointment(registry)
    for root in (ROOT_A, ROOT_B):
        registry.endorse(root, given, f"{root}-org")
    assert len(list(registry.subject(HOLDER).all(Grant))) == 1
    back = newcomer(registry, ROOT_A, "r2")
    assert refused(registry, ROOT_B, "ledger/roots/r2", "RootsChanged",
                   **terms(registry, back, seat(ROOT_B))) == {"AC3"}  # fmt: skip


def test_the_new_threshold_holds_from_the_change_on(registry: Registry) -> None:
    """PR1: an act of the roots asks what the roots of now need, no more and no less."""
    change(registry, seat(ROOT_A), seat(ROOT_B), newcomer(registry, ROOT_C), threshold=3)
    assert refused(registry, ROOT_A, f"{HOLDER}/appointment/a1", "AppointmentProposed", quorum=2,
                   terms={"role": "registry", "mandate": "A/1", "first_day": registry.day()},
                   expires=registry.day(30)) == {"PR1"}  # fmt: skip
    appointment(registry, quorum=3)


def test_every_root_and_every_key_stands_once(registry: Registry) -> None:
    """RT1: in go-tuf (GHSA-3633-5h82-39pq) one key under two ids filled a threshold."""
    comes = newcomer(registry, ROOT_C)
    twice = newcomer(registry, ROOT_D, key=ROOT_C)
    assert "RT1" in refused_change(registry, seat(ROOT_A), comes, twice)
    assert "RT1" in refused_change(registry, seat(ROOT_A), seat(ROOT_A), comes)


def test_the_threshold_can_be_met_by_distinct_principals(registry: Registry) -> None:
    """RT1: three roots of two organizations never make a threshold of three."""
    comes = newcomer(registry, ROOT_C, principal=f"{ROOT_A}-org")
    roots = (seat(ROOT_A), seat(ROOT_B), comes)
    assert refused_change(registry, *roots, threshold=3) == {"RT1"}
    change(registry, *roots, threshold=2)


def test_a_new_root_proves_that_it_has_its_key(registry: Registry) -> None:
    """RT2 and AC4: named without a proof, or with one for another place, it is no root."""
    bare = seat(ROOT_C)
    assert refused_change(registry, seat(ROOT_A), bare) == {"RT2"}
    elsewhere = newcomer(registry, ROOT_C, "r9")
    assert refused_change(registry, seat(ROOT_A), elsewhere) == {"AC4"}
    of_another = newcomer(registry, ROOT_C, pop=newcomer(registry, ROOT_D)["pop"])
    assert refused_change(registry, seat(ROOT_A), of_another) == {"AC4"}
    change(registry, seat(ROOT_A), newcomer(registry, ROOT_C))


def test_who_stays_counts_for_whom_it_counted(registry: Registry) -> None:
    """RT2: two roots do not become one principal by the way."""
    moved = seat(ROOT_B, principal=f"{ROOT_A}-org")
    assert refused_change(registry, seat(ROOT_A), moved, threshold=1) == {"RT2"}


def test_a_key_has_one_purpose(registry: Registry) -> None:
    """AC3: a new root's key is none that was enrolled or proposed before, and none of the log's."""
    for taken in (HOLDER, ROOT_A, "log"):
        comes = newcomer(registry, ROOT_C, key=taken)
        assert "AC3" in refused_change(registry, seat(ROOT_A), seat(ROOT_B), comes)
    propose(registry, seat(ROOT_A), newcomer(registry, ROOT_C))
    again = newcomer(registry, ROOT_D, "r2", key=ROOT_C)
    assert refused(registry, ROOT_A, "ledger/roots/r2", "RootsChanged",
                   **terms(registry, seat(ROOT_A), again)) == {"AC3"}  # fmt: skip
    registry.append(ROOT_A, "actor-x/profile", "ActorRegistered", kind="organization",
                    name=stories.text("X"), principal="actor-x",
                    stakeholder_type="un_entity")  # fmt: skip
    key = registry.possession("actor-x", ROOT_C)
    assert refused(registry, ROOT_A, "actor-x/keys", "KeyEnrolled", **key) == {"AC3"}


def test_a_change_changes_something(registry: Registry) -> None:
    """RT3: the roots of now, in another order, are no change; another threshold is."""
    assert refused_change(registry, seat(ROOT_B), seat(ROOT_A)) == {"RT3"}
    change(registry, seat(ROOT_B), seat(ROOT_A), threshold=1)
    assert present(registry).threshold == 1


def test_a_root_holds_no_role_and_no_other_key(registry: Registry) -> None:
    """RT4: at the proposal and again at each endorsement, for whoever is on record."""
    holder = newcomer(registry, HOLDER, key="holder-as-root", principal=HOLDER)
    assert refused_change(registry, seat(ROOT_A), holder) == {"RT4"}
    registry.append(HOLDER, f"{HOLDER}/keys", "KeyRevoked", kid=thumbprint(public(HOLDER)),
                    reason="superseded")  # fmt: skip
    wrong = holder | {"principal": "actor-other"}
    assert refused_change(registry, seat(ROOT_A), wrong) == {"RT4"}
    proposal = propose(registry, seat(ROOT_A), holder)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    other = branch(registry)
    other.appoint(HOLDER, "registry")
    assert refused_voice(other, ROOT_B, proposal, f"{ROOT_B}-org") == {"RT4"}
    registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org")
    assert actors(registry) == [ROOT_A, HOLDER]
    again = registry.possession(HOLDER, "holder-again")
    assert "AC8" in refused(registry, ROOT_A, f"{HOLDER}/keys", "KeyEnrolled", **again)
    assert refused(registry, ROOT_A, f"{HOLDER}/appointment/a1", "AppointmentProposed", quorum=2,
                   terms={"role": "registry", "mandate": "A/1", "first_day": registry.day()},
                   expires=registry.day(30)) == {"RO3"}  # fmt: skip


def test_no_body_is_a_root(registry: Registry) -> None:
    """RT4: a body holds no key."""
    registry.append(ROOT_A, "actor-body/profile", "ActorRegistered", kind="body",
                    name=stories.text("Body"), principal="actor-body",
                    stakeholder_type="un_entity")  # fmt: skip
    comes = newcomer(registry, "actor-body", principal="actor-body")
    assert refused_change(registry, seat(ROOT_A), comes) == {"RT4"}


def test_one_root_alone_replaces_nobody(registry: Registry) -> None:
    """PR1 and PR8: TUF trusts a new root by the threshold of the old one, not by its own."""
    alone = (newcomer(registry, ROOT_C),)
    assert refused_change(registry, *alone, threshold=1, quorum=1) == {"PR1"}
    proposal = propose(registry, *alone, threshold=1)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    assert refused_voice(registry, ROOT_A, proposal, f"{ROOT_A}-org") == {"PR8"}
    assert actors(registry) == [ROOT_A, ROOT_B]


def test_whom_the_change_names_has_no_voice_in_it(registry: Registry) -> None:
    """PR5: the threshold of the new set alone makes no root (TUF specification, §5.3.4)."""
    proposal = propose(registry, newcomer(registry, ROOT_C), newcomer(registry, ROOT_D))
    for new in (ROOT_C, ROOT_D):
        assert {"AD5", "PR5"} <= refused_voice(registry, new, proposal, f"{new}-org")
    assert actors(registry) == [ROOT_A, ROOT_B]


def test_nobody_leads_back_to_former_roots(registry: Registry) -> None:
    """PR11 and AC3: an older change that waits ends with the roots; an ended key stays ended."""
    waiting = propose(registry, seat(ROOT_A), seat(ROOT_B), newcomer(registry, ROOT_D),
                      threshold=1)  # fmt: skip
    registry.endorse(ROOT_A, waiting, f"{ROOT_A}-org")
    change(registry, seat(ROOT_A), newcomer(registry, ROOT_C, "r2"), local="r2")
    assert refused_voice(registry, ROOT_C, waiting, f"{ROOT_C}-org") == {"PR11"}
    back = newcomer(registry, ROOT_B, "r3")
    assert refused(registry, ROOT_A, "ledger/roots/r3", "RootsChanged",
                   **terms(registry, seat(ROOT_A), back)) == {"AC3"}  # fmt: skip
    assert actors(registry) == [ROOT_A, ROOT_C]


def test_what_former_roots_began_ends_with_them(registry: Registry) -> None:
    """PR11: no voice of a former root counts towards what the new ones decide."""
    given = appointment(registry)
    registry.endorse(ROOT_B, given, f"{ROOT_B}-org")
    change(registry, seat(ROOT_A), newcomer(registry, ROOT_C))
    assert refused_voice(registry, ROOT_A, given, f"{ROOT_A}-org") == {"PR11"}
    offered = steps(HOLDER, registry.book, registry.now)
    assert not any("a1" in step.stream for step in offered if step.type == "Endorsed/1")
    assert list(registry.subject(HOLDER).all(Grant)) == []


def test_a_root_that_never_endorsed_the_genesis_comes_with_a_new_key() -> None:
    """RT2: it counts by no voice yet, so its listing in the genesis alone is no proof."""
    roots = [seat(r) for r in (ROOT_A, ROOT_B, ROOT_C)]
    registry = Registry()
    genesis = registry.append(
        ROOT_A, "ledger/genesis", "LedgerOpened", roots=roots, quorum=2, expires=registry.day(30),
        origin="registry.example.org/log", ruleset="pledgebook-1", clock="stated",
        anchor_every="P1D", register_every="P1D", log_keys={"checkpoint": public("log")},
    )  # fmt: skip
    for voice in (ROOT_A, ROOT_B):
        registry.endorse(voice, genesis, f"{voice}-org")
    assert refused_change(registry, *roots, threshold=3) == {"RT2"}
    comes = newcomer(registry, ROOT_C, key="c-again")
    change(registry, *roots[:2], comes, threshold=3)
    registry.keys[ROOT_C] = "c-again"
    assert refused_voice(registry, ROOT_C, genesis, f"{ROOT_C}-org") == {"PR11"}
    registry.enlist(HOLDER, by=ROOT_C)


def test_a_subject_is_rebuilt_from_its_own_events_after_a_change(founded: Registry) -> None:
    """Book, rule 3: who the roots were at an index never changes, so what rested on it stays."""
    registry = branch(founded)
    change(registry, seat(ROOT_A), threshold=1)
    registry.enlist("actor-x")
    alone = len(registry.events)
    assert "confirmed" in registry.subject("actor-x").things
    registry.append(ROOT_A, "ledger/roots/r2", "RootsChanged", **terms(
        registry, seat(ROOT_A), newcomer(registry, ROOT_C, "r2"), quorum=1))  # fmt: skip
    head = registry.subject("ledger").things["proposal:roots:r2"]
    reference = EventRef(head.ref.stream, head.ref.seq, head.ref.id)
    registry.append(
        ROOT_A, f"ledger/endorsement/roots:r2/{ROOT_A}", "Endorsed", organization=f"{ROOT_A}-org",
        proposal={"stream": reference.stream, "seq": reference.seq, "id": bytes(reference.id)},
    )  # fmt: skip
    assert present(registry).threshold == 2
    for name in ("actor-x", HOLDER, "ledger"):
        assert rebuilt(registry, name).things == registry.subject(name).things
    assert [len(found.members) for found in (
        roots_at(1, registry.book), roots_at(alone, registry.book), present(registry),
    ) if found] == [2, 1, 2]  # fmt: skip


def rebuilt(registry: Registry, name: str) -> Subject:
    """Fold a subject's own events again over the book as it stands now."""
    book = Book(lambda size: registry.roots[size])
    book.subjects = dict(registry.book.subjects)
    subject = book.subjects[name] = Subject(name)
    at = 0
    for index, event in enumerate(registry.events):
        at = max(at, event.iat)
        if event.subject == name:
            entry = Entry(index, event, admission.read_body(event), at)
            admission.fold(entry, subject, book)
    return subject


def test_a_key_of_before_is_told_with_its_end(registry: Registry) -> None:
    """AD5: whoever signs with an ended root's key learns where it ended."""
    change(registry, seat(ROOT_A), newcomer(registry, ROOT_C))
    key = key_of(ROOT_B, thumbprint(public(ROOT_B)), registry.book)
    since = present(registry).since
    assert key == Key(public(ROOT_B), ended=since, why="ended by the roots together")
