"""A time that notes what it was compared with: until when an answer about it stays the same.

Rules:

1. Code that asks only whether one time is before another gives one answer until the next of the
   times that it asked about. A ``Watch`` keeps the earliest of those that lie ahead.
2. ``Moment`` (seconds), ``Day`` and ``Today`` (a day as text) stand for one time in three forms.
   They compare and look as the plain values do; each comparison is noted.
3. Whatever else is done with them (adding, printing, hashing) may say something else with the next
   second or day: then the answer stands until the end of that one. Too early is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

__all__ = ["ALWAYS", "Day", "Moment", "Today", "Watch"]

ALWAYS: Final = 2**53 - 1
"""A second of log time that never comes."""

DAY_S: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()


class Watch:
    """Notes the first second from which on an answer may be another (rule 1)."""

    __slots__ = ("now", "until")

    def __init__(self, now: int) -> None:
        self.now = now
        self.until = ALWAYS

    def at(self, second: int) -> None:
        """Note that from this second on something changes."""
        if self.now < second < self.until:
            self.until = second

    def at_day(self, ordinal: int) -> None:
        """Note that something changes when the day of this ordinal begins."""
        self.at((ordinal - _EPOCH) * DAY_S)

    def tomorrow(self) -> None:
        """Note that something may change with the day."""
        self.at((self.now // DAY_S + 1) * DAY_S)

    @property
    def moment(self) -> Moment:
        """The time watched, in seconds."""
        moment = Moment(self.now)
        moment.watch = self
        return moment


def _compared(name: str, kind: type, note: Callable[[Any, Any], None]) -> Callable[..., Any]:
    plain = getattr(kind, name)

    def compare(self: Any, other: object) -> Any:
        note(self, other)
        return plain(self, other)

    compare.__name__ = name
    return compare


def _used(name: str, kind: type) -> Callable[..., Any]:
    plain = getattr(kind, name)

    def use(self: Any, *arguments: Any) -> Any:
        self.changes()
        result = plain(self, *arguments)
        if isinstance(result, date):  # a sum is a day of its own, and not watched
            return date.fromordinal(date.toordinal(result))
        return result

    use.__name__ = name
    return use


def _watched(cls: type, kind: type, used: str) -> None:
    """Let every comparison of a class be noted, and every other use count as the most it may."""
    for name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
        setattr(cls, name, _compared(name, kind, cls.compared))  # type: ignore[attr-defined]
    for name in used.split():
        setattr(cls, name, _used(name, kind))


class Moment(int):
    """A log time in seconds that is watched."""

    watch: Watch

    def compared(self, other: object) -> None:
        """Note a comparison: it changes at that second, or just after it."""
        if isinstance(other, int):
            self.watch.at(int(other))
            self.watch.at(int(other) + 1)
        else:
            self.changes()

    def changes(self) -> None:
        """Note a use that may say something else with the next second (rule 3)."""
        self.watch.at(self.watch.now + 1)

    def day(self) -> Day:
        """Return its UTC day."""
        plain = datetime.fromtimestamp(self.watch.now, UTC).date()
        day = Day(plain.year, plain.month, plain.day)
        day.watch = self.watch
        return day


class Day(date):
    """A UTC day that is watched."""

    watch: Watch

    def compared(self, other: object) -> None:
        """Note a comparison: it changes when that day begins, or when it is over."""
        if isinstance(other, date):
            ordinal = date.toordinal(other)
            self.watch.at_day(ordinal)
            self.watch.at_day(ordinal + 1)
        else:
            self.changes()

    def changes(self) -> None:
        """Note a use that may say something else on the next day (rule 3)."""
        self.watch.tomorrow()

    @property
    def year(self) -> int:
        """Its year, which changes on the first of January."""
        year = super().year
        self.watch.at_day(date(year + 1, 1, 1).toordinal())
        return year

    @property
    def month(self) -> int:
        """Its month."""
        self.changes()
        return super().month

    @property
    def day(self) -> int:
        """Its day of the month."""
        self.changes()
        return super().day

    def isoformat(self) -> str:
        """Return it as text that is watched."""
        return Today(super().isoformat()).of(self)


class Today(str):  # noqa: SLOT000  # a text cannot have slots
    """A UTC day as text that is watched."""

    watch: Watch
    plain: Day

    def of(self, day: Day) -> Today:
        """Return the text of a day, watched as the day is."""
        self.watch, self.plain = day.watch, day
        return self

    def compared(self, other: object) -> None:
        """Note a comparison with the text of a day."""
        try:
            ordinal = date.fromisoformat(str.__str__(other)).toordinal()
        except (TypeError, ValueError):
            self.changes()
        else:
            self.watch.at_day(ordinal)
            self.watch.at_day(ordinal + 1)

    def changes(self) -> None:
        """Note a use that may say something else on the next day (rule 3)."""
        self.watch.tomorrow()


_watched(Moment, int, "__hash__ __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __floordiv__ "
         "__rfloordiv__ __mod__ __rmod__ __divmod__ __truediv__ __neg__ __index__ __int__ "
         "__float__ __str__ __repr__ __format__ __bool__")  # fmt: skip
_watched(Day, date, "__hash__ __add__ __radd__ __sub__ __rsub__ __str__ __repr__ __format__ "
         "toordinal weekday isoweekday timetuple strftime replace ctime isocalendar")  # fmt: skip
_watched(Today, str, "__hash__ __add__ __getitem__ __contains__ __iter__ __str__ __repr__ "
         "__format__ encode split startswith endswith partition rpartition replace")  # fmt: skip
