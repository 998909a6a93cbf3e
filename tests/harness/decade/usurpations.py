"""Moves against authority: keys, places, roles and guidelines that are not the mover's to use."""

from __future__ import annotations

from tests.harness import stories
from tests.harness.decade.cast import APPEALS, COMPANIES, NGOS, secretariat_of
from tests.harness.decade.scene import ROOT_A, ROOT_B, Move, NotNow, Scene
from tests.harness.registry import ORIGIN, public
from tests.harness.removals import fields_of, grant_of
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    OFFICE_A,
    OFFICE_B,
    REVIEWERS,
    text,
)
from verifier.event import Event, Seen
from verifier.keys import thumbprint
from verifier.rules.authority.state import Grant

__all__ = ["MOVES"]

A_DAY_S = 86_400


def _old_key(scene: Scene) -> Event:
    if OFFICE_B not in scene.registry.keys:
        raise NotNow
    return scene.register(OFFICE_B, key=OFFICE_B)


def _stolen_key(scene: Scene) -> Event:
    if scene.player.stolen is None:
        raise NotNow
    life = scene.at("submitted")
    return scene.changed(scene.player.stolen, life.name, "PartnershipScreened")


def _former_officer(scene: Scene) -> Event:
    if scene.player.on_duty == stories.SCREENER:
        raise NotNow
    return scene.changed(stories.SCREENER, scene.at("submitted").name, "PartnershipScreened")


def _false_possession(scene: Scene) -> Event:
    fields = scene.registry.possession(NGOS[1], "another")
    return scene.sign(OFFICE_A, f"{NGOS[2]}/keys", "KeyEnrolled", **fields)


def _borrowed_key(scene: Scene) -> Event:
    fields = scene.registry.possession(COMPANIES[0], COMPANIES[1])
    return scene.sign(OFFICE_A, f"{COMPANIES[0]}/keys", "KeyEnrolled", **fields)


def _second_genesis(scene: Scene) -> Event:
    roots = [{"actor": ROOT_A, "principal": f"{ROOT_A}-org", "public": public(ROOT_A)}]
    return scene.sign(
        ROOT_A, "ledger/genesis", "LedgerOpened", origin=ORIGIN, roots=roots, quorum=1,
        expires=scene.registry.day(30), ruleset="pledgebook-1", clock="stated",
        anchor_every="P1D", register_every="P1D", log_keys={"checkpoint": public("log")},
    )  # fmt: skip


def _on_behalf(scene: Scene) -> Event:
    life = scene.at("submitted")
    never = {"stream": f"{scene.player.on_duty}/delegation/none", "seq": 0, "id": bytes(32)}
    behalf = {"actor": scene.player.on_duty, "delegation": never}
    return scene.changed(NGOS[3], life.name, "PartnershipScreened", on_behalf_of=behalf)


def _by_a_partner(scene: Scene) -> Event:
    return scene.changed(secretariat_of(NGOS[0]), scene.at("submitted").name, "PartnershipScreened")


def _false_head(scene: Scene) -> Event:
    life = scene.at("listed")
    return scene.sign(life.members.secretariat, f"{life.name}/commitment/c0", "ProgressReported",
                      as_of=scene.registry.day(), status="on_track", prev=bytes(32))  # fmt: skip


def _other_ledger(scene: Scene) -> Event:
    return scene.register(ledger=bytes(range(32)))


def _root_key(scene: Scene) -> Event:
    return scene.sign(OFFICE_A, f"{ROOT_B}/keys", "KeyEnrolled",
                      **scene.registry.possession(ROOT_B, "another-root"))  # fmt: skip


def _decided_for_another(scene: Scene) -> Event:
    held = next(g for g in scene.registry.subject(REVIEWERS[0]).all(Grant) if g.decision)
    return scene.grant(BODY_SECRETARY, NGOS[1], "reviewer", as_="body_secretary",
                       decision=fields_of(held.decision))  # fmt: skip


def _dismissed_alone(scene: Scene) -> Event:
    return scene.sign(
        BODY_SECRETARY, f"{APPEALS_PANEL[0]}/withdrawal/x", "RoleWithdrawn", reason="None",
        grant=grant_of(scene.registry, APPEALS_PANEL[0], "appeals_panel"),
    )  # fmt: skip


MOVES: tuple[Move, ...] = (
    # Keys and what every event must meet.
    Move("another ledger's event is replayed", "AD2", _other_ledger),
    Move("a root opens the ledger once more", "AD2", _second_genesis),
    Move(
        "an event is put on a stream of another kind",
        "AD3",
        lambda s: s.sign(OFFICE_A, f"{s.stranger}/keys", "ActorRegistered", **s.newcomer()),
    ),
    Move("a stream is forked", "AD4", _false_head),
    Move("a key signs for another actor", "AD5", lambda s: s.register(key=NGOS[0])),
    Move("a key signs that was rotated away", "AD5", _old_key),
    Move("a stolen key signs after its revocation", "AD5", _stolen_key),
    Move("an event is dated back", "AD6", lambda s: s.register(iat=s.registry.now - A_DAY_S)),
    Move(
        "another history is claimed to be seen",
        "AD7",
        lambda s: s.register(seen=Seen(len(s.registry.events), bytes(32))),
    ),
    Move(
        "a decision says nothing of what was seen",
        "AD7",
        lambda s: s.appointment(NGOS[7], "registry", seen=None),
    ),
    Move(
        "an authority event is too long for a key store",
        "AD8",
        lambda s: s.register(name=[{"lang": f"de-a{n}", "text": "x" * 400} for n in range(9)]),
    ),
    Move("an office of no registry registers an actor", "AD10", lambda s: s.register(NGOS[0])),
    Move("a partner's office screens", "AD10", _by_a_partner),
    Move("an officer who left screens", "AD10", _former_officer),
    Move("somebody signs in an officer's name without a delegation", "AD11", _on_behalf),
    Move("a time beyond the calendar is stated", "AD12", lambda s: s.register(iat=7_300_000_000)),
    # Actors and keys.
    Move(
        "an actor is registered twice",
        "AC1",
        lambda s: s.sign(
            OFFICE_A, f"{NGOS[0]}/profile", "ActorRegistered", **s.newcomer(principal=NGOS[0])
        ),
    ),
    Move(
        "an office counts for an organization nobody knows",
        "AC1",
        lambda s: s.register(kind="office", principal="actor-nobody-knows"),
    ),
    Move("an office counts for itself", "AC2", lambda s: s.register(kind="office")),
    Move("another's key is enrolled", "AC3", _borrowed_key),
    Move("a key is enrolled without its possession", "AC4", _false_possession),
    Move(
        "a key is revoked that nobody has",
        "AC7",
        lambda s: s.sign(NGOS[0], f"{NGOS[0]}/keys", "KeyRevoked", kid=bytes(32), reason="lost"),
    ),
    Move(
        "a registry office revokes an organization's key",
        "AD10",
        lambda s: s.sign(
            OFFICE_A,
            f"{NGOS[0]}/keys",
            "KeyRevoked",
            kid=thumbprint(public(NGOS[0])),
            reason="lost",
        ),
    ),
    Move("an office enrols a key to a root", "AC8", _root_key),
    # Roles.
    Move(
        "the registry appoints reviewers",
        "RO1",
        lambda s: s.grant(OFFICE_A, NGOS[1], "reviewer", as_="registry"),
    ),
    Move(
        "a grant is deeper than it says",
        "RO2",
        lambda s: s.grant(OFFICE_A, NGOS[1], "screening_officer", as_="registry", depth=3),
    ),
    Move(
        "a judge of appeals becomes a screening officer",
        "RO3",
        lambda s: s.grant(OFFICE_A, APPEALS[0], "screening_officer", as_="registry"),
    ),
    Move(
        "a role is given to somebody unknown",
        "RO4",
        lambda s: s.grant(OFFICE_A, s.stranger, "screening_officer", as_="registry"),
    ),
    Move(
        "a role is taken back that nobody holds",
        "RO5",
        lambda s: s.sign(
            OFFICE_A,
            f"{NGOS[0]}/withdrawal/x",
            "RoleWithdrawn",
            reason="None",
            grant={"stream": f"{NGOS[0]}/role/x", "seq": 0, "id": bytes(32)},
        ),
    ),
    Move(
        "the registry takes back a role it does not give",
        "RO6",
        lambda s: s.sign(
            OFFICE_A,
            f"{REVIEWERS[0]}/withdrawal/x",
            "RoleWithdrawn",
            reason="None",
            grant=grant_of(s.registry, REVIEWERS[0], "reviewer"),
        ),
    ),
    Move(
        "a grant rests on nothing",
        "RO7",
        lambda s: s.grant(NGOS[0], NGOS[1], "screening_officer", as_="registry"),
    ),
    Move(
        "a body's secretary picks a judge of appeals alone",
        "RO11",
        lambda s: s.grant(BODY_SECRETARY, NGOS[1], "appeals_panel", as_="body_secretary"),
    ),
    Move("a decision that seats one is used for another", "RO11", _decided_for_another),
    Move("a body's secretary dismisses a judge of appeals alone", "RO12", _dismissed_alone),
    Move("one root appoints alone", "PR1", lambda s: s.appointment(NGOS[1], "registry", quorum=1)),
    Move(
        "a proposal never expires",
        "PR2",
        lambda s: s.appointment(NGOS[1], "registry", expires=s.registry.day(400)),
    ),
    Move(
        "a voice is delegated",
        "DG1",
        lambda s: s.sign(
            NGOS[0],
            f"{NGOS[0]}/delegation/x",
            "DelegationGranted",
            to=NGOS[1],
            types=["Endorsed"],
            last_day=s.registry.day(30),
            mandate="A/1",
        ),
    ),
    Move(
        "the roots silence so many of themselves that none can act",
        "KD6",
        lambda s: s.sign(
            ROOT_A,
            f"{ROOT_B}/distrust/x{len(s.registry.events)}",
            "KeyDistrustProposed",
            kid=thumbprint(public(ROOT_B)),
            since=s.day(0),
            reason="None",
            quorum=2,
            expires=s.day(30),
        ),
    ),
    Move(
        "a company is its own parent",
        "GC8",
        lambda s: s.sign(
            COMPANIES[0],
            f"{COMPANIES[0]}/subsidiary/{COMPANIES[0]}",
            "SubsidiaryNamed",
            company=COMPANIES[0],
            belongs=True,
        ),
    ),
    # Guidelines and calendar.
    Move("a version is left out", "GU1", lambda s: s.guideline(version=900)),
    Move("a guideline counts from the past", "GU2", lambda s: s.guideline(valid_from=s.day(-1))),
    Move("an organization issues a guideline", "AD10", lambda s: s.guideline(NGOS[0])),
    Move("a second base set is issued", "GU4", lambda s: s.guideline(set_id="another", version=1)),
    Move(
        "the registry moves a deadline that passed long ago",
        "CA3",
        lambda s: s.sign(
            OFFICE_A,
            f"calendar/extension/x{len(s.registry.events)}",
            "DeadlineExtendedGenerally",
            first_day=s.day(-90),
            last_day=s.day(-80),
            days=90,
            ground=text("None"),
            mandate="A/1",
        ),
    ),
)
