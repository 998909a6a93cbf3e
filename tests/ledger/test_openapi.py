"""The OpenAPI document is made from the types and the routes, and says what the service does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.http import ROUTES, make_app
from ledger.http.openapi import document, render
from tests.harness.registry import Registry
from tests.harness.service import registration, service
from verifier.rules.book import Unmet

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


def resolve(schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to its schema."""
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def fits(value: Any, schema: dict[str, Any], spec: dict[str, Any]) -> bool:
    """Say whether a JSON value is one that a schema of this document describes."""
    schema = resolve(schema, spec)
    if "anyOf" in schema:
        return any(fits(value, option, spec) for option in schema["anyOf"])
    match schema.get("type"):
        case "object":
            return isinstance(value, dict) and fits_object(value, schema, spec)
        case "array":
            items = schema.get("items", {})
            return isinstance(value, list) and all(fits(item, items, spec) for item in value)
        case "string":
            pattern = schema.get("pattern", "")
            return isinstance(value, str) and re.search(pattern, value) is not None
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case kind:
            return isinstance(value, {"boolean": bool, "null": type(None)}.get(kind, object))


def fits_object(value: dict[str, Any], schema: dict[str, Any], spec: dict[str, Any]) -> bool:
    """Say whether an object has all that it must, nothing unknown, and fitting members."""
    known = schema.get("properties", {})
    if "properties" in schema and not set(schema.get("required", ())) <= set(value) <= set(known):
        return False
    rest = schema.get("additionalProperties", {})
    return all(fits(member, known.get(name, rest), spec) for name, member in value.items())


def test_the_committed_document_is_the_generated_one() -> None:
    """The copy in the repository is what the code says today."""
    assert COMMITTED.read_bytes() == render(ROUTES), (
        "run: python -m ledger.http > docs/reference/openapi.json"
    )


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    """No dangling reference, no schema that nothing mentions."""
    spec = document(ROUTES)
    text = msgspec.json.encode(spec).decode()
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert named == set(spec["components"]["schemas"])


def test_every_operation_has_a_name_of_its_own_and_tells_its_problems() -> None:
    """Operation ids are unique; each operation answers success and, by default, a problem."""
    spec = document(ROUTES)
    operations = [op for path in spec["paths"].values() for op in path.values()]
    assert len({op["operationId"] for op in operations}) == len(operations) == len(ROUTES)
    for operation in operations:
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert operation["summary"].endswith(".")


def test_every_placeholder_of_a_path_is_described() -> None:
    """Path parameters in the path and in the list are the same."""
    for path, operations in document(ROUTES)["paths"].items():
        for operation in operations.values():
            listed = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert listed == set(re.findall(r"\{(\w+)\}", path)), path


async def test_the_service_mounts_the_listed_routes_and_no_others(tmp_path: Path) -> None:
    """What the document lists is what the router knows."""
    async with service(tmp_path) as live:
        app = make_app(live.ledger)
        mounted = {
            (route.method, route.resource.canonical)
            for route in app.router.routes()
            if route.method != "HEAD" and route.resource is not None
        }
        listed = {
            (method.upper(), path)
            for path, operations in document(ROUTES)["paths"].items()
            for method in operations
        }
        assert mounted == listed


@pytest.mark.parametrize(
    ("path", "template", "status"),
    [("/entries/0", "/entries/{entry}", 200), ("/streams/ledger/genesis", "/streams/{stream}", 200),
     ("/subjects/ledger", "/subjects/{subject}", 200),
     ("/subjects/ledger/entries", "/subjects/{subject}/entries", 200),
     ("/open-cases", "/open-cases", 200), ("/open-cases?limit=x", "/open-cases", 400),
     ("/-/healthz", "/-/healthz", 200), ("/-/readyz", "/-/readyz", 200),
     ("/entries/99", "/entries/{entry}", 404)],
)  # fmt: skip
async def test_answers_are_what_the_document_describes(
    tmp_path: Path, path: str, template: str, status: int
) -> None:
    """Each JSON answer of the live service fits the schema of its status and type."""
    spec = document(ROUTES)
    async with service(tmp_path, Registry().open()) as live:
        response = await live.get(path)
        assert response.status == status
        answers = spec["paths"][template]["get"]["responses"]
        answer = answers.get(str(status), answers["default"])
        schema = answer["content"][response.content_type]["schema"]
        assert fits(msgspec.json.decode(await response.read()), schema, spec)


async def test_receipts_and_refusals_are_what_the_document_describes(tmp_path: Path) -> None:
    """The replies to a good and a refused append fit their schemas, and not each other's."""
    spec = document(ROUTES)
    answers = spec["paths"]["/entries"]["post"]["responses"]
    receipt = answers["201"]["content"]["application/json"]["schema"]
    refusal = answers["default"]["content"]["application/problem+json"]["schema"]
    async with service(tmp_path) as live:
        good = registration(live.registry, "actor-x")
        bad = registration(live.registry, "actor-y", principal="actor-nobody")
        recorded, refused = [
            msgspec.json.decode(await (await live.post(e.raw, Accept="application/json")).read())
            for e in (good, bad)
        ]
        assert fits(recorded, receipt, spec)
        assert fits(refused, refusal, spec)
        assert not fits(recorded, refusal, spec)
        assert not fits(refused, receipt, spec)


def test_unmet_conditions_are_described_field_by_field() -> None:
    """The document knows each field that a refusal may carry."""
    described = document(ROUTES)["components"]["schemas"]["Unmet"]["properties"]
    assert set(described) == set(Unmet.__struct_fields__)
