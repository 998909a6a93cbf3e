"""The pages that say what the code does say what the code does."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.harness import vectors
from verifier import errors

if TYPE_CHECKING:
    from types import ModuleType

ROOT: Final = Path(__file__).resolve().parents[2]
SPEC: Final = ROOT / "docs" / "spec"
SECTIONS: Final = {
    "encoding": "encoding.md", "event": "event.md", "keys": "event.md", "tree": "log.md",
    "tiles": "log.md", "note": "checkpoint.md", "policy": "checkpoint.md", "proof": "checkpoint.md",
    "witness": "checkpoint.md", "records": "register.md", "ranges": "register.md",
    "register": "register.md", "blob": "attachment.md", "fieldtree": "sealed.md",
    "disclosure": "sealed.md", "archive": "bundle.md", "replay": "bundle.md", "bundle": "bundle.md",
    "receipt": "receipt.md", "refusal": "refusal.md",
}  # fmt: skip
"""The specified modules, and the page on which each has its section."""

CITED: Final = re.compile(r"\(rules? ([0-9][0-9, ]*)\)|[\"']rules? ([0-9][0-9, ]*)[\"']")
NUMBERED: Final = re.compile(r"^([0-9]+)\. ", re.MULTILINE)
GENERATED: Final = (
    "docs/explanation/attacks.md",
    "docs/spec/rules.md",
    "docs/reference/events.md",
    "docs/reference/errors.md",
    "docs/reference/audit-json.md",
    "docs/reference/cli.md",
    "docs/reference/settings.md",
    "docs/reference/mission.md",
    "docs/reference/register-csv.md",
)


@pytest.fixture(scope="module")
def render_docs() -> ModuleType:
    """Loads ``tools/render_docs.py``, which is a script and not part of a package."""
    spec = importlib.util.spec_from_file_location("render_docs", ROOT / "tools/render_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def section(module: str) -> str:
    """Return the section of a specification page that is about a module."""
    page = (SPEC / SECTIONS[module]).read_text("utf-8")
    found = re.search(rf"^## [^\n]* \({module}\)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{SECTIONS[module]} has no section ({module})"
    return found[1]


def source(module: str) -> str:
    """Return the source of a module of the verifier."""
    return (ROOT / "verifier" / f"{module}.py").read_text("utf-8")


@pytest.mark.parametrize("page", GENERATED)
def test_generated_pages_are_current(render_docs: ModuleType, page: str) -> None:
    """Each page is what the code says now; ``tools/render_docs.py --write`` renews it."""
    assert set(render_docs.pages()) == set(GENERATED)
    stale = (ROOT / page).read_text("utf-8") != render_docs.pages()[page]()
    assert not stale, f"{page} is stale: run tools/render_docs.py --write"


@pytest.mark.parametrize("module", SECTIONS)
def test_a_module_and_its_section_have_the_same_numbers(module: str) -> None:
    """The rules in a docstring and the paragraphs of its section are numbered alike."""
    docstring = ast.get_docstring(ast.parse(source(module))) or ""
    stated = [int(number) for number in NUMBERED.findall(docstring)]
    assert stated == list(range(1, len(stated) + 1))
    assert [int(number) for number in NUMBERED.findall(section(module))] == stated
    assert f"docs/spec/{SECTIONS[module]}" in " ".join(docstring.split())


@pytest.mark.parametrize("module", SECTIONS)
def test_a_cited_paragraph_exists(module: str) -> None:
    """Every «(rule N)» in an error or a docstring is a paragraph of the module's section."""
    paragraphs = set(NUMBERED.findall(section(module)))
    for found in CITED.finditer(source(module)):
        cited = {number.strip() for number in (found[1] or found[2]).split(",") if number.strip()}
        assert cited <= paragraphs, f"verifier/{module}.py cites {found[0]}"


def test_every_page_that_a_docstring_names_exists() -> None:
    """A docstring of ours that sends its reader to a page sends to one that is there."""
    for package in ("verifier", "ledger", "projections"):
        for path in (ROOT / package).rglob("*.py"):
            for page in re.findall(r"docs/[a-z/-]+\.(?:md|json)", path.read_text("utf-8")):
                assert (ROOT / page).exists(), f"{path.relative_to(ROOT)} names {page}"


def test_every_rule_that_refuses_is_stated(render_docs: ModuleType) -> None:
    """A number in an ``Unmet`` has one line in one docstring, which the specification prints."""
    stated = render_docs.rules_stated()
    unstated = {rule: places for rule, places in render_docs.rules_used().items()
                if rule not in stated}  # fmt: skip
    assert unstated == {}
    assert {rule: homes for rule, homes in stated.items() if len(homes) > 1} == {}
    page = (SPEC / "rules.md").read_text("utf-8")
    assert sorted(re.findall(r"^- \*\*([A-Z]{2}[0-9]+)\*\* ", page, re.MULTILINE)) == sorted(stated)


def test_a_number_of_a_docstring_is_a_rule(render_docs: ModuleType) -> None:
    """Docstrings and reasons cite no rule that nobody states («GE1 to GE6», «AD10»)."""
    stated = set(render_docs.rules_stated())
    prefixes = {re.sub(r"[0-9]+", "", rule) for rule in stated}
    for path in (ROOT / "verifier").rglob("*.py"):
        for cited in re.findall(r"\b[A-Z]{2}[0-9]{1,2}\b", path.read_text("utf-8")):
            if cited[:2] in prefixes:
                assert cited in stated, f"{path.relative_to(ROOT)} cites {cited}"


def test_every_code_that_is_raised_has_a_hint(render_docs: ModuleType) -> None:
    """What is raised anywhere stands in ``CODES`` and hence in the reference."""
    from ledger.errors import CODES as LEDGER_CODES

    for code, kinds in render_docs.raised().items():
        table = LEDGER_CODES if kinds == {"LedgerError"} else errors.CODES
        assert code in table, f"{code} is raised as {sorted(kinds)}"


def examples() -> list[tuple[str, str, str]]:
    """Return the worked examples: the vector file, the vector's name, the hexadecimal block."""
    found = []
    for page in sorted(SPEC.glob("*.md")):
        found += re.findall(
            r"^Vector `([a-z/]+)`: ([^\n]+)\n\n```hex\n(.*?)```", page.read_text("utf-8"),
            re.MULTILINE | re.DOTALL,
        )  # fmt: skip
    return found


@pytest.mark.parametrize(("file", "name", "block"), examples(), ids=lambda text: text[:40])
def test_a_worked_example_is_a_committed_vector(file: str, name: str, block: str) -> None:
    """The bytes that a page explains are those of the vector that it names."""
    lines = [line.partition("#")[0] for line in block.splitlines()]
    vector = next(one for one in vectors.load(file) if one["name"] == name)
    assert "".join("".join(lines).split()) == vector["hex"]


def test_the_other_examples_are_committed_vectors() -> None:
    """Both hexadecimal examples exist; hashes and notes on the pages stand in the vectors."""
    assert {file for file, _, _ in examples()} == {"encoding/valid", "event/valid"}
    event = next(v for v in vectors.load("event/valid") if v["name"] == "the plainest event")
    page = (SPEC / "event.md").read_text("utf-8")
    assert all(event[name] in page for name in ("id", "submission_id", "public"))
    log = (SPEC / "log.md").read_text("utf-8")
    known = (vectors.FOLDER / "log" / "rfc6962.json").read_text("utf-8")
    assert re.findall(r"= ([0-9a-f]{64}) +root", log)
    assert all(root in known for root in re.findall(r"= ([0-9a-f]{64}) +root", log))
    note: dict[str, str] = vectors.load("log/note")  # type: ignore[assignment]
    checkpoint = (SPEC / "checkpoint.md").read_text("utf-8")
    assert note["vkey"] in checkpoint
    assert f"```text\n{note['note']}```" in checkpoint


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link on a page of the specification or the reference has a target."""
    for folder in (SPEC, ROOT / "docs" / "reference"):
        for page in folder.glob("*.md"):
            text = page.read_text("utf-8")
            anchors = {heading.lower().replace(" ", "-")
                       for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}  # fmt: skip
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                path, _, anchor = target.partition("#")
                if path.startswith(("http:", "https:")):
                    continue
                if path:
                    assert (page.parent / path).exists(), f"{page.name} links to {target}"
                else:
                    assert anchor in anchors, f"{page.name} links to {target}"


def test_the_vectors_are_what_their_script_makes() -> None:
    """``tools/make_vectors.py`` makes the committed files, byte for byte."""
    spec = importlib.util.spec_from_file_location("make_vectors", ROOT / "tools/make_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, make in module.FILES.items():
        committed = (vectors.FOLDER / name).read_text("utf-8")
        assert module.render(make()) == committed, f"tests/vectors/{name} differs"
