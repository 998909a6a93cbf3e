"""The trust policy: which log, which witnesses, and how many of them are enough.

Rules (C2SP tlog-policy; normative text: ``docs/spec/checkpoint.md``):

1. Lines of words between spaces and tabs; empty lines and lines that start with ``#`` are skipped.
   UTF-8; no control character but tab and line feed.
2. ``log <vkey> [url]``, ``witness <name> <vkey> [url]``, ``group <name> all|any|<k> <name>…``,
   ``quorum <name>|none``; exactly one quorum line. A name is defined once, before its use, and is
   a member of at most one group, so no witness counts twice.
3. Every public key stands once in the file, whatever its type: one key, one purpose.
4. One file is for one log. The log may have several keys, hence several ``log`` lines (Ed25519 and
   ML-DSA-44, or both sides of a rotation); all carry the log's origin as their name. A checkpoint
   is valid with any one of them; which ones verified is part of the evidence.
5. The comment ``# pledgebook-ledger: <64 hex digits>`` pins the ledger id, the comment
   ``# pledgebook-receipts: <130 hex digits>`` the key of its COSE receipts. Other tools skip them;
   here a pin that is misspelt or given twice is an error, never silently no pin.
6. A cosignature counts towards the quorum if it verifies and states a time (tlog-witness asks
   every witness for one).

The policy comes from the person who checks, never from the server that is checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from verifier.errors import FalseError, MalformedError, PolicyError, UndecidedError
from verifier.note import (
    COSIGNATURE,
    ED25519,
    MLDSA44,
    Checkpoint,
    VerifiedNote,
    VerifierKey,
    parse_note,
    verify_note,
)

__all__ = [
    "Cosigned",
    "Group",
    "LogKey",
    "Policy",
    "VerifiedCheckpoint",
    "Witness",
    "format_policy",
    "parse_policy",
]

MAX_POLICY_BYTES: Final = 512 * 1024  # 128 ML-DSA keys of 2 KB, and comments
MAX_LOG_KEYS: Final = 32  # tlog-policy: support at least 32 of each
MAX_WITNESSES: Final = 64
MAX_GROUPS: Final = 64
NO_QUORUM: Final = "none"

_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_PIN: Final = re.compile(r"#\s*pledgebook-(ledger|receipts)\b", re.IGNORECASE)
_PIN_EXACT: Final = re.compile(
    r"# pledgebook-(?:ledger: (?P<ledger>[0-9a-f]{64})|receipts: (?P<receipts>04[0-9a-f]{128}))\Z"
)
_THRESHOLD: Final = re.compile(r"[1-9][0-9]{0,3}\Z")


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log, and where the log may be found."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the name that quorum and groups use."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group that has witnessed when *threshold* of its members have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness of the policy whose cosignature verified, at *timestamp* seconds since 1970."""

    name: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint of the policy's log, and who vouches for it."""

    checkpoint: Checkpoint
    log_keys: tuple[VerifierKey, ...]
    witnesses: tuple[Cosigned, ...]
    quorum_met: bool
    unchecked: tuple[VerifierKey, ...]
    """Keys of the policy whose line this installation cannot check (no ML-DSA)."""
    note: bytes


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed trust policy; ``judge`` is its one verb."""

    origin: str
    log_keys: tuple[LogKey, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str
    """The name of a witness or a group, or ``none``."""
    ledger: bytes | None
    """The pinned ledger id, 32 bytes, or None: then the pin is one thing that was not checked."""
    receipts: bytes | None = None
    """The key of the ledger's COSE receipts, an uncompressed point of P-256, if named here."""

    def judge(self, note: bytes, *, require_quorum: bool = True) -> VerifiedCheckpoint:
        """Verify a checkpoint note by this policy.

        With *require_quorum* false a missing quorum is told in the result and not raised: for a
        fresh receipt, which no witness can have seen yet.

        Raises:
            MalformedError: code ``note-malformed``.
            PolicyError: code ``policy-unsuitable``; the checkpoint is of another log.
            FalseError: code ``note-unsigned`` (not by the log), ``note-signature-false`` or
                ``quorum-missing``.
            UndecidedError: code ``mldsa-missing``; it depends on a line not checkable here.
        """
        parsed = parse_note(note)
        checkpoint = Checkpoint.parse(parsed.text)
        if checkpoint.origin != self.origin:
            reason = f"the policy is for the log {self.origin!r}, not {checkpoint.origin!r}"
            raise PolicyError("policy-unsuitable", reason)
        logs = {log.key for log in self.log_keys}
        verified = verify_note(parsed, [*logs, *(witness.key for witness in self.witnesses)])
        log_keys = tuple(key for key in verified.keys if key in logs)
        if not log_keys and logs.intersection(verified.unchecked):
            raise UndecidedError("mldsa-missing", "the log signed with ML-DSA alone")
        if not log_keys:
            raise FalseError("note-unsigned", "the log itself did not sign this checkpoint")
        witnesses = self._cosigned(verified)
        met = self._quorum_met({witness.name for witness in witnesses})
        if not met and require_quorum:
            self._refuse_quorum(witnesses, verified.unchecked)
        unchecked = verified.unchecked
        return VerifiedCheckpoint(checkpoint, log_keys, witnesses, met, unchecked, note)

    def _cosigned(self, verified: VerifiedNote) -> tuple[Cosigned, ...]:
        names = {witness.key: witness.name for witness in self.witnesses}
        return tuple(
            Cosigned(names[signature.key], signature.timestamp)
            for signature in verified.signatures
            if signature.key in names and signature.timestamp  # rule 6: neither None nor 0
        )

    def _quorum_met(self, cosigned: set[str]) -> bool:
        if self.quorum == NO_QUORUM:
            return True
        met = set(cosigned)
        for group in self.groups:  # members stand before their group (rule 2)
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum in met

    def _refuse_quorum(
        self, witnesses: Sequence[Cosigned], unchecked: Sequence[VerifierKey]
    ) -> None:
        names = {witness.name for witness in witnesses}
        possible = names | {w.name for w in self.witnesses if w.key in unchecked}
        if self._quorum_met(possible):
            raise UndecidedError("mldsa-missing", "the quorum depends on ML-DSA cosignatures")
        seen = ", ".join(sorted(names)) or "no witness"
        raise FalseError("quorum-missing", f"quorum {self.quorum!r} is not met; seen by {seen}")


@dataclass(slots=True)
class _Draft:
    """What the lines read so far have said."""

    log_keys: list[LogKey] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    ledger: bytes | None = None
    receipts: bytes | None = None
    free: dict[str, bool] = field(default_factory=dict)  # defined name -> not yet in a group
    keys: set[bytes | tuple[str, bytes]] = field(default_factory=set)  # publics; names with ids


def parse_policy(data: bytes) -> Policy:
    """Read a trust policy file.

    Raises:
        PolicyError: code ``policy-malformed`` with the number of the line, or
            ``policy-unsuitable`` when no log, or more than one, is listed.
    """
    if len(data) > MAX_POLICY_BYTES or _CONTROL.search(data):
        raise PolicyError("policy-malformed", "too large, or a control character (a CR?) in it")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise PolicyError("policy-malformed", "not UTF-8") from None
    draft = _Draft()
    for number, line in enumerate(lines, start=1):
        try:
            _read_line(draft, line.strip(" \t"))
        except MalformedError as error:
            reason = f"line {number}: {error.reason}"
            raise PolicyError("policy-malformed", reason) from None
    if draft.quorum is None:
        raise PolicyError("policy-malformed", "there is no quorum line")
    origins = {log.key.name for log in draft.log_keys}
    if len(origins) != 1:
        raise PolicyError("policy-unsuitable", f"a policy is for one log; this one lists {origins}")
    return Policy(
        origin=origins.pop(),
        log_keys=tuple(draft.log_keys),
        witnesses=tuple(draft.witnesses),
        groups=tuple(draft.groups),
        quorum=draft.quorum,
        ledger=draft.ledger,
        receipts=draft.receipts,
    )


def format_policy(
    log_keys: Sequence[LogKey],
    *,
    ledger: bytes | None,
    witnesses: Sequence[Witness] = (),
    groups: Sequence[Group] = (),
    quorum: str = NO_QUORUM,
    comments: Sequence[str] = (),
) -> bytes:
    """Write a policy file; what comes out is read back and must say the same.

    Raises:
        PolicyError: the parts do not make a valid policy.
    """
    lines = [f"# {comment}" for comment in comments]
    if ledger is not None:
        lines.append(f"# pledgebook-ledger: {ledger.hex()}")
    lines += [f"log {log.key} {log.url}".rstrip() for log in log_keys]
    lines += [f"witness {w.name} {w.key} {w.url}".rstrip() for w in witnesses]
    lines += [f"group {g.name} {g.threshold} {' '.join(g.members)}" for g in groups]
    lines.append(f"quorum {quorum}")
    data = ("\n".join(lines) + "\n").encode()
    policy = parse_policy(data)
    meant = (tuple(log_keys), tuple(witnesses), tuple(groups), quorum, ledger)
    if meant != (policy.log_keys, policy.witnesses, policy.groups, policy.quorum, policy.ledger):
        raise PolicyError("policy-malformed", "a part contains spaces or line breaks")
    return data


def _read_line(draft: _Draft, line: str) -> None:
    if line.startswith("#"):
        _read_pin(draft, line)
        return
    words = re.split(r"[ \t]+", line)
    if words == [""]:
        return
    readers = {"log": _read_log, "witness": _read_witness, "group": _read_group}
    if words[0] == "quorum" and len(words) == 2:
        _read_quorum(draft, words[1])
    elif words[0] in readers:
        readers[words[0]](draft, words[1:])
    else:
        raise MalformedError("policy-malformed", "not a log, witness, group or quorum line")


def _read_pin(draft: _Draft, line: str) -> None:
    if _PIN.match(line) is None:
        return
    exact = _PIN_EXACT.match(line)
    if exact is None:
        reason = (
            "a pin is a line: # pledgebook-ledger: <64 hex digits>, or "
            "# pledgebook-receipts: <130 hex digits, the first two 04>"
        )
        raise MalformedError("policy-malformed", reason)
    name = exact.lastgroup or ""
    if getattr(draft, name) is not None:
        raise MalformedError("policy-malformed", f"pledgebook-{name} is pinned twice")
    setattr(draft, name, bytes.fromhex(exact[name]))


def _read_log(draft: _Draft, words: Sequence[str]) -> None:
    if not 1 <= len(words) <= 2 or len(draft.log_keys) == MAX_LOG_KEYS:
        raise MalformedError("policy-malformed", "a log line is: log <vkey> [url]")
    key = _read_key(draft, words[0], {ED25519: "0x01", MLDSA44: "0x06"})
    draft.log_keys.append(LogKey(key, "".join(words[1:])))


def _read_witness(draft: _Draft, words: Sequence[str]) -> None:
    if not 2 <= len(words) <= 3 or len(draft.witnesses) == MAX_WITNESSES:
        raise MalformedError("policy-malformed", "a witness line is: witness <name> <vkey> [url]")
    key = _read_key(draft, words[1], {COSIGNATURE: "0x04", MLDSA44: "0x06"})
    _define(draft, words[0])
    draft.witnesses.append(Witness(words[0], key, "".join(words[2:])))


def _read_key(draft: _Draft, text: str, kinds: Mapping[int, str]) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.kind not in kinds:
        reason = f"a key here has type {' or '.join(kinds.values())}, not 0x{key.kind:02x}"
        raise MalformedError("policy-malformed", reason)
    identity = (key.name, key.key_id)
    if key.public in draft.keys or identity in draft.keys:
        raise MalformedError("policy-malformed", f"the key of {key.name} stands twice")
    draft.keys.update((key.public, identity))
    return key


def _read_group(draft: _Draft, words: Sequence[str]) -> None:
    if len(words) < 3 or len(draft.groups) == MAX_GROUPS:
        reason = "a group line is: group <name> all|any|<k> <name>…"
        raise MalformedError("policy-malformed", reason)
    name, rule, *members = words
    for member in members:
        if not draft.free.get(member):
            raise MalformedError("policy-malformed", f"{member!r} is not defined, or used before")
        draft.free[member] = False
    named = {"all": len(members), "any": 1}
    if rule not in named and _THRESHOLD.match(rule) is None:
        raise MalformedError("policy-malformed", f"{rule!r} is not all, any or a number")
    threshold = named.get(rule) or int(rule)
    if threshold > len(members):
        raise MalformedError("policy-malformed", f"{threshold} of only {len(members)} members")
    _define(draft, name)
    draft.groups.append(Group(name, threshold, tuple(members)))


def _read_quorum(draft: _Draft, name: str) -> None:
    if draft.quorum is not None:
        raise MalformedError("policy-malformed", "a second quorum line")
    if name != NO_QUORUM and name not in draft.free:
        raise MalformedError("policy-malformed", f"the quorum {name!r} is not defined before")
    draft.quorum = name


def _define(draft: _Draft, name: str) -> None:
    if name == NO_QUORUM or name in draft.free:
        raise MalformedError("policy-malformed", f"the name {name!r} is taken")
    draft.free[name] = True
