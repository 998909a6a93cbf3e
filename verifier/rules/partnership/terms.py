"""Under which terms a partnership reports: the base version, the further layers, its profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from verifier.rules import dates, guideline
from verifier.rules.authority.scope import Place
from verifier.rules.book import Book, Entry, Subject, Unmet
from verifier.rules.fields import VersionRef
from verifier.rules.partnership.state import Partnership, of

__all__ = ["Further", "further_of", "profile_name", "unmet_terms"]

Further = Annotated[tuple[VersionRef, ...], Meta(max_length=20)]
"""The further layers that reach a partnership, each in its version, in order of their ids."""


def profile_name(partnership: Partnership) -> str:
    """Return the name of the profile that is a partnership's by its facts (decision D3.26)."""
    return guideline.profile_name(partnership.un_role, partnership.scale, mega=partnership.mega)


def further_of(subject: Subject, at: int, book: Book) -> tuple[VersionRef, ...]:
    """Return the further layers that reach a partnership at a log time."""
    place = subject.get("place", Place)
    return guideline.applicable(place, dates.day_of(at), book) if place else ()


def unmet_terms(
    named: VersionRef, profile: str, further: tuple[VersionRef, ...], entry: Entry, book: Book,
    *, rules: tuple[str, str],
) -> Iterator[Unmet]:  # fmt: skip
    """Yield, under two rules, that other terms than those named are a partnership's today."""
    subject = book.subject(entry.event.subject)
    version, found = guideline.base_in_force(dates.day_of(entry.at), book), of(subject)
    if version is None or version != named:
        known = "none" if version is None else f"{version.set} version {version.version}"
        yield Unmet(rule=rules[0], reason=f"the base guideline in force is {known}")
    elif found is not None and (
        profile != profile_name(found) or guideline.profile_of(version, profile, book) is None
    ):
        yield Unmet(rule=rules[0], reason=f"its profile is {profile_name(found)}")
    reach = further_of(subject, entry.at, book)
    if further != reach:
        known = ", ".join(f"{r.set} version {r.version}" for r in reach) or "none"
        yield Unmet(rule=rules[1], reason=f"the further layers that reach it are {known}")
