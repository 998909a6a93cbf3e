"""The sources that are shipped are what their page says, and hold no one's name or number."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType

import pytest

from ledger.errors import LedgerError
from ledger.importers import ogp
from ledger.importers.importer import SHIPPED
from ledger.importers.rows import column_key, read_rows
from verifier import encoding
from verifier.errors import MalformedError

ROOT = Path(__file__).resolve().parents[3]
FOLDER = SHIPPED / "ogp"
FILES = ("commitments.csv", "participants.csv", "places.csv", "status_events.csv")

CONTACT = re.compile(
    r"@|e-?mail:|\btel\b|\bphone|\b(?:Mr|Mrs|Ms|Dr|Prof|Hon)\b"
    r"|(?<![\d.])(?!\d{4}-\d{4}\b)\+?\d[\d ()-]{7,}\d",
    re.IGNORECASE,
)


def tool() -> ModuleType:
    """Loads the script that makes the shipped files."""
    spec = importlib.util.spec_from_file_location("trim_ogp", ROOT / "tools" / "trim_ogp.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(name: str) -> list[dict[str, str]]:
    """Returns the rows of a shipped file."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", FILES)
def test_digests_are_those_of_the_page(name: str) -> None:
    """The page beside the files states the SHA-256 of each."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
    assert f"{digest}  {name}\n" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_licence_line_is_on_the_page() -> None:
    """The licence line that is shown with the rows stands on the page too."""
    page = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())
    assert ogp.IMPORTER.licence in page


def test_no_person_can_be_reached_or_named() -> None:
    """No kept column holds an address, a telephone number or a form of address."""
    for contact in ("a@b.example", "+639170000000", "8 706 00 000", "Ms. Rita", "2024-2026 tel: 1"):
        assert CONTACT.search(contact)
    columns = [column for column in rows("commitments.csv")[0] if column != "URL"]
    found = [
        (row["Commitment Unique Identifier"], column)
        for row in rows("commitments.csv")
        for column in columns
        if CONTACT.search(row[column])
    ]
    assert found == []
    assert not {"Full Text", "Supporting Institution(s)"} & set(columns)


def test_row_hashes_are_those_of_the_bytes() -> None:
    """A row's hash is that of its bytes in the file, which anyone can take again."""
    data = (FOLDER / "commitments.csv").read_bytes()
    at = len(data.split(b"\n", 1)[0]) + 1
    spans = []
    for row in ogp.read(FOLDER).commitments:
        end = at
        while hashlib.sha256(data[at:end]).digest() != row.sha256:
            end = data.index(b"\n", end + 1)
        spans.append(data[at:end])
        at = end + 1
    assert at == len(data)
    assert len(spans) == 558
    assert b"".join(span + b"\n" for span in spans) == data.split(b"\n", 1)[1]


def test_column_keys_are_distinct() -> None:
    """No two columns of the source share a key in the cells."""
    keys = [column_key(column) for column in tool().COLUMNS]
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,63}", key) for key in keys)


def test_characters_that_no_payload_holds_are_shown_as_replaced(tmp_path: Path) -> None:
    """A cell says U+FFFD for what the payload profile refuses, and keeps all else as it stands."""
    every = "".join(map(chr, [*range(0x20, 0x3000), *range(0xFE00, 0x10000)])).replace('"', "")
    path = tmp_path / "rows.csv"
    path.write_bytes(f'text\n"{every}\t\x1f"\n'.encode())
    (row,) = read_rows(path, columns=("text",))
    encoding.encode({"text": row.cells["text"]})
    assert row.sha256 == hashlib.sha256(f'"{every}\t\x1f"'.encode()).digest()
    changed = [old for old, new in zip(every, row.cells["text"], strict=False) if old != new]
    assert len(changed) == 0x21 + 2 + 5 + 4 + 1
    for character in changed:
        with pytest.raises(MalformedError):
            encoding.encode({"text": character})


def upstream(path: Path, shipped: str, extra: dict[str, str]) -> Path:
    """Writes a shipped file back as an upstream one, with columns that are not kept."""
    kept = rows(shipped)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*extra, *kept[0]])
        writer.writeheader()
        writer.writerows({**extra, **row} for row in kept)
    return path


def test_the_tool_makes_the_shipped_files(tmp_path: Path) -> None:
    """The tool leaves out what is not kept and writes the shipped bytes, from any line ends."""
    contact = {
        "Full Text": "a person, +00 000 000 000\na@b.example",
        "Supporting Institution(s)": "x",
    }
    commitments = upstream(tmp_path / "all.csv", "commitments.csv", contact)
    events = upstream(tmp_path / "events.csv", "status_events.csv", {})
    countries = tmp_path / "countries.csv"
    with countries.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ISO3166-1-Alpha-3", "M49", "UNTERM English Short"])
        writer.writerows(
            {
                (row["ISO 3166-1 alpha-3"], row["M49"].lstrip("0"), row["UNTERM English Short"])
                for row in rows("places.csv")
            }
            | {("MEX", "484", "Mexico")}
        )
    assert tool().main([*map(str, (commitments, countries, events, tmp_path / "made"))]) == 0
    for name in FILES:
        assert (tmp_path / "made" / name).read_bytes() == (FOLDER / name).read_bytes()


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    """A missing file, a missing column and a torn row are each told by the file's name."""
    path = tmp_path / "commitments.csv"
    for content in (None, "other\n1\n", "wanted,second\n1\n", 'wanted\n"open\n'):
        if content is not None:
            path.write_text(content, encoding="utf-8")
        with pytest.raises(LedgerError) as error:
            list(read_rows(path, columns=("wanted",)))
        assert error.value.code == "import-source"
        assert "commitments.csv" in error.value.reason


def test_the_upstream_files_give_the_shipped_ones(tmp_path: Path) -> None:
    """Where the operator has the upstream files, the tool makes the shipped bytes from them."""
    named = os.environ.get("PLEDGEBOOK_OGP_UPSTREAM")
    if not named:
        pytest.skip("PLEDGEBOOK_OGP_UPSTREAM names no commitments:countries:status files")
    assert tool().main([*named.split(":"), str(tmp_path)]) == 0
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()
