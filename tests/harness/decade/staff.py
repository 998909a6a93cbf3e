"""Staff of the decade: officers come and go, keys rotate, one is stolen, heads report to boards."""

from __future__ import annotations

from functools import partial

from tests.harness import bodies
from tests.harness.decade.cast import AGENCIES, APPEALS, COMPANIES, head_of
from tests.harness.decade.player import Player
from tests.harness.registry import public
from tests.harness.removals import grant_of
from tests.harness.stories import BODY_SECRETARY, OFFICE_A, OFFICE_B, text
from verifier.keys import thumbprint

__all__ = ["turn_over"]

YEARS = 10


def turn_over(player: Player) -> None:
    """Plan the changes of staff: a new screening officer every year, a new key for an office."""
    for year in range(1, YEARS):
        player.plan_in(365 * year, partial(_new_officer, player, year))
        player.plan_in(365 * year + 90, partial(_new_key, player, year))
    for year in range(YEARS + 1):
        player.plan_in(365 * year + 300, partial(_board_reports, player, year))
    player.plan_in(365 * 4 + 200, partial(_theft, player))
    player.plan_in(365 * 5 + 30, partial(_new_judge, player))


def _new_officer(player: Player, year: int) -> None:
    registry, before = player.registry, player.on_duty
    officer = f"actor-screener-{year}"
    registry.enlist(officer, OFFICE_A, kind="office", principal="actor-registry-org")
    registry.grant(officer, "screening_officer", OFFICE_B)
    player.do(before, f"{before}/withdrawal/w{year}", "RoleWithdrawn",
              grant=grant_of(registry, before, "screening_officer"), reason="Left")  # fmt: skip
    player.on_duty = officer


def _new_key(player: Player, year: int) -> None:
    """Rotate the key of an office; the old one signs for the new one."""
    registry, office = player.registry, (OFFICE_A, OFFICE_B)[year % 2]
    fields = registry.possession(office, f"{office}-{year}")
    player.do(office, f"{office}/keys", "KeyRotated", **fields)
    registry.keys[office] = f"{office}-{year}"


def _board_reports(player: Player, year: int) -> None:
    """Let every agency report on its partnerships to its governing body."""
    for number, agency in enumerate(AGENCIES):
        given = {"partnership": f"p-{number:03}", "organization": COMPANIES[0], "kind": "cash",
                 "amount": "1", "currency": "USD", "matching": False, "country": "KEN"}  # fmt: skip
        player.do(head_of(agency), f"forum-boards/board-report/{agency}-{year}",
                  "BoardReportTabled", to=bodies.COUNCIL, organization=agency,
                  contributions=[given], due_diligence=text("All screened"),
                  risk_measures=text("Yearly spot checks"))  # fmt: skip


def _new_judge(player: Player) -> None:
    """Let the body dismiss a judge of the roster and seat another."""
    registry, judge = player.registry, "actor-appeals-new"
    registry.dismiss(APPEALS[-1], "appeals_panel", BODY_SECRETARY)
    registry.enlist(judge, OFFICE_A, stakeholder_type="academia")
    registry.grant(judge, "appeals_panel", BODY_SECRETARY)


def _theft(player: Player) -> None:
    """Let the organization revoke an officer's key that was stolen, and name another officer."""
    registry = player.registry
    officer = player.on_duty
    key = registry.keys.get(officer, officer)
    player.do("actor-registry-org", f"{officer}/keys", "KeyRevoked", kid=thumbprint(public(key)),
              reason="compromised")  # fmt: skip
    replacement = "actor-screener-after-theft"
    registry.enlist(replacement, OFFICE_A, kind="office", principal="actor-registry-org")
    registry.grant(replacement, "screening_officer", OFFICE_B)
    player.stolen, player.on_duty = officer, replacement
