"""Where a role or delegation counts: subjects, countries, goals, United Nations entities.

A scope limits by what it names and by nothing else. Countries and goals cover a subject that lies
within them altogether, so that who speaks for one country does not decide about five; entities
cover a subject in which one of them has a part. A subject whose place is not known, or that names
no country, is covered by no scope that is limited by countries.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from verifier.rules.book import Book, Entry
from verifier.rules.fields import ActorId, Alpha3, Goal

__all__ = ["Place", "Scope", "covers", "reaches", "widens", "within"]


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a role or delegation counts; what is left out is not limited."""

    subjects: Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)] | None = None
    """Subject ids, or beginnings of them that end in ``:`` or ``-``."""
    countries: Annotated[tuple[Alpha3, ...], Meta(min_length=1, max_length=250)] | None = None
    goals: Annotated[tuple[Goal, ...], Meta(min_length=1, max_length=17)] | None = None
    """Numbers of Sustainable Development Goals."""
    entities: Annotated[tuple[ActorId, ...], Meta(min_length=1, max_length=20)] | None = None
    """United Nations entities, by the actor ids of their organizations."""


class Place(msgspec.Struct, frozen=True):
    """What a subject is about: countries, goals, and the entities that have a part in it.

    The thing ``place`` of a subject.
    """

    countries: tuple[str, ...]
    goals: tuple[int, ...] = ()
    entities: tuple[str, ...] = ()


def covers(scope: Scope | None, entry: Entry, book: Book, *, partly: bool = False) -> bool:
    """Say whether a scope covers the subject of an event (AU2, AU3).

    With ``partly`` one country of the subject is enough: its host is asked although others are.
    """
    if scope is None:
        return True
    subject = entry.event.subject
    return reaches(scope, subject, book.thing(subject, "place", Place), partly=partly)


def reaches(
    scope: Scope | None, subject: str, place: Place | None, *, partly: bool = False
) -> bool:
    """Say whether a scope covers a subject that lies at a place."""
    if scope is None:
        return True
    if scope.subjects is not None and not any(within(subject, limit) for limit in scope.subjects):
        return False
    if scope.countries is None and scope.goals is None and scope.entities is None:
        return True
    return place is not None and _covers_place(scope, place, partly=partly)


def _covers_place(scope: Scope, place: Place, *, partly: bool) -> bool:
    countries = scope.countries
    if countries is not None:
        inside = [country in countries for country in place.countries]
        if not (any(inside) if partly else inside and all(inside)):
            return False
    if scope.goals is not None and not (place.goals and set(place.goals) <= set(scope.goals)):
        return False
    return scope.entities is None or not set(place.entities).isdisjoint(scope.entities)


def within(subject: str, limit: str) -> bool:
    """Say whether a subject (or a narrower limit) lies within a limit of subjects."""
    return subject == limit or (limit.endswith((":", "-")) and subject.startswith(limit))


def widens(narrow: Scope | None, wide: Scope | None) -> bool:
    """Say whether a scope reaches beyond the scope it is derived from."""
    if wide is None:
        return False
    if narrow is None:
        return True
    if wide.subjects is not None and not (
        narrow.subjects and all(any(within(s, w) for w in wide.subjects) for s in narrow.subjects)
    ):
        return True
    return (
        _reaches_beyond(narrow.countries, wide.countries)
        or _reaches_beyond(narrow.goals, wide.goals)
        or _reaches_beyond(narrow.entities, wide.entities)
    )


def _reaches_beyond(
    narrow: tuple[str, ...] | tuple[int, ...] | None, wide: tuple[str, ...] | tuple[int, ...] | None
) -> bool:
    return wide is not None and not (narrow and set(narrow) <= set(wide))
