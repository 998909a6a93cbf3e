"""What may come next is told with its first and its last day, and whose it is."""

from __future__ import annotations

from tests.harness import removals, stories
from tests.harness.commitments import DUE, promised
from tests.harness.registry import Registry
from tests.harness.stories import COMPANY, GOVERNMENT, OFFICE_A, PARTNERSHIP, text
from verifier.rules.ahead import Step, steps


def step(registry: Registry, type_: str) -> Step:
    """Return the first step of a type that may come next."""
    found = steps(PARTNERSHIP, registry.book, registry.now)
    return next(one for one in found if one.type == type_ + "/1")


def test_a_promise_is_kept_in_time_until_its_due_day() -> None:
    """A fulfilment and a transfer name the due day; an acknowledged miss has no last day."""
    registry = promised()
    assert step(registry, "CommitmentFulfilled").latest == DUE
    registry.append(COMPANY, f"{PARTNERSHIP}/commitment/taps", "CommitmentTransferProposed",
                    to=GOVERNMENT, reason=text("a"))  # fmt: skip
    assert step(registry, "CommitmentTransferred").latest == DUE
    assert step(registry, "CommitmentMissed").latest is None


def test_a_report_is_signed_and_screened_in_time() -> None:
    """Thirty days for the signatures that it awaits, thirty more for the registry."""
    registry = stories.listed_partnership(profile="un_led").on("2025-01-14")
    stream = f"{PARTNERSHIP}/report/first"
    registry.append(stories.SECRETARIAT, stream, "ReportSubmitted", **stories.report(registry))
    assert step(registry, "ReportCosigned").latest == "2025-02-13"
    registry.on("2025-01-20").append(
        stories.UN_AGENCY, stream, "ReportCosigned", report=stories.waiting(registry),
        slot="lead_un_entity", organization=stories.UN_AGENCY,
    )  # fmt: skip
    waiting = step(registry, "ReportAccepted")
    assert (waiting.latest, waiting.who) == ("2025-02-19", ("screening_officer", "registry"))


def test_every_step_of_an_open_case_has_its_days() -> None:
    """The reply, the decision, its endorsements and the appeal: each until a day, by somebody."""
    registry = removals.finally_noticed()
    reply = step(registry, "ReplyFiled")
    assert reply.latest == removals.case(registry).final.decision_day  # type: ignore[union-attr]
    decisions = removals.next_steps(registry, "RemovalDecisionProposed")
    (removal,) = (one for one in decisions if one.earliest is not None)
    assert removal.earliest is not None
    assert removals.day_of(removal.earliest) <= (removal.latest or "")
    registry.now = removal.earliest
    proposal = removals.propose_decision(registry)
    assert step(registry, "Endorsed").latest == registry.day(30)
    for office in (OFFICE_A, stories.OFFICE_B):
        registry.endorse(office, proposal, removals.REGISTRY_ORG)
    decided = removals.case(registry).decision
    assert decided is not None
    assert step(registry, "AppealFiled").latest == decided.appeal_until
    filed = removals.appeal(registry, proposal)
    assert filed.event.name == "AppealFiled"
    assert step(registry, "AppealDecisionProposed").latest == registry.day(90)
