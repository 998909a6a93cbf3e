"""What few may read now can be shown to all later, in part or whole, and no other in its place."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from projections.cli import main as pledgebook
from tests.harness import stories
from tests.harness.anchors import witness_policy
from tests.harness.registry import Registry
from tests.harness.stories import NGO, PARTNERSHIP
from verifier.cli import main as verify
from verifier.proof import Proof, format_proof
from verifier.rules.sealed import Sealed
from verifier.tree import inclusion_proof, node_hash

REPORT = {"finding": {"text": "No tree was planted.", "severity": 3}, "sources": ["x", "y"]}
PASSPHRASE = {"PLEDGEBOOK_PASSPHRASE": "a passphrase"}


def run(*words: object) -> Result:
    """Run a command of ``pledgebook``."""
    return CliRunner().invoke(pledgebook, [str(word) for word in words], env=PASSPHRASE)


def done(*words: object) -> str:
    """Run a command that must succeed; return what it says."""
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


def receipt(registry: Registry, index: int) -> bytes:
    """Return the receipt of an entry at the log's present size."""
    leaves, size = [event.id for event in registry.events], len(registry.events)

    def read(level: int, at: int) -> bytes:
        if level == 0:
            return bytes(leaves[at])
        return node_hash(read(level - 1, 2 * at), read(level - 1, 2 * at + 1))

    return format_proof(Proof(index, inclusion_proof(index, size, read), registry.checkpoint(),
                              registry.events[index].raw))  # fmt: skip


class Desk:
    """A report that was sealed to two keys by the commands, and committed to in a log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("panel", "own", "stranger"):
            done("key", "sealing", folder / name)
        (folder / "report.json").write_text(json.dumps(REPORT))
        done("seal", folder / "report.json", folder / "object", "--to", folder / "panel.pub",
             "--to", folder / "own.pub")  # fmt: skip
        payload = json.loads((folder / "object.json").read_text())
        self.fields: dict[str, Any] = {
            "root": base64.b64decode(payload["root"]), "leaves": payload["leaves"],
            "sealed": base64.b64decode(payload["sealed"]),
            "recipients": tuple(map(base64.b64decode, payload["recipients"])),
        }  # fmt: skip
        self.registry = stories.listed_partnership()
        entry = self.registry.append(NGO, f"{PARTNERSHIP}/sealed/s1", "ReportSealed", **self.fields)
        held = self.registry.subject(PARTNERSHIP).get("sealed:s1", Sealed)
        assert held == Sealed(entry.ref, self.fields["root"])
        self.index = entry.index
        (folder / "receipt").write_bytes(receipt(self.registry, entry.index))
        (folder / "policy.txt").write_text(self.registry.policy())

    def open(self, command: str, out: str, *more: object, key: str = "panel") -> Result:
        """Open or disclose the report."""
        at = self.folder
        return run(command, at / "object", at / out, "--key", at / key, "--receipt", at / "receipt",
                   "--policy", at / "policy.txt", *more)  # fmt: skip

    def verified(self, name: str, *more: str) -> int:
        """Let the verifier judge a disclosure; return its exit code."""
        return verify(["disclosure", str(self.folder / name), "--policy",
                       str(self.folder / "policy.txt"), *more])  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One sealed report for all tests."""
    return Desk(tmp_path_factory.mktemp("desk"))


def test_those_named_open_it(desk: Desk) -> None:
    """Both recipients read the same report; a stranger reads nothing and leaves no file."""
    for key in ("panel", "own"):
        assert desk.open("open", f"{key}.json", key=key).exit_code == 0
        assert json.loads((desk.folder / f"{key}.json").read_text()) == REPORT
    refused = desk.open("open", "none.json", key="stranger")
    assert refused.exit_code == 1
    assert "sealed-closed" in refused.output
    assert not (desk.folder / "none.json").exists()


def test_chosen_fields_are_shown_and_nothing_else(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verifier says what is shown, of which event, and that the rest is unknown."""
    assert desk.open("disclose", "part", "--field", "finding/severity").exit_code == 0
    assert desk.verified("part", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"] == {"finding": {"severity": 3}}
    assert (told["whole"], told["index"], told["author"]) == (False, desk.index, NGO)
    assert any("other fields" in line for line in told["not_checked"])
    assert b"planted" not in (desk.folder / "part").read_bytes()
    assert base64.b64encode(b"planted") not in (desk.folder / "part").read_bytes()
    assert desk.verified("part") == 0
    out = capsys.readouterr().out
    assert "VERIFIED: these fields are what was committed to" in out
    assert "not checked: whether what it says is true" in out


def test_all_fields_are_shown_to_be_all(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """With the secret the whole commitment is computed again; leaving one out is found."""
    assert desk.open("disclose", "whole", "--all").exit_code == 0
    assert desk.verified("whole", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["report"], told["whole"]) == (REPORT, True)
    file = json.loads((desk.folder / "whole").read_text())
    del file["fields"]["finding/severity"]
    (desk.folder / "cut").write_text(json.dumps(file))
    assert desk.verified("cut") == 1
    assert "disclosure-false" in capsys.readouterr().err


def test_no_byte_of_a_disclosure_can_be_changed(desk: Desk) -> None:
    """Whatever is flipped, either it is refused or it says the same."""
    assert desk.open("disclose", "true", "--field", "finding/text").exit_code == 0
    true = (desk.folder / "true").read_bytes()
    said = json.loads(true)["shown"]
    changed = desk.folder / "changed"
    for place in random.Random(7).sample(range(len(true)), 400):
        data = bytearray(true)
        data[place] ^= 1 << place % 7
        changed.write_bytes(data)
        if desk.verified("changed") == 0:
            shown = json.loads(data)["shown"]
            assert [(one["path"], one["value"]) for one in shown] == [
                (one["path"], one["value"]) for one in said
            ]


def test_another_event_commits_to_nothing_of_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """The receipt of another sealed report, or of no such event, carries no disclosure."""
    registry = desk.registry
    other = registry.append(NGO, f"{PARTNERSHIP}/sealed/s2", "ReportSealed",
                            **(desk.fields | {"root": bytes(32)}))  # fmt: skip
    assert desk.open("disclose", "swapped", "--field", "sources").exit_code == 0
    file = json.loads((desk.folder / "swapped").read_text())
    for index in (other.index, 3):
        told = file | {"receipt": receipt(registry, index).decode()}
        (desk.folder / "swapped").write_text(json.dumps(told))
        assert desk.verified("swapped") == 1
        assert "disclosure-false" in capsys.readouterr().err


def test_a_disclosure_needs_a_trust_policy(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one nothing is decided; one that asks for a witness is not content with less."""
    assert desk.open("disclose", "ruled", "--field", "sources").exit_code == 0
    assert verify(["disclosure", str(desk.folder / "ruled")]) == 4
    wanting = witness_policy(desk.registry, "w").replace("quorum none", "quorum w")
    (tmp_path / "p").write_text(wanting)
    capsys.readouterr()
    assert verify(["disclosure", str(desk.folder / "ruled"), "--policy", str(tmp_path / "p")]) == 1
    assert "quorum-missing" in capsys.readouterr().err


@pytest.mark.parametrize("file", [
    b"", b"{}", b"[]", b'{"format":"pledgebook-disclosure/1"}', b"\xff", b"[" * 100_000,
])  # fmt: skip
def test_what_is_no_disclosure_is_told(
    desk: Desk, file: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes of any kind are refused with a code."""
    (desk.folder / "wrong").write_bytes(file)
    assert desk.verified("wrong") == 1
    assert "disclosure-malformed" in capsys.readouterr().err


def test_attachments_are_made_and_fetched_by_command(tmp_path: Path) -> None:
    """The object that is made has the name that is shown, and comes out as it went in."""
    (tmp_path / "minutes").write_bytes(b"minutes")
    said = done("attachment", "new", tmp_path / "minutes", tmp_path / "object")
    name = said.split()[1]
    (tmp_path / "log" / "blobs").mkdir(parents=True)
    (tmp_path / "log" / "blobs" / name).write_bytes((tmp_path / "object").read_bytes())
    done("attachment", "get", name, tmp_path / "out", "--from", tmp_path / "log")
    assert (tmp_path / "out").read_bytes() == b"minutes"
    (tmp_path / "log" / "blobs" / name).write_bytes(b"x" * 40)
    changed = run("attachment", "get", name, tmp_path / "out2", "--from", tmp_path / "log")
    assert (changed.exit_code, "blob-altered" in changed.output) == (1, True)
    assert not (tmp_path / "out2").exists()
