"""The languages of the pages: which are offered, what they call things, and how they write.

Rules:

1. The languages are the six official ones of the United Nations, in its order. One is offered when
   its catalogue is there; a test holds that each catalogue is complete.
2. Words come from the catalogues; dates, numbers, names of countries and the direction of writing
   come from CLDR. All figures are written 0 to 9, so that they can be compared with the log.
3. What has no words in a reader's language is shown in English and marked as English; texts of the
   record are shown in the reader's language where the record has them, else in one that it has.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.core import get_global
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup

from projections.web import labels

__all__ = [
    "CATALOGUES",
    "LANGUAGES",
    "SOURCE_LANGUAGE",
    "Language",
    "chosen",
    "in_language",
    "rfc3339",
]

SOURCE_LANGUAGE: Final = "en"
CATALOGUES: Final = {path.stem: path for path in (Path(__file__).parent / "locale").glob("*.po")}
LANGUAGES: Final = tuple(
    name for name in ("ar", "zh", "en", "fr", "ru", "es")
    if name == SOURCE_LANGUAGE or name in CATALOGUES
)  # fmt: skip
LOCALES: Final = {"en": "en_001"}
"""Where a language's own dates are those of one country, the locale that writes them as the United
Nations do."""

MAX_WISHES: Final = 20  # of one Accept-Language header

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WISH: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d*)?)\s*)?")


class Language:
    """One language: its catalogue and its locale."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.locale = Locale.parse(LOCALES.get(name, name))
        self.words = _catalogue(name)

    @classmethod
    @cache
    def of(cls, name: str) -> Language:
        """Return a language by its code, read once."""
        return cls(name)

    @property
    def own_name(self) -> str:
        """What the language calls itself."""
        return Locale.parse(self.name).get_display_name(self.name) or self.name

    @property
    def direction(self) -> str:
        """Either ``ltr`` or ``rtl``."""
        return str(self.locale.text_direction)

    def plain_label(self, value: Any) -> str:
        """Return the words for a value of the record; English where there are none."""
        words = labels.words(str(value))
        return self.words.gettext(words) if words is not None else labels.spelt(str(value))

    def label(self, value: Any) -> str:
        """Return the words for a value, marked as English where there are none (rule 3)."""
        text = str(value)
        if _DAY.fullmatch(text):
            return self.day(text)
        known = text.isdigit() or labels.words(text) is not None
        if known or self.name == SOURCE_LANGUAGE:
            return self.plain_label(text)
        return Markup('<bdi lang="en">{}</bdi>').format(labels.spelt(text))

    def number(self, value: int) -> str:
        """Return a number with its thousands set apart."""
        return format_decimal(value, locale=self.locale)

    def day(self, value: str | date) -> str:
        """Return a day in words; what is not a day as it stands."""
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return str(value)
        return format_date(day, format="long", locale=self.locale)

    def moment(self, seconds: int) -> str:
        """Return a moment in words, in UTC."""
        at = datetime.fromtimestamp(seconds, UTC)
        return f"{self.day(at.date())} {at:%H:%M} UTC"

    def country(self, code: str) -> str:
        """Return the name of a country from its alpha-3 code; the code where it has none."""
        alpha2 = get_global("territory_aliases").get(code, [code])[0]
        return str(self.locale.territories.get(alpha2, code))

    def filters(self) -> dict[str, Any]:
        """Return what templates ask of a language."""
        return {
            "label": self.label, "plain_label": self.plain_label, "number": self.number,
            "day": self.day, "moment": self.moment, "rfc3339": rfc3339, "country": self.country,
            "in_language": partial(in_language, language=self.name),
        }  # fmt: skip


def rfc3339(seconds: int) -> str:
    """Return a moment as programs write it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _catalogue(name: str) -> gettext.NullTranslations:
    path = CATALOGUES.get(name)
    if path is None:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def chosen(accepted: str) -> str:
    """Return the offered language that an ``Accept-Language`` header prefers; English else.

    Of equal wishes the first one counts; a weight of 0 is a refusal, and what cannot be read is no
    wish.
    """
    best, choice = 0.0, SOURCE_LANGUAGE
    for part in accepted.split(",")[:MAX_WISHES]:
        wish = _WISH.fullmatch(part)
        if wish is None:
            continue
        name, weight = wish[1].lower(), float(wish[2] or 1)
        if name in LANGUAGES and best < weight <= 1:
            best, choice = weight, name
    return choice


def in_language(texts: Mapping[str, str], language: str) -> Markup:
    """Return a text of the record in a language, or in one that it has, marked as what it is."""
    if not texts:
        return Markup()
    found = next((name for name in (language, SOURCE_LANGUAGE) if name in texts), next(iter(texts)))
    if found == language:
        return Markup('<bdi dir="auto">{}</bdi>').format(texts[found])
    marked = Markup("") if found == "und" else Markup(' lang="{}"').format(found)
    return Markup('<bdi dir="auto"{}>{}</bdi>').format(marked, texts[found])
