"""A Member State delegates the monitoring of partnerships that it has no capacity for.

- MD1 An office of a State that holds such a role itself delegates: its Permanent Mission or a
      Member State office, limited to its country.
- MD2 The delegate is a United Nations country team or an expert body, by a role in force that
      covers the country.
- MD3 It names the event types and its last day, at most P4Y ahead; it never covers endorsements.
- MD4 A stream holds one delegation, under a name that no other delegation of this office has.

The delegate signs with ``on_behalf_of`` (AD11), so that every act shows both, and only within the
country. The State takes it back as it takes back any delegation (DG2). Source: R54.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.scope import Scope, widens
from verifier.rules.authority.state import Delegation, grants, itself
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Alpha3, Day, Symbol

__all__ = ["EVENTS", "MonitoringDelegated"]

OF_STATES: Final = ("permanent_mission", "member_state_office")
DELEGATES: Final = ("un_country_team", "expert_body")
LONGEST: Final = "P4Y"


class MonitoringDelegated(Body, frozen=True, kw_only=True):
    """A State lets a country team or an expert body monitor for it (MD1 to MD4)."""

    TYPE: ClassVar[str] = "MonitoringDelegated/1"
    STREAM: ClassVar[str] = "actor-*/monitoring/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (54,)

    to: ActorId
    country: Alpha3
    types: Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)]
    last_day: Day
    mandate: Symbol

    def touches(self, event: object) -> Iterable[str]:
        """Look at the delegate."""
        return (self.to,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MD1 to MD4."""
        here = Scope(countries=(self.country,))
        if not _holds(entry.actor, OF_STATES, here, entry, book):
            yield Unmet(rule="MD1", reason=f"{entry.actor} is no State's office in {self.country}",
                        who="permanent_mission")  # fmt: skip
        if not _holds(self.to, DELEGATES, here, entry, book):
            yield Unmet(rule="MD2", reason=f"{self.to} is neither country team nor expert body in "
                        f"{self.country}", who=" or ".join(DELEGATES))  # fmt: skip
        today = dates.day_of(entry.at)
        if not dates.is_day(self.last_day) or not (
            today < dates.parse_day(self.last_day) <= dates.add(today, LONGEST)
        ):
            yield Unmet(rule="MD3", reason=f"its last day lies within {LONGEST} after {today}")
        if "Endorsed" in self.types:
            yield Unmet(rule="MD3", reason="a voice is never delegated")
        if entry.event.seq != 0 or _key(entry) in book.subject(entry.event.subject).things:
            yield Unmet(rule="MD4", reason="a delegation of this name is given already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Give the delegation, within the country."""
        scope = Scope(countries=(self.country,))
        yield _key(entry), Delegation(entry.ref, self.to, self.types, self.last_day, scope)


def _key(entry: Entry) -> str:
    return "delegation:" + entry.event.stream.rpartition("/")[2]


def _holds(actor: str, names: tuple[str, ...], here: Scope, entry: Entry, book: Book) -> bool:
    """Say whether an actor holds one of these roles in force over at least this scope."""
    return any(
        not widens(here, grant.scope)
        for name in names
        for grant in grants(actor, name, entry, book)
    )


EVENTS: Final[tuple[type[Body], ...]] = (MonitoringDelegated,)
