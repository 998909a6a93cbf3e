"""Findings, progress and verdicts as text for people and as JSON Lines for programs.

Text from the log is shown inert: control and bidirectional characters never reach a terminal.
JSON Lines: one object a line with ``message`` = ``finding``, ``progress`` or ``verdict``; readers
ignore fields they do not know (``docs/reference/audit-json.md``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

import msgspec

from verifier.finding import Finding, Progress, Verdict
from verifier.rootwords import root_words

__all__ = ["MARKS", "as_json", "as_text", "inert", "progress_text"]

MARKS: Final = {"yes": "yes", "no": "NO ", "unknown": "?  "}
_RESULTS = {0: "VERIFIED", 1: "FALSE", 3: "COULD NOT DECIDE", 4: "NO SUITABLE TRUST POLICY"}


def as_json(item: msgspec.Struct) -> str:
    """Return one line of JSON."""
    return msgspec.json.encode(item).decode()


def as_text(item: Finding | Verdict) -> str:
    """Return the lines for a person to read."""
    return "\n".join(_finding(item) if isinstance(item, Finding) else _verdict(item))


def progress_text(progress: Progress, *, seconds: float) -> str:
    """Return one line: how far, how fast, how long still."""
    rate = progress.done / seconds if seconds > 0 else 0.0
    left = (progress.total - progress.done) / rate if rate else 0.0
    share = 100 * progress.done // max(progress.total, 1)
    return (
        f"{progress.done:,} of {progress.total:,} entries ({share} %), "
        f"{rate:,.0f}/s, {left:,.0f} s left"
    )


def inert(text: str) -> str:
    """Return text without characters that could act on a terminal or reorder a line."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text)


def _finding(finding: Finding) -> Iterator[str]:
    mark = "OMITTED" if finding.omission else "FALSE" if finding.decided else "UNDECIDED"
    place = "" if finding.index is None else f" at entry {finding.index}"
    yield inert(f"{mark}{place}: {finding.what}")
    if finding.subject:
        owing = f", owed by {finding.author}" if finding.omission and finding.author else ""
        yield inert(f"    subject {finding.subject}{owing}")
    if finding.event:
        yield inert(f"    event   {finding.type} {finding.event[:16]}… on {finding.stream}")
        yield inert(f"    author  {finding.author}")
    yield inert(f"    rule    {finding.code}: {finding.reason}")
    for line in finding.also:
        yield inert(f"            {line}")
    if finding.hint:
        yield inert(f"    hint    {finding.hint}")


def _verdict(verdict: Verdict) -> Iterator[str]:
    if verdict.demonstration:
        yield "THIS IS A DEMONSTRATION LEDGER; its dates are stated, not real."
    yield inert(f"log     {verdict.origin}, {verdict.size:,} entries, root {verdict.root[:16]}…")
    if verdict.root:
        yield f"spoken  {root_words(bytes.fromhex(verdict.root))}"
    yield f"ledger  {verdict.ledger}"
    for sentence in verdict.sentences:
        yield inert(f"  [{MARKS[sentence.state]}] {sentence.about}: {sentence.reason}")
    for line in verdict.not_checked:
        yield inert(f"  [ - ] not checked: {line}")
    findings = "1 finding" if verdict.findings == 1 else f"{verdict.findings} findings"
    if verdict.omissions:
        findings += f", {verdict.omissions} omitted or late"
    if verdict.told_before:
        findings += f" ({verdict.told_before} of them told before)"
    read = verdict.checked["entries"] - verdict.since
    rate = read / verdict.seconds if verdict.seconds else 0
    yield (
        f"{_RESULTS[verdict.exit]}: {findings}; "
        f"{read:,} entries in {verdict.seconds:.2f} s ({rate:,.0f}/s)"
    )
