"""The judges of an appeal: drawn by lot, replaced in the drawn order, chosen by nobody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import judging, removals, stories
from tests.harness.lots import TIME, WITNESS, drawing, seed_of, witnessed
from tests.harness.registry import ORIGIN, Registry, public
from tests.harness.removals import Story, branch, later, refused, refused_voice
from tests.harness.stories import APPEALS_PANEL, BODY_SECRETARY, PARTNERSHIP, SECRETARIAT, text
from verifier import note
from verifier.rules.book import Broken, Entry
from verifier.rules.delisting import judges
from verifier.rules.delisting.judges import Judges, seated
from verifier.rules.lot import in_order

FOURTH = "actor-appeals-d"
ROSTER = (*APPEALS_PANEL, FOURTH)
STREAM = f"{PARTNERSHIP}/judges/a1"
SHOWN = f"{PARTNERSHIP}/shown/a1/{stories.NGO}"


@pytest.fixture
def pending(story: Story) -> tuple[Registry, Entry]:
    """A branch with a pending appeal, and the appeal."""
    return story.last("appealed")


def found(registry: Registry) -> Judges:
    """Return the judges on record."""
    (only,) = registry.subject(PARTNERSHIP).all(Judges)
    return only


def broken(registry: Registry) -> list[Broken]:
    """Return what the whole log shows of judges."""
    return list(judges.whole_log(registry.book))


def unannounced(registry: Registry, filed: Entry, stream: str = STREAM, **changes: Any) -> set[str]:
    """Announce what the rules refuse; return every rule that is not met."""
    fields = judging.roster(registry, filed) | changes
    return refused(registry, BODY_SECRETARY, stream, "AppealPanelAnnounced", **fields)


def right(checkpoint: bytes) -> list[str]:
    """Return the order in which a checkpoint draws the roster."""
    return list(in_order(seed_of(checkpoint), ROSTER))


def draw(registry: Registry, checkpoint: bytes, by: str = BODY_SECRETARY) -> Entry:
    """Draw by a cosigned checkpoint."""
    return registry.append(by, STREAM, "AppealPanelDrawn", checkpoint=checkpoint,
                           drawn=right(checkpoint))  # fmt: skip


def undrawn(registry: Registry, checkpoint: bytes, drawn: list[str] | None = None) -> set[str]:
    """Draw by what the rules refuse; return every rule that is not met."""
    return refused(registry, BODY_SECRETARY, STREAM, "AppealPanelDrawn", checkpoint=checkpoint,
                   drawn=right(checkpoint) if drawn is None else drawn)  # fmt: skip


def replace(member: str, ground: str = "recused") -> dict[str, Any]:
    """Return the fields of a judge's replacement."""
    return {"member": member, "ground": ground, "reason": text("My brother works there")}


def vacancy(by: str) -> str:
    """Return the stream on which somebody puts a vacancy on record."""
    return f"{PARTNERSHIP}/vacancy/a1/{by}"


def test_judges_are_announced_once_for_a_pending_appeal(pending: tuple[Registry, Entry]) -> None:
    """AJ1: another appeal, a second roster on another stream, and one after the time, are not."""
    registry, filed = pending
    other = {"appeal": removals.fields_of(filed.ref) | {"id": bytes(32)}}
    assert unannounced(registry, filed, **other) == {"AJ1"}
    assert unannounced(later(branch(registry), 91), filed) == {"AJ1"}
    judging.announce_judges(registry, filed)
    assert unannounced(registry, filed) == {"AJ1"}
    assert unannounced(registry, filed, f"{PARTNERSHIP}/judges/again") == {"AJ1"}
    assert removals.next_steps(registry, "AppealPanelAnnounced") == []


def test_a_secretary_of_a_partner_announces_nothing(pending: tuple[Registry, Entry]) -> None:
    """CS2: who is a party names no witnesses of the draw."""
    registry, filed = pending
    registry.enlist("actor-our-clerk", kind="office", principal=stories.NGO)
    registry.appoint("actor-our-clerk", "body_secretary")
    fields = judging.roster(registry, filed)
    rules = refused(registry, "actor-our-clerk", STREAM, "AppealPanelAnnounced", **fields)
    assert rules == {"CS2"}


def test_the_roster_is_who_can_hear_the_appeal(pending: tuple[Registry, Entry]) -> None:
    """AJ2: in order, each once, of its own organization, three at least, and nobody else."""
    registry, filed = pending
    registry.enlist("actor-late", stakeholder_type="ngo")
    registry.grant("actor-late", "appeals_panel", BODY_SECRETARY)
    members = judging.roster(registry, filed)["roster"]
    assert [one["member"] for one in members] == list(ROSTER)
    strangers = (stories.COMPANY, "actor-late", "actor-nobody")
    for wrong in (
        members[::-1],
        [*members, members[-1]],
        members[:2],
        [members[0] | {"organization": members[1]["organization"]}, *members[1:]],
        *([*members, {"member": name, "organization": name}] for name in strangers),
    ):
        assert unannounced(registry, filed, roster=wrong) == {"AJ2"}
    assert unannounced(registry, filed, seats=2) == {"AJ2"}
    judging.announce_judges(registry, filed)


def test_the_witnesses_are_named_before_the_draw(pending: tuple[Registry, Entry]) -> None:
    """AJ3: the log is none, and a key that states no time is none."""
    registry, filed = pending
    untimed = note.VerifierKey("witness.example.org", note.ED25519, public("witness"))
    itself = note.VerifierKey(ORIGIN, note.COSIGNATURE, public("log"))
    for wrong in (untimed, itself):
        assert unannounced(registry, filed, witnesses=[str(wrong)]) == {"AJ3"}
    judging.announce_judges(registry, filed)


def test_a_draw_rests_on_a_checkpoint_that_nobody_could_know(
    pending: tuple[Registry, Entry],
) -> None:
    """AJ4: witnessed after the announcement, over it, with this log's root."""
    registry, filed = pending
    before = witnessed(registry)
    judging.announce_judges(registry, filed)
    for wrong in (before, registry.checkpoint(), witnessed(registry, root=bytes(32)),
                  witnessed(registry, key="somebody"), b"\n"):  # fmt: skip
        assert undrawn(registry, wrong, list(ROSTER)) == {"AJ4"}
    draw(registry, witnessed(registry))


def test_the_seed_alone_says_who_judges(pending: tuple[Registry, Entry]) -> None:
    """AJ5: no other order, none left out, not twice, not without an announcement."""
    registry, filed = pending
    assert undrawn(registry, witnessed(registry)) == {"AJ5"}
    judging.announce_judges(registry, filed)
    checkpoint = witnessed(registry)
    order = right(checkpoint)
    for wrong in (order[::-1], order[:3], [*order[:3], "actor-late"]):
        assert undrawn(registry, checkpoint, wrong) == {"AJ5"}
    draw(registry, checkpoint, SECRETARIAT)
    assert seated(found(registry)) == tuple(order[:3])
    assert undrawn(registry, witnessed(registry, TIME - 1)) == {"AJ5"}
    assert removals.next_steps(registry, "AppealPanelDrawn") == []


def test_only_the_drawn_decide(pending: tuple[Registry, Entry]) -> None:
    """AP10: not before the draw, not the fourth of the roster, and two of three suffice."""
    registry, filed = pending
    fields = removals.appeal_decision(registry, filed, "overturn")
    stream = f"{PARTNERSHIP}/decision/d2"
    member = APPEALS_PANEL[0]
    rules = refused(registry, member, stream, "AppealDecisionProposed", **fields)
    assert rules == {"AP10"}
    judging.draw_judges(registry, filed)
    fields = removals.appeal_decision(registry, filed, "overturn")
    rules = refused(registry, FOURTH, stream, "AppealDecisionProposed", **fields)
    assert rules == {"AP10"}
    proposal = removals.propose_on_appeal(registry, filed, "overturn")
    assert refused_voice(registry, FOURTH, proposal, FOURTH) == {"AP10"}
    for member in APPEALS_PANEL[1:]:
        registry.endorse(member, proposal, member)
    assert removals.case(registry).ground == "overturned"


def test_the_next_takes_the_seat_of_who_recuses_itself(pending: tuple[Registry, Entry]) -> None:
    """AJ7: by itself, once, and before it has given its voice."""
    registry, filed = pending
    judging.draw_judges(registry, filed)
    first, second, third = APPEALS_PANEL
    rules = refused(registry, second, vacancy(second), "JudgeReplaced", **replace(first))
    assert rules == {"AJ7"}
    rules = refused(registry, FOURTH, vacancy(FOURTH), "JudgeReplaced", **replace(FOURTH))
    assert rules == {"AJ7"}
    proposal = removals.propose_on_appeal(registry, filed)
    registry.endorse(third, proposal, third)
    rules = refused(registry, third, vacancy(third), "JudgeReplaced", **replace(third))
    assert rules == {"AJ7"}
    registry.append(first, vacancy(first), "JudgeReplaced", **replace(first))
    rules = refused(registry, first, vacancy(first), "JudgeReplaced", **replace(first))
    assert rules == {"AJ7"}
    assert set(seated(found(registry))) == {second, third, FOURTH}
    assert refused_voice(registry, first, proposal, first) == {"AP10"}
    registry.endorse(FOURTH, proposal, FOURTH)


def test_who_is_gone_is_replaced_by_anyones_word(pending: tuple[Registry, Entry]) -> None:
    """AJ7: only once it holds no seat any more, or became a party; and it is offered as a step."""
    registry, filed = pending
    judging.draw_judges(registry, filed)
    first = APPEALS_PANEL[0]
    gone = replace(first, "gone")
    rules = refused(registry, SECRETARIAT, vacancy(SECRETARIAT), "JudgeReplaced", **gone)
    assert rules == {"AJ7"}
    assert removals.next_steps(registry, "JudgeReplaced") == []
    grant = removals.grant_of(registry, first, "appeals_panel")
    registry.append(first, f"{first}/withdrawal/panel", "RoleWithdrawn", reason="A/1", grant=grant)
    assert removals.next_step(registry, "JudgeReplaced").lawful
    registry.append(SECRETARIAT, vacancy(SECRETARIAT), "JudgeReplaced", **gone)
    assert seated(found(registry))[-1] == FOURTH


def test_an_earlier_cosignature_undoes_the_draw(pending: tuple[Registry, Entry]) -> None:
    """AJ6, AJ9, AP10: anyone shows it; it is drawn anew, and what was proposed before falls."""
    registry, filed = pending
    judging.announce_judges(registry, filed)
    early, late = witnessed(registry, TIME - 60), drawing(registry, ROSTER, APPEALS_PANEL)
    shows = (registry, stories.NGO, SHOWN, "AppealCheckpointShown")
    assert refused(*shows, checkpoint=early) == {"AJ6"}
    draw(registry, late)
    assert refused(*shows, checkpoint=late) == {"AJ6"}
    assert refused(*shows, checkpoint=witnessed(registry, key="somebody")) == {"AJ4"}
    proposal = removals.propose_on_appeal(registry, filed)
    assert broken(registry) == []
    registry.append(stories.NGO, SHOWN, "AppealCheckpointShown", checkpoint=early)
    (told_so,) = broken(registry)
    assert (told_so.rule, told_so.kind) == ("AJ9", "breach")
    member = APPEALS_PANEL[0]
    assert refused_voice(registry, member, proposal, member) == {"AP10"}
    assert removals.next_steps(registry, "AppealPanelDrawn") != []
    draw(registry, early)
    assert broken(registry) == []
    member = seated(found(registry))[0]
    assert refused_voice(registry, member, proposal, member) == {"AP10"}


def test_a_roster_that_leaves_somebody_out_is_found(pending: tuple[Registry, Entry]) -> None:
    """AJ8: whoever could hear the appeal then, whatever became of it since; and nobody else."""
    registry, filed = pending
    other = branch(registry)
    judging.announce_judges(registry, filed)
    assert broken(registry) == []
    other.append(BODY_SECRETARY, STREAM, "AppealPanelAnnounced",
                 **judging.roster(other, filed, FOURTH))  # fmt: skip
    for registry_ in (registry, other):
        registry_.enlist("actor-late", stakeholder_type="ngo")
        registry_.grant("actor-late", "appeals_panel", BODY_SECRETARY)
        grant = removals.grant_of(registry_, FOURTH, "appeals_panel")
        registry_.append(FOURTH, f"{FOURTH}/withdrawal/panel", "RoleWithdrawn", reason="A/1",
                         grant=grant)  # fmt: skip
    assert broken(registry) == []
    (told_so,) = broken(other)
    assert (told_so.rule, told_so.kind) == ("AJ8", "breach")
    assert FOURTH in told_so.reason


def test_who_cannot_hear_an_appeal_is_left_out(story: Story) -> None:
    """AJ2, AJ8: an office of the registry's house and a partner on the roster are no omission."""
    registry = story.at("final")
    registry.enlist("actor-sister-office", kind="office", principal=removals.REGISTRY_ORG)
    for member in ("actor-sister-office", stories.NGO):
        registry.grant(member, "appeals_panel", BODY_SECRETARY)
    filed = removals.appeal(registry, removals.decide(later(registry, 31)))
    members = judging.roster(registry, filed)["roster"]
    added = [*members, {"member": stories.NGO, "organization": stories.NGO}]
    assert unannounced(registry, filed, roster=sorted(added, key=lambda o: o["member"])) == {"AJ2"}
    judging.announce_judges(registry, filed)
    assert broken(registry) == []
    assert str(WITNESS) in found(registry).witnesses
