"""Whatever the mission asks has something that carries it, or is said to wait."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from projections.views import VIEWS
from verifier.rules import texts

if TYPE_CHECKING:
    from types import ModuleType

ROOT: Final = Path(__file__).resolve().parents[2]
WAITING: Final = frozenset((
    9, 35, 67, 68,
))  # fmt: skip
"""The rows that wait for a page. Whoever gives one its event type, rule or view strikes it here."""


@pytest.fixture(scope="module")
def mission() -> ModuleType:
    """Loads ``tools/mission.py``, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("mission", ROOT / "tools/mission.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def carried(mission: ModuleType) -> dict[int, Any]:
    """Returns what carries each row."""
    found: dict[int, Any] = mission.carried(mission.load())
    return found


def test_the_rows_are_numbered_from_1_to_100(mission: ModuleType) -> None:
    """Each row stands once, with a requirement, a strength and the words it is judged by."""
    rows = mission.load().rows
    assert [row.number for row in rows] == list(range(1, 101))
    assert len({row.requirement for row in rows}) == len(rows)
    for row in rows:
        assert row.requirement.endswith("."), f"R{row.number}"
        assert row.words, f"R{row.number}"
        assert row.sections, f"R{row.number}"
        assert row.strength in mission.STRENGTHS, f"R{row.number}"


def test_every_row_is_carried_or_waits(mission: ModuleType, carried: dict[int, Any]) -> None:
    """A row has an event type, a rule or a view, or waits for a page that it names; never both."""
    assert {number for number, one in carried.items() if not one.is_carried} == WAITING
    assert {row.number for row in mission.load().rows if row.later} >= WAITING


def test_only_rows_of_the_table_are_carried(mission: ModuleType, carried: dict[int, Any]) -> None:
    """Every number that an event type or a rule names is a row."""
    assert set(carried) == {row.number for row in mission.load().rows}


def test_what_is_carried_by_types_or_rules_is_tested(carried: dict[int, Any]) -> None:
    """Such a row has a test that cites its rules or its number, in a file that is there."""
    for number, one in carried.items():
        assert one.tests or not (one.types or one.rules), f"no test cites R{number} or its rules"
        assert all((ROOT / name).is_file() for name in one.tests)


def test_a_view_that_is_named_exists(mission: ModuleType) -> None:
    """The views of the rows are views that can be asked."""
    known = {view.NAME for view in VIEWS}
    for row in mission.load().rows:
        assert set(row.views) <= known, f"R{row.number}"


def test_what_is_to_come_is_a_page_with_a_name(mission: ModuleType) -> None:
    """A row that waits for a page names it in plain words; every page has a row."""
    table = mission.load()
    named = {name for row in table.rows for name in row.later}
    assert named == set(table.pages)
    for page in table.pages.values():
        assert page.title.startswith("the ")
        assert page.title.endswith(" page")


def test_every_mark_in_a_docstring_is_read() -> None:
    """A mark stands at the end of a rule; wherever else it stood it would be overlooked."""
    marked = {rule.stated_in for rule in texts.rules().values() if rule.mission}
    assert marked
    for path in (ROOT / "verifier" / "rules").rglob("*.py"):
        name = path.relative_to(ROOT / "verifier" / "rules").with_suffix("").as_posix()
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        read = [rule for rule in texts.rules().values()
                if rule.mission and rule.stated_in == name.replace("/", ".")]  # fmt: skip
        assert docstring.count("[R") == len(read), name
