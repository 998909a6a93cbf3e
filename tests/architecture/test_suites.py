"""No test falls between the suites."""

from __future__ import annotations

import importlib.util
import itertools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT: Final = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def suites() -> ModuleType:
    """Loads ``tools/suites.py``, which is a script and not part of a package."""
    spec = importlib.util.spec_from_file_location("suites", ROOT / "tools" / "suites.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared_markers() -> list[str]:
    """Returns the markers declared in ``pyproject.toml``."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    return [line.partition(":")[0] for line in options["markers"]]


def test_every_set_of_markers_belongs_to_one_suite(suites: ModuleType) -> None:
    """Whatever markers a test carries, exactly one suite runs it."""
    expressions = {
        suite.name: suite.arguments[suite.arguments.index("-m") + 1] for suite in suites.SUITES
    }
    markers = declared_markers()
    for carried in itertools.product([False, True], repeat=len(markers)):
        names = dict(zip(markers, carried, strict=True))
        chosen = [
            name
            for name, expression in expressions.items()
            if eval(expression, {"__builtins__": {}}, names)
        ]
        assert len(chosen) == 1, (names, chosen)


def test_the_budgets_fit_the_hour(suites: ModuleType) -> None:
    """All suites together have a budget of at most 60 minutes; ``make test`` has at most five."""
    budgets = {suite.name: suite.budget_min for suite in suites.SUITES}
    assert budgets["fast"] <= 5
    assert sum(budgets.values()) <= 60


def test_an_unknown_suite_is_a_wrong_use(
    suites: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt suite exits with 2 and runs nothing."""
    assert suites.main(["fsat"]) == 2
    assert "fsat" in capsys.readouterr().err
