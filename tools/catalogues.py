"""Brings the catalogues up to date with the words of the pages: `make catalogues`.

The message ids are the marked texts of the templates, the values of `labels.LABELS` and the names
of event types, in the order in which they stand there. Each catalogue keeps what it has, gains what
is new (untranslated: `tests/web/test_languages.py` fails until somebody translates it) and loses
what no page says any more. Nothing is guessed, and no line numbers or times are written, so that a
change of one text is a change of one entry.

    python tools/catalogues.py           # write
    python tools/catalogues.py --check   # say what would be written, and fail if anything would
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parents[1]
WEB: Final = ROOT / "projections" / "web"
LANGUAGES: Final = ("ar", "zh", "fr", "ru", "es")
"""The official languages of the United Nations but English, whose words are the message ids."""

HEAD: Final = """{comment}
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""

sys.path.insert(0, str(ROOT))


def wanted() -> Catalog:
    """Return every message of the pages, without translations."""
    from projections.web.event_names import EVENT_NAMES
    from projections.web.labels import LABELS

    catalogue = Catalog()
    for path in sorted((WEB / "templates").iterdir()):
        with path.open("rb") as file:
            for _, message, comments, context in extract(
                "jinja2.ext:babel_extract", file, options={"silent": "false"}
            ):
                catalogue.add(message, auto_comments=comments, context=context)
    for value, words in LABELS.items():
        catalogue.add(words, auto_comments=[f"on record: {value}"])
    for name in EVENT_NAMES:
        catalogue.add(name, auto_comments=["event type"])
    return catalogue


def existing(language: str) -> Catalog:
    """Return a catalogue as it is, or an empty one."""
    path = WEB / "locale" / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> str:
    """Return the text of a catalogue that has exactly the messages of the pages."""
    catalogue = existing(language)
    head = HEAD.format(
        comment=catalogue.header_comment, language=language, plurals=catalogue.plural_forms
    )
    catalogue.update(wanted(), no_fuzzy_matching=True)
    written = io.BytesIO()
    write_po(
        written, catalogue, width=100, no_location=True, omit_header=True, ignore_obsolete=True
    )
    return head + written.getvalue().decode().strip("\n") + "\n"


def main() -> int:
    """Write the catalogues, or check them."""
    check, stale = "--check" in sys.argv[1:], []
    for language in LANGUAGES:
        path, text = WEB / "locale" / f"{language}.po", updated(language)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    words = "is not up to date: make catalogues" if check else "was written"
    print("\n".join(f"{name} {words}" for name in stale) or "every catalogue is up to date")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
