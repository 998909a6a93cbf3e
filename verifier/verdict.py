"""The verdict: five sentences, each with its own state and reason, and what was not checked.

Record format §8. A sentence is *yes* only if its checks were made and all were true; *unknown*
where a check could not be made or nothing of the kind was asked for. No check says that a report
is true, and the verdict says that too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from verifier.anchors import Anchors
from verifier.finding import EXIT_FALSE, EXIT_UNDECIDED, EXIT_VERIFIED, Sentence, Verdict
from verifier.note import Checkpoint
from verifier.policy import VerifiedCheckpoint
from verifier.rules.authority.genesis import LedgerOpened

__all__ = ["Audited", "Checked", "conclude"]

NEVER_CHECKED = "whether a report is true: a signature says who stated it, not that it is so"


class Checked(msgspec.Struct):
    """What was checked, and which sentences a finding spoiled."""

    entries: int = 0
    signatures: int = 0
    """How many were checked; ``verified`` says how many of them are true."""
    verified: int = 0
    admissions: int = 0
    tiles: int = 0
    findings: int = 0
    omissions: int = 0
    told_before: int = 0
    """How many of them, and of breaches of rules over the whole log, an earlier audit told."""
    whole_log: int | None = None
    """How many rules over the whole log were run; none where it was not read to its end."""
    unjudged: int | None = None
    """The entry from which on a ruleset is in force that is not known here."""
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


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit that has run to its end knows, and what it had been given."""

    source: str
    checked: Checked
    genesis: LedgerOpened | None
    ledger: bytes | None
    checkpoint: Checkpoint | None
    """What was served, whoever signed it."""
    verified: VerifiedCheckpoint | None
    """The same, if the trust policy accepts it."""
    anchors: Anchors
    attachments: int
    """How many the log refers to; none of them is fetched."""
    pinned: bool
    """Whether the trust policy names the ledger."""
    known: int | None
    """The size of the checkpoint from before, if one was given."""
    since: int = 0
    """How many entries an earlier audit had read, whose memory was taken for granted."""
    seconds: float


def conclude(audit: Audited) -> Verdict:
    """Draw the verdict."""
    checked, genesis, checkpoint = audit.checked, audit.genesis, audit.checkpoint
    nothing = checked.entries == 0 or checked.signatures < checked.entries
    if nothing:
        checked.unknown.add("signed")
    code = EXIT_FALSE if checked.false else EXIT_UNDECIDED if checked.unknown else EXIT_VERIFIED
    return Verdict(
        exit=code,
        source=audit.source,
        origin=checkpoint.origin if checkpoint else "",
        size=checkpoint.size if checkpoint else 0,
        root=checkpoint.root.hex() if checkpoint else "",
        ledger=(audit.ledger or b"").hex(),
        clock=genesis.clock if genesis else "",
        demonstration=genesis.demonstration if genesis else False,
        sentences=tuple(_sentences(audit)),
        not_checked=tuple(_not_checked(audit)),
        findings=checked.findings,
        omissions=checked.omissions,
        checked={
            "entries": checked.entries,
            "signatures": checked.signatures,
            "admissions": checked.admissions,
            "tiles": checked.tiles,
            "whole_log": checked.whole_log or 0,
        },
        seconds=round(audit.seconds, 3),
        since=audit.since,
        told_before=checked.told_before,
    )


def _sentences(audit: Audited) -> list[Sentence]:
    checked = audit.checked
    signed = (
        f"{checked.verified} of {checked.entries} signatures verify by keys enrolled at their "
        f"place, {checked.admissions} events were allowed by the rules then in force"
    )
    unchanged = f"the tree grown again from {checked.entries} entries has the checkpoint's root"
    if checked.entries == 0:
        signed = "no entry was read"
    state = checked.state("unchanged")
    if state != "yes":
        unchanged = "the entries are not, or not all, what the checkpoint commits to"
    elif audit.verified is None:
        state, unchanged = "unknown", "no trusted checkpoint says what the entries were"
    complete = _complete(audit)
    return [
        Sentence(about="signed, and allowed then", state=checked.state("signed"), reason=signed),
        Sentence(about="unchanged since", state=state, reason=unchanged),
        _logged(audit),
        Sentence(about="complete", state=complete[0], reason=complete[1]),
    ]


def _logged(audit: Audited) -> Sentence:
    verified = audit.verified
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


def _complete(audit: Audited) -> tuple[Literal["yes", "no", "unknown"], str]:
    size = audit.checkpoint.size if audit.checkpoint else 0
    state = audit.checked.state("complete")
    if state != "yes":
        return state, "a checkpoint known before says otherwise"
    if audit.checked.state("unchanged") != "yes":
        return "no", "entries that the checkpoint covers are missing or changed"
    if audit.verified is None:
        return "unknown", "no trusted checkpoint says how long the log is"
    if audit.known is not None:
        return "yes", f"up to entry {size - 1}, and it continues the checkpoint known before"
    return "yes", f"up to entry {size - 1}, as this checkpoint says; not that it is the newest"


def _not_checked(audit: Audited) -> list[str]:
    rest = [NEVER_CHECKED]
    if audit.since:
        rest.append(f"the first {audit.since} entries, which an earlier audit read: this one "
                    "trusts its own state file, and whoever can write that")  # fmt: skip
    if not audit.pinned:
        rest.append("that this is the ledger you mean: the trust policy pins no ledger id")
    if audit.checked.unjudged is not None:
        rest.append(f"entries from {audit.checked.unjudged} on, and the rules over the whole log, "
                    "by a ruleset that is not known here")  # fmt: skip
    elif audit.checked.whole_log is None:
        rest.append("the rules over the whole log: it was not read to its end")
    if audit.known is None:
        rest.append(
            "that nothing was cut off the end: without a checkpoint from before (--known) or a "
            "witness, a shorter log signed by the log's key cannot be told from a young one"
        )
    else:
        rest.append(
            f"that nothing was cut off after the first {audit.known} entries, "
            "where the checkpoint known before ends"
        )
    if audit.genesis is not None and audit.genesis.clock == "stated":
        rest.append("any date: this ledger's clock is stated, not real")
    elif len(audit.anchors):
        rest.append(f"the exact time of any event: {len(audit.anchors)} anchors bound it from "
                    "outside (explain tells how closely); within that, a date is its signer's "
                    "claim")  # fmt: skip
    else:
        rest.append("the exact time of any event: a date is its signer's claim until anchored")
    if audit.attachments:
        rest.append(f"{audit.attachments} attachments, which stand beside the log (the command "
                    "attachments fetches them and says what became of each)")  # fmt: skip
    if audit.anchors.unchecked:
        rest.append(f"{audit.anchors.unchecked} time-stamp tokens: no authority that you named "
                    "made them, or the extra «timestamps» is not installed")  # fmt: skip
    return rest
