"""What a partnership says of itself: amended, confirmed, and disclosed each year."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.harness import stories
from tests.harness.registry import Registry, ref
from tests.harness.stories import COMPANY, NGO, PARTNERSHIP, SECRETARIAT, UN_AGENCY, text
from verifier.rules import partnership
from verifier.rules.ahead import steps
from verifier.rules.book import Entry, Refused
from verifier.rules.partnership import Partnership, details, disclosure
from verifier.rules.partnership.state import Details

TITLE = text("Clean water for coastal towns")
ANEW = text("Clean water for all coastal towns")


@pytest.fixture
def registry() -> Registry:
    """A partnership in which a UN agency takes part, listed on 15 January 2024."""
    return stories.listed_partnership(profile="un_participating")


def amend(registry: Registry, before: dict[str, Any], after: dict[str, Any]) -> Entry:
    """State details anew."""
    stood = {"before": before} if before else {}
    return registry.append(SECRETARIAT, f"{PARTNERSHIP}/details", "DetailsAmended",
                           after=after, reason=text("A further region"), **stood)  # fmt: skip


def confirm(registry: Registry, stated: Entry) -> Entry:
    """Confirm the details as an event stated them."""
    return registry.append(NGO, f"{PARTNERSHIP}/details", "DetailsConfirmed", details=ref(stated))


def govern(registry: Registry, **changes: Any) -> Entry:
    """Disclose the governance of a year."""
    fields = {
        "year": 2024, "host": NGO, "staff": "3.5", "cost": "200000", "currency": "KES",
        "independence": text("A budget of its own, decided by the board"),
        "local_capacity": text("Two technicians trained in each town"),
    } | changes  # fmt: skip
    return registry.append(SECRETARIAT, f"{PARTNERSHIP}/governance", "GovernanceDisclosed",
                           **fields)  # fmt: skip


def contribution(**changes: Any) -> dict[str, Any]:
    """Return what the company gives in 2024."""
    return {
        "organization": COMPANY, "type": "cash", "amount": "5000000", "currency": "KES",
        "matching": False, "first_day": "2024-01-01", "last_day": "2024-12-31",
        "level": "national",
    } | changes  # fmt: skip


def fund(registry: Registry, *contributions: dict[str, Any], **changes: Any) -> Entry:
    """Disclose the funding of a year."""
    given = list(contributions) or [contribution()]
    return registry.append(SECRETARIAT, f"{PARTNERSHIP}/funding", "FundingDisclosed",
                           **({"year": 2024, "contributions": given} | changes))  # fmt: skip


def found(registry: Registry) -> Partnership:
    """Return the partnership on record."""
    thing = partnership.of(registry.subject(PARTNERSHIP))
    assert thing is not None
    return thing


def refused(act: Any, *args: Any, **fields: Any) -> set[str]:
    """Return the rules by which an act is refused."""
    with pytest.raises(Refused) as error:
        act(*args, **fields)
    return {unmet.rule for unmet in error.value.unmet}


def test_an_amendment_stands_beside_what_stood_there(registry: Registry) -> None:
    """DT2: it states what was there before, and is refused where something else was."""
    assert refused(amend, registry, {"title": ANEW}, {"title": TITLE}) == {"DT2"}
    assert refused(amend, registry, {}, {"title": ANEW}) == {"DT2"}
    assert refused(amend, registry, {"title": TITLE}, {"title": TITLE}) == {"DT2"}
    amend(registry, {"title": TITLE}, {"title": ANEW})
    assert found(registry).title[0].text == ANEW[0]["text"]
    held = registry.subject(PARTNERSHIP).get("details", Details)
    assert held is not None
    assert held.title == found(registry).title
    assert held.purpose is not None


def test_what_was_not_stated_has_nothing_before(registry: Registry) -> None:
    """DT2: a budget that is stated for the first time replaces nothing."""
    budget = {"amount": "900000", "currency": "USD", "period": "yearly"}
    amend(registry, {}, {"budget": budget})
    assert found(registry).budget is not None
    assert refused(amend, registry, {}, {"budget": budget | {"amount": "1"}}) == {"DT2"}
    amend(registry, {"budget": budget}, {"budget": budget | {"amount": "1000000"}})


def test_a_planned_end_is_put_off_with_a_reason(registry: Registry) -> None:
    """DT3: after 2030 it says why, before the start it is refused."""
    before = {"planned_end": "2030-12-31"}
    assert refused(amend, registry, before, {"planned_end": "2032-12-31"}) == {"DT3"}
    assert refused(amend, registry, before, {"planned_end": "2024-01-15"}) == {"DT3"}
    after = {"planned_end": "2032-12-31", "planned_end_reason": text("The last wells")}
    amend(registry, before, after)
    assert found(registry).planned_end == "2032-12-31"


def test_a_national_priority_is_added(registry: Registry) -> None:
    """DT3: of a country where the partnership is at work."""
    plan = {"country": "TZA", "document": "Vision 2025", "reference": "3.1"}
    assert refused(amend, registry, {}, {"national_priorities": [plan]}) == {"DT3"}
    amend(registry, {}, {"national_priorities": [plan | {"country": "KEN"}]})


def test_details_are_those_of_the_register() -> None:
    """DT1: a submission is put anew, not amended or confirmed."""
    registry = stories.submitted_partnership()
    assert refused(amend, registry, {"title": TITLE}, {"title": ANEW}) == {"DT1"}
    submitted = found(registry).ref
    with pytest.raises(Refused) as error:
        registry.append(NGO, f"{PARTNERSHIP}/details", "DetailsConfirmed",
                        details=msgspec.to_builtins(submitted, builtin_types=(bytes,)))  # fmt: skip
    assert [unmet.rule for unmet in error.value.unmet] == ["DT1"]


def test_what_is_confirmed_is_the_newest_word(registry: Registry) -> None:
    """DT4: once something was stated anew, the earlier word is not confirmed."""
    first = amend(registry, {"title": TITLE}, {"title": ANEW})
    second = amend(registry, {"title": ANEW}, {"title": TITLE})
    assert refused(confirm, registry, first) == {"DT4"}
    confirm(registry, second)


def test_a_year_without_contributions_is_disclosed(registry: Registry) -> None:
    """DS3, DS4: that nobody gave anything is said, and then nothing is left out."""
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/funding", "FundingDisclosed", year=2024)
    assert "disclosed:funding:2024" in registry.subject(PARTNERSHIP).things


def test_details_are_fresh_for_a_year(registry: Registry) -> None:
    """DT5: from the listing, an amendment or a confirmation; then they are stale."""
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["DetailsConfirmed/1"].lawful
    registry.book.time += 366 * 86_400
    assert not [*details.whole_log(registry.book)]
    registry.book.time += 86_400
    (told,) = details.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("DT5", "omission", SECRETARIAT)
    assert "2025-01-16" in told.reason
    registry.on(registry.day(380))
    submitted = msgspec.to_builtins(found(registry).ref, builtin_types=(bytes,))
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/details", "DetailsConfirmed", details=submitted)
    assert not [*details.whole_log(registry.book)]


def test_a_year_is_disclosed_once_and_then_corrected(registry: Registry) -> None:
    """DS1: a second word on a year names the first one."""
    first = govern(registry)
    assert refused(govern, registry) == {"DS1"}
    second = govern(registry, staff="4", corrects=ref(first))
    assert refused(govern, registry, corrects=ref(first)) == {"DS1"}
    govern(registry, staff="5", corrects=ref(second))
    fund(registry)


@pytest.mark.parametrize("year", [2023, 2025])
def test_a_year_has_begun_and_follows_the_listing(registry: Registry, year: int) -> None:
    """DS1: neither a year before the listing nor one to come."""
    assert refused(govern, registry, year=year) == {"DS1"}


def test_nothing_is_disclosed_before_the_listing() -> None:
    """DS1: what is submitted is not on the register."""
    assert "DS1" in refused(govern, stories.submitted_partnership())


def test_the_host_is_known(registry: Registry) -> None:
    """DS2: registered, and neither its people nor its cost are less than nothing."""
    assert refused(govern, registry, host="actor-unknown") == {"DS2"}
    assert refused(govern, registry, staff="-1") == {"DS2"}
    assert refused(govern, registry, cost="-1") == {"DS2"}


@pytest.mark.parametrize(
    "changes",
    [
        {"organization": "actor-guideline-issuer"},
        {"amount": "0"},
        {"first_day": "2025-01-01", "last_day": "2025-12-31"},
        {"first_day": "2024-06-30", "last_day": "2024-01-01"},
        {"last_day": "2024-02-30"},
    ],
    ids=["a-stranger", "nothing", "another-year", "backwards", "no-day"],
)
def test_a_contribution_is_a_partners_and_of_the_year(
    registry: Registry, changes: dict[str, str]
) -> None:
    """DS3: who gives, how much and when is what paragraph 14 (b) of A/RES/70/224 asks."""
    assert refused(fund, registry, contribution(**changes)) == {"DS3"}


def test_a_contribution_stands_once(registry: Registry) -> None:
    """DS3: but cash and staff of one partner are two, and who left may have given."""
    assert refused(fund, registry, contribution(), contribution()) == {"DS3"}
    registry.append(UN_AGENCY, f"{PARTNERSHIP}/partner/{UN_AGENCY}", "PartnerLeft",
                    organization=UN_AGENCY, reason=text("The programme ended"))  # fmt: skip
    fund(registry, contribution(), contribution(type="staff"), contribution(organization=UN_AGENCY))


def test_a_year_that_was_not_disclosed_is_told(registry: Registry) -> None:
    """DS4: from half a year after its end, each kind by itself, until it is disclosed."""
    registry.on("2025-06-28")
    govern(registry)
    registry.book.time += 86_400
    assert not [*disclosure.whole_log(registry.book)]
    registry.book.time += 86_400
    (told,) = disclosure.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("DS4", "omission", SECRETARIAT)
    assert "funding of 2024" in told.reason
    assert told.reason.endswith("not")
    late = fund(registry.on("2025-07-02"))
    fund(registry.on("2025-07-03"), corrects=ref(late))
    (told,) = disclosure.whole_log(registry.book)
    assert told.reason.endswith("disclosed on 2025-07-02")


def test_a_light_profile_asks_for_no_funding_by_partner() -> None:
    """DS4: where a total is enough only the governance is owed each year."""
    registry = stories.listed_partnership()
    registry.book.time += 600 * 86_400
    (told,) = disclosure.whole_log(registry.book)
    assert "governance of 2024" in told.reason
