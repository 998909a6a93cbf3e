"""The pages in a real browser: they can be read by everyone, at any width, in light and dark.

What is covered: in English every page of `PATHS` in each of the four looks; in each other language
one page of every template, wide in light and narrow in dark, so that each text and each direction
has been seen in both. A look and a language take about ten seconds.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from projections.web.languages import LANGUAGES, SOURCE_LANGUAGE
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

TEMPLATES = ROOT / "projections" / "web" / "templates"
TEMPLATE_OF = {
    "": "home",
    "register?q=parliament": "register",
    "register?status=inactive": "register",
    "register/p-demo-forest": "subject",
    "register/p-demo-water": "subject",
    "register/actor-demo-company": "subject",
    "register/imported:ogp:tto?as_of=2019-06-01": "subject",
    "register/imported:ogp:alb": "subject",
    "entry/0": "entry",
    "entry/130": "entry",
    "register/p-none": "problem",
}
PATHS = [*TEMPLATE_OF]
ONE_OF_EACH = {
    ("light", 1280): ["", "register?q=parliament", "register/p-demo-forest", "entry/130",
                      "register/p-none"],
    ("dark", 320): ["", "register?status=inactive", "register/imported:ogp:alb", "entry/0",
                    "register/p-none"],
}  # fmt: skip
LOOKS = list(itertools.product(("light", "dark"), (320, 1280)))
VISITS = [
    *((SOURCE_LANGUAGE, *look, PATHS) for look in LOOKS),
    *(
        (language, *look, paths)
        for language in LANGUAGES if language != SOURCE_LANGUAGE
        for look, paths in ONE_OF_EACH.items()
    ),
]  # fmt: skip


def opened(page: Page, address: str) -> list[str]:
    """Open an address and return what the browser complains of, but for answers of 404."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "404" not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    return complaints


def test_one_page_of_every_template_is_among_those_of_each_language() -> None:
    """Each template belongs to a path, and to a path that is visited in every language."""
    templates = {path.stem for path in TEMPLATES.glob("*.html")} - {"base", "parts"}
    assert templates == set(TEMPLATE_OF.values())
    for paths in ONE_OF_EACH.values():
        assert templates == {TEMPLATE_OF[path] for path in paths}


@pytest.mark.parametrize(("language", "scheme", "width", "paths"), VISITS)
def test_everyone_can_read_every_page(
    browser: Browser, demonstration: str, language: str, scheme: str, width: int, paths: list[str]
) -> None:
    """No violation of WCAG 2.2 AA that axe can find, no sideways scrolling, no complaint."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
    )
    for path in paths:
        page = context.new_page()
        assert opened(page, f"{demonstration}/{language}/{path}") == [], path
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), f"{path} scrolls sideways at {width}"
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = Axe().run(page, options={
            "runOnly": {"type": "tag", "values": rules}, "resultTypes": ["violations"],
        })  # fmt: skip
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        page.close()
    context.close()


def test_an_arabic_page_runs_from_right_to_left_and_its_signs_do_not(
    browser: Browser, demonstration: str
) -> None:
    """Ids, hashes and commands keep their direction; texts in English start at the same side."""
    page = browser.new_page()
    for path in ("register/p-demo-forest", "entry/130"):
        page.goto(f"{demonstration}/ar/{path}")
        assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
        directions = page.evaluate(
            "[...document.querySelectorAll('code, pre, .entry bdi, bdi[lang=en]')]"
            ".map(e => [e.textContent, getComputedStyle(e).direction])"
        )
        assert len(directions) > 5
        assert [text for text, direction in directions if direction != "ltr"] == []
        right = page.evaluate(
            "[...document.querySelectorAll('main bdi[lang=en][dir=ltr]')]"
            ".map(e => e.parentElement.getBoundingClientRect().right"
            " - e.getBoundingClientRect().right)"
        )
        assert right
        assert max(right) < 1
    page.close()


def test_from_the_home_page_to_the_entry_that_says_so(browser: Browser, demonstration: str) -> None:
    """A reader searches a country and comes, by links alone, to the entry that removed it."""
    page = browser.new_page(locale="en-GB")
    page.goto(f"{demonstration}/")
    page.get_by_role("searchbox").fill("Trinidad")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Trinidad and Tobago").click()
    assert "removed from the register" in page.locator(".standing").inner_text()
    page.locator("#as_of").fill("2019-06-01")
    page.get_by_role("button", name="Show", exact=True).click()
    assert "inactive" in page.locator(".standing").inner_text()
    page.locator(".standing").get_by_role("link").click()
    assert re.search(r"explain @\d+ http", page.locator(".panel").inner_text())
    page.close()


def test_the_home_page_shows_the_registers_own_figures(
    browser: Browser, demonstration: str
) -> None:
    """The codes at the end of the term are those of the source, and so is what nobody assessed."""
    page = browser.new_page()
    page.goto(f"{demonstration}/en/")
    legend = page.locator(".legend").first.inner_text().split("\n")
    assert [" ".join(line.split()) for line in legend] == [
        "complete 71", "substantial 122", "limited 123", "not started 25", "unclear 2",
        "no code 215",
    ]  # fmt: skip
    page.close()


def test_a_page_works_without_a_script_and_by_keyboard(
    browser: Browser, demonstration: str
) -> None:
    """Scripts off: the search still leads to the register. The first tab leads to the content."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{demonstration}/en/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.get_by_role("searchbox").fill("parliament")
    page.keyboard.press("Enter")
    page.wait_for_url("**/register?q=parliament")
    assert page.locator(".found").count() > 5
    context.close()


STEPS = ["fetched", "bytes", "shown", "signed", "chain", "inside", "enrolled", "checkpoint"]


def verdicts(page: Page, button: str) -> dict[str, str]:
    """Press a button of the panel, wait until every step has its verdict, and return them."""
    page.locator(button).click()
    page.wait_for_function(
        "() => !document.querySelector('[data-step=bytes] .open')"
        " && !document.querySelector('[data-step=fetched] .open')"
    )
    page.wait_for_load_state("networkidle")
    found = {}
    for step in STEPS:
        verdict = page.locator(f"[data-step={step}] .verdict")
        found[step] = (verdict.get_attribute("class") or "").removeprefix("verdict ")
    return found


@pytest.mark.parametrize("index", [0, 5, 130, 1355])
def test_an_entry_is_checked_in_the_readers_own_browser(
    browser: Browser, demonstration: str, demonstration_folder: Path, index: int
) -> None:
    """Every step holds for a true entry, with a policy that the reader brings; none is skipped."""
    page = browser.new_page()
    assert opened(page, f"{demonstration}/en/entry/{index}") == []
    without = verdicts(page, "#run")
    assert without.pop("checkpoint") == "open"
    assert set(without.values()) == {"good"}, without
    page.locator("#check summary").click()
    page.locator("#policy").fill((demonstration_folder / "policy.txt").read_text())
    assert set(verdicts(page, "#run").values()) == {"good"}
    page.close()


def test_one_flipped_byte_is_seen_at_once(browser: Browser, demonstration: str) -> None:
    """With one byte of the copy flipped nothing that rests on it is called good."""
    page = browser.new_page()
    page.goto(f"{demonstration}/en/entry/130")
    for _ in range(5):
        found = verdicts(page, "#flip")
        assert found["bytes"] == "bad"
        resting = ("shown", "signed", "chain", "inside", "enrolled")
        assert {found[step] for step in resting} == {"open"}
    page.close()


@pytest.mark.parametrize("lie", ["sentence", "log"])
def test_a_page_that_shows_another_entry_is_found_out(
    browser: Browser, demonstration: str, lie: str
) -> None:
    """A server whose page says another thing than its log, or whose log is another, is told."""
    page = browser.new_page()

    def altered(route: Route) -> None:
        body = route.fetch().body()
        if lie == "sentence":
            other = body.replace(b'"signer":"actor-', b'"signer":"actor-another-', 1)
            assert other != body
            route.fulfill(body=other)
        else:
            route.fulfill(body=bytes([body[0] ^ 1]) + body[1:])

    page.route("**/entry/130.json" if lie == "sentence" else "**/tile/0/*", altered)
    page.goto(f"{demonstration}/en/entry/130")
    assert verdicts(page, "#run")["shown" if lie == "sentence" else "inside"] == "bad"
    page.close()
