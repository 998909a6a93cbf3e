"""How a page is made: its language, its template, and the headers that every page carries.

Rules:

1. Every value is escaped; a name that a template does not know is an error, never an empty place.
2. Pages work without a script; nothing is loaded from elsewhere (``Content-Security-Policy``).
3. A language is offered when its catalogue is complete; texts of the record are shown in the
   reader's language where the record has them, else in one that it has, and say which.
4. A page may be kept and must be asked for again (``no-cache`` and an entity tag that depends on
   the rows, the question, the language and the templates). What is static never changes under its
   address.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from projections.views.lookup import Facet
from projections.web import charts, labels

__all__ = ["LANGUAGES", "STATIC", "TEMPLATES_DIGEST", "chosen_language", "page", "static_response"]

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = _HERE / "templates"
_LOCALE: Final = _HERE / "locale"

SOURCE_LANGUAGE: Final = "en"
LOCALES: Final = {"en": "en_001"}
"""Where a language's own dates are those of one country, the locale that writes them as the United
Nations do."""
LANGUAGES: Final = tuple(sorted({SOURCE_LANGUAGE, *(path.stem for path in _LOCALE.glob("*.po"))}))
"""Of the six official languages of the United Nations, those that have a catalogue."""

STATIC: Final = {
    path.name: path.read_bytes() for path in sorted((_HERE / "static").iterdir()) if path.is_file()
}
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_VERSIONS: Final = {name: sha256(data).hexdigest()[:12] for name, data in STATIC.items()}

TEMPLATES_DIGEST: Final = sha256(
    b"".join(path.read_bytes() for path in sorted((*_TEMPLATES.iterdir(), *_LOCALE.glob("*.po"))))
    + "".join(_VERSIONS.values()).encode()
).hexdigest()[:16]

_CSP: Final = "Content-Security-Policy"
FOR_EVER: Final = "public, max-age=31536000, immutable"
HEADERS: Final = {
    _CSP: (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(
    request: web.Request, template: str, *, status: int = 200, headers: Mapping[str, str],
    reads: str = "", **values: Any,
) -> web.Response:  # fmt: skip
    """Return a page in the language of its path; its script may also read from *reads*."""
    language = request.match_info.get("lang", SOURCE_LANGUAGE)
    html = (
        _environment(language)
        .get_template(template)
        .render(request=request, path=request.path, languages=_offered(request), **values)
    )
    return web.Response(
        status=status, text=html, content_type="text/html",
        headers={**HEADERS, **_policy(reads), "Content-Language": language, **headers},
    )  # fmt: skip


def _policy(reads: str) -> dict[str, str]:
    """Return the content security policy with one more origin to read from: that of the log."""
    if not reads.startswith(("http://", "https://")):
        return {}
    origin = "/".join(reads.split("/")[:3])
    return {_CSP: HEADERS[_CSP].replace("connect-src 'self'", f"connect-src 'self' {origin}")}


def chosen_language(accepted: str) -> str:
    """Return the offered language that an ``Accept-Language`` header prefers; English else."""
    wanted: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        name, _, weight = part.partition(";q=")
        try:
            wanted.append((-float(weight or 1), name.strip().partition("-")[0].lower()))
        except ValueError:
            continue
    return next((name for _, name in sorted(wanted) if name in LANGUAGES), SOURCE_LANGUAGE)


def static_response(name: str, version: str) -> web.Response:
    """Return a static file; for ever where its address names its version.

    Raises:
        HTTPNotFound: there is none of this name.
    """
    data = STATIC.get(name)
    if data is None:
        raise web.HTTPNotFound(reason="no such file")
    kept = FOR_EVER if version == _VERSIONS[name] else "no-cache"
    return web.Response(
        body=data, content_type=_TYPES[Path(name).suffix], charset="utf-8",
        headers={"Cache-Control": kept, **HEADERS},
    )  # fmt: skip


def _offered(request: web.Request) -> list[tuple[str, str, str]]:
    """Return each language, its own name, and the address of this page in it."""
    _, _, rest = request.path_qs.lstrip("/").partition("/")
    return [
        (name, Locale.parse(name).get_display_name(name) or name, f"/{name}/{rest}")
        for name in LANGUAGES
    ]


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    catalogue = _catalogue(language)
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    locale = Locale.parse(LOCALES.get(language, language))

    def label(value: Any) -> str:
        words = labels.LABELS.get(str(value))
        return catalogue.gettext(words) if words is not None else labels.spelt(str(value))

    environment.globals |= {
        "lang": language, "direction": locale.text_direction, "static": _static_address,
        "in_order": lambda facets, rest="", count=0: _in_order(facets, label, rest, count),
        "sign": labels.sign, "stacked": charts.stacked, "address": _address,
    }  # fmt: skip
    environment.filters |= {
        "label": label,
        "number": lambda value: format_decimal(value, locale=locale),
        "day": lambda value: _day(value, locale),
        "moment": lambda value: _moment(value, locale),
        "country": lambda code: _country(code, locale),
        "in_language": lambda texts: in_language(texts, language),
        "grouped": _grouped,
    }
    return environment


def _catalogue(language: str) -> gettext.NullTranslations:
    path = _LOCALE / f"{language}.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def in_language(texts: Mapping[str, str], language: str) -> Markup:
    """Return a text of the record in a language, or in one that it has, marked as what it is."""
    if not texts:
        return Markup()
    found = next((name for name in (language, SOURCE_LANGUAGE) if name in texts), next(iter(texts)))
    if found == language:
        return Markup('<bdi dir="auto">{}</bdi>').format(texts[found])
    marked = Markup("") if found == "und" else Markup(' lang="{}"').format(found)
    return Markup('<bdi dir="auto"{}>{}</bdi>').format(marked, texts[found])


def _in_order(
    facets: Sequence[Facet], label: Callable[[Any], str], rest: str, count: int
) -> list[charts.Part]:
    """Return the parts of a chart from best to worst, and the rest."""
    order = list(labels.SIGNS)
    known = sorted(facets, key=lambda facet: (*order, facet.value).index(facet.value))
    parts = [(label(facet.value), facet.count, labels.sign(facet.value).tone) for facet in known]
    return [*parts, (rest, count, "open")] if count else parts


def _static_address(name: str) -> str:
    return f"/static/{name}?v={_VERSIONS[name]}"


def _address(request: web.Request, **changes: Any) -> str:
    """Return this page's address with some parameters changed; None takes one away."""
    given = {name: str(value) for name, value in {**request.query, **changes}.items()
             if value is not None and value != ""}  # fmt: skip
    return request.path + (f"?{urlencode(given)}" if given else "")


def _day(value: str | date, locale: Locale) -> str:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    return format_date(day, format="long", locale=locale)


def _moment(seconds: int, locale: Locale) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return format_datetime(at, format="d MMMM y HH:mm 'UTC'", locale=locale)


def _country(code: str, locale: Locale) -> str:
    """Return the name of a country from its alpha-3 code; the code where it has none."""
    alpha2 = get_global("territory_aliases").get(code, [code])[0]
    return str(locale.territories.get(alpha2, code))


def _grouped(digits: str) -> str:
    """Return hexadecimal digits in groups of eight."""
    return " ".join(digits[start : start + 8] for start in range(0, len(digits), 8))
