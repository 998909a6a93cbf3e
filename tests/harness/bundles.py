"""An evidence bundle of a partnership with a life, as a running ledger makes it, and its parts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ledger.bundle import prepare
from tests.harness import stories
from tests.harness.ledgers import raws, running, stored
from tests.harness.registry import Registry
from verifier.archive import unpack
from verifier.blob import blob_name
from verifier.bundle import Contents, Manifest, write
from verifier.event import parse
from verifier.note import decode_base64
from verifier.policy import Policy, parse_policy
from verifier.ranges import set_proof
from verifier.register import format_register_proof, parse_register_proof
from verifier.tree import consistency_proof, leaf_hash, root_of

__all__ = ["ATTACHED", "Made", "life", "made"]

ATTACHED = bytes(32) + b"minutes of a meeting"
"""An attachment as it is stored; another that the report names is stored nowhere."""


@dataclass(frozen=True)
class Made:
    """A bundle, the log that it is of, and the policy that it holds under."""

    data: bytes
    entries: list[bytes]
    policy: Policy
    policy_text: str

    @property
    def members(self) -> dict[str, bytes]:
        """The members of its archive."""
        return unpack(self.data)

    @property
    def contents(self) -> Contents:
        """Its parts, read without any check."""
        members = self.members
        lines = members["bundle.txt"].decode().split("\n")[1:-1]
        words = [line.split(" ") for line in lines]
        places = tuple((int(w[1]), int(w[2])) for w in words if w[0] == "event")
        seen: dict[int, list[bytes]] = {}
        for word in words:
            if word[0] == "seen":
                seen[int(word[1])] = []
            elif word[0] == "path":
                seen[[*seen][-1]].append(decode_base64(word[1], "test"))
        path = tuple(decode_base64(w[1], "test") for w in words if w[0] == "hash")
        manifest = Manifest(words[0][1], places, path, {s: tuple(p) for s, p in seen.items()})
        register = [members[name] for name in sorted(members) if name.startswith("register/")]
        events = [self.entries[index] for index, _ in places]
        attachments = {
            bytes.fromhex(name[6:]): data for name, data in members.items() if name[:6] == "blobs/"
        }
        return Contents(manifest, members["checkpoint.txt"], events, register, attachments)

    def without(self, *indices: int) -> Contents:
        """Return its parts without some events, and with a proof for the others."""
        contents = self.contents
        kept = [place for place in contents.manifest.places if place[0] not in indices]
        return self.proved(contents, tuple(kept))

    def proved(self, contents: Contents, places: tuple[tuple[int, int], ...]) -> Contents:
        """Return parts with other places, each proven to be in the tree."""
        hashes = [leaf_hash(entry) for entry in self.entries]

        def read(level: int, index: int) -> bytes:
            return root_of(hashes[index << level : index + 1 << level])

        size = len(self.entries)
        events = [self.entries[index] for index, _ in places]
        sizes = {e.seen.size for raw in events if (e := parse(raw)).seen is not None} - {0}
        manifest = contents.manifest._replace(
            places=places, path=set_proof([index for index, _ in places], size, read),
            seen={seen: consistency_proof(seen, size, read) for seen in sizes},
        )  # fmt: skip
        return replace(contents, manifest=manifest, events=events)

    def uncovered(self, *names: str) -> Contents:
        """Return its parts without the register proofs and the events of some subjects."""
        contents = self.without(
            *(i for i, raw in enumerate(self.entries) if parse(raw).subject in names)
        )
        kept = [p for p in contents.register if parse_register_proof(p).name not in names]
        return replace(contents, register=kept)

    def altered(self, name: str, **fields: Any) -> Contents:
        """Return its parts with a register proof of another form."""
        contents = self.contents
        proofs = [
            format_register_proof(replace(parse_register_proof(proof), **fields))
            if parse_register_proof(proof).name == name
            else proof
            for proof in contents.register
        ]
        return replace(contents, register=proofs)


def life() -> Registry:
    """Return a registry with two partnerships, one of which committed itself and reported."""
    scene = stories.listed_partnership(Registry().open(register_every="P1D"))
    stories.listed_partnership(scene, name="p-other")
    stories.acknowledged_commitment(scene)
    scene.on("2025-01-10")
    stories.accepted_report(scene, documents=[blob_name(ATTACHED), stories.DOCUMENT])
    scene.on("2025-02-10").enlist("actor-late")
    return scene


async def made(folder: Path, scene: Registry, subject: str = stories.PARTNERSHIP) -> Made:
    """Record a scene in a ledger that publishes its register, and make a bundle."""
    async with running(folder, publisher=stories.MACHINE) as ledger:
        start = 0
        days = [event.iat // 86_400 for event in scene.events]
        while start < len(days):
            stop = next((i for i in range(start, len(days)) if days[i] != days[start]), len(days))
            await ledger.submit(raws(scene.events[start:stop]))
            start = stop
        published = len({*days}) - 1  # on each day but the first
        while ledger.size < len(days) + published:  # noqa: ASYNC110 - it publishes after its reply
            await asyncio.sleep(0.001)
        ledger.blobs.put(blob_name(ATTACHED), ATTACHED)
        data = prepare(ledger).make(subject)
    text = scene.policy()
    return Made(data, stored(folder), parse_policy(text.encode()), text)


def rewritten(contents: Contents) -> bytes:
    """Return the bundle of some parts."""
    return write(contents)
