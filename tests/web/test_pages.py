"""The pages over real HTTP: what they say, what their JSON says, and bad requests."""

from __future__ import annotations

import re

import pytest

from projections.web.languages import in_language
from tests.harness import stories
from tests.web.site import Site

PAGES = ["/en/", "/en/register", "/en/register?q=water&status=", "/en/entry/0",
         f"/en/register/{stories.PARTNERSHIP}",
         f"/en/register/{stories.PARTNERSHIP}?as_of=2024-03-01"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_its_json_and_says_where_it_stands(site: Site, path: str) -> None:
    """The page names its JSON, both stand at one checkpoint, and both were made of one question."""
    status, headers, text = await site.get(path)
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Language"] == "en"
    twin = re.search(r'rel="alternate" type="application/json" href="([^"]+)"', text)[1]
    body = await site.json(twin.replace("&amp;", "&"))
    assert body["stands_at"]["checkpoint"].splitlines()[-1] in text
    assert f"{body['stands_at']['position']:,} entries of the log" in text


async def test_a_page_loads_nothing_from_elsewhere_and_stays_small(site: Site) -> None:
    """The policy forbids it, every address is our own, and a first visit is below 100 kB."""
    _, headers, text = await site.get("/en/")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    loaded = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"]+)"', text)
    assert all(address.startswith("/") for address in loaded)
    assert "<script" not in text
    total = len(text)
    for address in {a for a in loaded if a.startswith("/static/")}:
        status, static_headers, body = await site.get(address)
        assert status == 200
        assert "immutable" in static_headers["Cache-Control"]
        total += len(body)
    status, unversioned, _ = await site.get("/static/site.css?v=other")
    assert (status, unversioned["Cache-Control"]) == (200, "no-cache")
    assert total < 100_000


async def test_what_somebody_wrote_is_only_text(site: Site) -> None:
    """Markup in a record is shown and never obeyed, on each page and in a search for it."""
    _, _, text = await site.get(f"/en/register/{stories.PARTNERSHIP}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    _, _, searched = await site.get("/en/register?q=%22%3E%3Cscript%3Ealert(1)")
    assert "<script>alert" not in searched


async def test_the_register_tells_promises_from_claims(site: Site) -> None:
    """The line of the partnership counts the acknowledged commitment and the other one apart."""
    _, _, text = await site.get("/en/register?q=water")
    assert "1 entry matches." in text
    assert "1 promised" in text
    assert "1 claimed" in text


async def test_a_subject_as_of_a_day_says_so(site: Site) -> None:
    """The page of a past day leaves out what came after it, and says which day it is of."""
    path = f"/en/register/{stories.PARTNERSHIP}"
    _, _, now = await site.get(path)
    _, _, then = await site.get(f"{path}?as_of=2024-01-14")
    assert "What the record said at the end of 14 January 2024." in then
    assert "0 entries, in the order of the log." in then
    assert "Listed, by guideline" in now
    assert "Listed, by guideline" not in then


async def test_a_page_that_was_kept_is_not_sent_again(site: Site) -> None:
    """The same page of the same rows has one tag; another language or question has another."""
    _, first, _ = await site.get("/en/register")
    status, _, text = await site.get("/en/register", If_None_Match=first["ETag"])
    assert (status, text) == (304, "")
    _, other, _ = await site.get("/en/register?q=water")
    assert other["ETag"] != first["ETag"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/en/register/p-none", 404, "Nothing is on record under this address"),
        ("/en/entry/99999", 404, "Nothing is on record under this address"),
        ("/en/entry/-1", 400, "query-malformed"),
        ("/en/register?colour=blue", 400, "query-malformed"),
        ("/en/register?limit=1000000", 400, "query-malformed"),
        ("/en/register?q=a&q=b", 400, "query-malformed"),
        (f"/en/register/{stories.PARTNERSHIP}?as_of=yesterday", 400, "query-malformed"),
        ("/static/none.css", 404, "Nothing is on record"),
        ("/static/..%2Fhtml.py", 404, "Nothing is on record"),
    ],
)
async def test_what_is_wrong_is_told_on_a_page(
    site: Site, path: str, status: int, words: str
) -> None:
    """A bad question is answered with a page that has the same code as the JSON."""
    found, headers, text = await site.get(path)
    assert found == status
    assert words in text
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [("", "en"), ("de,en;q=0.5", "en"), ("tlh", "en"), ("en-GB;q=0.9,*;q=0.1", "en"),
     (";;q=x,,", "en"), ("a" * 5_000, "en")],
)  # fmt: skip
async def test_the_root_leads_to_the_readers_language(
    site: Site, accepted: str, chosen: str
) -> None:
    """The browser's preference decides among the languages that are offered, never more."""
    status, headers, _ = await site.get("/", Accept_Language=accepted)
    assert (status, headers["Location"]) == (302, f"/{chosen}/")


def test_a_text_of_the_record_says_which_language_it_is_in() -> None:
    """A reader gets a text in their own language, or another one that is marked as such."""
    texts = {"fr": "eau", "ar": "ماء"}
    assert in_language(texts, "ar") == '<bdi dir="auto">ماء</bdi>'
    assert in_language(texts, "ru") == '<bdi dir="auto" lang="fr">eau</bdi>'
    assert in_language({"und": "<b>"}, "ru") == '<bdi dir="auto">&lt;b&gt;</bdi>'
    assert not in_language({}, "en")
