"""Disclosures: fields of a sealed report, shown to anyone and checked against what the log holds.

Rules (normative text: ``docs/spec/sealed.md``):

1. A disclosure is one JSON file: ``format`` (``pledgebook-disclosure/1``), ``receipt`` (the
   ``.tlog-proof`` of the event that committed to the report), ``root`` and ``leaves`` of the
   commitment, and either ``shown`` (chosen fields) or ``secret`` and ``fields`` (all of them).
2. It holds if the receipt passes the trust policy, the event holds this commitment, and every field
   shown is one of it. Where all are shown, the whole commitment is computed again.
3. Events that commit: ``ReportSealed`` by root and leaves, ``SafeSpaceLessonSubmitted`` by a root.
   The latter states no number of leaves, so the file's own counts: another number gives another
   root.
4. Whether the event's author signed it, and was entitled to, is for the audit of the log to say.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from verifier.errors import FalseError, MalformedError
from verifier.event import Event, parse
from verifier.fieldtree import (
    MAX_LEAVES,
    MIN_LEAVES,
    FieldTree,
    Shown,
    report_of,
    require_all,
    require_shown,
)
from verifier.policy import Policy
from verifier.proof import verify_proof
from verifier.report import inert
from verifier.rules import admission
from verifier.rules.book import Body
from verifier.rules.lesson import SafeSpaceLessonSubmitted
from verifier.rules.sealed import ReportSealed

__all__ = ["Disclosed", "Disclosure", "disclosed_text", "parse_disclosure", "verify_disclosure"]

FORMAT: Final = "pledgebook-disclosure/1"
MAX_FILE_BYTES: Final = 8 << 20


class Disclosure(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The file, parsed and not verified (rule 1); byte strings stand in base64."""

    format: str
    receipt: str
    root: bytes
    leaves: int
    shown: tuple[Shown, ...] | None = None
    secret: bytes | None = None
    fields: dict[str, bytes] | None = None

    def text(self) -> bytes:
        """Return the file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def of(cls, tree: FieldTree, receipt: bytes, paths: tuple[str, ...]) -> Disclosure:
        """Show some fields of a report; none is named where the choice is made by ``of_all``."""
        return cls(
            format=FORMAT, receipt=receipt.decode("utf-8"), root=tree.root, leaves=tree.leaves,
            shown=tuple(map(tree.show, paths)),
        )  # fmt: skip

    @classmethod
    def of_all(cls, tree: FieldTree, receipt: bytes, secret: bytes) -> Disclosure:
        """Show all fields, with the secret that proves that they are all."""
        return cls(
            format=FORMAT, receipt=receipt.decode("utf-8"), root=tree.root, leaves=tree.leaves,
            secret=secret, fields=tree.fields,
        )  # fmt: skip


class Disclosed(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True,
    tag="disclosed", tag_field="message",
):  # fmt: skip
    """What a disclosure that holds says."""

    event: str
    type: str
    stream: str
    author: str
    index: int
    origin: str
    witnesses: tuple[str, ...]
    whole: bool
    """All fields were shown, and it is proved that they are all."""
    report: Mapping[str, Any]
    not_checked: tuple[str, ...] = ()


def parse_disclosure(data: bytes) -> Disclosure:
    """Read a disclosure file (rule 1).

    Raises:
        MalformedError: code ``disclosure-malformed``.
    """
    if len(data) > MAX_FILE_BYTES:
        raise MalformedError("disclosure-malformed", f"more than {MAX_FILE_BYTES} bytes")
    try:
        told = msgspec.json.decode(data, type=Disclosure)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError("disclosure-malformed", str(error)) from None
    if told.format != FORMAT or not MIN_LEAVES <= told.leaves <= MAX_LEAVES or len(told.root) != 32:
        raise MalformedError("disclosure-malformed", f"not {FORMAT}, or no commitment in it")
    if (told.secret is None) != (told.fields is None) or (told.shown is None) != (
        told.fields is not None
    ):
        raise MalformedError("disclosure-malformed", "it shows chosen fields, or all with secret")
    if not told.shown and not told.fields:
        raise MalformedError("disclosure-malformed", "it shows nothing")
    return told


def verify_disclosure(told: Disclosure, policy: Policy, *, require_quorum: bool) -> Disclosed:
    """Require that a disclosure holds, and return what it says (rule 2).

    Raises:
        FalseError: code ``disclosure-false``; or as ``verify_proof``.
        MalformedError: the receipt or a field is malformed.
        PolicyError: the receipt is of another log.
        UndecidedError: as ``verify_proof``, or the event's type is not known here.
    """
    proven = verify_proof(told.receipt.encode(), None, policy=policy, require_quorum=require_quorum)
    event = parse(proven.entry)
    if policy.ledger is not None and event.ledger != policy.ledger:
        raise FalseError("disclosure-false", "the event is of another ledger")
    _require_commitment(admission.read_body(event), told)
    if told.fields is not None and told.secret is not None:
        require_all(told.secret, told.fields, root=told.root, leaves=told.leaves)
        fields = told.fields
    else:
        for one in told.shown or ():
            require_shown(one, root=told.root, leaves=told.leaves)
        fields = {one.path: one.value for one in told.shown or ()}
    checkpoint = proven.checkpoint
    return Disclosed(
        event=event.id.hex(), type=event.type, stream=event.stream, author=event.iss,
        index=proven.index, origin=checkpoint.checkpoint.origin,
        witnesses=tuple(witness.name for witness in checkpoint.witnesses),
        whole=told.fields is not None, report=report_of(fields),
        not_checked=tuple(_not_checked(told, event, policy, quorum=checkpoint.quorum_met)),
    )  # fmt: skip


def _require_commitment(body: Body, told: Disclosure) -> None:
    if isinstance(body, ReportSealed):
        same = (body.root, body.leaves) == (told.root, told.leaves)
    elif isinstance(body, SafeSpaceLessonSubmitted):
        same = told.root in body.commitments
    else:
        same = False
    if not same:
        raise FalseError("disclosure-false", "the event did not commit to this report")


def _not_checked(told: Disclosure, event: Event, policy: Policy, *, quorum: bool) -> list[str]:
    rest = [f"whether {event.iss} signed it and was entitled to: audit the log"]
    rest.append("whether what it says is true")
    if told.fields is None:
        rest.append("what the other fields say, and how many there are")
    if policy.ledger is None:
        rest.append("that this is the ledger you mean: the trust policy pins no ledger id")
    if not quorum:
        rest.append("that witnesses saw it: the receipt is fresh, it is the operator's promise")
    return rest


def disclosed_text(told: Disclosed) -> str:
    """Return what a disclosure says, as lines for a person to read."""
    what = "all fields" if told.whole else "these fields"
    lines = [
        f"VERIFIED: {what} are what was committed to",
        f"  event   {told.event}, {told.type} at entry {told.index} of {told.origin}",
        f"  author  {told.author}, on {told.stream}",
        *(f"  [ - ] not checked: {line}" for line in told.not_checked),
        "",
    ]
    shown = msgspec.json.format(msgspec.json.encode(_readable(told.report)), indent=2)
    return "\n".join(map(inert, [*lines, *shown.decode().split("\n")]))


def _readable(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {key: _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list | tuple) else value
