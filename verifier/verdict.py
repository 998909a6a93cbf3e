"""The verdict: five sentences, each with its own state and reason, and what was not checked.

Record format §8. A sentence is *yes* only if its checks were made and all were true; *unknown*
where a check could not be made or nothing of the kind was asked for. No check says that a report
is true, and the verdict says that too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from verifier.finding import EXIT_FALSE, EXIT_UNDECIDED, EXIT_VERIFIED, Sentence, Verdict
from verifier.rules.authority.genesis import LedgerOpened

if TYPE_CHECKING:
    from verifier.audit import Audit
    from verifier.note import Checkpoint
    from verifier.policy import VerifiedCheckpoint

__all__ = ["Checked", "conclude"]

NEVER_CHECKED = "whether a report is true: a signature says who stated it, not that it is so"


class Checked(msgspec.Struct):
    """What was checked, and which sentences a finding spoiled."""

    entries: int = 0
    signatures: int = 0
    admissions: int = 0
    tiles: int = 0
    findings: int = 0
    false: set[str] = msgspec.field(default_factory=set)
    unknown: set[str] = msgspec.field(default_factory=set)

    def spoil(self, about: str, *, undecided: bool) -> None:
        """Count a finding against the sentence it is about."""
        self.findings += 1
        (self.unknown if undecided else self.false).add(about)

    def state(self, about: str) -> Literal["yes", "no", "unknown"]:
        """Return the state of a sentence by the findings about it."""
        if about in self.false:
            return "no"
        return "unknown" if about in self.unknown else "yes"


def conclude(
    audit: Audit,
    checkpoint: Checkpoint | None,
    verified: VerifiedCheckpoint | None,
    *,
    seconds: float,
) -> Verdict:
    """Draw the verdict of an audit that has run to its end."""
    checked = audit.checked
    genesis = audit.book.thing("ledger", "genesis", LedgerOpened)
    nothing = checked.entries == 0 or checked.signatures < checked.entries
    if nothing and not checked.false:
        checked.unknown.add("signed")
    code = EXIT_FALSE if checked.false else EXIT_UNDECIDED if checked.unknown else EXIT_VERIFIED
    return Verdict(
        exit=code,
        source=audit.source.name,
        origin=checkpoint.origin if checkpoint else "",
        size=checkpoint.size if checkpoint else 0,
        root=checkpoint.root.hex() if checkpoint else "",
        ledger=(audit.book.ledger or b"").hex(),
        clock=genesis.clock if genesis else "",
        demonstration=genesis.demonstration if genesis else False,
        sentences=tuple(_sentences(audit, checkpoint, verified)),
        not_checked=tuple(_not_checked(audit, genesis)),
        findings=checked.findings,
        checked={
            "entries": checked.entries,
            "signatures": checked.signatures,
            "admissions": checked.admissions,
            "tiles": checked.tiles,
        },
        seconds=round(seconds, 3),
    )


def _sentences(
    audit: Audit, checkpoint: Checkpoint | None, verified: VerifiedCheckpoint | None
) -> list[Sentence]:
    checked, size = audit.checked, checkpoint.size if checkpoint else 0
    signed = (
        f"{checked.signatures} of {checked.entries} signatures verify by keys enrolled at their "
        f"place, {checked.admissions} events were allowed by the rules then in force"
    )
    unchanged = f"the tree grown again from {checked.entries} entries has the checkpoint's root"
    state = checked.state("unchanged")
    if state != "yes":
        unchanged = "the entries are not, or not all, what the checkpoint commits to"
    elif verified is None:
        state, unchanged = "unknown", "no trusted checkpoint says what the entries were"
    complete = _complete(audit, size, trusted=verified is not None)
    return [
        Sentence(about="signed, and allowed then", state=checked.state("signed"), reason=signed),
        Sentence(about="unchanged since", state=state, reason=unchanged),
        _logged(audit, verified),
        Sentence(about="complete", state=complete[0], reason=complete[1]),
    ]


def _logged(audit: Audit, verified: VerifiedCheckpoint | None) -> Sentence:
    state = audit.checked.state("logged")
    if verified is None or state != "yes":
        reason = "no checkpoint that this trust policy accepts"
    elif verified.witnesses:
        seen = ", ".join(
            f"{w.name} by {datetime.fromtimestamp(w.timestamp, UTC):%Y-%m-%d %H:%M} UTC"
            for w in verified.witnesses
        )
        reason = f"the log's signature holds; seen by {seen}"
    else:
        state = "unknown"  # it says nothing against the log; only that nobody else was asked
        reason = "the log's own signature holds; this trust policy asks no witness"
    return Sentence(about="in the log that others saw", state=state, reason=reason)


def _complete(
    audit: Audit, size: int, *, trusted: bool
) -> tuple[Literal["yes", "no", "unknown"], str]:
    state = audit.checked.state("complete")
    if state != "yes":
        return state, "a checkpoint known before says otherwise"
    if audit.checked.state("unchanged") != "yes":
        return "no", "entries that the checkpoint covers are missing or changed"
    if not trusted:
        return "unknown", "no trusted checkpoint says how long the log is"
    if audit.options.known is not None:
        return "yes", f"up to entry {size - 1}, and it continues the checkpoint known before"
    return "yes", f"up to entry {size - 1}, as this checkpoint says; not that it is the newest"


def _not_checked(audit: Audit, genesis: LedgerOpened | None) -> list[str]:
    rest = [NEVER_CHECKED]
    if audit.policy.ledger is None:
        rest.append("that this is the ledger you mean: the trust policy pins no ledger id")
    if audit.options.known is None:
        rest.append(
            "that nothing was cut off the end: without a checkpoint from before (--known) or a "
            "witness, a shorter log signed by the log's key cannot be told from a young one"
        )
    if genesis is not None and genesis.clock == "stated":
        rest.append("any date: this ledger's clock is stated, not real")
    else:
        rest.append("the exact time of any event: a date is its signer's claim until anchored")
    return rest
