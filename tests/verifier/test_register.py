"""A register proof shows what was published of a name, all of it, or that there was nothing."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import stories, vectors
from tests.harness.publishing import naive_records, publication, published, register_proof, written
from tests.harness.registry import Registry
from verifier.cli import main
from verifier.errors import PledgebookError
from verifier.policy import Policy, parse_policy
from verifier.records import covers, read_record, write_record
from verifier.register import RegisterProof, parse_register_proof, shown_text, verify_register
from verifier.rules.book import Entry

NAMES = (
    "ledger", "p-clean-water", "actor-registry-org", "p-clean-water/commitment/taps",
    "p-clean-water/record/nowhere", "0", "zzz", "p-clean", "p-clean-water.b", "actor",
)  # fmt: skip


@dataclass
class Scene:
    """A log with a publication in it, and what was published."""

    registry: Registry
    entry: Entry
    records: list[bytes]
    policy: Policy

    def proof(self, name: str) -> RegisterProof:
        """Prove a name."""
        return register_proof(self.registry, self.entry, self.records, name)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A registry that published its register while a partnership was listed, and went on."""
    registry = stories.listed_partnership(Registry().open(register_every="P1M"))
    stories.acknowledged_commitment(registry)
    records = naive_records(registry.book)
    entry = published(registry)
    registry.enlist("actor-later")
    return Scene(registry, entry, records, parse_policy(registry.policy().encode()))


@pytest.mark.parametrize("name", NAMES)
def test_a_proof_shows_exactly_what_was_published(scene: Scene, name: str) -> None:
    """Subjects and streams, those that are there and those that are not, first and last ones."""
    shown = verify_register(written(scene.proof(name)), policy=scene.policy)
    there = [read_record(record) for record in scene.records]
    assert list(shown.run.records) == [r for r in there if covers(name, r.stream)]
    assert (shown.size, shown.event.id) == (scene.entry.index, scene.entry.event.id)


def test_what_came_later_is_not_there_yet(scene: Scene) -> None:
    """A proof speaks of the published size, and says so."""
    shown = verify_register(written(scene.proof("actor-later")), policy=scene.policy)
    told = shown_text(shown, scene.policy)
    assert told.startswith("NOTHING: no stream of actor-later had an event before entry")
    assert "not checked: anything after that entry" in told


def test_a_proof_file_is_read_as_it_was_written(scene: Scene) -> None:
    """Parse ∘ format = id."""
    for name in NAMES:
        proof = scene.proof(name)
        assert parse_register_proof(written(proof)) == proof


def refuses(data: bytes, scene: Scene) -> str:
    """Return the code by which a proof is refused."""
    with pytest.raises(PledgebookError) as error:
        verify_register(data, policy=scene.policy)
    return error.value.code


def test_no_record_of_a_name_can_be_left_out(scene: Scene) -> None:
    """Whatever run is shown in place of the whole one: without a neighbour it is refused."""
    whole = scene.proof("p-clean-water")
    for first in range(whole.first, whole.first + len(whole.records)):
        for stop in range(first + 1, whole.first + len(whole.records) + 1):
            if (first, stop) == (whole.first, whole.first + len(whole.records)):
                continue
            part = register_proof(scene.registry, scene.entry, scene.records, "p-clean-water")
            narrow = narrowed(scene, part, first, stop)
            assert refuses(written(narrow), scene) == "register-incomplete"


def narrowed(scene: Scene, proof: RegisterProof, first: int, stop: int) -> RegisterProof:
    """Return a proof of another run, true in itself, under the same name."""
    from tests.harness.publishing import reader
    from verifier.ranges import range_proof
    from verifier.tree import leaf_hash

    leaves = [leaf_hash(record) for record in scene.records]
    path = range_proof(first, stop, len(leaves), reader(leaves))
    return replace(proof, first=first, records=tuple(scene.records[first:stop]), path=path)


def test_a_wider_run_is_refused(scene: Scene) -> None:
    """More than one neighbour on a side is another form of the same claim."""
    whole = scene.proof("p-clean-water")
    wide = narrowed(scene, whole, whole.first - 1, whole.first + len(whole.records))
    assert refuses(written(wide), scene) == "register-malformed"


def test_a_record_that_says_something_else_is_refused(scene: Scene) -> None:
    """Another standing, head or seq leads to another root."""
    whole = scene.proof("p-clean-water")
    record = read_record(whole.records[1])
    for other in (
        record._replace(public=dict(record.public) | {"listing": "removed"}),
        record._replace(public={}), record._replace(seq=record.seq + 1),
        record._replace(head=bytes(32)),
    ):  # fmt: skip
        records = (whole.records[0], write_record(other), *whole.records[2:])
        assert refuses(written(replace(whole, records=records)), scene) == "proof-false"


def test_only_a_publication_publishes(scene: Scene) -> None:
    """An event of another type carries no root of the register."""
    other = Entry(3, scene.registry.events[3], scene.entry.body, 0)
    proof = replace(scene.proof("ledger"), publication=publication(scene.registry, other))
    assert refuses(written(proof), scene) == "register-other"


def test_a_publication_that_speaks_of_another_size_is_refused() -> None:
    """Even where a log holds one: its register is of no size that anyone could compute."""
    registry = stories.listed_partnership(Registry().open(register_every="P1M"))
    records = naive_records(registry.book)
    entry = registry.force(
        registry.sign(stories.MACHINE, "ledger/register", "RegisterPublished", size=3,
                      leaves=len(records), root=bytes(32))
    )  # fmt: skip
    scene = Scene(registry, entry, records, parse_policy(registry.policy().encode()))
    assert refuses(written(scene.proof("ledger")), scene) == "register-other"


def test_a_proof_of_another_ledger_is_refused(scene: Scene) -> None:
    """The policy pins the ledger; the publication in the proof names its own."""
    policy = replace(scene.policy, ledger=bytes(32))
    with pytest.raises(PledgebookError) as error:
        verify_register(written(scene.proof("ledger")), policy=policy)
    assert error.value.code == "policy-unsuitable"


@pytest.mark.parametrize("name", ["p-clean-water", "p-clean"])
def test_no_single_byte_can_be_flipped(scene: Scene, name: str) -> None:
    """At every byte, one flipped bit is refused; another name is another claim, and shown."""
    data = written(scene.proof(name))
    expected = verify_register(data, policy=scene.policy)
    rng = random.Random(4)
    named = range(data.index(b"name ") + 5, data.index(b"\nfirst"))
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << rng.randrange(8)
        try:
            shown = verify_register(bytes(changed), policy=scene.policy)
        except PledgebookError:
            continue
        assert place in named, place  # another name of which there was nothing either: it says so
        assert (shown.run.records, expected.run.records) == ((), ())
        assert shown.run.name != name


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_lines_moved_doubled_or_lost_are_refused(scene: Scene, data: st.DataObject) -> None:
    """A proof has one form alone."""
    text = written(scene.proof(data.draw(st.sampled_from(NAMES))))
    lines = text.split(b"\n")
    kind = data.draw(st.sampled_from(["lost", "doubled", "swapped", "blank", "space", "tail"]))
    place = data.draw(st.integers(0, len(lines) - 2))
    if kind == "lost":
        del lines[place]
    elif kind == "doubled":
        lines.insert(place, lines[place])
    elif kind == "swapped":
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
    elif kind == "blank":
        lines.insert(place, b"")
    elif kind == "space":
        lines[place] += b" "
    else:
        lines.append(b"more")
    changed = b"\n".join(lines)
    if changed != text:
        refuses(changed, scene)


def test_a_long_line_of_base64_costs_nothing(scene: Scene) -> None:
    """More than may be is refused by its length alone."""
    data = written(scene.proof("ledger"))
    record = b"record " + base64.b64encode(bytes(30))
    assert refuses(data.replace(b"\nrecord", b"\n" + record * 400_000, 1), scene)
    assert refuses(data + bytes(17 * 2**20), scene) == "register-malformed"


def test_anyone_checks_a_proof_offline(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``pledgebook-verify register FILE --policy P``: what was there, at which size, unseen."""
    (tmp_path / "policy.txt").write_text(scene.registry.policy(), "utf-8")
    proof = tmp_path / "proof.txt"
    proof.write_bytes(written(scene.proof("p-clean-water")))
    command = ["register", str(proof), "--policy", str(tmp_path / "policy.txt")]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("COMPLETE: all streams of p-clean-water before entry")
    assert "listing: listed" in printed
    assert "seen by no witness" in printed
    assert main([*command, "--absent", "p-clean-water/report/*"]) == 0
    assert capsys.readouterr().out.startswith("ABSENT: no stream p-clean-water/report/* before")
    assert main([*command, "--absent", "p-clean-water/commitment/*"]) == 1
    assert main([*command, "--absent", "p-other/report/*"]) == 3
    proof.write_bytes(proof.read_bytes().replace(b"first ", b"first 1"))
    assert main(command) == 1
    assert main(["register", str(tmp_path / "none"), *command[2:]]) == 3
    assert main(["register", str(proof)]) == 4


@pytest.mark.parametrize("vector", vectors.load("register/proofs"), ids=vectors.names)
def test_a_vector_shows_what_it_says(vector: dict[str, Any]) -> None:
    """Either these streams of the name and no others, or it is refused by its code."""
    policy, data = parse_policy(vector["policy"].encode()), vector["proof"].encode()
    if "code" in vector:
        with pytest.raises(PledgebookError) as error:
            verify_register(data, policy=policy)
        assert error.value.code == vector["code"]
    else:
        shown = verify_register(data, policy=policy)
        assert [record.stream for record in shown.run.records] == vector["streams"]
