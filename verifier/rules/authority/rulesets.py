"""Which ruleset is in force, and which code lists: as of an event's own place in the log.

- AU7 An event is judged by the ruleset in force at its index: the one of the genesis, until the
      roots adopt another. Of what follows the adoption of one that it does not know a verifier says
      that it could not decide, never that it is false.
- AU8 A version of a code list is in force from its first day on, and not before it was adopted; of
      several the one whose first day is the latest, of equals the one adopted last. It says how
      a code is read, and refuses none: the log holds the hash of the list, not what is in it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from verifier.rules import dates
from verifier.rules.book import Book, Entry, Unmet

__all__ = [
    "RULESETS",
    "CodeListVersion",
    "CodeLists",
    "Ruleset",
    "code_list",
    "is_known",
    "ruleset_at",
    "unknown_ruleset",
    "unmet_ruleset",
]

RULESETS: Final[dict[str, bytes | None]] = {"pledgebook-1": None}
"""The rulesets that this verifier can decide by, each with the SHA-256 of its text.

None while the text is not frozen, which it is with the first release (ADR 0030): until then nobody
can say by a digest which text was meant, and who states one meant a text that is not known here."""


class Ruleset(msgspec.Struct, frozen=True):
    """A ruleset in force: its version, the digest of its text, and since when."""

    version: str
    digest: bytes | None = None
    """None where the genesis states none."""
    since: int = -1
    """The index that adopted it: it judges every event after it."""
    before: Ruleset | None = None


class CodeListVersion(msgspec.Struct, frozen=True):
    """A version of a code list: the hash of its file, its first day, the index that adopted it."""

    version: str
    sha256: bytes
    valid_from: str
    adopted: int


class CodeLists(msgspec.Struct, frozen=True):
    """The versions of one code list, in the order of their adoption."""

    versions: tuple[CodeListVersion, ...] = ()


def ruleset_at(index: int, book: Book) -> Ruleset | None:
    """Return the ruleset that judges an event at an index; the answer never changes."""
    found = book.thing("ledger", "ruleset", Ruleset)
    while found is not None and found.since >= index:
        found = found.before
    return found


def is_known(version: str, digest: bytes | None) -> bool:
    """Say whether this verifier decides by a ruleset, under the digest that the roots stated."""
    return version in RULESETS and digest in (None, RULESETS[version])


def unknown_ruleset(book: Book) -> str:
    """Tell the ruleset in force if this verifier does not know it; nothing where it does."""
    found = book.thing("ledger", "ruleset", Ruleset)
    if found is None or is_known(found.version, found.digest):
        return ""
    return f"ruleset {found.version}, adopted at entry {found.since}, is not known here"


def unmet_ruleset(entry: Entry, book: Book) -> Unmet | None:
    """Return what is not met of AD1 (AU7)."""
    reason = unknown_ruleset(book)
    hint = "use a version of this software that knows it"
    return Unmet(rule="AD1", reason=reason, hint=hint) if reason else None


def code_list(name: str, entry: Entry, book: Book) -> CodeListVersion | None:
    """Return the version of a code list in force at an event (AU8)."""
    listed = book.thing("ledger", "code-list:" + name, CodeLists)
    today = dates.day_text(entry.at)
    able = [
        version
        for version in (listed.versions if listed else ())
        if version.adopted < entry.index and version.valid_from <= today
    ]
    return max(able, key=lambda version: (version.valid_from, version.adopted), default=None)
