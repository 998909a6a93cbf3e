"""Two views of one log: one history, or a fork that the log's own signatures prove.

Rules:

1. A view is a source that serves a checkpoint, a checkpoint saved from one, or the state file of an
   audit, which holds one. All are judged by the same trust policy.
2. The tree of the smaller size is computed out of the larger one's published tiles, which count
   only if they hash to the root that was signed. Two saved checkpoints of different sizes decide
   nothing without a source.
3. The same root at the smaller size is one history. Another root is a fork: its proof holds both
   notes, the root that the larger tree has at the smaller size, and the consistency path from
   there, so that anyone can check it offline, with the trust policy and nothing else.
4. A proof file is the line ``pledgebook fork proof v1``, then ``smaller``, ``larger``, ``root`` and
   any number of ``path`` lines, each with base64, in this order. Nothing else is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verifier.errors import FalseError, MalformedError, UndecidedError
from verifier.memory import MAGIC, note_of
from verifier.note import decode_base64, encode_base64
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.sources import Source
from verifier.tiles import TileHashes
from verifier.tree import HASH_BYTES, consistency_proof, root_from, verify_consistency

__all__ = [
    "MAX_PROOF_BYTES",
    "Fork",
    "View",
    "compare",
    "parse_fork",
    "told",
    "verify_fork",
    "view_of",
]

HEADER: Final = "pledgebook fork proof v1"
MAX_PROOF_BYTES: Final = 2 * 1024 * 1024
MAX_PATH: Final = 64


@dataclass(frozen=True, slots=True)
class View:
    """A checkpoint note, where it is from, and the source that serves its tiles, if one does."""

    name: str
    note: bytes
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Fork:
    """Two trees that one log signed, of which the larger does not contain the smaller."""

    smaller: bytes
    larger: bytes
    root: bytes
    """The root that the larger tree has at the smaller one's size."""
    path: tuple[bytes, ...]

    def text(self) -> str:
        """Return the proof file (rule 4)."""
        lines = [HEADER, f"smaller {encode_base64(self.smaller)}",
                 f"larger {encode_base64(self.larger)}", f"root {encode_base64(self.root)}",
                 *(f"path {encode_base64(node)}" for node in self.path)]  # fmt: skip
        return "\n".join(lines) + "\n"


def compare(first: View, second: View, policy: Policy) -> Fork | None:
    """Return the proof of a fork; nothing where both views show one history.

    Raises:
        FalseError, MalformedError: a note is not what the policy asks.
        PolicyError: a view is of another log.
        UndecidedError: code ``compare-undecided`` (rule 2), or a source that cannot be read.
    """
    small, large = sorted((first, second), key=lambda view: _size(view, policy))
    smaller, larger = _judged(small, policy).checkpoint, _judged(large, policy).checkpoint
    if smaller.size == larger.size:
        if smaller.root == larger.root:
            return None
        return Fork(small.note, large.note, larger.root, ())
    if smaller.size == 0:
        return None  # the empty tree is the beginning of every other
    if large.source is None:
        reason = f"{large.name} is a checkpoint alone: give a source that has its {larger.size}"
        raise UndecidedError("compare-undecided", f"{reason} entries")
    read = TileHashes(large.source, larger.size)
    if root_from(larger.size, read) != larger.root:
        raise FalseError("root-false", f"the tiles of {large.name} do not have the signed root")
    root, path = root_from(smaller.size, read), consistency_proof(smaller.size, larger.size, read)
    try:  # what a server serves beside the nodes of its root must lead to that root as well
        verify_consistency(
            path, old=smaller.size, new=larger.size, old_root=root, new_root=larger.root
        )
    except (FalseError, MalformedError):
        raise FalseError("tile-false", f"tiles of {large.name} contradict each other") from None
    return None if root == smaller.root else Fork(small.note, large.note, root, path)


def parse_fork(data: bytes) -> Fork:
    """Read a proof file.

    Raises:
        MalformedError: code ``fork-malformed``.
    """
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("fork-malformed", "not a proof file: not ASCII") from None
    words = [line.partition(" ") for line in lines[1:-1]]
    names = [name for name, _, _ in words]
    expected = ["smaller", "larger", "root", *["path"] * (len(names) - 3)]
    if (
        len(data) > MAX_PROOF_BYTES or lines[0] != HEADER or lines[-1]
        or names != expected or len(names) > 3 + MAX_PATH
    ):  # fmt: skip
        raise MalformedError("fork-malformed", "not a proof file: other lines than it has")
    smaller, larger, root, *path = (decode_base64(v, "fork-malformed") for _, _, v in words)
    if any(len(node) != HASH_BYTES for node in (root, *path)):
        raise MalformedError("fork-malformed", f"a hash has {HASH_BYTES} bytes")
    return Fork(smaller, larger, root, tuple(path))


def verify_fork(fork: Fork, policy: Policy) -> tuple[VerifiedCheckpoint, VerifiedCheckpoint]:
    """Require that a fork is proven (rule 3); return both checkpoints, the smaller first.

    Raises:
        FalseError: code ``fork-unproven``, or of a note; MalformedError, PolicyError: of a note.
    """
    smaller = policy.judge(fork.smaller, require_quorum=False)
    larger = policy.judge(fork.larger, require_quorum=False)
    old, new = smaller.checkpoint, larger.checkpoint
    if old.size > new.size or fork.root == old.root:
        raise FalseError("fork-unproven", "the larger tree has the same root at that size")
    try:
        verify_consistency(
            fork.path, old=old.size, new=new.size, old_root=fork.root, new_root=new.root
        )
    except (FalseError, MalformedError) as error:
        raise FalseError("fork-unproven", error.reason) from None
    return smaller, larger


def told(smaller: VerifiedCheckpoint, larger: VerifiedCheckpoint) -> str:
    """Return the words for a proven fork."""
    old, new = smaller.checkpoint, larger.checkpoint
    return (
        f"FORK: the key of {old.origin} signed two histories\n"
        f"  {old.size:,} entries with root {old.root.hex()}\n"
        f"  {new.size:,} entries with root {new.root.hex()}, which do not begin with those"
    )


def view_of(text: str, source: Source | None) -> View:
    """Return the view of the path of a checkpoint or a state file, or of an open source."""
    if source is not None:
        return View(text, source.checkpoint(), source)
    try:
        data = Path(text).read_bytes()[:MAX_PROOF_BYTES]
        return View(text, note_of(Path(text)) if data.startswith(MAGIC) else data)
    except OSError as error:
        raise UndecidedError("source-unreadable", f"{text}: {error.strerror}") from None


def _judged(view: View, policy: Policy) -> VerifiedCheckpoint:
    return policy.judge(view.note, require_quorum=False)


def _size(view: View, policy: Policy) -> int:
    return _judged(view, policy).checkpoint.size
