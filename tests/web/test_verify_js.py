"""The verifier in the browser says of every vector what the verifier in Python says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.harness import vectors
from tests.harness.vectors import FOLDER

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser, demonstration: str) -> Iterator[Page]:
    """A page that has the module loaded as ``v``."""
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{demonstration}/en/")
    page.evaluate("async () => { window.v = await import('/static/verify.js'); }")
    yield page
    context.close()


def told(page: Page, body: str, argument: Any) -> Any:
    """Run a body over each of the arguments; a refusal comes back as its code."""
    script = f"""async (all) => {{
        const plain = (x) => x instanceof Map
            ? Object.fromEntries([...x].map(([k, y]) => [k, plain(y)]))
            : Array.isArray(x) ? x.map(plain)
            : x instanceof Uint8Array ? {{bytes: v.hex(x)}} : x;
        const out = [];
        for (const one of all) {{
            try {{ out.push(await (async () => {{ {body} }})()); }}
            catch (e) {{ if (!e.code) throw e; out.push(e.code); }}
        }}
        return out;
    }}"""
    return page.evaluate(script, argument)


def test_payloads_are_decoded_to_the_same_values(page: Page) -> None:
    """Each valid payload decodes to its value, where the vector repeats it."""
    known = vectors.load("encoding/valid")
    found = told(page, "return plain(v.decodePayload(v.fromHex(one.hex)));", known)
    for vector, value in zip(known, found, strict=True):
        assert isinstance(value, dict), (vector["name"], value)
        if vector["value"] is not None:
            assert value == vector["value"], vector["name"]


def test_payloads_are_refused_with_the_same_codes(page: Page) -> None:
    """Each invalid payload is refused with the code that Python gives it."""
    known = vectors.load("encoding/invalid")
    found = told(page, "return plain(v.decodePayload(v.fromHex(one.hex)));", known)
    assert {v["name"]: c for v, c in zip(known, found, strict=True)} == {
        v["name"]: v["code"] for v in known
    }


def test_events_are_read_alike_and_their_signatures_verify(page: Page) -> None:
    """Each valid event has the claims and the ids of its vector, and its key verifies it."""
    known = vectors.load("event/valid")
    body = """const raw = v.fromHex(one.hex), e = v.parseEvent(raw);
        const key = v.fromHex(one.public);
        await v.requireSignature(key, e.signature, e.toBeSigned);
        const h = (x) => x === null ? null : v.hex(x);
        return {id: v.hex(await v.leafHash(raw)),
                submission_id: v.hex(await v.sha256(e.toBeSigned)), iss: e.iss, stream: e.stream,
                iat: e.iat, type: e.type, seq: e.seq, ledger: h(e.ledger), prev: h(e.prev),
                kid: h(e.kid), own: h(await v.thumbprint(key)),
                seen: e.seen && [e.seen.size, h(e.seen.root)]};"""
    for vector, event in zip(known, told(page, body, known), strict=True):
        assert isinstance(event, dict), (vector["name"], event)
        assert event["kid"] == event.pop("own"), vector["name"]
        for name in event.keys() & vector.keys():
            assert event[name] == vector[name], (vector["name"], name)


def test_events_are_refused_with_the_same_codes(page: Page) -> None:
    """Each invalid event is refused with the code that Python gives it."""
    known = vectors.load("event/invalid")
    found = told(page, "v.parseEvent(v.fromHex(one.hex)); return null;", known)
    assert {v["name"]: c for v, c in zip(known, found, strict=True)} == {
        v["name"]: v["code"] for v in known
    }


def test_no_flip_of_a_bit_is_accepted(page: Page) -> None:
    """All flips of one bit of an event are refused by the parser or by the signature."""
    known = vectors.load("event/valid")[:3]
    body = """const raw = v.fromHex(one.hex), key = v.fromHex(one.public);
        let accepted = 0;
        for (let i = 0; i < raw.length * 8; i += 1) {
            const other = raw.slice(); other[i >> 3] ^= 1 << (i & 7);
            try {
                const e = v.parseEvent(other);
                if (!v.same(e.kid, await v.thumbprint(key))) continue;
                await v.requireSignature(key, e.signature, e.toBeSigned); accepted += 1;
            } catch (e) { if (!e.code) throw e; }
        }
        return accepted;"""
    assert told(page, body, known) == [0] * len(known)


def test_keys_and_signatures_have_the_same_verdicts(page: Page) -> None:
    """Every edge case of keys and signatures is judged as by the engines of Python."""
    valid, invalid = vectors.load("keys/valid"), vectors.load("keys/invalid")
    body = """const key = v.fromHex(one.public);
        if (one.code !== "signature-false") v.requireKey(key);
        if (one.signature !== undefined) await v.requireSignature(
            key, v.fromHex(one.signature), v.fromHex(one.message));
        return "ok";"""
    assert told(page, body, valid) == ["ok"] * len(valid)
    assert {v["name"]: c for v, c in zip(invalid, told(page, body, invalid), strict=True)} == {
        v["name"]: v["code"] for v in invalid
    }


def test_trees_and_paths_are_those_of_the_standards(page: Page) -> None:
    """The roots at sizes one to eight, and the paths of tiles, are those that others publish."""
    tree = json.loads((FOLDER / "log/rfc6962.json").read_text("utf-8"))
    body = """const leaves = await Promise.all(
            one.leaves.map((x) => v.leafHash(v.fromHex(x))));
        const roots = [];
        for (let i = 1; i <= leaves.length; i += 1)
            roots.push(v.hex(await v.rootOf(leaves.slice(0, i))));
        return roots;"""
    assert told(page, body, [tree]) == [tree["roots"]]
    paths = json.loads((FOLDER / "log/tiles.json").read_text("utf-8"))["paths"]
    found = told(page, "return v.tilePath(0, Number(one), 256);", list(paths))
    assert found == [f"tile/0/{path}" for path in paths.values()]


def test_notes_verify_by_their_key_and_by_no_other(page: Page) -> None:
    """The example of the signed-note specification verifies; with any flip of a bit it does not."""
    note = json.loads((FOLDER / "log/note.json").read_text("utf-8"))
    body = """const key = await v.parseVkey(one.vkey), bytes = new TextEncoder().encode(one.note);
        const count = async (b) => (await v.signersOf(v.parseNote(b), [key])).length;
        let accepted = 0;
        for (let i = 0; i < bytes.length * 8; i += 1) {
            const other = bytes.slice(); other[i >> 3] ^= 1 << (i & 7);
            try { accepted += await count(other); } catch (e) { if (!e.code) throw e; }
        }
        return [await count(bytes), accepted];"""
    assert told(page, body, [note]) == [[1, 0]]
