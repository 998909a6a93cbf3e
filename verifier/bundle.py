"""Evidence bundles: all that a log published of one subject, with all that it rests on, in a file.

Rules (normative text: ``docs/spec/bundle.md``):

1. A bundle is an archive (``archive``) of ``README.txt``, ``bundle.txt``, ``checkpoint.txt``,
   ``events/<index, 12 digits>.cose``, ``register/<number, 4 digits>.txt`` and ``blobs/<name>``;
   nothing else.
2. ``bundle.txt`` is lines: ``pledgebook evidence bundle v1``; ``subject <id>``; for each event,
   ascending, ``event <index> <log time>``; ``hash <base64>`` for each hash of the one proof
   (``ranges``) that all of them stand in the tree of the checkpoint; then for each size above 0
   that an author had seen, ascending, ``seen <size>`` and ``path <base64>`` for each hash of the
   consistency proof from there to the checkpoint.
3. The last event is a ``RegisterPublished``; the register files are proofs out of it, under the
   same checkpoint, of each subject that the bundle covers, ascending by their ids as text.
4. The subjects covered are the one that the bundle is about, and each that judging the events asks
   for; none is left out and none is there in vain. The events are all that they had below the
   publication's index, as the register shows, and the publication.
5. Every signature verifies, and every event is admitted again by all the rules (``replay``). The
   records that follow from it are those that the register published.
6. An attachment in it is one that an event of its subject names, and has that name. Attachments may
   be left out: the words say which are here, which were erased on record, and which are not here.
7. ``README.txt`` says what has been checked, in words; it follows from the rest, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from verifier.archive import pack, unpack
from verifier.blob import blob_path, content_of, read_name
from verifier.bundle_text import bundle_text, readme
from verifier.errors import FalseError, MalformedError
from verifier.event import parse
from verifier.keys import default_engine, verify_many
from verifier.note import decode_base64, encode_base64, parse_number
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.ranges import verify_set
from verifier.records import Record, records_of, write_record
from verifier.register import parse_register_proof, verify_register
from verifier.replay import PartialBook, Placed, is_name, replay
from verifier.rules import admission, dates
from verifier.rules.authority.distrust import suspect
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.erasure import ErasureRecorded
from verifier.rules.public import public
from verifier.rules.references import blobs_of
from verifier.tree import EMPTY_ROOT, HASH_BYTES, verify_consistency

__all__ = [
    "MAX_EVENTS",
    "Bundle",
    "Contents",
    "Manifest",
    "event_path",
    "told",
    "verify_bundle",
    "write",
]

HEADER: Final = "pledgebook evidence bundle v1"
MAX_EVENTS: Final = 20_000  # of all subjects covered
CODE: Final = "bundle-malformed"
README, MANIFEST, CHECKPOINT = "README.txt", "bundle.txt", "checkpoint.txt"
BLOBS: Final = "blobs/"


class Manifest(NamedTuple):
    """What ``bundle.txt`` says (rule 2)."""

    subject: str
    places: tuple[tuple[int, int], ...]
    """The index of each event, and the log time there."""
    path: tuple[bytes, ...]
    seen: Mapping[int, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of a bundle, in order, without its words."""

    manifest: Manifest
    checkpoint: bytes
    events: Sequence[bytes]
    register: Sequence[bytes]
    attachments: Mapping[bytes, bytes]
    """Stored attachments by name (``blob``)."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: what it is about, what was published of it, and all events in it."""

    subject: str
    records: tuple[Record, ...]
    placed: tuple[Placed, ...]
    covered: tuple[str, ...]
    checkpoint: VerifiedCheckpoint
    suspect: tuple[int, ...]
    """The indices of events whose key was distrusted later, and that nobody reaffirmed."""


def event_path(index: int) -> str:
    """Return the name of an event's member."""
    return f"events/{index:012}.cose"


def write(contents: Contents) -> bytes:
    """Return the bundle of these parts; nothing is verified.

    Raises:
        PledgebookError: the parts do not make a bundle.
    """
    return pack(_members(contents))


def _members(contents: Contents) -> dict[str, bytes]:
    placed = _placed(contents)
    words = readme(
        contents.manifest.subject, placed, contents.checkpoint,
        parse_register_proof(_own(contents)), _attachments(contents, placed),
    )  # fmt: skip
    members = {README: words.encode(), MANIFEST: _manifest_text(contents.manifest).encode(),
               CHECKPOINT: contents.checkpoint}  # fmt: skip
    for (index, _), raw in zip(contents.manifest.places, contents.events, strict=True):
        members[event_path(index)] = raw
    for number, proof in enumerate(contents.register):
        members[f"register/{number:04}.txt"] = proof
    for name, stored in contents.attachments.items():
        members[blob_path(name)] = stored
    return members


def _attachments(contents: Contents, placed: Sequence[Placed]) -> list[str]:
    """Return a line for each attachment that an event of the subject names (rule 6).

    Raises:
        MalformedError: code ``bundle-malformed``; one is there that none of them names.
        FalseError: code ``blob-altered``.
    """
    bodies = [(one.index, admission.read_body(one.event)) for one in placed]
    erased = {name: index for index, body in bodies if isinstance(body, ErasureRecorded)
              for name in body.blobs}  # fmt: skip
    lines: dict[bytes, str] = {}
    for one, (index, body) in zip(placed, bodies, strict=True):
        if one.event.subject != contents.manifest.subject or isinstance(body, ErasureRecorded):
            continue
        for name in blobs_of(body):
            here = "here" if name in contents.attachments else "not here"
            if name in erased:
                here += f", erased on record by entry {erased[name]:,}"
            lines.setdefault(name, f"{blob_path(name)}, named by entry {index:,}: {here}")
    for name, stored in contents.attachments.items():
        content_of(name, stored)
        if name not in lines:
            raise MalformedError(CODE, f"no event of its subject names {blob_path(name)}")
    return list(lines.values())


def _manifest_text(manifest: Manifest) -> str:
    lines = [HEADER, f"subject {manifest.subject}",
             *(f"event {index} {at}" for index, at in manifest.places),
             *(f"hash {encode_base64(node)}" for node in manifest.path)]  # fmt: skip
    for size, path in sorted(manifest.seen.items()):
        lines += [f"seen {size}", *(f"path {encode_base64(node)}" for node in path)]
    return "\n".join(lines) + "\n"


def _parse_manifest(data: bytes) -> Manifest:
    try:
        header, subject, *lines, end = data.decode("ascii").split("\n")
    except ValueError:
        raise MalformedError(CODE, f"{MANIFEST} is not one") from None
    kind, _, name = subject.partition(" ")
    if header != HEADER or kind != "subject" or end:
        raise MalformedError(CODE, f"{MANIFEST} does not begin or end like one")
    places: list[tuple[int, int]] = []
    path: list[bytes] = []
    seen: dict[int, list[bytes]] = {}
    for line in lines:
        kind, _, value = line.partition(" ")
        if kind == "event":
            index, _, at = value.partition(" ")
            places.append((parse_number(index, CODE), parse_number(at, CODE)))
        elif kind == "seen":
            seen[parse_number(value, CODE)] = []
        elif kind == "hash" or (kind == "path" and seen):
            target = path if kind == "hash" else next(reversed(seen.values()))
            target.append(decode_base64(value, CODE))
        else:
            raise MalformedError(CODE, f"{MANIFEST} has a line {kind!r:.40}")
    found = Manifest(name, tuple(places), tuple(path), {s: tuple(p) for s, p in seen.items()})
    if _manifest_text(found).encode() != data:  # another order, or something said twice
        raise MalformedError(CODE, f"{MANIFEST} has its lines in another order")
    return found


def _contents(data: bytes) -> Contents:
    """Read a bundle, and require its members and its words (rules 1, 6 and 7)."""
    members = unpack(data)
    try:
        manifest = _parse_manifest(members[MANIFEST])
        proofs = sum(name.startswith("register/") for name in members)
        contents = Contents(
            manifest, members[CHECKPOINT],
            [members[event_path(index)] for index, _ in manifest.places],
            [members[f"register/{number:04}.txt"] for number in range(proofs)],
            {read_name(name.removeprefix(BLOBS)): data for name, data in members.items()
             if name.startswith(BLOBS)},
        )  # fmt: skip
    except KeyError as error:
        raise MalformedError(CODE, f"there is no {error.args[0]}") from None
    if not 1 <= len(manifest.places) <= MAX_EVENTS or not proofs:
        raise MalformedError(CODE, f"no event, or more than {MAX_EVENTS}, or no register")
    expected = _members(contents)
    for name in sorted({*members, *expected}):
        if members.get(name) != expected.get(name):
            raise MalformedError(CODE, f"{name} is not what follows from the rest")
    return contents


def _own(contents: Contents) -> bytes:
    """Return the register proof of the subject that the bundle is about."""
    for proof in contents.register:
        if parse_register_proof(proof).name == contents.manifest.subject:
            return proof
    raise MalformedError(CODE, f"no register proof of {contents.manifest.subject}")


def _placed(contents: Contents) -> list[Placed]:
    return [
        Placed(index, at, parse(raw))
        for (index, at), raw in zip(contents.manifest.places, contents.events, strict=True)
    ]


def verify_bundle(
    data: bytes, *, policy: Policy, engine: str | None = None, require_quorum: bool = True
) -> Bundle:
    """Require that a bundle holds under a trust policy (rules 1 to 7), and return what it shows.

    Raises:
        PledgebookError: what is not so, by its code; where a rule does not admit an event, by
            its number.
    """
    contents = _contents(data)
    placed = _placed(contents)
    verified = policy.judge(contents.checkpoint, require_quorum=require_quorum)
    head = verified.checkpoint
    ids = [one.event.id for one in placed]
    indices = [one.index for one in placed]
    verify_set(indices, ids, contents.manifest.path, size=head.size, root=head.root)
    book = PartialBook(_seen(contents.manifest, placed, verified))
    *before, last = placed
    checks = replay(before, book)
    states = {name: _records(name, book) for name in {one.event.subject for one in before}}
    checks += replay([last], book)
    _require_signed(placed, checks, engine or default_engine())
    runs = _published(contents, last, policy, require_quorum=require_quorum)
    _require_covered(contents.manifest.subject, runs, states, book)
    _require_opening(book, verified)
    return Bundle(contents.manifest.subject, runs[contents.manifest.subject], tuple(placed),
                  tuple(runs), verified, _suspect(placed, book))  # fmt: skip


def _seen(
    manifest: Manifest, placed: Sequence[Placed], verified: VerifiedCheckpoint
) -> Callable[[int], bytes]:
    """Return what the log's root is at each size that an author had seen (rule 2)."""
    head = verified.checkpoint
    roots: dict[int, bytes] = {}
    for one in placed:
        claim = one.event.seen
        if claim is None or claim.size == 0 or claim.size > one.index:
            continue  # what AD7 decides without a root
        path = manifest.seen.get(claim.size)
        if path is None or any(len(node) != HASH_BYTES for node in path):
            raise MalformedError(CODE, f"no consistency proof from size {claim.size}")
        if claim.size not in roots:
            verify_consistency(path, old=claim.size, new=head.size, old_root=claim.root,
                               new_root=head.root)  # fmt: skip
            roots[claim.size] = claim.root
    if roots.keys() != manifest.seen.keys():
        raise MalformedError(CODE, "a consistency proof from a size that nobody had seen")
    return lambda size: roots.get(size, b"") if size else EMPTY_ROOT


def _records(name: str, book: PartialBook) -> list[bytes]:
    subject = book.subjects[name]
    heads = ((stream, head.seq, head.id) for stream, head in subject.heads.items())
    return [record for _, record in records_of(heads, public(subject))]


def _require_signed(placed: Sequence[Placed], checks: Sequence[tuple[bytes, bytes, bytes]],
                    engine: str) -> None:  # fmt: skip
    for one, true in zip(placed, verify_many(checks, engine=engine), strict=True):
        if not true:
            reason = f"entry {one.index}: the signature of {one.event.iss} is false"
            raise FalseError("signature-false", reason)


def _published(
    contents: Contents, last: Placed, policy: Policy, *, require_quorum: bool
) -> dict[str, tuple[Record, ...]]:
    """Return what the register published, by subject (rule 3)."""
    runs: dict[str, tuple[Record, ...]] = {}
    for proof in contents.register:
        shown = verify_register(proof, policy=policy, require_quorum=require_quorum)
        if shown.event.id != last.event.id or shown.size != last.index:
            raise FalseError("bundle-false", "a register proof is of another publication")
        if not parse_register_proof(proof).publication.endswith(b"\n\n" + contents.checkpoint):
            raise FalseError("bundle-false", "a register proof is under another checkpoint")
        runs[shown.run.name] = shown.run.records
    if list(runs) != sorted(runs) or len(runs) != len(contents.register):
        raise MalformedError(CODE, "the register proofs do not ascend by their subjects")
    return runs


def _require_covered(
    subject: str, runs: Mapping[str, tuple[Record, ...]], states: Mapping[str, list[bytes]],
    book: PartialBook,
) -> None:  # fmt: skip
    """Require rules 4 and 5: who is covered, and that the states are those published."""
    asked = {name for name in book.asked if is_name(name)} | {subject}
    if missing := asked - runs.keys():
        reason = f"the rules ask for {min(missing)}, which it does not cover"
        raise FalseError("bundle-incomplete", reason)
    if surplus := runs.keys() - asked:
        raise FalseError("bundle-false", f"nothing asks for {min(surplus)}")
    for name in sorted(runs.keys() | states.keys()):
        published = [write_record(record) for record in runs.get(name, ())]
        if published != states.get(name, []):
            reason = f"the events of {name} here do not lead to what the register published of it"
            raise FalseError("bundle-incomplete", reason)


def told(bundle: Bundle, policy: Policy) -> str:
    """Return what a verified bundle shows, as lines for a person to read."""
    fields = bundle.records[0].public if bundle.records else {}
    lines = [bundle_text(bundle.subject, bundle.placed, fields, bundle.checkpoint, policy)]
    lines += [f"  SUSPECT: entry {index:,}: its key was distrusted later, and it was not reaffirmed"
              for index in bundle.suspect]  # fmt: skip
    return "\n".join(lines)


def _suspect(placed: Sequence[Placed], book: PartialBook) -> tuple[int, ...]:
    found = []
    for one in placed:
        event, day = one.event, dates.day_text(one.at)
        if suspect(event.id, actor=event.iss, kid=event.kid, day=day, book=book):
            found.append(one.index)
    return tuple(found)


def _require_opening(book: PartialBook, verified: VerifiedCheckpoint) -> None:
    """Require that the log was opened under the origin, and with a key, of the checkpoint."""
    genesis = book.thing("ledger", "genesis", LedgerOpened)
    assert genesis is not None  # the event at index 0 is one, or no other was admitted (AD2)
    if genesis.origin != verified.checkpoint.origin:
        raise FalseError("origin-other", f"it was opened as {genesis.origin}")
    keys = {genesis.log_keys.checkpoint, genesis.log_keys.checkpoint_ml_dsa_44}
    if not keys.intersection(key.public for key in verified.log_keys):
        raise FalseError("log-key-other", "the key of the trust policy is not one of the genesis")
