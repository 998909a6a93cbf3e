"""Where unlawful moves are made: what a move may look at, and the hands that sign it.

Some moves can be made at any time, some only where somebody is in the right situation; ``NotNow``
says that nobody is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.harness import stories
from tests.harness.decade.cast import GOVERNMENTS, NGOS, secretariat_of
from tests.harness.registry import body_fields
from tests.harness.removals import fields_of
from tests.harness.stories import (
    ISSUER,
    OFFICE_A,
    text,
)
from verifier.event import Event
from verifier.rules import partnership
from verifier.rules.authority.state import Grant
from verifier.rules.commitment.state import Commitment
from verifier.rules.delisting import case as cases
from verifier.rules.report import Report

if TYPE_CHECKING:
    from tests.harness.decade.lives import Life
    from tests.harness.decade.player import Player

__all__ = ["Move", "NotNow", "Scene"]

ROOT_A, ROOT_B = "actor-root-a", "actor-root-b"


class NotNow(Exception):
    """Nobody is in the situation that a move needs."""


class Scene:
    """What a move may look at: the registry, the lives led in it, and chance."""

    def __init__(self, player: Player, lives: list[Life]) -> None:
        self.player = player
        self.registry = player.registry
        self.lives = lives

    def day(self, ahead: int) -> str:
        """Return the day of log time, some days ahead."""
        return self.registry.day(ahead)

    def sign(self, actor: str, stream: str, type_: str, **fields: Any) -> Event:
        """Sign an event."""
        return self.registry.sign(actor, stream, type_, **fields)

    def changed(
        self, actor: str, subject: str, type_: str, *, on: str = "", **changes: Any
    ) -> Event:
        """Sign a next step that the rules offer, with changes that they do not allow."""
        try:
            stream, body = self.player.offered(subject, type_, on=on)
        except StopIteration:
            raise NotNow from None
        return self.sign(actor, stream, type_, **(body_fields(body) | changes))

    def some(self, fits: Callable[[Life], object]) -> Life:
        """Return one of the lives that fit."""
        found = [life for life in self.lives if self.subject(life) and fits(life)]
        if not found:
            raise NotNow
        return self.player.chance.choice(found)

    def subject(self, life: Life) -> partnership.Partnership | None:
        """Return a partnership on record."""
        return partnership.of(self.registry.subject(life.name))

    def at(self, *listings: str) -> Life:
        """Return a partnership that stands so on the register."""
        return self.some(lambda life: self.player.partnership(life.name).listing in listings)

    def untroubled(self) -> Life:
        """Return a listed partnership of the light track without a case, and owing nothing yet."""
        return self.some(lambda life: self._is_listed(life) and life.members.profile == "light"
                         and self.player.standing(life.name).state == "not_due"
                         and cases.open_case(self.registry.subject(life.name)) is None)  # fmt: skip

    def troubled(
        self, fits: Callable[[cases.RemovalCase], object]
    ) -> tuple[Life, cases.RemovalCase]:
        """Return a partnership with an open case that fits."""
        life = self.some(lambda life: self._case(life) is not None and fits(self._case_of(life)))
        return life, self._case_of(life)

    def _case(self, life: Life) -> cases.RemovalCase | None:
        return cases.open_case(self.registry.subject(life.name))

    def _case_of(self, life: Life) -> cases.RemovalCase:
        found = self._case(life)
        assert found is not None
        return found

    def _is_listed(self, life: Life) -> bool:
        return self.player.partnership(life.name).listing == "listed"

    def commitment(self, state: str) -> tuple[Life, Commitment]:
        """Return a commitment in a state, of a partnership that is listed."""
        found = [(life, made) for life in self.lives if self.subject(life) and self._is_listed(life)
                 for made in self.registry.subject(life.name).all(Commitment)
                 if made.state == state]  # fmt: skip
        if not found:
            raise NotNow
        return self.player.chance.choice(found)

    def report(self, state: str) -> Report:
        """Return a report in a state."""
        found = [report for life in self.lives
                 for report in self.registry.subject(life.name).all(Report)
                 if report.state == state]  # fmt: skip
        if not found:
            raise NotNow
        return self.player.chance.choice(found)

    def newcomer(self, **changes: Any) -> dict[str, Any]:
        """Return the fields that register an organization nobody knows."""
        return {"kind": "organization", "name": text("A newcomer"), "principal": self.stranger,
                "stakeholder_type": "ngo"} | changes  # fmt: skip

    @property
    def stranger(self) -> str:
        """The id of an actor that nobody has registered."""
        return f"actor-stranger-{len(self.registry.events)}"

    def submission(self, **changes: Any) -> dict[str, Any]:
        """Return the fields of a submission by the first organization's office."""
        fields = stories.submission(
            self.registry, lead=NGOS[0], secretariat=secretariat_of(NGOS[0]),
            partners=[
                {"organization": NGOS[0], "role": "lead", "sector": "civil_society",
                 "stakeholder_type": "ngo"},
                {"organization": GOVERNMENTS[0], "role": "partner", "sector": "public",
                 "stakeholder_type": "government"},
            ], planned_end="2045-12-31", planned_end_reason=text("The work outlasts the Agenda"),
        )  # fmt: skip
        return fields | changes

    def submit(self, **changes: Any) -> Event:
        """Sign a submission with what the rules do not allow."""
        stream = f"p-stranger-{len(self.registry.events)}/registration"
        return self.sign(secretariat_of(NGOS[0]), stream, "PartnershipSubmitted",
                         **self.submission(**changes))  # fmt: skip

    def register(self, actor: str = OFFICE_A, **changes: Any) -> Event:
        """Sign the registration of a newcomer with what the rules do not allow."""
        options = {k: changes.pop(k) for k in ("key", "iat", "seen", "ledger", "seq", "prev")
                   if k in changes}  # fmt: skip
        return self.sign(actor, f"{self.stranger}/profile", "ActorRegistered",
                         **options, **self.newcomer(**changes))  # fmt: skip

    def appointment(self, holder: str, role: str, **changes: Any) -> Event:
        """Sign an appointment by a root with what the rules do not allow."""
        fields = {"terms": {"role": role, "mandate": "A/1", "first_day": self.registry.day()},
                  "quorum": 2, "expires": self.registry.day(30)}  # fmt: skip
        stream = f"{holder}/appointment/x{len(self.registry.events)}"
        return self.sign(ROOT_A, stream, "AppointmentProposed", **(fields | changes))

    def grant(self, giver: str, holder: str, role: str, *, as_: str, **changes: Any) -> Event:
        """Sign a grant with what the rules do not allow."""
        terms = {"role": role, "mandate": "A/1", "first_day": self.registry.day()}
        under = next((g for g in self.registry.subject(giver).all(Grant) if g.role == as_), None)
        fields: dict[str, Any] = {
            "terms": terms | changes.pop("terms", {}), "giver": as_, "depth": 2,
            "under": fields_of(under.ref) if under else
            {"stream": f"{giver}/role/none", "seq": 0, "id": bytes(32)},
        }  # fmt: skip
        stream = f"{holder}/role/x{len(self.registry.events)}"
        return self.sign(giver, stream, "RoleGranted", **(fields | changes))

    def guideline(self, actor: str = ISSUER, **changes: Any) -> Event:
        """Sign a version of the base set with what the rules do not allow."""
        set_id, fields = stories.default_guidelines()
        version = self.registry.subject("guidelines").heads[f"guidelines/set/{set_id}"].seq + 2
        fields |= {"valid_from": self.registry.day(), "version": version}
        stream = f"guidelines/set/{changes.pop('set_id', set_id)}"
        return self.sign(actor, stream, "GuidelineSetIssued", **(fields | changes))


class Move(NamedTuple):
    """A move: what it is, the rule that must be among those it breaks, and how it is made."""

    name: str
    rule: str
    make: Callable[[Scene], Event]
