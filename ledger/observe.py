"""What the service says about itself: structured log lines and counters.

Rules:

1. A log line is a message and named fields; as text for people or as one JSON object a line.
2. Nothing of a payload is logged, and no passphrase: event ids, codes, sizes and durations are.
3. A counter only grows, from zero at start.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final, TextIO

__all__ = ["COUNTERS", "Counters", "configure_logging", "say"]

COUNTERS: Final[dict[str, str]] = {
    "commits": "Commit groups made durable.",
    "events": "Events recorded.",
    "duplicates": "Submissions of events that were on record already.",
    "rejected": "Events not recorded, for whatever reason.",
    "refused": "Events that the rules did not admit.",
    "busy": "Events turned away because the queue was full.",
    "storage_errors": "Commit groups that the storage refused.",
    "internal_errors": "Commit groups that failed for a reason inside this service.",
    "signature_batches": "Batches of signatures checked.",
}
"""Every counter, with what it counts."""

_FIELDS: Final = "pledgebook_fields"


class Counters(Counter[str]):
    """The counters of one ledger; unknown names are refused."""

    def __setitem__(self, name: str, value: int) -> None:
        if name not in COUNTERS:
            raise KeyError(name)
        super().__setitem__(name, value)

    def snapshot(self) -> dict[str, int]:
        """Return every counter, also those still at zero."""
        return {name: self[name] for name in COUNTERS}


def say(logger: logging.Logger, level: int, message: str, **fields: Any) -> None:
    """Log a message with named fields."""
    logger.log(level, message, extra={_FIELDS: fields})


def configure_logging(*, level: str, stream: TextIO, as_json: bool) -> None:
    """Send the ledger's log lines to a stream; called once, by the command line."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonFormatter() if as_json else _TextFormatter())
    logger = logging.getLogger("ledger")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {k}={v}" for k, v in getattr(record, _FIELDS, {}).items())
        line = f"{_when(record)} {record.levelname.lower():7} {record.getMessage()}{fields}"
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _when(record), "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(), **getattr(record, _FIELDS, {}),
        }  # fmt: skip
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
