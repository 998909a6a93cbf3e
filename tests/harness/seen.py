"""What a run has seen: which rules refused an event, and which event types were admitted.

``tests/architecture/test_every_rule_is_tried.py`` runs the tests of the rules with
``PLEDGEBOOK_SEEN`` set, and asks of every rule that it was seen to refuse and to let pass.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from verifier.event import Event
from verifier.rules.book import Refused

__all__ = ["VARIABLE", "admitted", "read", "refused", "write"]

VARIABLE = "PLEDGEBOOK_SEEN"

_REFUSED: set[str] = set()
_ADMITTED: set[str] = set()


def refused(error: Refused) -> None:
    """Note every rule by which an event was refused."""
    _REFUSED.update(unmet.rule for unmet in error.unmet)


def admitted(event: Event) -> None:
    """Note the type of an event that was admitted."""
    _ADMITTED.add(event.type)


def write() -> None:
    """Write what this process has seen, if the variable names a folder for it."""
    folder = os.environ.get(VARIABLE)
    if folder:
        seen = {"refused": sorted(_REFUSED), "admitted": sorted(_ADMITTED)}
        (Path(folder) / f"{os.getpid()}.json").write_text(json.dumps(seen))


def read(folder: Path) -> tuple[set[str], set[str]]:
    """Return the rules that refused and the types that were admitted, over all processes."""
    all_seen = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return ({rule for seen in all_seen for rule in seen["refused"]},
            {type_ for seen in all_seen for type_ in seen["admitted"]})  # fmt: skip
