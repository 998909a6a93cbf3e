"""Telling an audit as it runs: findings and verdict to standard output, progress to the other."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from verifier.errors import UndecidedError
from verifier.finding import Finding, Progress, Verdict
from verifier.report import as_json, as_text, progress_text

if TYPE_CHECKING:
    from verifier.audit import Audit

__all__ = ["Teller", "ended"]

SHOWN_FINDINGS: Final = 25  # in text; JSON Lines carry all
PROGRESS_EVERY_S: Final = 0.5
PLAIN_PROGRESS_EVERY_S: Final = 10.0


class Teller:
    """Writes what the audit says, as it comes."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._terminal = sys.stderr.isatty()
        self._began = self._last = time.monotonic()

    def audit(self, audit: Audit) -> Verdict:
        """Run an audit and tell all of it."""
        shown, verdict = 0, None
        for item in audit.run():
            if isinstance(item, Verdict):
                verdict = item
            elif isinstance(item, Finding):
                shown += bool(item.event or item.subject)  # the log as a whole is always shown
                self.finding(item, number=shown)
            else:
                self.progress(item)
        self.verdict(ended(verdict))
        return ended(verdict)

    def finding(self, finding: Finding, *, number: int) -> None:
        """Tell a finding; beyond some, JSON Lines alone do."""
        if self._json:
            _say(as_json(finding))
        elif number <= SHOWN_FINDINGS or not (finding.event or finding.subject):
            self._clear()
            _say(as_text(finding))
        elif number == SHOWN_FINDINGS + 1:
            _say("… more findings; --json shows all")

    def progress(self, progress: Progress) -> None:
        """Tell how far it is, now and then."""
        now = time.monotonic()
        if self._json:
            _say(as_json(progress))
            return
        every_s = PROGRESS_EVERY_S if self._terminal else PLAIN_PROGRESS_EVERY_S
        if now - self._last >= every_s:
            self._last = now
            text = progress_text(progress, seconds=now - self._began)
            sys.stderr.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")
            sys.stderr.flush()

    def verdict(self, verdict: Verdict) -> None:
        """Tell the verdict."""
        self._clear()
        _say(as_json(verdict) if self._json else as_text(verdict))

    def _clear(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def ended(verdict: Verdict | None) -> Verdict:
    """Return the verdict of an audit that has run.

    Raises:
        UndecidedError: code ``source-unreadable``; there is none.
    """
    if verdict is None:
        raise UndecidedError("source-unreadable", "the audit ended without a verdict")
    return verdict


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
