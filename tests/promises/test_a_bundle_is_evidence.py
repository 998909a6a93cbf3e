"""Everything about one partnership in one file: verified offline, and nothing is left out."""

from __future__ import annotations

import asyncio
import io
import random
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness import rootchanges, stories
from tests.harness.bundles import ATTACHED, Made, life, made, rewritten
from tests.harness.registry import Registry
from verifier import encoding
from verifier.archive import pack, unpack
from verifier.blob import blob_name
from verifier.bundle import told, verify_bundle
from verifier.cli import main
from verifier.errors import PledgebookError, UndecidedError
from verifier.event import parse
from verifier.policy import parse_policy
from verifier.replay import PartialBook, Placed, replay

POSITIONS = (60, pytest.param(1_200, marks=pytest.mark.slow))
"""How many places are tried, of the file and of its members."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A bundle of a partnership that was listed, committed itself and reported."""
    return asyncio.run(made(tmp_path_factory.mktemp("ledger"), life()))


def refuses(data: bytes, bundle: Made) -> str:
    """Return the code by which a bundle is refused."""
    with pytest.raises(PledgebookError) as error:
        verify_bundle(data, policy=bundle.policy)
    return error.value.code


def index_of(bundle: Made, type_: str, subject: str = "") -> int:
    """Return the index of the first event of a type that the bundle holds."""
    return next(
        index
        for index, _ in bundle.contents.manifest.places
        if (event := parse(bundle.entries[index])).name == type_
        and event.subject.startswith(subject)
    )


def test_a_bundle_holds_all_of_its_subject_and_what_it_rests_on(bundle: Made) -> None:
    """Every event of the partnership; keys, roles and guidelines; of the other partnership none."""
    found = verify_bundle(bundle.data, policy=bundle.policy)
    own = [parse(raw) for raw in bundle.entries if parse(raw).subject == stories.PARTNERSHIP]
    placed = [one.event for one in found.placed]
    assert [event for event in placed if event.subject == stories.PARTNERSHIP] == own
    assert {"ledger", "guidelines", stories.SECRETARIAT, stories.SCREENER} <= set(found.covered)
    assert "p-other" not in {event.subject for event in placed}
    assert found.records[0].public["reports_accepted"] == 1
    assert placed[-1].name == "RegisterPublished"


def test_its_words_say_what_was_checked_and_what_was_not(bundle: Made) -> None:
    """In the archive for whoever opens it, and from the verifier for whoever checks it."""
    text = bundle.members["README.txt"].decode()
    assert text.startswith("EVIDENCE ON p-clean-water")
    assert "not from this archive" in text
    assert "That what an author reported is true." in text
    said = told(verify_bundle(bundle.data, policy=bundle.policy), bundle.policy)
    assert said.startswith("VERIFIED: evidence on p-clean-water")
    assert "seen by no witness" in said
    assert "not checked: that what an author reported is true" in said


async def test_the_same_state_makes_the_same_bytes(bundle: Made, tmp_path: Path) -> None:
    """Made twice, on two machines, by two processes: one bundle."""
    again = await made(tmp_path, life())
    assert again.data == bundle.data


def test_any_unzip_reads_it(bundle: Made) -> None:
    """It is a plain archive of stored files."""
    with zipfile.ZipFile(io.BytesIO(bundle.data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == bundle.members


@pytest.mark.parametrize("positions", POSITIONS)
def test_no_single_byte_can_be_flipped(bundle: Made, positions: int) -> None:
    """At any byte of the file, one changed bit is refused."""
    rng = random.Random(7)
    for place in rng.sample(range(len(bundle.data)), positions):
        changed = bytearray(bundle.data)
        changed[place] ^= 1 << rng.randrange(8)
        refuses(bytes(changed), bundle)


@pytest.mark.parametrize("positions", POSITIONS)
def test_no_byte_of_a_member_can_be_flipped_in_a_well_made_archive(
    bundle: Made, positions: int
) -> None:
    """The same for whoever writes the archive anew around the changed member."""
    rng = random.Random(8)
    members = bundle.members
    names = sorted(members)
    for _ in range(positions):
        name = rng.choice(names)
        changed = bytearray(members[name])
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        refuses(pack(members | {name: bytes(changed)}), bundle)


@pytest.mark.parametrize("name", ["README.txt", "bundle.txt", "checkpoint.txt"])
def test_every_member_is_needed_and_no_other_is_taken(bundle: Made, name: str) -> None:
    """A member that is missing, or one that nobody asked for."""
    members = bundle.members
    rest = {key: value for key, value in members.items() if key != name}
    assert refuses(pack(rest), bundle) == "bundle-malformed"
    for more in ("events/000000999999.cose", "register/9999.txt", "x", "readme.txt"):
        assert refuses(pack(members | {more: b"x"}), bundle) == "bundle-malformed"


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("CommitmentMade", "AD4"),
        ("PartnershipListed", "CO1"),
        ("ReportAccepted", "bundle-incomplete"),
    ],
)
def test_no_event_of_the_subject_can_be_left_out(bundle: Made, type_: str, code: str) -> None:
    """The chain, the rules or the register shows it."""
    index = index_of(bundle, type_)
    assert refuses(rewritten(bundle.without(index)), bundle) == code


def test_the_last_event_of_a_stream_cannot_be_left_out(bundle: Made) -> None:
    """No later event continues it; the register names it all the same."""
    index = index_of(bundle, "CommitmentAcknowledged")
    assert refuses(rewritten(bundle.without(index)), bundle) == "bundle-incomplete"


def test_no_authority_can_be_left_out(bundle: Made) -> None:
    """A subject that judging asks for has to be covered, with all its events."""
    assert refuses(rewritten(bundle.uncovered("calendar")), bundle) == "bundle-incomplete"
    assert refuses(rewritten(bundle.uncovered(stories.SCREENER)), bundle) == "AD5"
    grant = index_of(bundle, "RoleGranted", stories.SCREENER)
    assert refuses(rewritten(bundle.without(grant)), bundle) == "AD10"


def test_nothing_is_there_in_vain(bundle: Made) -> None:
    """An event of a subject that nobody asks for, though it stands in the log, is refused."""
    contents = bundle.contents
    other = next(i for i, raw in enumerate(bundle.entries) if parse(raw).subject == "p-other")
    at = parse(bundle.entries[other]).iat
    places = tuple(sorted([*contents.manifest.places, (other, at)]))
    assert refuses(rewritten(bundle.proved(contents, places)), bundle) == "bundle-incomplete"


def test_times_that_cannot_be_are_refused(bundle: Made) -> None:
    """Log time never falls, is never before the event's own, and little after it."""
    contents = bundle.contents
    places = contents.manifest.places
    for at, code in ((-1, "bundle-time"), (601, "AD6")):
        changed = (*places[:-1], (places[-1][0], places[-1][1] + at))
        manifest = contents.manifest._replace(places=changed)
        assert refuses(rewritten(replace(contents, manifest=manifest)), bundle) == code


def test_an_event_that_no_rule_admits_is_found() -> None:
    """What an operator recorded against the rules does not become evidence by being in a log."""
    scene = stories.listed_partnership(Registry())
    listing = next(e for e in scene.events if e.name == "PartnershipListed")
    fields = encoding.decode(listing.payload)
    forged = scene.sign(stories.NGO, listing.stream, "PartnershipListed", **fields)
    placed = [Placed(i, event.iat, event) for i, event in enumerate([*scene.events, forged])]
    with pytest.raises(PledgebookError) as error:
        replay(placed, PartialBook(lambda size: scene.roots[size]))
    assert error.value.code == "AD10"


def test_what_follows_rules_that_are_not_known_here_is_undecided() -> None:
    """Neither good evidence nor a forgery: exit code 3, by a verifier that does not know them."""
    scene = Registry().open()
    rootchanges.adopt(scene, rootchanges.ruleset(scene))
    events = [*scene.events, scene.sign("actor-root-a", "actor-x/what", "ActorRegistered", new=1)]
    placed = [Placed(i, event.iat, event) for i, event in enumerate(events)]
    book = PartialBook(lambda size: scene.roots[size])
    with pytest.raises(UndecidedError) as error:
        replay(placed, book)
    assert error.value.code == "ruleset-unknown"
    assert book.size == len(events) - 1  # its payload is not even read


def test_the_policy_decides_whose_log_it_is(bundle: Made) -> None:
    """Another ledger pinned, another key, a quorum that is missing: not accepted."""
    text = bundle.policy_text
    pin = bundle.policy.ledger
    assert pin is not None
    other = parse_policy(text.replace(pin.hex(), "00" * 32).encode())
    with pytest.raises(PledgebookError) as error:
        verify_bundle(bundle.data, policy=other)
    assert error.value.code == "policy-unsuitable"


def test_attachments_come_along_and_nothing_else(bundle: Made) -> None:
    """Those at hand that its events name; what is left out is said, what is alien is refused."""
    name = f"blobs/{blob_name(ATTACHED).hex()}"
    members = bundle.members
    assert members[name] == ATTACHED
    text = members["README.txt"].decode()
    assert f"{name}, named by entry" in text
    assert f"blobs/{stories.DOCUMENT.hex()}, named by entry" in text
    assert text.count(": here\n") == text.count(": not here\n") == 1
    assert refuses(pack(members | {name: ATTACHED + b"."}), bundle) == "blob-altered"
    alien = f"blobs/{blob_name(bytes(40)).hex()}"
    assert refuses(pack(members | {alien: bytes(40)}), bundle) == "bundle-malformed"
    assert refuses(pack(members | {"blobs/x": bytes(40)}), bundle) == "blob-name"
    without = replace(bundle.contents, attachments={})
    said = unpack(rewritten(without))["README.txt"].decode()
    assert said.count(": not here\n") == 2
    verify_bundle(rewritten(without), policy=bundle.policy)


def test_what_is_no_archive_of_ours_is_refused(bundle: Made) -> None:
    """Compressed, commented, trailing, doubled, prefixed, with odd names: refused, unread."""
    hostile: list[bytes] = [b"", b"PK\3\4", bundle.data + b"\0", b"\0" + bundle.data,
                            bundle.data[:-1], bundle.data * 2]  # fmt: skip
    for compression, comment, extra in (
        (zipfile.ZIP_DEFLATED, b"", b""), (zipfile.ZIP_STORED, b"hello", b""),
        (zipfile.ZIP_STORED, b"", b"\0\0\0\0"),
    ):  # fmt: skip
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            archive.comment = comment
            for name, data in bundle.members.items():
                info = zipfile.ZipInfo(name)
                info.extra = extra
                archive.writestr(info, data, compression)
        hostile.append(buffer.getvalue())
    for name in ("../x", "/etc/passwd", "a//b", "events/../x", "C:x", "x/", "a\\b"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"x")
        hostile.append(buffer.getvalue())
    twice = pack({"README.txt": b"x", "READMF.txt": b"x"}).replace(b"READMF", b"README")
    for data in (*hostile, twice):
        assert refuses(data, bundle) == "archive-malformed"


def test_a_bomb_costs_nothing(bundle: Made) -> None:
    """Nothing is inflated; a length that lies ends the reading."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("README.txt"), bytes(50_000_000), zipfile.ZIP_DEFLATED)
    assert refuses(buffer.getvalue(), bundle) == "archive-malformed"
    lying = bytearray(bundle.data)
    lying[18:26] = b"\xff" * 8
    assert refuses(bytes(lying), bundle) == "archive-malformed"


def test_an_archive_is_read_as_it_was_written() -> None:
    """Unpack ∘ pack = id, also of nothing and of the empty member."""
    for members in ({}, {"a": b""}, {"README.txt": b"x", "a/b-1.c": b"y" * 300}):
        assert unpack(pack(members)) == members


def test_anyone_checks_a_bundle_offline(
    bundle: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``pledgebook-verify bundle FILE --policy P``."""
    (tmp_path / "policy.txt").write_text(bundle.policy_text, "utf-8")
    file = tmp_path / "bundle.zip"
    file.write_bytes(bundle.data)
    command = ["bundle", str(file), "--policy", str(tmp_path / "policy.txt")]
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("VERIFIED: evidence on p-clean-water")
    file.write_bytes(bundle.data[:-1])
    assert main(command) == 1
    assert main(["bundle", str(file)]) == 4
