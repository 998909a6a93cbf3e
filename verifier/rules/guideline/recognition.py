"""National mechanisms: a State recognises its own, and a report for it counts here too.

- NM1 A mechanism is recognised by a Permanent Mission, an office of the State or an issuer of
      guidelines, for countries that its grant names; without naming any, by one whom the roots
      appointed. [R26]
- NM2 It stands in for templates that profiles can name; its days exist, the last not before the
      first, the first not past; a recognition is on record once.
- NM3 A national report is made for a mechanism that is recognised, on the day of the report, for
      every country of the partnership: it is asked for once, and counts everywhere. [R15, R26]

Sources: R15, R26; domain C2.7; decision D3.26.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import grants, office
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Alpha3, Code, Day, EventRef, Symbol, Texts
from verifier.rules.guideline.parameters import PARAMETERS
from verifier.rules.guideline.state import GUIDELINES, issuer, named

__all__ = ["EVENTS", "Mechanism", "NationalMechanismRecognised", "is_recognised"]

SIGNERS: Final = (office("permanent_mission"), office("member_state_office"), issuer)


class Mechanism(msgspec.Struct, frozen=True):
    """A recognised mechanism; the thing ``mechanism:<id>``. Days are ISO 8601."""

    ref: EventRef
    symbol: str
    countries: tuple[str, ...]
    templates: tuple[str, ...]
    valid_from: str
    valid_until: str


class NationalMechanismRecognised(Body, frozen=True, kw_only=True):
    """A State recognises a mechanism of its own (NM1, NM2)."""

    TYPE: ClassVar[str] = "NationalMechanismRecognised/1"
    STREAM: ClassVar[str] = "guidelines/mechanism/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = SIGNERS
    MISSION: ClassVar[tuple[int, ...]] = (15, 26)

    symbol: Symbol
    """How reports name it."""
    name: Texts
    countries: Annotated[tuple[Alpha3, ...], Meta(min_length=1, max_length=250)]
    templates: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=10)]
    """The templates that its report stands in for."""
    valid_from: Day
    valid_until: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NM1 and NM2."""
        held = [g for s in SIGNERS for g in grants(entry.actor, s.name, entry, book)]
        reach = [(g.scope.countries if g.scope else None, g.giver) for g in held]
        if held and not any(
            giver == "root" if named is None else set(self.countries) <= set(named)
            for named, giver in reach
        ):
            yield Unmet(rule="NM1", reason=f"{entry.actor} does not speak for {self.countries}")
        if entry.event.seq != 0:
            yield Unmet(rule="NM2", reason="this stream holds a recognition", hint="name another")
        for template in self.templates:
            if template not in PARAMETERS["template"].milder:
                yield Unmet(rule="NM2", reason=f"no profile can name the template {template}")
        if not (dates.is_day(self.valid_from) and dates.is_day(self.valid_until)):
            yield Unmet(rule="NM2", reason="a day does not exist")
        elif not dates.day_text(entry.at) <= self.valid_from <= self.valid_until:
            yield Unmet(rule="NM2", reason="its days lie ahead, the last not before the first")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the recognition on record."""
        yield f"mechanism:{named(entry)}", Mechanism(
            entry.ref, self.symbol, self.countries, self.templates, self.valid_from,
            self.valid_until,
        )  # fmt: skip


def is_recognised(symbol: str, template: str, place: Place | None, day: date, book: Book) -> bool:
    """Say whether a mechanism stands in for a template in every country of a place (NM3)."""
    today, countries = day.isoformat(), set(place.countries) if place else set()
    covered: set[str] = set()
    for held in book.subject(GUIDELINES).all(Mechanism):
        lasts = held.valid_from <= today <= held.valid_until
        if lasts and held.symbol == symbol and template in held.templates:
            covered.update(held.countries)
    return bool(countries) and countries <= covered


EVENTS: Final[tuple[type[Body], ...]] = (NationalMechanismRecognised,)
