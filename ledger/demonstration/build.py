"""Building the demonstration ledger: found, enter the cast, play the story, import real data.

Imports are signed by the registry's import service under a delegation that is on record, with
import types only, and nothing is invented: what the source does not hold is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.application import Ledger, Settings
from ledger.demonstration import cast, story
from ledger.founding import (
    ActorKeys,
    Founding,
    found,
    log_policy,
    make_log_keys,
    on_stage,
    write_policy,
)
from ledger.importers import IMPORTERS
from ledger.importers.run import import_source
from ledger.signer import SERVICE_KEY
from verifier.policy import parse_policy

__all__ = ["ORIGIN", "build"]

ORIGIN: Final = "demonstration.pledgebook.example/log"
DAY_S: Final = 86_400
SOURCES: Final = ("ogp", "ogp-status")


async def build(folder: Path, passphrase: str, tell: Callable[[str], None]) -> int:
    """Build the demonstration in an empty folder; return the size of its log.

    Raises:
        LedgerError: an import was refused.
    """
    ends = float(int(time.time()))
    founding = Founding(
        origin=ORIGIN,
        clock="stated",
        registry=cast.REGISTRY,
        demonstration=True,
        registry_name="Demonstration: registry",
        service=f"{cast.REGISTRY}-publisher",
        now=ends - story.BEGINS * DAY_S,
    )
    own = {founding.service: folder / "keys" / SERVICE_KEY}
    keys = ActorKeys(folder / "keys" / "actors", passphrase, own)
    keys(founding.service)  # made first: the ledger opens with it and publishes its register
    signers = make_log_keys(folder, passphrase)
    policy = parse_policy(log_policy(ORIGIN, signers, None))
    ledger = Ledger.open(folder, settings=Settings(), signers=signers)
    async with on_stage(ledger, policy, keys, now=founding.now) as stage:
        tell("opening a ledger: roots, registry, guidelines")
        await found(stage, founding, signers)
        await cast.enter(stage, founding)
        tell("playing the story: two partnerships, three years")
        await story.play(stage, ends=ends)
        for name in SOURCES:
            tell(f"importing {IMPORTERS[name].title}\n    licence: {IMPORTERS[name].licence}")
            await import_source(stage, name, giver=cast.OFFICE_A, service=cast.SERVICE)
        size = ledger.size
        write_policy(folder, founding, signers, ledger.ledger_id)
    return size
