"""The aiohttp application of the views: to be served alone, or joined to another by its routes.

Rules:

1. It only reads, and only from the views' files; it holds no connection to the log.
2. What is wrong is said with a stable code (``projections.web.problems``).
3. Answers are of one moment, say at which checkpoint they stand, and may be cached only after
   asking again (``no-cache`` with a strong ``ETag``: view, version, position, day and
   query decide all).
"""

from __future__ import annotations

from aiohttp import web

from projections.runner import Runner
from projections.web import pages_json
from projections.web.asking import RUNNER
from projections.web.pages import add_site
from projections.web.problems import telling

__all__ = ["add_pages", "pages_app"]


def pages_app(runner: Runner) -> web.Application:
    """Return an application of the views alone; who started the runner closes it."""
    app = web.Application()
    add_pages(app, runner)
    return app


def add_pages(app: web.Application, runner: Runner, *, prefix: str = "", log_url: str = "") -> None:
    """Join views and pages to an application, once for each; the JSON below a prefix.

    *log_url* is where readers find the log; empty when the application serves it too.
    """
    app[RUNNER] = runner
    for path, handler in pages_json.ROUTES.items():
        app.router.add_get(prefix + path, telling(handler))
    add_site(app, log_url=log_url)
