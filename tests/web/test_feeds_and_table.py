"""What other programs take from the pages: Atom feeds, and the register as a table."""

from __future__ import annotations

import csv
import html as entities
import io
import re
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from projections.views.lookup import Found
from projections.web import register_csv
from projections.web.asking import StandsAt
from projections.web.languages import LANGUAGES, Language
from projections.web.register_csv import COLUMNS, safe, written
from tests.harness import stories
from tests.web.site import Site

ATOM = "{http://www.w3.org/2005/Atom}"
SUBJECT = f"/en/register/{stories.PARTNERSHIP}.atom"
STAND = StandsAt("directory", 1, 7, "2024-01-01T00:00:00Z", "log.example", 9, "ab" * 32, "note")


def text(element: ET.Element, name: str) -> str:
    """Return the text of the one child of a name."""
    (found,) = element.findall(ATOM + name)
    return found.text or ""


def link(element: ET.Element, rel: str) -> str | None:
    """Return where a link of an element leads."""
    found = [one.get("href") for one in element.findall(f"{ATOM}link") if one.get("rel") == rel]
    assert len(found) <= 1
    return found[0] if found else None


async def feed(site: Site, path: str) -> ET.Element:
    """Ask for a feed, as XML and as what its kind has to have (RFC 4287, section 4)."""
    status, headers, body = await site.get(path)
    assert status == 200
    assert headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(body)
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iter(f"{ATOM}entry")):
        assert text(element, "id").startswith("urn:pledgebook:")
        assert text(element, "title")
        assert datetime.fromisoformat(text(element, "updated")).tzinfo is not None
    for entry in root.iter(f"{ATOM}entry"):
        (author,) = entry.findall(f"{ATOM}author")
        assert text(author, "name").startswith("actor-")
    ids = [text(entry, "id") for entry in root.iter(f"{ATOM}entry")]
    assert len(ids) == len({*ids})
    return root


async def test_a_subjects_feed_tells_its_timeline_newest_first(site: Site) -> None:
    """The same events as its page, each under its event id and leading to its entry."""
    root = await feed(site, SUBJECT)
    answer = (await site.json(SUBJECT.replace(".atom", ".json")))["answer"]
    told = list(reversed(answer["timeline"]))
    entries = root.findall(f"{ATOM}entry")
    assert [text(entry, "id") for entry in entries] == [
        f"urn:pledgebook:event:{one['event_id']}" for one in told
    ]
    assert [text(entry, "summary") for entry in entries] == [
        one["summary"].replace("\uffff", "\ufffd") for one in told
    ]
    assert [link(entry, "alternate") for entry in entries] == [
        f"{site.base}/en/entry/{one['index']}" for one in told
    ]
    assert link(root, "alternate") == f"{site.base}/en/register/{stories.PARTNERSHIP}"
    assert link(root, "self") == site.base + SUBJECT
    assert text(root, "updated") == text(entries[0], "updated")


async def test_the_feed_of_everything_is_the_whole_log_page_by_page(site: Site) -> None:
    """From the newest entry to the genesis, by its links alone, and each entry once."""
    size = (await site.json("/en/overview.json"))["stands_at"]["position"]
    path: str | None = "/en/latest.atom"
    seen: list[str | None] = []
    pages = 0
    while path is not None:
        root = await feed(site, path)
        seen += [link(entry, "alternate") for entry in root.findall(f"{ATOM}entry")]
        after = link(root, "next")
        path = after.removeprefix(site.base) if after else None
        pages += 1
    assert seen == [f"{site.base}/en/entry/{index}" for index in range(size - 1, -1, -1)]
    assert pages == -(-size // 50) > 1


@pytest.mark.parametrize("name", LANGUAGES)
async def test_a_feed_says_where_it_stands_in_its_language(site: Site, name: str) -> None:
    """In words, and with the signed checkpoint itself."""
    root = await feed(site, f"/{name}/latest.atom")
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == name
    stand = (await site.json("/en/overview.json"))["stands_at"]
    (checkpoint,) = root.findall("{urn:pledgebook:atom}checkpoint")
    assert checkpoint.attrib == {
        "position": str(stand["position"]), "size": str(stand["size"]), "root": stand["root"],
    }  # fmt: skip
    assert checkpoint.text == stand["checkpoint"]
    assert Language.of(name).number(stand["position"]) in text(root, "subtitle")
    assert ("Rests on the first" in text(root, "subtitle")) == (name == "en")


async def test_what_somebody_wrote_is_text_in_a_feed_too(site: Site) -> None:
    """Markup is not obeyed, and what XML cannot carry does not break the feed."""
    root = await feed(site, SUBJECT)
    summaries = [text(entry, "summary") for entry in root.findall(f"{ATOM}entry")]
    assert any("<script>alert(1)</script> & “water” 'q' \ufffd" in one for one in summaries)


async def test_a_feed_that_was_kept_is_not_sent_again(site: Site) -> None:
    """A reader that asks every hour gets a few bytes."""
    _, first, _ = await site.get("/en/latest.atom")
    status, _, body = await site.get("/en/latest.atom", If_None_Match=first["ETag"])
    assert (status, body) == (304, "")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/en/register/p-none.atom", 404), ("/en/latest.atom?before=x", 400),
     ("/en/latest.atom?after=1", 400), ("/en/latest.atom?before=-1", 400),
     ("/en/register.csv?colour=blue", 400), ("/de/latest.atom", 404)],
)  # fmt: skip
async def test_a_wrong_question_is_an_error(site: Site, path: str, status: int) -> None:
    """No feed and no table is made of a question that was not understood."""
    assert (await site.get(path))[0] == status


async def table(site: Site, path: str) -> list[dict[str, str]]:
    """Ask for a table and read it as a spreadsheet does."""
    status, headers, _ = await site.get(path)
    assert status == 200
    assert headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    data = await site.bytes(path)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\r\n")
    lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    found = list(lines)
    assert lines.fieldnames == [*COLUMNS]
    return found


async def test_the_table_is_what_the_register_says(site: Site) -> None:
    """Each line has the values of the JSON, and the checkpoint on which it rests."""
    (line,) = await table(site, "/en/register.csv")
    body = await site.json("/en/register.json")
    (row,) = body["answer"]["results"]
    for name in ("claimed", "promised", "delivered", "missed", "last_index"):
        assert line[name] == str(row[name]), name
    for name in ("id", "kind", "title", "status", "status_from", "source"):
        assert line[name] == (row[name] or ""), name
    assert line["countries"].split() == row["countries"]
    assert datetime.fromisoformat(line["last_recorded"]).timestamp() == row["last_at"]
    stand = body["stands_at"]
    assert (line["log_origin"], line["checkpoint_root"]) == (stand["origin"], stand["root"])
    assert int(line["log_position"]) == stand["position"]
    _, headers, _ = await site.get("/en/register.csv")
    assert f'filename="register-{stand["position"]}-en.csv"' in headers["Content-Disposition"]


async def test_the_table_takes_the_registers_question(site: Site) -> None:
    """Whatever narrows the page narrows the table, and its page size does not."""
    assert len(await table(site, "/en/register.csv?q=water&status=listed")) == 1
    assert await table(site, "/en/register.csv?status=removed") == []
    assert len(await table(site, "/en/register.csv?limit=1&offset=20")) == 1


@pytest.mark.parametrize("name", LANGUAGES)
async def test_codes_are_the_same_in_every_language_and_words_are_not(
    site: Site, name: str
) -> None:
    """A program reads every language's table alike."""
    (line,) = await table(site, f"/{name}/register.csv")
    (english,) = await table(site, "/en/register.csv")
    words = {"status_words", "country_names", "title", "title_language"}
    assert {k: v for k, v in line.items() if k not in words} == {
        k: v for k, v in english.items() if k not in words
    }
    assert line["status_words"] == Language.of(name).plain_label("listed")
    assert (line["status_words"] == english["status_words"]) == (name == "en")


@pytest.mark.parametrize("sign", register_csv.RISKY)
def test_no_cell_is_run_as_a_formula(sign: str) -> None:
    """A title that begins like a formula has an apostrophe before it, and comes back whole."""
    formula = f'{sign}HYPERLINK("http://evil.example";"a,b")\n'
    row = found(id="p-x", title=formula, titles={"und": f"  {formula}"})
    (line,) = csv.DictReader(
        io.StringIO(written([row], STAND, Language.of("fr")).decode("utf-8-sig"))
    )
    assert line["title"] == f"'  {formula}"
    assert safe(formula) == f"'{formula}"
    assert safe("p-x") == "p-x"
    assert safe(-1) == -1


def found(**values: Any) -> Found:
    """Return a line of the register."""
    rest: dict[str, Any] = {
        "kind": "partnership", "status": None, "status_from": None, "source": "ledger",
        "countries": ["NLD", "KEN"], "last_observed": None, "importer": None, "live": None,
        "last_index": 3, "last_at": 0,
    } | dict.fromkeys(
        ("claimed", "promised", "delivered", "missed", "withdrawn", "observed", "assessed"), 0
    )  # fmt: skip
    return Found(**{**rest, **values})


def test_a_title_is_in_the_readers_language_where_there_is_one() -> None:
    """And its column says in which language it is; countries have their names in it."""
    row = found(id="p-x", title="Water", titles={"en": "Water", "fr": "Eau"})
    for name, title, tongue, countries in (
        ("fr", "Eau", "fr", "Pays-Bas; Kenya"), ("ru", "Water", "en", "Нидерланды; Кения"),
    ):  # fmt: skip
        data = written([row], STAND, Language.of(name)).decode("utf-8-sig")
        (line,) = csv.DictReader(io.StringIO(data))
        assert (line["title"], line["title_language"]) == (title, tongue)
        assert line["country_names"] == countries
        assert line["last_recorded"] == "1970-01-01T00:00:00Z"


async def test_the_pages_name_their_feeds_and_tables(site: Site) -> None:
    """Each as a link for programs, and in words for people; every address answers."""
    for path, kind, address in (
        ("/ar/", "application/atom+xml", "/ar/latest.atom"),
        (f"/en/register/{stories.PARTNERSHIP}", "application/atom+xml", SUBJECT),
        ("/fr/register?q=water&offset=0", "text/csv", "/fr/register.csv?q=water"),
    ):
        _, _, page = await site.get(path)
        for tag in ("link", "a"):
            links = re.findall(rf'<{tag} [^>]*rel="alternate"[^>]*>', page)
            assert any(
                f'type="{kind}"' in one and f'href="{entities.escape(address)}"' in one
                for one in links
            ), f"{tag} on {path}"
        assert (await site.get(address))[0] == 200


async def test_a_table_is_whole_or_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody counts the lines of a table that was cut: more than fits is an error that says so."""
    monkeypatch.setattr(register_csv, "MAX_ROWS", 0)
    status, headers, body = await site.get("/en/register.csv")
    assert status == 400
    assert headers["Content-Type"].startswith("application/problem+json")
    assert "more than 0 lines match" in body
    assert (await site.get("/en/register.csv?q=nothing-like-it"))[0] == 200
