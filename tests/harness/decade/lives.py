"""The life of a partnership: listed, promising, reporting or not, year after year.

Each behaves in one of six ways, drawn when it begins:

- *honest*: reports before each due day, and keeps most of its promises;
- *late*: reports after the due day, before anybody acts;
- *warned*: reports only once a notice has come;
- *silent*: never reports, and is removed;
- *contesting*: never reports, replies and appeals, and loses;
- *appealing*: never reports, appeals and wins; then it reports.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

from tests.harness import diligences, stories
from tests.harness.decade import removal, reviews
from tests.harness.decade.cast import AUDITOR, Members, members
from tests.harness.decade.player import Player
from tests.harness.registry import ref
from tests.harness.stories import OFFICE_A, OFFICE_B, text
from verifier.rules.commitment.state import Commitment
from verifier.rules.standing import Standing

__all__ = ["BEHAVIOURS", "Life"]

BEHAVIOURS = {"honest": 60, "late": 15, "warned": 10, "silent": 6, "contesting": 5, "appealing": 4}
"""How many of a hundred partnerships behave so."""

AGENDA_ENDS = "2030-12-31"

VERSION = {"set": "differentiation", "version": 1}
CLASSIFIED = {
    "criteria": VERSION, "met": ["several-sectors", "shared-governance"],
    "not_met": ["public-service", "one-company"], "result": "msp",
    "reasons": text("As its statutes say"),
}  # fmt: skip
LARGE = {"criteria": VERSION, "yearly_amount": "60000000", "rate": "0.9",
         "reasons": text("Its budget")}  # fmt: skip

SECTORS = {"ngo": "civil_society", "government": "public", "business": "business",
           "academia": "knowledge", "un_entity": "public"}  # fmt: skip


class Life:
    """One partnership, how it behaves, and what it does next."""

    def __init__(self, player: Player, number: int) -> None:
        self.player = player
        self.number = number
        self.name = f"p-{number:03}"
        self.members: Members = members(number)
        self.behaviour = self._drawn()
        self._reports = 0

    def _drawn(self) -> str:
        ways, weights = zip(*BEHAVIOURS.items(), strict=True)
        (drawn,) = self.player.chance.choices(ways, weights)
        return str(drawn)

    # Its beginning.

    def begin(self) -> None:
        """Submit the partnership and plan its screening."""
        self.player.do(self.members.secretariat, f"{self.name}/registration",
                       "PartnershipSubmitted", **self._submission())  # fmt: skip
        if self.members.profile != "light":
            self.player.plan_in(1, self._cosigned)
        self.player.plan_in(self.player.chance.randrange(2, 25), self._screened)

    def _cosigned(self) -> None:
        self.player.take(self.members.agency, self.name, "SubmissionCosigned")

    def _submission(self) -> dict[str, Any]:
        who = self.members
        rows = [(who.ngo, "ngo"), (who.government, "government"), (who.company, "business"),
                (who.university, "academia")]  # fmt: skip
        if who.profile != "light":
            rows.append((who.agency, "un_entity"))
        lead = who.agency if who.profile == "un_led" else who.ngo
        fields = stories.submission(
            self.player.registry, who.profile, lead=lead, secretariat=who.secretariat,
            countries=[who.country], scale=who.scale, title=text(f"Partnership {self.name}"),
            partners=[{"organization": o, "role": "lead" if o == lead else "partner",
                       "sector": SECTORS[t], "stakeholder_type": t} for o, t in rows],
            planned_end="2045-12-31", planned_end_reason=text("The work outlasts the Agenda"),
        )  # fmt: skip
        fields.pop("un_signature", None)  # its UN partner signs the day after
        return fields

    def _screened(self) -> None:
        stream, chance = f"{self.name}/registration", self.player.chance
        self.player.take(self.screener, self.name, "PartnershipScreened", on=stream)
        self.player.do(self.screener, f"{self.name}/classification", "ClassificationAssigned",
                       **CLASSIFIED)  # fmt: skip
        if self.members.mega:
            self.player.do(OFFICE_B, f"{self.name}/mega", "MegaDesignated", **LARGE)
        self.player.plan_in(chance.randrange(1, 10), self._listed)

    def _listed(self) -> None:
        diligences.clear(self.player.registry, self.name)
        self.player.take(OFFICE_A, self.name, "PartnershipListed", mandate="A/RES/70/224")
        for n in range(self.player.chance.randrange(3, 6)):
            self.player.plan_in(5 + 3 * n, partial(self._commit, n))
        self.player.plan_in(self.player.chance.randrange(400, 900),
                            partial(reviews.open_review, self.player, self))  # fmt: skip
        self._watch()

    @property
    def screener(self) -> str:
        """The officer on duty."""
        return self.player.on_duty

    # Its promises.

    def _commit(self, n: int) -> None:
        who, registry = self.members, self.player.registry
        years = self.player.chance.randrange(2, 9)
        due = registry.day(365 * years)
        stream = f"{self.name}/commitment/c{n}"
        fields = stories.commitment(
            registry, accountable=who.company, due=due, horizon="short" if years < 3 else "medium",
            contributors=[{"organization": who.government, "share": 40}],
        )  # fmt: skip
        fields["indicator"]["target"]["day"] = due
        self.player.do(who.secretariat, stream, "CommitmentMade", **fields)
        for organization in (who.company, who.government):
            self.player.do(organization, stream, "CommitmentAcknowledged",
                           organization=organization)  # fmt: skip
        for m in range(1, years):
            if registry.day(365 * m) > AGENDA_ENDS:
                break
            self.player.do(who.company, stream, "MilestoneSet", milestone=f"m{m}",
                           due=registry.day(365 * m), text=text(f"Year {m}"))  # fmt: skip
        self.player.plan_in(self.player.chance.randrange(150, 200), partial(self._progress, n))

    def _progress(self, n: int) -> None:
        found = self._commitment(n)
        if found.state != "active":
            return
        days_left = (date.fromisoformat(found.due) - date.fromisoformat(self.player.today)).days
        stream = f"{self.name}/commitment/c{n}"
        if days_left <= 0:
            self._end(n, stream)
            return
        self.player.do(self.members.secretariat, stream, "ProgressReported",
                       as_of=self.player.today, status="on_track")  # fmt: skip
        self.player.plan_in(min(122, days_left + 1), partial(self._progress, n))

    def _end(self, n: int, stream: str) -> None:
        kept = self.player.chance.random() < (0.8 if self.behaviour == "honest" else 0.4)
        if not kept:
            self.player.plan_in(2, partial(self._miss, stream))
            return
        self.player.take(self.members.company, self.name, "CommitmentFulfilled", on=stream)

    def _miss(self, stream: str) -> None:
        self.player.take(self.members.company, self.name, "CommitmentMissed", on=stream)
        self.player.take(self.members.company, self.name, "FailureReported", on=stream)

    def _commitment(self, n: int) -> Commitment:
        found = self.player.registry.subject(self.name).get(f"commitment:c{n}", Commitment)
        assert found is not None
        return found

    # Its reports.

    def _watch(self) -> None:
        """Plan what comes with the next due day."""
        now, chance = self.player.standing(self.name), self.player.chance
        assert now.due is not None
        if self.behaviour == "honest":
            self.player.plan_on(now.due - timedelta(chance.randrange(3, 25)), self.report)
        elif self.behaviour == "late":
            self.player.plan_on(now.due + timedelta(chance.randrange(2, 28)), self.report)
        else:
            self.player.plan_on(_eligible(now), partial(removal.open_case, self.player, self))

    def report(self) -> None:
        """Submit the report that is owed, and plan its screening."""
        if self.player.partnership(self.name).listing not in ("listed", "suspended"):
            return
        self._reports += 1
        entry = self.player.take(
            self.members.secretariat, self.name, "ReportSubmitted", period_end=self.player.today,
        )  # fmt: skip
        signers = {"lead_un_entity": self.members.agency, "auditor": AUDITOR}
        for slot in getattr(entry.body, "awaits", ()):
            by = signers.get(slot, self.members.government)
            self.player.do(by, entry.event.stream, "ReportCosigned", slot=slot, organization=by,
                           report=ref(entry))  # fmt: skip
        self.player.plan_in(self.player.chance.randrange(2, 25),
                            partial(self._screen_report, entry.event.stream))  # fmt: skip

    def _screen_report(self, stream: str) -> None:
        if self.player.chance.random() < 0.1:
            self.player.take(self.screener, self.name, "ReportReturned", on=stream)
            self.player.plan_in(self.player.chance.randrange(3, 25), self.report)
            return
        self.player.take(self.screener, self.name, "ReportAccepted", on=stream)
        removal.close_cured(self.player, self)
        self._watch()

    def reported_after_all(self) -> None:
        """Go on as an honest partnership does: a warning or a won appeal was enough."""
        self.behaviour = "honest"
        self.report()

    def office(self) -> str:
        """Return the office of the registry that acts, one or the other."""
        return self.player.chance.choice((OFFICE_A, OFFICE_B))


def _eligible(now: Standing) -> date:
    assert now.removal_eligible_from is not None
    return now.removal_eligible_from + timedelta(1)
