"""Attacks on a small log: what the attacker holds, what they do, what must be found.

Each attack works on a log of its own. ``make tamper`` shows the verifier's words for each, and
``tests/promises/test_every_attack_is_named.py`` demands the finding, the event and the rule.
Attackers are thorough: who holds the log's key makes the tree, the tiles and the checkpoint anew,
so that only what authors signed, and what others kept, can give them away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.harness import removals, stories
from tests.harness.publishing import drafted, naive_records, naive_root
from tests.harness.registry import (
    ORIGIN,
    Registry,
    public,
    ref,
    seconds,
    secret,
    signed_checkpoint,
    write_log,
)
from tests.harness.stories import PARTNERSHIP
from verifier import note
from verifier.event import Draft, Event, parse, sign
from verifier.keys import thumbprint
from verifier.records import read_record
from verifier.tree import Frontier, leaf_hash

__all__ = ["ACTOR_KEY", "ATTACKS", "FILES", "LOG_KEY", "Attack", "Attacked", "published_anew",
           "small_log"]  # fmt: skip

FILES = "the published files"
LOG_KEY = "the log's signing key"
ACTOR_KEY = "the log's signing key and an actor's key"


@dataclass(frozen=True)
class Attacked:
    """What an attack left behind: a folder, its policy, and what the auditor may have kept."""

    folder: Path
    policy: str
    known: bytes | None = None


@dataclass(frozen=True)
class Attack:
    """One attack: its name, what it needs, and which code must be found at which entry."""

    name: str
    holds: str
    run: Callable[[Path], Attacked]
    finds: str
    """The code of the finding; empty where the attack cannot be found without ``known``."""
    finds_with_known: str = ""


def small_log() -> Registry:
    """Return a ledger with a listed partnership, a commitment and a report, day after day."""
    registry = stories.listed_partnership(Registry())
    registry.on("2024-02-01")
    stories.acknowledged_commitment(registry)
    registry.on("2024-06-01")
    stories.acknowledged_commitment(registry, local="wells", due=registry.day(400))
    registry.on("2024-12-15")
    stories.accepted_report(registry)
    return registry


def published_anew(registry: Registry, folder: Path, entries: list[bytes], *, key: str = "log",
                   known: bytes | None = None) -> Attacked:  # fmt: skip
    """Publish entries with tiles and a checkpoint made anew."""
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry))
    checkpoint = note.Checkpoint(ORIGIN, len(entries), frontier.root())
    write_log(folder, entries, signed_checkpoint(checkpoint, key))
    return Attacked(folder, registry.policy(), known)


def _raws(registry: Registry) -> list[bytes]:
    return [event.raw for event in registry.events]


def _place(registry: Registry, type_: str, local: str = "") -> int:
    """Return the index of the last event of a type."""
    return max(
        index for index, event in enumerate(registry.events)
        if event.name == type_ and event.stream.endswith(local)
    )  # fmt: skip


def _rewrite_bundle(registry: Registry, folder: Path, entries: list[bytes]) -> Attacked:
    """Publish the true log, then replace only its entries."""
    registry.publish(folder)
    width = len(registry.events)
    bundle = folder / "tile" / "entries" / f"000.p/{width}"
    bundle.write_bytes(b"".join(len(e).to_bytes(2, "big") + e for e in entries))
    return Attacked(folder, registry.policy())


def _signed_again(event: Event, key: str) -> bytes:
    """Return the same statement, signed by another key under that key's name."""
    draft = Draft(
        kid=thumbprint(public(key)), iss=event.iss, stream=event.stream, type=event.type,
        iat=event.iat, seq=event.seq, payload=event.payload, ledger=event.ledger, prev=event.prev,
        seen=event.seen,
    )  # fmt: skip
    return sign(draft, secret(key).sign).raw


def byte_changed(folder: Path) -> Attacked:
    """Change one letter in a report that is on record."""
    registry = small_log()
    entries = _raws(registry)
    index = _place(registry, "ReportSubmitted")
    entries[index] = entries[index].replace(b"What was done, and what was not",
                                            b"What was done, and what was n0t")  # fmt: skip
    return _rewrite_bundle(registry, folder, entries)


def signed_by_another(folder: Path) -> Attacked:
    """Sign a commitment again, with a key of the attacker's own."""
    registry = small_log()
    entries = _raws(registry)
    index = _place(registry, "CommitmentMade", "wells")
    entries[index] = _signed_again(parse(entries[index]), "attacker")
    return published_anew(registry, folder, entries)


def removed(folder: Path) -> Attacked:
    """Take a claimed commitment out of the log and make the tree anew."""
    registry = small_log()
    entries = _raws(registry)
    del entries[_place(registry, "CommitmentMade", "wells")]
    return published_anew(registry, folder, entries)


def removed_at_the_end_of_a_stream(folder: Path) -> Attacked:
    """Take the acceptance of a report out of the log: no later event of its stream exists."""
    registry = small_log()
    known = registry.checkpoint()
    entries = _raws(registry)
    del entries[_place(registry, "ReportAccepted")]
    return published_anew(registry, folder, entries, known=known)


def swapped(folder: Path) -> Attacked:
    """Let two entries change places."""
    registry = small_log()
    entries = _raws(registry)
    first = _place(registry, "CommitmentMade", "taps")
    second = _place(registry, "CommitmentMade", "wells")
    entries[first], entries[second] = entries[second], entries[first]
    return _rewrite_bundle(registry, folder, entries)


def back_dated(folder: Path) -> Attacked:
    """Insert a commitment, signed with its author's key, as if it had been made months before."""
    registry = small_log()
    fields = stories.commitment(registry)
    event = registry.sign(stories.SECRETARIAT, f"{PARTNERSHIP}/commitment/late", "CommitmentMade",
                          iat=seconds("2024-03-01"), **fields)  # fmt: skip
    registry.force(event)
    return published_anew(registry, folder, _raws(registry))


def tail_cut(folder: Path) -> Attacked:
    """Cut the last entries off and leave the checkpoint as it is."""
    registry = small_log()
    return _rewrite_bundle(registry, folder, _raws(registry)[:-2])


def tail_cut_by_the_operator(folder: Path) -> Attacked:
    """Cut the last entries off and sign the shorter log."""
    registry = small_log()
    return published_anew(registry, folder, _raws(registry)[:-2], known=registry.checkpoint())


def forged_checkpoint(folder: Path) -> Attacked:
    """Drop the last entry and sign a checkpoint with a key of the attacker's own."""
    registry = small_log()
    return published_anew(registry, folder, _raws(registry)[:-1], key="attacker")


def unauthorised(folder: Path) -> Attacked:
    """Let a partner with a valid key accept the partnership's own report."""
    registry = small_log()
    registry.on("2025-12-01")
    report = stories.submitted_report(registry, local="second")
    event = registry.sign(
        stories.NGO, f"{PARTNERSHIP}/report/second", "ReportAccepted", report=ref(report)
    )
    registry.force(event)
    return published_anew(registry, folder, _raws(registry))


def quorum_of_one(folder: Path) -> Attacked:
    """Fill the quorum of a review decision with two keys of one organization."""
    registry = small_log()
    removals.open_review(registry)
    proposal = removals.propose_review_decision(registry)
    twin = "actor-reviewer-a-second-office"
    registry.enlist(twin, by=stories.OFFICE_A, kind="office", principal=stories.REVIEWERS[0],
                    stakeholder_type="government")  # fmt: skip
    registry.grant(twin, "reviewer", stories.BODY_SECRETARY)
    registry.endorse(stories.REVIEWERS[0], proposal, stories.REVIEWERS[0])
    subject, _, local = proposal.event.stream.partition("/")
    event = registry.sign(
        twin, f"{subject}/endorsement/{local.replace('/', ':')}/{twin}", "Endorsed",
        proposal=ref(proposal), organization=stories.REVIEWERS[0],
    )  # fmt: skip
    registry.force(event)
    return published_anew(registry, folder, _raws(registry))


def removed_without_notice(folder: Path) -> Attacked:
    """Let two offices of the registry remove a partnership that was never given notice."""
    registry = small_log()
    registry.on("2026-12-01")
    registry.force(removals.removal_out_of_nothing(registry))
    return published_anew(registry, folder, _raws(registry))


def replayed(folder: Path) -> Attacked:
    """Put an event of another ledger, with the same actors and keys, into this one."""
    registry = small_log()
    other = Registry(now=seconds("2023-01-15"))
    other.open()
    stories.listed_partnership(other)
    foreign = other.sign(stories.SECRETARIAT, f"{PARTNERSHIP}/commitment/foreign",
                         "CommitmentMade", iat=registry.now,
                         **stories.commitment(registry))  # fmt: skip
    registry.force(foreign)
    return published_anew(registry, folder, _raws(registry))


def left_out_of_the_register(folder: Path) -> Attacked:
    """Publish a register without the partnership, so that its absence could be shown."""
    registry = small_log()
    records = [data for data in naive_records(registry.book)
               if not read_record(data).stream.startswith(f"{PARTNERSHIP}/")]  # fmt: skip
    root = naive_root([leaf_hash(record) for record in records])
    registry.force(drafted(registry, leaves=len(records), root=root))
    return published_anew(registry, folder, _raws(registry))


def revoked_key(folder: Path) -> Attacked:
    """Sign with a key that its owner has revoked."""
    registry = small_log()
    registry.append(stories.SECRETARIAT, f"{stories.SECRETARIAT}/keys", "KeyRevoked",
                    kid=thumbprint(public(stories.SECRETARIAT)), reason="compromised")  # fmt: skip
    event = registry.sign(stories.SECRETARIAT, f"{PARTNERSHIP}/commitment/stolen",
                          "CommitmentMade", **stories.commitment(registry))  # fmt: skip
    registry.force(event)
    return published_anew(registry, folder, _raws(registry))


ATTACKS: tuple[Attack, ...] = (
    Attack("a byte of a report is changed", FILES, byte_changed, "signature-false"),
    Attack("an event is signed again by another key", LOG_KEY, signed_by_another, "AD5"),
    Attack("an event is removed", LOG_KEY, removed, "AD4"),
    Attack("the last event of a stream is removed", LOG_KEY, removed_at_the_end_of_a_stream, "",
           "rolled-back"),
    Attack("two events are swapped", FILES, swapped, "entries-swapped"),
    Attack("an event is inserted with an earlier date", ACTOR_KEY, back_dated, "AD6"),
    Attack("the tail is cut", FILES, tail_cut, "tail-cut"),
    Attack("the tail is cut and the checkpoint signed anew", LOG_KEY, tail_cut_by_the_operator, "",
           "rolled-back"),
    Attack("a checkpoint is forged", FILES, forged_checkpoint, "note-unsigned"),
    Attack("a decision by a valid key without the right to it", ACTOR_KEY, unauthorised, "AD10"),
    Attack("a quorum of two keys of one organization", ACTOR_KEY, quorum_of_one, "PR8"),
    Attack("a removal without notice", ACTOR_KEY, removed_without_notice, "CS"),
    Attack("an event of another ledger is replayed", ACTOR_KEY, replayed, "AD2"),
    Attack("an event is signed with a revoked key", ACTOR_KEY, revoked_key, "AD5"),
    Attack("the register leaves a partnership out", ACTOR_KEY, left_out_of_the_register, "RG2"),
)  # fmt: skip
