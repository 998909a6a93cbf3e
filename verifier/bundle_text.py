"""What is said of an evidence bundle in words: in the bundle itself, and once it is verified.

Nothing in these texts is anybody's free text: they are made of ids, days, types and numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from verifier.note import Checkpoint
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.records import covers, read_record
from verifier.register import RegisterProof, fields_text
from verifier.replay import Placed
from verifier.rules import dates

__all__ = ["bundle_text", "readme"]

WIDTH: Final = 96
ABOUT: Final = """\
This archive holds all events that the public ledger {origin} recorded about {subject} before
its entry {size}, and all events on which those rest: who held which key, role and mandate, and
which guidelines were in force. Each event is in the file events/<its number>.cose, byte for
byte as its author signed it."""
HOW: Final = """\
Get the trust policy of this ledger from a party that you trust: not from this archive, and not
from whoever gave it to you. It names the ledger, its key, and the witnesses that you rely on.

Install the verifier, on any computer with Python: pip install pledgebook-verifier

Run: pledgebook-verify bundle <this archive> --policy <the trust policy>

It needs no network, unpacks nothing, and answers VERIFIED (exit code 0) or what is not so."""
MEANS: Final = """\
Every signature was checked, and every event was judged again by all the rules of the procedure,
as of its own place in the ledger: was the author entitled, were the conditions met, was it in
time.

All events stand in the ledger under the checkpoint in checkpoint.txt. Whoever vouches for that
checkpoint (the operator, and witnesses if the trust policy names them) vouches for them.

Nothing recorded about {subject} before entry {size} is left out: the register, published in the
ledger at that entry, lists every stream with its last event."""
NOT: Final = """\
That what an author reported is true. The record shows who said what, when, and by what right.

What was recorded at entry {size} or later.

The exact time of an event: it lies within ten minutes of the time that its author stated (seven
days where keys are used in ceremonies), by the ledger's own clock.

That an attachment which is not here ever existed, or what it said.

Whether a key was enrolled to yet another actor, and what only the whole ledger shows, such as
the drawing of a sample. An audit of the ledger checks both."""


def readme(
    subject: str, placed: Sequence[Placed], note: bytes, proof: RegisterProof,
    attachments: Sequence[str],
) -> str:  # fmt: skip
    """Return the text of ``README.txt``; it follows from what else is in the bundle."""
    size = placed[-1].index
    checkpoint = Checkpoint.parse(note.partition(b"\n\n")[0] + b"\n")
    facts = {"subject": subject, "size": f"{size:,}", "origin": checkpoint.origin}
    lines = [
        f"EVIDENCE ON {subject}",
        "",
        *_paragraph(ABOUT.format(**facts)),
        "",
        "HOW TO CHECK IT",
    ]
    for number, text in enumerate(HOW.split("\n\n"), 1):
        lines += _paragraph(text, f"{number}. ")
    lines += ["", "WHAT IT MEANS WHEN IT IS VERIFIED"]
    for text in MEANS.format(**facts).split("\n\n"):
        lines += _paragraph(text, "- ")
    lines += ["", "WHAT NO CHECK SAYS"]
    for text in NOT.format(**facts).split("\n\n"):
        lines += _paragraph(text, "- ")
    lines += ["", f"WHAT WAS PUBLISHED OF {subject} AT ENTRY {size:,}, {_day(placed[-1])}"]
    lines += [f"  {line}" for line in fields_text(_fields(subject, proof))]
    own = [one for one in placed if one.event.subject == subject]
    rest = [one for one in placed if one.event.subject != subject]
    lines += ["", f"ITS EVENTS ({len(own)})", *map(_line, own)]
    lines += ["", f"ATTACHMENTS THAT THEY NAME ({len(attachments)})"]
    lines += [f"  {line}" for line in attachments]
    lines += ["", f"WHAT THEY REST ON ({len(rest)})", *map(_line, rest)]
    lines += ["", f"CHECKPOINT: {checkpoint.size:,} entries, root {checkpoint.root.hex()}"]
    return "\n".join(lines) + "\n"


def bundle_text(
    subject: str, placed: Sequence[Placed], fields: Mapping[str, Any],
    verified: VerifiedCheckpoint, policy: Policy,
) -> str:  # fmt: skip
    """Return what a verified bundle shows, as lines for a person to read."""
    size, head = placed[-1].index, verified.checkpoint
    types = Counter(one.event.name for one in placed if one.event.subject == subject)
    own = types.total()
    witnesses = ", ".join(witness.name for witness in verified.witnesses)
    lines = [f"VERIFIED: evidence on {subject}, up to entry {size:,}, {_day(placed[-1])}"]
    lines += [f"  {line}" for line in fields_text(fields)]
    lines += [
        f"  [yes] signed, and allowed then: {own} events, and {len(placed) - own} they rest on",
        "  [yes] unchanged since: by id, in one tree",
        f"  [yes] in the log {head.origin}, {head.size:,} entries, "
        + (f"seen by {witnesses}" if witnesses else "seen by no witness"),
        f"  [yes] complete for {subject} up to entry {size:,}, by the register",
    ]
    if policy.ledger is None:
        lines.append("  [ - ] not checked: which ledger this is; the trust policy pins none")
    for said in NOT.format(size=f"{size:,}").split("\n\n"):
        lines += _paragraph(said[0].lower() + said[1:], "  [ - ] not checked: ")
    lines += [f"  {count:>6}  {name}" for name, count in sorted(types.items())]
    return "\n".join(lines)


def _fields(subject: str, proof: RegisterProof) -> Mapping[str, Any]:
    for data in proof.records:
        record = read_record(data)
        if covers(subject, record.stream):
            return record.public
    return {}


def _line(one: Placed) -> str:
    event = one.event
    return f"  entry {one.index:>9,}  {_day(one)}  {event.name:<28} {event.stream}  by {event.iss}"


def _day(one: Placed) -> str:
    return dates.day_text(one.at)


def _paragraph(text: str, mark: str = "") -> Iterator[str]:
    yield from wrap(text, WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark))
