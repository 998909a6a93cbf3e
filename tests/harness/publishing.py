"""The register as a registry's service publishes it, and as a naive model computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.harness.registry import Registry
from tests.harness.stories import MACHINE
from verifier.event import Event
from verifier.proof import Proof, format_proof
from verifier.ranges import range_proof
from verifier.records import Record, bounds, read_record, write_record
from verifier.register import RegisterProof, format_register_proof
from verifier.rules.book import Book, Entry
from verifier.rules.public import public
from verifier.tree import EMPTY_ROOT, inclusion_proof, leaf_hash, node_hash

__all__ = ["drafted", "naive_records", "naive_root", "published", "register_proof"]


def naive_records(book: Book) -> list[bytes]:
    """Return the records of a book, computed from all that it knows."""
    records = [
        Record(stream, head.id, head.seq, public(subject))
        for subject in book.subjects.values()
        for stream, head in subject.heads.items()
    ]
    return [write_record(record) for record in sorted(records, key=lambda r: r.stream.encode())]


def naive_root(leaves: list[bytes]) -> bytes:
    """Return a root as RFC 6962 §2.1 defines it."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def drafted(registry: Registry, by: str = MACHINE, **fields: Any) -> Event:
    """Sign a publication of the register as it is, but for what is given."""
    records = naive_records(registry.book)
    stated = {
        "size": len(registry.events), "leaves": len(records),
        "root": naive_root([leaf_hash(record) for record in records]),
    }  # fmt: skip
    return registry.sign(by, "ledger/register", "RegisterPublished", **(stated | fields))


def published(registry: Registry, by: str = MACHINE, **fields: Any) -> Entry:
    """Publish the register as it is, but for what is given."""
    return registry.add(drafted(registry, by, **fields))


def reader(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    """Return how the complete subtrees over leaves are read."""
    return lambda level, index: naive_root(leaves[index << level : index + 1 << level])


def publication(registry: Registry, entry: Entry) -> bytes:
    """Return the proof file of an event of the registry's log, with the event in it."""
    ids = [event.id for event in registry.events]
    path = inclusion_proof(entry.index, len(ids), reader(ids))
    return format_proof(Proof(entry.index, path, registry.checkpoint(), entry.event.raw))


def register_proof(
    registry: Registry, entry: Entry, records: list[bytes], name: str
) -> RegisterProof:
    """Prove a name out of the records that an entry published."""
    low, high = bounds(name)
    streams = [read_record(record).stream for record in records]
    first = max(sum(stream < low for stream in streams) - 1, 0)
    stop = min(sum(stream < high for stream in streams) + 1, len(records))
    leaves = [leaf_hash(record) for record in records]
    return RegisterProof(
        name, first, tuple(records[first:stop]),
        range_proof(first, stop, len(leaves), reader(leaves)), publication(registry, entry),
    )  # fmt: skip


def written(proof: RegisterProof) -> bytes:
    """Return a register proof as a file."""
    return format_register_proof(proof)
