"""Running an importer: a delegation on record, then every row signed by the registry's service.

The office delegates import types only, for the source's subjects only, for a month; so the log
shows who let a machine sign, for what, and until when.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from ledger.client import Declined
from ledger.errors import LedgerError
from ledger.founding import MANDATE
from ledger.importers import IMPORTERS, Planned
from ledger.stage import Stage, ref
from verifier.rules.authority.delegation import DelegationGranted
from verifier.rules.authority.scope import Scope
from verifier.rules.book import OnBehalf

__all__ = ["import_source"]

IMPORT_TYPES: Final = (
    "ParticipantImported",
    "CommitmentImported",
    "AssessmentImported",
    "StatusImported",
)


async def import_source(
    stage: Stage, name: str, *, giver: str, service: str, folder: Path | None = None
) -> int:
    """Import a source by a service under a delegation of a registry office; return the count.

    Raises:
        LedgerError: code ``import-refused``; the first refusal is told.
    """
    importer = IMPORTERS[name]
    granted = await stage.say(
        giver,
        f"{giver}/delegation/import-{name}-{int(stage.now)}",
        DelegationGranted(
            to=service,
            types=IMPORT_TYPES,
            last_day=stage.day(30),
            mandate=MANDATE,
            scope=Scope(subjects=(f"imported:{importer.registry}:",)),
        ),
    )
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
