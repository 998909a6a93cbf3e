"""The numbered rules in words, read from the docstrings that state them.

1. A rule is stated once, as a list item of a module's docstring: its number, then its text, which
   may go on over indented lines. Rows of the mission table that it carries stand in brackets at its
   end.
2. A docstring that names ``XX1 to XX4`` names each of them.

Where Python drops docstrings (``-OO``) there are no texts; numbers are told without them.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cache
from typing import Final

import msgspec

from verifier import rules as rules_package
from verifier.rules.book import Body

__all__ = ["Rule", "cited", "rule", "rules", "spans"]

ITEM: Final = re.compile(r"- ([A-Z]{2}[0-9]{1,2}) +(.*)")
SPAN: Final = re.compile(r"\b([A-Z]{2})([0-9]{1,2})(?: to \1([0-9]{1,2}))?\b")
MISSION: Final = re.compile(r" *\[((?:R[0-9]+b?(?:, )?)+)\]\.?$")


class Rule(msgspec.Struct, frozen=True):
    """A numbered rule: its text, and the module within ``verifier.rules`` that states it."""

    number: str
    text: str
    stated_in: str
    mission: tuple[str, ...] = ()
    """Rows of the mission table, such as ``R74``."""


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by its number."""
    found: dict[str, Rule] = {}
    for module in pkgutil.walk_packages(rules_package.__path__, rules_package.__name__ + "."):
        name = module.name.removeprefix(rules_package.__name__ + ".")
        for number, text in _items(importlib.import_module(module.name).__doc__ or ""):
            marked = MISSION.search(text)
            mission = tuple(marked[1].split(", ")) if marked else ()
            found[number] = Rule(number, MISSION.sub("", text), name, mission)
    return found


def rule(number: str) -> Rule:
    """Return a rule; one without a text has its number alone."""
    return rules().get(number) or Rule(number, "", "")


def cited(event_type: type[Body]) -> tuple[str, ...]:
    """Return the rules that an event type and what it is made from cite, in order."""
    found: dict[str, None] = {}
    for kind in event_type.__mro__:
        if not kind.__module__.startswith(rules_package.__name__ + "."):
            continue
        for text in filter(None, (kind.__doc__, *_docstrings(kind))):
            found.update(dict.fromkeys(spans(text)))
    return tuple(number for number in found if number in rules())


def _docstrings(kind: type) -> list[str | None]:
    return [inspect.getattr_static(kind, name).__doc__ for name in vars(kind)
            if name.startswith(("unmet", "_unmet")) or name == "bars"]  # fmt: skip


def spans(text: str) -> list[str]:
    """Return every rule that a text names, alone or in a span (rule 2)."""
    return [f"{family}{number}" for family, first, last in SPAN.findall(text)
            for number in range(int(first), int(last or first) + 1)]  # fmt: skip


def _items(docstring: str) -> list[tuple[str, str]]:
    items: list[tuple[str, str]] = []
    for line in docstring.splitlines():
        stated = ITEM.match(line)
        if stated:
            items.append((stated[1], stated[2]))
        elif items and line.startswith("  ") and line.strip():
            number, text = items.pop()
            items.append((number, f"{text} {line.strip()}"))
        elif not line.strip() and items:
            items.append(("", ""))  # what follows a blank line belongs to no rule
    return [(number, text.replace("``", "`")) for number, text in items if number]
