"""Play every attack on a copy of a small log and show the verifier's own words (``make tamper``).

The verifier runs as a separate process, as it would for anyone. Exit code 0 means that every
attack that can be found was found, and that what cannot be found was said to be so.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.harness.attacks import ATTACKS, Attack, Attacked  # noqa: E402  (the path comes first)

SHOWN_LINES = 24


def main() -> int:
    """Play the attacks and return the exit code."""
    wrong = []
    for number, attack in enumerate(ATTACKS, start=1):
        with tempfile.TemporaryDirectory() as folder:
            print(f"\n{number}. {attack.name[0].upper()}{attack.name[1:]}")
            print(f"   The attacker holds {attack.holds}.")
            if not _play(attack, Path(folder)):
                wrong.append(attack.name)
    print()
    for name in wrong:
        print(f"NOT AS IT SHOULD BE: {name}")
    return 1 if wrong else 0


def _play(attack: Attack, folder: Path) -> bool:
    attacked = attack.run(folder / "log")
    (folder / "policy.txt").write_text(attacked.policy)
    code, words = _audit(attacked, folder)
    _show(words, code)
    if not attack.finds_with_known:
        return code == 1 and attack.finds in words
    plain = code == 0 and "nothing was cut off" in words
    (folder / "known").write_bytes(attacked.known or b"")
    print("   Again, with a checkpoint that the auditor had kept (--known):")
    code, words = _audit(attacked, folder, "--known", str(folder / "known"))
    _show(words, code)
    return plain and code == 1 and attack.finds_with_known in words


def _audit(attacked: Attacked, folder: Path, *more: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "verifier", "audit", str(attacked.folder),
               "--policy", str(folder / "policy.txt"), *more]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return done.returncode, done.stdout + done.stderr


def _show(words: str, code: int) -> None:
    """Show the findings and the last line; of a clean verdict, what it could not check."""
    lines = words.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("log "))
    shown = [*lines[:end][:SHOWN_LINES], *(["…"] if end > SHOWN_LINES else []), lines[-1]]
    if code == 0:
        shown = [line for line in lines if "cut off" in line or line.startswith("VERIFIED")]
    print(textwrap.indent("\n".join(shown), "   | "))
    print(f"   | exit code {code}")


if __name__ == "__main__":
    sys.exit(main())
