"""The vectors of the register (records, proof files over a small log) and of archives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tests.harness import registry
from tests.harness.publishing import naive_root, reader
from verifier import encoding, event, keys, note
from verifier.archive import pack
from verifier.proof import Proof, format_proof
from verifier.ranges import range_proof
from verifier.records import Record, bounds, write_record
from verifier.register import RegisterProof, format_register_proof
from verifier.tree import inclusion_proof, leaf_hash

__all__ = ["archives_invalid", "archives_valid", "proofs", "records_invalid", "records_valid"]

Vector = dict[str, Any]
LEDGER: Final = hashlib.sha256(b"vector ledger").digest()
STREAMS: Final = (
    "actor-a/keys", "actor-a/profile", "ledger/genesis", "p-000123.b/registration",
    "p-000123/commitment/c1", "p-000123/registration", "p-0001234/registration",
)  # fmt: skip
PUBLIC: Final = {"p-000123": {"listing": "listed", "lead": "actor-a"}}


def head_of(stream: str) -> bytes:
    """Return the head that a stream has in the vectors."""
    return hashlib.sha256(stream.encode()).digest()


def listed() -> list[Record]:
    """Return the records of the vectors, in order."""
    return [
        Record(stream, head_of(stream), seq, PUBLIC.get(stream.partition("/")[0], {}))
        for seq, stream in enumerate(STREAMS)
    ]


def records_valid() -> Iterator[Vector]:
    """Yield records, each with its bytes and its leaf."""
    further = Record("a/b/c/d/e/f", bytes(32), 2**53 - 1, {"a": {"b": [1, True, b"\x00"]}})
    for record in (*listed(), further):
        data = write_record(record)
        yield {
            "name": f"{record.stream} at {record.seq}", "hex": data.hex(), "stream": record.stream,
            "head": record.head.hex(), "seq": record.seq, "leaf": leaf_hash(data).hex(),
            "public": encoding.encode(record.public).hex() if record.public else None,
        }  # fmt: skip


def records_invalid() -> Iterator[Vector]:
    """Yield bytes that are no record."""
    head, stream = "c420" + "00" * 32, "a3" + b"p/a".hex()
    for name, data in {
        "nothing": "", "an empty array": "90", "a map": "81a16100",
        "two elements": "92" + stream + head, "five elements": f"95{stream}{head}00{'81a16100'}00",
        "an empty map of fields": f"94{stream}{head}0080",
        "fields that are an array": f"94{stream}{head}009100",
        "a float as seq": f"93{stream}{head}cb0000000000000000",
        "a seq below zero": f"93{stream}{head}ff",
        "a head of 31 bytes": f"93{stream}c41f{'00' * 31}00",
        "a head that is text": f"93{stream}d920{'61' * 32}00",
        "a subject as stream": f"93a170{head}00",
        "a stream with a capital": f"93a3{b'P/a'.hex()}{head}00",
        "a stream of 129 bytes": f"93d981{b'p/'.hex()}{'61' * 127}{head}00",
        "seq not in its shortest form": f"93{stream}{head}cc00",
        "a byte after it": f"93{stream}{head}0000", "a byte too few": f"93{stream}{head}",
    }.items():  # fmt: skip
        yield {"name": name, "hex": data, "code": "register-malformed", "rule": 1}


def proofs() -> Iterator[Vector]:
    """Yield proof files with the policy that they hold under, and what they show or the refusal."""
    for name in ("p-000123", "p-000123/registration", "actor-a", "p-0001234", "p-000123/record/r1",
                 "p-00012", "zz", "0"):  # fmt: skip
        proof = proven(name)
        low, high = bounds(name)
        yield told(f"all of {name}", proof, [s for s in STREAMS if low <= s < high])
    whole = proven("p-000123")
    yield told("no neighbour before", part(whole, whole.first + 1), "register-incomplete")
    yield told("no neighbour after", part(whole, whole.first, -1), "register-incomplete")
    yield told("one more before", part(whole, whole.first - 1), "register-malformed")
    yield told("another first", replace(whole, first=whole.first - 1), "proof-false")
    other = write_record(listed()[4]._replace(seq=9))
    changed = (whole.records[0], other, *whole.records[2:])
    yield told("another seq", replace(whole, records=changed), "proof-false")
    swapped = (whole.records[0], *whole.records[2:0:-1], *whole.records[3:])
    yield told("two records swapped", replace(whole, records=swapped), "proof-false")
    yield told("a hash more", replace(whole, path=(*whole.path, bytes(32))), "proof-malformed")
    yield told("an event of another size", proven("p-000123", size=3), "register-other")


def told(name: str, proof: RegisterProof, outcome: list[str] | str) -> Vector:
    """Return a vector: the streams shown, or the code of the refusal."""
    shown = {"streams": outcome} if isinstance(outcome, list) else {"code": outcome}
    return {
        "name": name,
        "policy": policy(),
        "proof": format_register_proof(proof).decode(),
    } | shown


def policy() -> str:
    """Return the trust policy of the vectors' log."""
    vkey = note.VerifierKey(registry.ORIGIN, note.ED25519, registry.public("log"))
    return f"# pledgebook-ledger: {LEDGER.hex()}\nlog {vkey}\nquorum none\n"


def proven(name: str, *, size: int = 2) -> RegisterProof:
    """Return the proof of a name, out of a log of four entries."""
    records = [write_record(record) for record in listed()]
    low, high = bounds(name)
    first = max(sum(stream < low for stream in STREAMS) - 1, 0)
    stop = min(sum(stream < high for stream in STREAMS) + 1, len(STREAMS))
    leaves = [leaf_hash(record) for record in records]
    entries = [b"entry 0", b"entry 1", publication(leaves, size), b"entry 3"]
    hashes = [leaf_hash(entry) for entry in entries]
    checkpoint = note.Checkpoint(registry.ORIGIN, len(entries), naive_root(hashes))
    signed = registry.signed_checkpoint(checkpoint, "log")
    path = inclusion_proof(2, len(entries), reader(hashes))
    return RegisterProof(
        name, first, tuple(records[first:stop]),
        range_proof(first, stop, len(leaves), reader(leaves)),
        format_proof(Proof(2, path, signed, entries[2])),
    )  # fmt: skip


def publication(leaves: list[bytes], size: int) -> bytes:
    """Return a publication of the register of the vectors."""
    payload = {"size": size, "leaves": len(leaves), "root": naive_root(leaves)}
    draft = event.Draft(
        kid=keys.thumbprint(registry.public("actor-vector")), iss="actor-vector",
        stream="ledger/register", type="RegisterPublished/1", iat=1_767_225_600, seq=0,
        payload=encoding.encode(payload), ledger=LEDGER,
    )  # fmt: skip
    return event.sign(draft, registry.secret("actor-vector").sign).raw


def part(proof: RegisterProof, first: int, cut: int = 0) -> RegisterProof:
    """Return a proof of another run under the same name, true in itself."""
    records = [write_record(record) for record in listed()]
    leaves = [leaf_hash(record) for record in records]
    stop = proof.first + len(proof.records) + cut
    path = range_proof(first, stop, len(leaves), reader(leaves))
    return replace(proof, first=first, records=tuple(records[first:stop]), path=path)


def archives_valid() -> Iterator[Vector]:
    """Yield archives with their members."""
    for name, members in {
        "no member": {}, "one empty member": {"a": b""},
        "two members": {"README.txt": b"read me\n", "events/000000000000.cose": bytes(range(256))},
        "the longest name": {"a" * 200: b"x"},
    }.items():  # fmt: skip
        shown = {key: value.hex() for key, value in members.items()}
        yield {"name": name, "hex": pack(members).hex(), "members": shown}


def archives_invalid() -> Iterator[Vector]:
    """Yield bytes that are no archive of ours, though an unzip may read them."""
    plain = pack({"a": b"x", "b": b"y"})
    end = plain.index(b"PK\5\6")
    for name, data, rule in (
        ("nothing", b"", 1), ("a byte after it", plain + b"\0", 1),
        ("a byte before it", b"\0" + plain, 1),
        ("cut by a byte", plain[:-1], 1), ("another checksum", plain[:14] + b"\0" + plain[15:], 1),
        ("two members of one name", plain.replace(b"b", b"a"), 2),
        ("names that descend", plain.replace(b"b", b"A"), 1),
        ("a name in the directory alone", plain[: plain.index(b"PK\1\2")]
         + plain[plain.index(b"PK\1\2") :].replace(b"a", b"c"), 2),
        ("a comment", plain[: end + 20] + b"\1\0x", 1),
        ("a flag", plain[:6] + b"\x08" + plain[7:], 1),
        ("a date", plain[:12] + b"\x22" + plain[13:], 1),
        ("compressed", plain[:8] + b"\x08" + plain[9:], 1),
        ("a length beyond the file", plain[:18] + b"\xff" * 8 + plain[26:], 2),
        ("a path upwards", plain.replace(b"a", b".").replace(b"b", b"/"), 3),
    ):  # fmt: skip
        yield {"name": name, "hex": data.hex(), "code": "archive-malformed", "rule": rule}
