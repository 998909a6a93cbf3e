"""Building the demonstration ledger: found, enter the cast, play the story, import real data.

Imports are signed by the registry's import service under a delegation that is on record, with import
types only, and nothing is invented: what the source does not hold is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from ledger.application import Ledger, Settings
from ledger.client import Declined
from ledger.demonstration import cast, story
from ledger.errors import LedgerError
from ledger.founding import (
    MANDATE,
    ActorKeys,
    Founding,
    found,
    log_policy,
    make_log_keys,
    on_stage,
    write_policy,
)
from ledger.importers import IMPORTERS, Planned
from ledger.stage import Stage, ref
from verifier.policy import parse_policy
from verifier.rules.authority.roles import DelegationGranted
from verifier.rules.authority.state import Scope
from verifier.rules.book import OnBehalf

__all__ = ["ORIGIN", "build"]

ORIGIN: Final = "demonstration.pledgebook.example/log"
DAY_S: Final = 86_400
IMPORT_TYPES: Final = (
    "ParticipantImported", "CommitmentImported", "AssessmentImported", "StatusImported",
)  # fmt: skip
SOURCES: Final = ("ogp", "ogp-status")


async def build(folder: Path, passphrase: str, tell: Callable[[str], None]) -> int:
    """Build the demonstration in an empty folder; return the size of its log.

    Raises:
        LedgerError: an import was refused.
    """
    ends = float(int(time.time()))
    founding = Founding(
        origin=ORIGIN, clock="stated", registry=cast.REGISTRY, demonstration=True,
        registry_name="Demonstration: registry", now=ends - story.BEGINS * DAY_S,
    )  # fmt: skip
    signers = make_log_keys(folder, passphrase)
    keys = ActorKeys(folder / "keys" / "actors", passphrase)
    policy = parse_policy(log_policy(ORIGIN, signers, None))
    ledger = Ledger.open(folder, settings=Settings(), signers=signers)
    async with on_stage(ledger, policy, keys, now=founding.now) as stage:
        tell("opening a ledger: roots, registry, guidelines")
        await found(stage, founding, signers)
        await cast.enter(stage, founding)
        tell("playing the story: two partnerships, three years")
        await story.play(stage, ends=ends)
        for name in SOURCES:
            tell(f"importing {IMPORTERS[name].title}")
            await import_source(stage, name, giver=cast.OFFICE_A, service=cast.SERVICE)
        size = ledger.size
        write_policy(folder, founding, signers, ledger.ledger_id)
    return size


async def import_source(
    stage: Stage, name: str, *, giver: str, service: str, folder: Path | None = None
) -> int:
    """Import a source by a service under a delegation of a registry office; return the count.

    Raises:
        LedgerError: code ``import-refused``; the first refusal is told.
    """
    importer = IMPORTERS[name]
    granted = await stage.say(
        giver, f"{giver}/delegation/import-{name}-{int(stage.now)}",
        DelegationGranted(to=service, types=IMPORT_TYPES, last_day=stage.day(30), mandate=MANDATE,
                          scope=Scope(subjects=(f"imported:{importer.registry}:",))),
    )  # fmt: skip
    behalf = OnBehalf(giver, ref(granted))

    def planned() -> Iterator[Planned]:
        for stream, body in importer.events(folder):
            yield stream, msgspec.structs.replace(body, on_behalf_of=behalf)

    outcomes = await stage.say_all(service, planned())
    for outcome in outcomes:
        if isinstance(outcome, Declined):
            problem = outcome.problem
            reason = f"{outcome.event.type} on {outcome.event.stream}: {problem.detail}"
            raise LedgerError("import-refused", reason)
    return len(outcomes)
