"""Rows of a CSV file, each with the hash of its own bytes.

A row is known by the SHA-256 of its bytes as they stand in the file, without the line end, so that
anyone who has the file can find the row that an event was made from. Its cells are as they stand
too, but for the characters that no payload holds (control characters and the like, left over from
broken encodings): each is shown as U+FFFD.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import LedgerError

__all__ = ["Row", "column_key", "read_rows"]


_UNSAYABLE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""What the payload profile refuses in a text (encoding, rule 7)."""


class Row(NamedTuple):
    """A row: its cells by column name, and the hash of its bytes."""

    cells: Mapping[str, str]
    sha256: bytes

    def coded(self, columns: tuple[str, ...]) -> dict[str, str]:
        """Return these cells verbatim, by column key."""
        return {column_key(column): self.cells[column] for column in columns}


def column_key(column: str) -> str:
    """Return the key of a column: its name in lower case, with one underscore between words."""
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")


def _unusable(path: Path, reason: str) -> LedgerError:
    return LedgerError("import-source", f"{path.name}: {reason}")


def read_rows(path: Path, *, columns: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a UTF-8 CSV file that has at least these columns, in order.

    Raises:
        LedgerError: code ``import-source``; the file is absent or is not such a file, or a row
            has another number of cells.
    """
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line

    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(lines(), strict=True)
            header = next(reader, [])
            missing = [column for column in columns if column not in header]
            if missing:
                raise _unusable(path, f"there is no column {missing[0]!r}")
            taken.clear()
            for cells in reader:
                if len(cells) != len(header):
                    raise _unusable(path, f"a row has {len(cells)} cells, not {len(header)}")
                data = "".join(taken).removesuffix("\n").removesuffix("\r").encode()
                taken.clear()
                said = (_UNSAYABLE.sub("\ufffd", cell) for cell in cells)
                yield Row(dict(zip(header, said, strict=True)), hashlib.sha256(data).digest())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unusable(path, str(error)) from error
