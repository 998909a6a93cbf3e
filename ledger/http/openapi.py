"""The table of routes in one shape, and the OpenAPI 3.1 document made from it.

Rules:

1. A ``Route`` says all about a resource: path, method, handler, what it takes, what it answers.
   The server mounts exactly the routes that the document lists, so neither can drift.
2. Every JSON shape is a struct of ``ledger.http.wire``; its docstrings are the descriptions.
3. Every route may answer any problem; its codes stand in ``docs/reference/errors.md``.
4. ``python -m ledger.http`` prints the document; ``docs/reference/openapi.json`` is a copy
   that a test holds against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp.typedefs import Handler

from ledger.http.concise import MEDIA_CONCISE
from ledger.http.wire import MEDIA_PROBLEM, Problem

__all__ = ["Answer", "Parameter", "Route", "document", "render"]

TITLE: Final = "Pledgebook ledger"
VERSION: Final = "1"
"""The version of this interface, not of the software: it changes when clients must."""

_REFERENCE: Final = "#/components/schemas/{name}"
_PLACEHOLDER: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")

Content = tuple[str, tuple[type[Any], ...]]
"""A media type and the structs, one of which the body is; none for what is specified elsewhere."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of the path or, with *default*, of the query."""

    name: str
    description: str
    kind: str = "string"
    default: str | int | None = None
    query: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, what it means, and its body by media type."""

    status: int
    description: str
    content: tuple[Content, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One resource with one method (rule 1)."""

    method: str
    path: str
    """As aiohttp writes it; ``{name:.+}`` takes slashes too."""
    name: str
    summary: str
    handler: Handler
    answers: tuple[Answer, ...]
    takes: tuple[str, ...] = ()
    """Media types of the request body."""
    parameters: tuple[Parameter, ...] = ()


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of routes."""
    routes = tuple(routes)
    _, schemas = msgspec.json.schema_components(_structs(routes), ref_template=_REFERENCE)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(_PLACEHOLDER.sub(r"{\1}", route.path), {})[route.method.lower()] = (
            _operation(route)
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": "Append signed events, get receipts, read the log with its proofs. "
            "Paths below /tile and /checkpoint are C2SP tlog-tiles.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def render(routes: Iterable[Route]) -> bytes:
    """Return the document as it is committed: indented JSON with a final line feed."""
    return msgspec.json.format(msgspec.json.encode(document(routes)), indent=2) + b"\n"


def _structs(routes: tuple[Route, ...]) -> list[type[Any]]:
    found = {
        schema
        for route in routes
        for answer in route.answers
        for _, structs in answer.content
        for schema in structs
    }
    return sorted({*found, Problem}, key=lambda struct: struct.__name__)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": route.name, "summary": route.summary}
    if route.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in route.parameters]
    if route.takes:
        content: dict[str, Any] = {media: {} for media in route.takes}
        operation["requestBody"] = {"required": True, "content": content}
    responses = {str(answer.status): _response(answer) for answer in route.answers}
    responses["default"] = _response(
        Answer(
            0, "A problem (RFC 9457, RFC 9290)", ((MEDIA_PROBLEM, (Problem,)), (MEDIA_CONCISE, ()))
        )
    )
    return operation | {"responses": responses}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.kind}
    if parameter.default is not None:
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": "query" if parameter.query else "path",
        "required": not parameter.query,
        "description": parameter.description,
        "schema": schema,
    }


def _response(answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"description": answer.description}
    content = {media: _media(structs) for media, structs in answer.content}
    return response | {"content": content} if content else response


def _media(structs: tuple[type[Any], ...]) -> dict[str, Any]:
    references = [{"$ref": _REFERENCE.format(name=struct.__name__)} for struct in structs]
    if len(references) > 1:
        return {"schema": {"anyOf": references}}
    return {"schema": references[0]} if references else {}
