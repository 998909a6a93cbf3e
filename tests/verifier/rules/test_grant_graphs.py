"""Random grant graphs yield the authority of a naive model, and no more.

The model below is written from the words of the rules alone (AU2, RO1 to RO8). It keeps a list of
grants and spells out each one's reach as sets of values; it knows nothing of depth-first lookups,
scopes that are left out, or keys of things. Whatever is tried, the rules admit it exactly where the
model does, and at the end a role counts exactly where the model says.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.registry import Registry
from tests.harness.removals import branch
from verifier.errors import MalformedError
from verifier.rules.authority.offices import APPOINTS
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import role
from verifier.rules.book import Entry, Refused, Subject
from verifier.rules.fields import EventRef

HOUSE = "actor-house"
ACTORS = tuple(f"actor-{letter}" for letter in "abcd")
ROOTS = ("actor-root-a", "actor-root-b")
GIVES = {
    "root": ("executive_head", "body_secretary"),
    "executive_head": ("executive_head", "risk_owner"),
    "body_secretary": ("body_secretary", "stakeholder_convenor", "executive_head"),
}
"""A table that is bolder than the real one, so that chains grow until their length ends them."""

ROLES = ("executive_head", "body_secretary", "risk_owner", "stakeholder_convenor")
LAST_DAY = 12

# What a place may be: the last value of each kind is one that no scope names.
COUNTRIES = ("KEN", "TZA", "UGA")
GOALS = (6, 7, 8)
ENTITIES = ("actor-unx", "actor-uny", "actor-unz")
SUBJECTS = ("p-a-1", "p-a-2", "p-a-3", "p-b")
DAYS = tuple(range(LAST_DAY + 2))
NAMED = {
    "countries": st.sets(st.sampled_from(COUNTRIES[:2]), min_size=1),
    "goals": st.sets(st.sampled_from(GOALS[:2]), min_size=1),
    "entities": st.sets(st.sampled_from(ENTITIES[:2]), min_size=1),
    "subjects": st.sampled_from([{"p-a-"}, {"p-a-1"}, {"p-a-1", "p-a-2"}]),
}


Limits = tuple[dict[str, set[Any]], int, int | None]
"""A scope by its kinds, the first day, and the last one if there is one."""

UNLIMITED: Limits = ({}, 0, None)

# The naive model.


@dataclass
class Held:
    """A grant as the model knows it: whose, of what, by whom, how far, and whether it ended."""

    holder: str
    role: str
    giver: str
    depth: int
    reach: tuple[frozenset[Any], ...]
    """The countries, goals, entities, subjects and days that it reaches, each spelled out."""
    ref: EventRef
    ended: bool = False

    def counts(self, day: int) -> bool:
        """Say whether it counts on a day, somewhere."""
        return not self.ended and day in self.reach[4]


def reach_of(scope: dict[str, set[Any]], first: int, last: int | None) -> tuple[Any, ...]:
    """Spell out what a scope and two days reach."""
    subjects = scope.get("subjects")
    return (
        frozenset(scope.get("countries", COUNTRIES)),
        frozenset(scope.get("goals", GOALS)),
        frozenset(scope.get("entities", ENTITIES)),
        frozenset(s for s in SUBJECTS
                  if subjects is None or any(s == p or (p[-1] == "-" and s.startswith(p))
                                             for p in subjects)),
        frozenset(d for d in DAYS if first <= d and (last is None or d <= last)),
    )  # fmt: skip


@dataclass
class World:
    """The rules at work on a registry, and the model beside it."""

    registry: Registry
    day: int = 0
    held: list[Held] = field(default_factory=list)
    count: int = 0

    def text(self, day: int) -> str:
        """Return a day of this world as a calendar day."""
        return self.registry.day(day - self.day)

    def stream(self, actor: str, kind: str) -> str:
        """Return a stream that holds nothing yet."""
        self.count += 1
        return f"{actor}/{kind}/n{self.count}"

    def terms(self, name: str, scope: dict[str, set[Any]], first: int, last: int | None) -> Any:
        """Return the terms of a grant as a payload holds them."""
        terms: dict[str, Any] = {"role": name, "mandate": "A/1", "first_day": self.text(first)}
        if last is not None:
            terms["last_day"] = self.text(last)
        if scope:
            terms["scope"] = {key: sorted(values) for key, values in scope.items()}
        return terms

    def tried(self, lawful: bool, *args: Any, **fields: Any) -> Entry | None:
        """Try an event; the rules admit it exactly if the model does."""
        entry: Entry | None = None
        with suppress(Refused):
            entry = self.registry.append(*args, **fields)
        assert (entry is not None) == lawful, f"admitted: {entry is not None}: {args}, {fields}"
        return entry

    def by_roots(self, *args: Any, lawful: bool, **fields: Any) -> EventRef | None:
        """Try a proposal of the roots and let both endorse it."""
        proposal = self.tried(lawful, ROOTS[0], *args, quorum=2,
                              expires=self.registry.day(30), **fields)  # fmt: skip
        if proposal is None:
            return None
        for root in ROOTS:
            self.registry.endorse(root, proposal, f"{root}-org")
        return proposal.ref

    def appoint(self, holder: str, name: str, scope: Any, first: int, last: int | None) -> None:
        """The roots give a role."""
        given = self.by_roots(
            self.stream(holder, "appointment"), "AppointmentProposed",
            terms=self.terms(name, scope, first, last),
            lawful=name in GIVES["root"] and (last is None or first <= last),
        )  # fmt: skip
        if given is not None:
            reach = reach_of(scope, first, last)
            self.held.append(Held(holder, name, "root", 1, reach, given))

    def give(
        self, by: str, basis: Held, holder: str, name: str, limits: Limits, depth: int
    ) -> None:
        """Somebody gives a role, and says on which grant that rests."""
        reach = reach_of(*limits)
        lawful = (
            basis.holder == by and basis.counts(self.day) and name in GIVES.get(basis.role, ())
            and all(inner and inner <= outer
                    for inner, outer in zip(reach, basis.reach, strict=True))
            and depth == basis.depth + 1 and depth <= 3
        )  # fmt: skip
        entry = self.tried(
            lawful, by, self.stream(holder, "role"), "RoleGranted", depth=depth,
            giver=basis.role, under=named(basis.ref), terms=self.terms(name, *limits),
        )  # fmt: skip
        if entry is not None:
            self.held.append(Held(holder, name, basis.role, depth, reach, entry.ref))

    def withdraw(self, by: str, grant: Held) -> None:
        """Somebody ends a grant."""
        entitled = by == grant.holder or any(
            own.holder == by and own.role == grant.giver and own.counts(self.day)
            and all(i <= o for i, o in zip(grant.reach[:4], own.reach[:4], strict=True))
            for own in self.held
        )  # fmt: skip
        stream = self.stream(grant.holder, "withdrawal")
        fields = {"grant": named(grant.ref), "reason": "A/2"}
        lawful = entitled and not grant.ended
        if self.tried(lawful, by, stream, "RoleWithdrawn", **fields) is not None:
            grant.ended = True

    def dismiss(self, grant: Held) -> None:
        """The roots end a grant."""
        ended = self.by_roots(
            self.stream(grant.holder, "dismissal"), "RoleWithdrawalProposed",
            grant=named(grant.ref), reason="A/2",
            lawful=grant.giver == "root" and not grant.ended,
        )  # fmt: skip
        grant.ended = grant.ended or ended is not None

    def pass_days(self, days: int) -> None:
        """Let days go by."""
        days = min(days, LAST_DAY + 1 - self.day)
        self.day += days
        self.registry.now += days * 86_400

    def compare(self) -> None:
        """Compare, for every actor, role and place, what the rules and the model say today."""
        book = self.registry.book
        for country, goal, entity, subject in product(COUNTRIES, GOALS, ENTITIES, SUBJECTS):
            state = book.subjects[subject] = Subject(subject)
            state.change(("place", Place((country,), (goal,), (entity,))))
            event: Any = SimpleNamespace(subject=subject)
            entry = Entry(book.size, event, None, self.registry.now)  # type: ignore[arg-type]
            point = (country, goal, entity, subject, self.day)
            for actor, name in product(ACTORS, ROLES):
                told = role(name).holds(actor, entry, book)
                naive = any(
                    own.holder == actor and own.role == name and not own.ended
                    and all(v in values for v, values in zip(point, own.reach, strict=True))
                    for own in self.held
                )  # fmt: skip
                assert told == naive, (actor, name, point)


def named(reference: EventRef) -> dict[str, Any]:
    """Return a reference as a payload holds it."""
    fields: dict[str, Any] = msgspec.to_builtins(reference, builtin_types=(bytes,))
    return fields


@cache
def opened() -> Registry:
    """A ledger with the actors of every world, all of one organization."""
    registry = Registry().open(ROOTS).enlist(HOUSE)
    for actor in ACTORS:
        registry.enlist(actor, kind="office", principal=HOUSE)
    return registry


@st.composite
def scopes(draw: st.DrawFn) -> dict[str, set[Any]]:
    """Draw a scope; mostly one that limits little, so that chains come about."""
    kinds = draw(st.sets(st.sampled_from(sorted(NAMED)), max_size=2))
    return {kind: draw(NAMED[kind]) for kind in sorted(kinds)}


def derived(draw: st.DrawFn, basis: Held) -> Limits:
    """Draw limits that are those of a grant, but for at most one."""
    scope: dict[str, set[Any]] = {}
    for kind, values, every in zip(("countries", "goals", "entities"), basis.reach,
                                   (COUNTRIES, GOALS, ENTITIES), strict=False):  # fmt: skip
        if values != frozenset(every):
            scope[kind] = set(values)
    if basis.reach[3] != frozenset(SUBJECTS):
        scope["subjects"] = {"p-a-1"}
    days = sorted(basis.reach[4])
    first, last = days[0], None if days[-1] == DAYS[-1] else days[-1]
    change = draw(st.sampled_from((*sorted(NAMED), "first", "last", "none", "none")))
    if change == "first":
        first = draw(st.integers(0, LAST_DAY))
    elif change == "last":
        last = draw(st.none() | st.integers(0, LAST_DAY))
    elif change != "none":
        values = draw(st.none() | NAMED[change])
        scope.pop(change, None)
        if values is not None:
            scope[change] = values
    return scope, first, last


def act(draw: st.DrawFn, world: World) -> None:
    """Draw one act and try it."""
    actors = st.sampled_from(ACTORS)
    kind = draw(st.sampled_from(("give",) * 5 + ("withdraw",) * 2 + ("dismiss", "days", "appoint")))
    if kind == "days":
        world.pass_days(draw(st.integers(1, 3)))
    elif kind == "appoint" or not world.held:
        first, last = draw(st.integers(0, 4)), draw(st.none() | st.integers(2, LAST_DAY))
        world.appoint(draw(actors), draw(st.sampled_from(ROLES[:3])), draw(scopes()), first, last)
    else:
        grant = draw(st.sampled_from(world.held))
        if kind == "dismiss":
            world.dismiss(grant)
        elif kind == "withdraw":
            peers = [own.holder for own in world.held if own.role == grant.giver]
            world.withdraw(draw(st.sampled_from((*peers, *ACTORS))), grant)
        else:
            by = grant.holder if draw(st.integers(0, 4)) else draw(actors)
            depth = grant.depth + 1 if draw(st.integers(0, 6)) else draw(st.integers(2, 3))
            names = GIVES.get(grant.role, ROLES) if draw(st.integers(0, 4)) else ROLES
            if depth <= 3:
                world.give(by, grant, draw(actors), draw(st.sampled_from(names)),
                           derived(draw, grant), depth)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from((6, 14, 24)))
def test_a_grant_graph_yields_what_a_naive_model_allows(data: st.DataObject, acts: int) -> None:
    """Gives, withdrawals, scopes, depths and days in any order: never more authority, nor less."""
    table = {giver: frozenset(roles) for giver, roles in GIVES.items()}
    with patch.dict(APPOINTS, table):
        world = World(branch(opened()))

        @st.composite
        def story(draw: st.DrawFn) -> None:
            for _ in range(acts):
                act(draw, world)

        data.draw(story())
        world.compare()


def test_the_longest_chain_is_three() -> None:
    """RO2: a fourth link is not even a payload."""
    with patch.dict(APPOINTS, {giver: frozenset(roles) for giver, roles in GIVES.items()}):
        world = World(branch(opened()))
        world.appoint("actor-a", "executive_head", {}, 0, None)
        for by, holder in (("actor-a", "actor-b"), ("actor-b", "actor-c")):
            basis = world.held[-1]
            world.give(by, basis, holder, "executive_head", UNLIMITED, basis.depth + 1)
        assert [own.depth for own in world.held] == [1, 2, 3]
        world.give("actor-c", world.held[-1], "actor-d", "risk_owner", UNLIMITED, 3)
        assert len(world.held) == 3
        with pytest.raises(MalformedError, match="depth"):
            world.give("actor-c", world.held[-1], "actor-d", "risk_owner", UNLIMITED, 4)
        world.compare()
