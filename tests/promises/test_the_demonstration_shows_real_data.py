"""The demonstration holds the real register exactly, invents nothing, and audits clean."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import ROOT
from verifier.cli import main as verify
from verifier.differences import checkpoint_of, split_bundle
from verifier.event import Event, parse
from verifier.rules import admission
from verifier.rules.book import Body
from verifier.rules.imported import AssessmentImported, CommitmentImported
from verifier.sources import FolderSource
from verifier.tiles import bundles_at

COMMAND = [sys.executable, "-m", "projections.cli"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration built by the command, audited by it, and not served."""
    folder = tmp_path_factory.mktemp("demo") / "ledger"
    done = subprocess.run(
        [*COMMAND, "demo", str(folder), "--no-serve"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED: 0 findings" in done.stdout
    assert "DEMONSTRATION" in done.stdout
    return folder


@pytest.fixture(scope="module")
def events(demo: Path) -> list[tuple[Event, Body]]:
    """Every event of the published demonstration, parsed, with its payload."""
    source = FolderSource(demo / "published")
    size = checkpoint_of(source.checkpoint()).size
    bundles = [(source.entries(b.n, b.width), b.width) for b in bundles_at(size)]
    parsed = [parse(raw) for data, width in bundles for raw in split_bundle(data, width)]
    return [(event, admission.read_body(event)) for event in parsed]


@pytest.fixture(scope="module")
def served(demo: Path) -> Iterator[str]:
    """The finished demonstration, started again and served: its address."""
    process = subprocess.Popen(
        [*COMMAND, "demo", str(demo)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    words = ""
    for line in process.stdout:
        words += line
        if "never from the server" in line:
            break
    address = re.search(r"serving (http://\S+)", words)[1]
    assert f"audit {address} --policy" in words
    yield address
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.wait(timeout=30)
    process.stdout.close()
    process.stderr.close()


def get(address: str, path: str) -> dict[str, Any]:
    """Return a JSON answer of the views."""
    with urllib.request.urlopen(f"{address}/views{path}", timeout=30) as response:
        return json.loads(response.read())["answer"]


def test_every_commitment_is_there_once(events: list[tuple[Event, Body]]) -> None:
    """558 commitments of 75 participants are on record, each once."""
    made = [event for event, body in events if isinstance(body, CommitmentImported)]
    assert len(made) == len({event.stream for event in made}) == 558
    assert len({event.subject for event in made}) == 75


def test_the_assessments_are_the_reviewers_own_codes(events: list[tuple[Event, Body]]) -> None:
    """The figures of the source come out exactly; a cell without a code makes no assessment."""
    bodies = [body for _, body in events if isinstance(body, AssessmentImported)]
    codes = {
        point: Counter(b.code for b in bodies if b.point == point)
        for point in ("mid_term", "end_of_term")
    }
    assert codes["end_of_term"] == {
        "Complete": 71,
        "Substantial": 122,
        "Limited": 123,
        "Not Started": 25,
        "Unclear": 2,
    }
    assert codes["mid_term"] == {
        "Substantial": 65,
        "Limited": 78,
        "Complete": 40,
        "Not Started": 24,
        "Withdrawn": 1,
    }


def test_what_was_not_reviewed_is_kept_word_for_word(events: list[tuple[Event, Body]]) -> None:
    """NR and ND stand in the commitments' cells: 153 and 62 at the end of term."""
    cells = Counter(
        msgspec.to_builtins(body)["cells"].get("completion_end_of_term")
        for _, body in events
        if isinstance(body, CommitmentImported)
    )
    assert (cells["NR"], cells["ND"]) == (153, 62)


def test_imports_are_signed_by_a_machine_under_a_recorded_delegation(
    events: list[tuple[Event, Body]],
) -> None:
    """Every import names the delegation by which the service signs, and only import types."""
    imported = [(e, b) for e, b in events if e.subject.startswith("imported:")]
    assert len({event.subject for event, _ in imported}) == 79
    assert all(event.name.endswith("Imported") for event, _ in imported)
    assert all(body.on_behalf_of is not None for _, body in imported)
    assert len({event.iss for event, _ in imported}) == 1


def test_no_contact_data_is_shipped(events: list[tuple[Event, Body]]) -> None:
    """No e-mail address and no telephone number stands in any event."""
    for event, _ in events:
        values = msgspec.msgpack.decode(event.payload)
        text = msgspec.json.encode(
            values
        ).decode()  # keys and hashes in base64 look like no address
        assert not re.search(r"[\w.]+@[\w-]+\.\w{2,}", text), event.stream


@pytest.mark.parametrize(("day", "status"), [("2019-06-01", "inactive"), ("2020-01-01", "removed")])
def test_status_is_told_as_of_a_day(served: str, day: str, status: str) -> None:
    """Trinidad and Tobago: inactive as of 1 June 2019, removed as of 1 January 2020."""
    answer = get(served, f"/subjects/imported:ogp:tto?as_of={day}")
    assert answer["state"]["status"]["state"] == status


def test_the_directory_finds_real_commitments(served: str) -> None:
    """79 imported subjects and the two of the story are listed, and can be searched."""
    facets = {f["value"]: f["count"] for f in get(served, "/directory?limit=1")["facets"]["kind"]}
    assert facets == {"imported": 79, "partnership": 2}
    assert get(served, "/directory?q=parliament&limit=1")["total"] > 10


def test_the_story_ends_with_a_removal(served: str) -> None:
    """The silent partnership was removed, with notices, an offer, a decision and an appeal."""
    types = [e["type"] for e in get(served, "/subjects/p-demo-forest")["timeline"]]
    told = [
        "SupportOffered/1",
        "RemovalNoticeIssued/1",
        "FinalNoticeIssued/1",
        "RemovalDecisionProposed/1",
        "AppealFiled/1",
        "AppealPanelDrawn/1",
        "AppealDecisionProposed/1",
        "PartnershipRemoved/1",
    ]
    assert [t for t in types if t in told] == told


def test_the_live_server_and_the_folder_have_one_verdict(
    served: str, demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit over HTTP says the same as the audit of the published folder."""
    verdicts = []
    for source in (served, str(demo / "published")):
        assert verify(["audit", source, "--policy", str(demo / "policy.txt"), "--json"]) == 0
        verdict = json.loads(capsys.readouterr().out.splitlines()[-1])
        for varying in ("seconds", "source"):
            del verdict[varying]
        verdicts.append(verdict)
    assert verdicts[0] == verdicts[1]
    assert verdicts[0]["demonstration"]


def test_a_foreign_folder_is_never_touched(tmp_path: Path) -> None:
    """The demo refuses a folder that it did not make, and leaves it as it is."""
    (tmp_path / "precious").write_text("mine")
    done = subprocess.run(
        [*COMMAND, "demo", str(tmp_path), "--no-serve"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "demo-folder" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
