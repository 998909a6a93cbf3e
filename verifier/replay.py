"""Some subjects of a log judged again, by all the rules, without the rest of the log.

Rules (normative text: ``docs/spec/bundle.md``):

1. Admission reads the state of some subjects and nothing else of the log (``rules.book``, rule 2).
   Given all events of those subjects, each at its index, every event of them is judged as it was.
2. Which subjects those are is found by asking: a book that lacks some says what it was asked for.
   Events are judged again with those added, until it was asked for no other (``closure``).
3. What comes from the rest of the log is given, and bounded: log time at an event, which never
   falls and lies between the event's own time and what AD6 allows; the log's roots at the sizes
   that authors had seen. A register that was published is not computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from verifier.errors import FalseError, MalformedError, UndecidedError
from verifier.event import Event, parse
from verifier.keys import Check
from verifier.records import require_name
from verifier.rules import admission
from verifier.rules.authority import rulesets
from verifier.rules.book import Book, Refused, Subject
from verifier.rules.registered import Commitment, Public, Registered

__all__ = ["PartialBook", "Placed", "closure", "is_name", "replay"]

MAX_ROUNDS: Final = 64  # each adds the subjects that the last one asked for


@dataclass(frozen=True, slots=True)
class Placed:
    """An event with its place: its index, and the log time there."""

    index: int
    at: int
    event: Event


class _Unseen(Registered):
    """The register of a log that is not at hand (rule 3)."""

    __slots__ = ()

    def touch(self, subject: str, index: int, at: int, *, upkeep: bool = False) -> None:
        """Keep nothing."""

    def commitment(self, state: Callable[[str], Subject], public: Public) -> Commitment | None:
        """Return nothing: it cannot be computed here."""
        del state, public
        return None


class PartialBook(Book):
    """A book of some subjects, which knows what it was asked for."""

    __slots__ = ("asked",)

    def __init__(self, root_at: Callable[[int], bytes]) -> None:
        super().__init__(root_at)
        self.asked: set[str] = set()
        self.register: Registered = _Unseen()

    def subject(self, subject_id: str) -> Subject:
        """Return a subject's state, and remember that it was asked for."""
        self.asked.add(subject_id)
        return super().subject(subject_id)


def replay(placed: Iterable[Placed], book: PartialBook, *, lenient: bool = False) -> list[Check]:
    """Judge events by all rules, in order, and return their signatures to be checked.

    *lenient* passes over what is refused: the state that it needs may not be at hand yet.

    Raises:
        FalseError: code ``bundle-time``; a log time that cannot be.
        MalformedError, Refused, UndecidedError: what an event is not, or why it is refused.
    """
    checks: list[Check] = []
    for one in placed:
        if one.index < book.size or not max(book.time, one.event.iat) <= one.at:
            reason = f"entry {one.index} was not recorded at {one.at}, by the events before it"
            raise FalseError("bundle-time", reason)
        book.size, book.time = one.index, one.at
        _require_known(rulesets.unknown_ruleset(book))
        body = admission.read_body(one.event)
        try:
            entry = admission.admit(one.event, body, book)
        except Refused as refused:
            if not lenient:
                _require_known(next((u.reason for u in refused.unmet if u.rule == "GE3"), ""))
                raise
            book.pass_over(one.event)
            continue
        admission.record(entry, book)
        public = book.public_keys.get(one.event.kid, b"")
        checks.append((public, one.event.signature, one.event.to_be_signed))
    return checks


def _require_known(unknown: str) -> None:
    """Require that the rules in force are known here (AU7, GE3)."""
    if unknown:
        raise UndecidedError("ruleset-unknown", unknown)


def closure(
    first: str,
    events_of: Callable[[str], Sequence[tuple[int, int, bytes]]],
    root_at: Callable[[int], bytes],
    last: Placed,
    *,
    most: int,
) -> tuple[set[str], list[Placed]]:
    """Return every subject that judging a subject's events asks for, and all their events.

    ``events_of(subject)`` gives (index, log time, bytes) below the index of *last*, an event that
    is judged with them (rule 2).

    Raises:
        MalformedError: code ``bundle-too-large``; more than *most* events.
    """
    names = {first}
    known: dict[str, list[Placed]] = {}
    for _ in range(MAX_ROUNDS):
        for name in sorted(names - known.keys()):
            known[name] = [Placed(i, at, parse(raw)) for i, at, raw in events_of(name)]
        placed = _in_order(known, names, last)
        if len(placed) > most:
            raise MalformedError("bundle-too-large", f"{len(placed)} events; {most} at most")
        book = PartialBook(root_at)
        replay(placed, book, lenient=True)
        asked = {name for name in book.asked if is_name(name)} | {first}
        if asked <= names:
            return asked, _in_order(known, asked, last)
        names |= asked
    raise MalformedError("bundle-too-large", "more and more subjects are asked for")


def _in_order(known: Mapping[str, list[Placed]], names: set[str], last: Placed) -> list[Placed]:
    placed = [one for name in names for one in known[name]]
    return [*sorted(placed, key=lambda one: one.index), last]


def is_name(text: str) -> bool:
    """Say whether a text can be a subject: what was asked for may be empty or made up."""
    try:
        require_name(text)
    except MalformedError:
        return False
    return "/" not in text
