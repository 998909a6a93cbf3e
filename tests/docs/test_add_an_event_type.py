"""The how-to «Add an event type» works when it is followed word for word."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-an-event-type.md"


def test_following_the_page_adds_a_working_event_type(tmp_path: Path) -> None:
    """The page's module, table line and tests pass in a copy of the project."""
    room, line, tests = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name in ("verifier", "tests", "ledger"):
        shutil.copytree(ROOT / name, tmp_path / name,
                        ignore=shutil.ignore_patterns("__pycache__", "*.db"))  # fmt: skip
    (tmp_path / "verifier" / "rules" / "translation.py").write_text(room)
    table = tmp_path / "verifier" / "rules" / "table.py"
    text = table.read_text()
    text = text.replace("MODULES: Final = (", f"{line}\nMODULES: Final = (\n    translation,", 1)
    table.write_text(text)
    (tmp_path / "test_translation.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_translation.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
