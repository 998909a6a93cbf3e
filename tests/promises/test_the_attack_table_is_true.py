"""The attack table says what tests show: no row without its test, none names one in vain."""

from __future__ import annotations

import ast

import pytest

from tests.conftest import ROOT
from tests.harness.attack_rows import PITFALLS, ROWS, Row
from tools.render_attacks import attacks_page, rows_tried

TABLES = {"row": (ROWS, 38), "pitfall": (PITFALLS, 12)}


@pytest.mark.parametrize("prefix", TABLES)
def test_every_row_is_tried_or_says_what_it_waits_for(prefix: str) -> None:
    """Numbers run through; a row has tests of its own or of others', or awaits a feature."""
    rows, count = TABLES[prefix]
    assert [row.n for row in rows] == list(range(1, count + 1))
    found = rows_tried(prefix)
    assert not set(found) - {row.n for row in rows}
    for row in rows:
        assert bool(found[row.n] or row.tests) is not bool(row.awaits), row.attack
        assert row.awaits or (row.against and row.names), row.attack


@pytest.mark.parametrize("row", [row for row in ROWS if row.tests], ids=lambda row: str(row.n))
def test_every_test_that_a_row_names_exists(row: Row) -> None:
    """By its file and its function."""
    for test in row.tests:
        file, _, name = test.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
        assert name in {getattr(node, "name", "") for node in ast.walk(tree)}, test


def test_every_test_of_a_row_demands_its_name() -> None:
    """Whoever tries a row asks the table for the name, so that both stay true together."""
    for path in sorted((ROOT / "tests" / "promises").rglob("test_*.py")):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)):
            name = getattr(node, "name", "")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name.startswith(
                ("test_row_", "test_pitfall_")
            ):
                body = ast.get_source_segment(text, node) or ""
                number = int(name.split("_")[2])
                asks = (f"named({number})", f"named({number}, PITFALLS)", f"pitfall({number})")
                assert any(ask in body for ask in asks), f"{path.name}: {name}"


def test_the_page_says_what_is_open() -> None:
    """No row leaves the reader to guess: what remains open, or nothing."""
    page = attacks_page()
    assert all(row.attack in page for row in (*ROWS, *PITFALLS))
    assert sum(bool(row.open) for row in ROWS) > 10
