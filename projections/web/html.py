"""How a page is made: its language, its template, and the headers that every page carries.

Rules:

1. Every value is escaped; a name that a template does not know is an error, never an empty place.
2. Pages work without a script; nothing is loaded from elsewhere (``Content-Security-Policy``).
3. Every page names itself in each language, the question unchanged (``hreflang``); for a reader of
   none of them it names the English one, and the home page the address that chooses.
4. A page may be kept and must be asked for again (``no-cache`` and an entity tag that depends on
   the rows, the question, the language and the templates). What is static never changes under its
   address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from projections.views.lookup import Facet
from projections.web import charts, labels
from projections.web.languages import CATALOGUES, LANGUAGES, SOURCE_LANGUAGE, Language
from verifier.rootwords import root_words

__all__ = ["HEADERS", "STATIC", "TEMPLATES_DIGEST", "page", "render", "static_response"]

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = _HERE / "templates"

STATIC: Final = {
    path.name: path.read_bytes() for path in sorted((_HERE / "static").iterdir()) if path.is_file()
}
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_VERSIONS: Final = {name: sha256(data).hexdigest()[:12] for name, data in STATIC.items()}

TEMPLATES_DIGEST: Final = sha256(
    b"".join(path.read_bytes() for path in sorted((*_TEMPLATES.iterdir(), *CATALOGUES.values())))
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
    return web.Response(
        status=status, text=render(request, template, **values), content_type="text/html",
        headers={**HEADERS, **_policy(reads), "Content-Language": language, **headers},
    )  # fmt: skip


def render(request: web.Request, template: str, **values: Any) -> str:
    """Return a template filled in, in the language of the request's path."""
    filled = _environment(request.match_info.get("lang", SOURCE_LANGUAGE)).get_template(template)
    return filled.render(request=request, path=request.path, **_addresses(request), **values)


def _policy(reads: str) -> dict[str, str]:
    """Return the content security policy with one more origin to read from: that of the log."""
    if not reads.startswith(("http://", "https://")):
        return {}
    origin = "/".join(reads.split("/")[:3])
    return {_CSP: HEADERS[_CSP].replace("connect-src 'self'", f"connect-src 'self' {origin}")}


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


def _addresses(request: web.Request) -> dict[str, Any]:
    """Return this page's address in each language, and for who reads none of them (rule 3)."""
    _, _, rest = request.path_qs.lstrip("/").partition("/")
    rest = rest if "lang" in request.match_info else ""
    languages = [(name, Language.of(name).own_name, f"/{name}/{rest}") for name in LANGUAGES]
    return {"languages": languages, "any_language": f"/{SOURCE_LANGUAGE}/{rest}" if rest else "/"}


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    spoken = Language.of(language)
    environment.install_gettext_translations(spoken.words, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "lang": language, "direction": spoken.direction, "static": _static_address,
        "in_order": lambda facets, rest="", count=0: _in_order(
            facets, spoken.plain_label, rest, count
        ),
        "sign": labels.sign, "stacked": charts.stacked, "address": _address,
    }  # fmt: skip
    environment.filters |= {
        **spoken.filters(), "grouped": _grouped,
        "root_words": lambda root: root_words(bytes.fromhex(root)),
    }  # fmt: skip
    return environment


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


def _grouped(digits: str) -> str:
    """Return hexadecimal digits in groups of eight."""
    return " ".join(digits[start : start + 8] for start in range(0, len(digits), 8))
