"""Every engine decides the public Ed25519 edge cases as the specification says.

1. The sets are other people's work. Two are fetched as Go modules, each with its version and the
   hash of its file pinned, and kept in the cache of pytest; the third, which some registries do not
   carry, stands in ``tests/vectors/cctv-ed25519``.
2. Only keys of prime order can be enrolled, so only their cases can reach a verifier
   (``docs/spec/event.md``, keys 1). The numbers below say how many those are.
3. Of these, keys 2 drops the signatures whose R has small order; there the engines differ.
4. The set of C2SP CCTV has 914 cases; the same author's earlier set of 768, with which Go tests
   itself, is asked as well.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness import edwards, vectors
from verifier import keys
from verifier.errors import MalformedError

pytestmark = pytest.mark.interop

FETCH_TIMEOUT_S = 240
Case = tuple[bytes, bytes, bytes]


@dataclass(frozen=True)
class EdgeCaseSet:
    """Where a set comes from, how a case of it is read, and what is expected of it."""

    name: str
    module: str
    """Empty for a set that stands among the vectors here."""
    version: str
    path: str
    sha256: str
    read: Callable[[dict[str, Any]], Case]
    total: int
    prime_order: int
    small_order_r: int
    accepted: int


def _speccheck(case: dict[str, Any]) -> Case:
    return (bytes.fromhex(case["pub_key"]), bytes.fromhex(case["signature"]),
            bytes.fromhex(case["message"]))  # fmt: skip


def _go(case: dict[str, Any]) -> Case:
    return bytes.fromhex(case["A"]), bytes.fromhex(case["R"] + case["S"]), case["M"].encode()


def _cctv(case: dict[str, Any]) -> Case:
    return bytes.fromhex(case["key"]), bytes.fromhex(case["sig"]), case["msg"].encode()


SETS = (
    EdgeCaseSet(
        "speccheck", "github.com/oasisprotocol/curve25519-voi",
        "v0.0.0-20230904125328-1f23a7beb09a",
        "primitives/ed25519/testdata/speccheck_cases.json.gz",
        "642794e72d13b11e19730019741c400f646696c03e55949f4bc4ae7204ee79e2",
        _speccheck, total=12, prime_order=2, small_order_r=0, accepted=0,
    ),
    EdgeCaseSet(
        "go", "filippo.io/mostly-harmless/ed25519vectors",
        "v0.0.0-20210322192420-30a2d7243a94", "ed25519vectors.json",
        "ed3dd0730ec5ef2dbfd629186fbefeb6299cbbf9a6ed94af0478f07291acacca",
        _go, total=768, prime_order=22, small_order_r=8, accepted=1,
    ),
    EdgeCaseSet(
        "cctv", "", "", "cctv-ed25519/cases.csv",
        "b75c42c02c5b124c4bd13f8f39c3e9ae170fed696ceb16bc3c00d8f4604ed5cd",
        _cctv, total=914, prime_order=28, small_order_r=8, accepted=1,
    ),
)  # fmt: skip


@pytest.fixture(params=SETS, ids=lambda found: found.name)
def edge_cases(
    request: pytest.FixtureRequest, require_tool: Callable[[str], str]
) -> tuple[EdgeCaseSet, list[Case]]:
    """A public set, fetched once and then read from the cache."""
    wanted: EdgeCaseSet = request.param
    cache: pytest.Cache = request.config.cache  # type: ignore[assignment]
    kept = cache.mkdir("ed25519-sets") / f"{wanted.sha256}.json"
    if not wanted.module:
        kept = vectors.FOLDER / wanted.path
    elif not kept.exists():
        kept.write_bytes(fetch(wanted, require_tool("go"), kept.parent / "modules"))
    data = kept.read_bytes()
    assert hashlib.sha256(data).hexdigest() == wanted.sha256, f"{kept} is not the pinned file"
    return wanted, [wanted.read(case) for case in cases_of(wanted.path, data)]


def cases_of(path: str, data: bytes) -> list[dict[str, Any]]:
    """Return the cases of a file, by what its name says it is."""
    if path.endswith(".csv"):
        return list(csv.DictReader(data.decode("ascii").splitlines()))
    found: list[dict[str, Any]] = json.loads(
        gzip.decompress(data) if path.endswith(".gz") else data
    )
    return found


def fetch(wanted: EdgeCaseSet, go: str, modules: Path) -> bytes:
    """Fetch the pinned file with the ordinary client; without a network, skip or fail."""
    environment = os.environ | {
        "GOMODCACHE": str(modules), "GOFLAGS": "-modcacherw", "GO111MODULE": "on",
        "GOSUMDB": "off",  # the file's own hash is pinned and compared
    }  # fmt: skip
    modules.mkdir(parents=True, exist_ok=True)
    answer = subprocess.run(
        [go, "mod", "download", "-json", f"{wanted.module}@{wanted.version}"],
        cwd=modules, env=environment, capture_output=True, text=True, check=False,
        timeout=FETCH_TIMEOUT_S,
    )  # fmt: skip
    found = json.loads(answer.stdout or "{}")
    if "Dir" in found:
        return (Path(found["Dir"]) / wanted.path).read_bytes()
    reason = f"{wanted.module}: {found.get('Error') or answer.stderr}".strip()
    if os.environ.get("PLEDGEBOOK_REQUIRE_TOOLS") == "1":
        pytest.fail(f"not fetched, and this run requires every tool: {reason}")
    pytest.skip(f"not fetched: {reason}")


def is_strict(public: bytes) -> bool:
    """Say whether a key may be enrolled; libsodium and plain arithmetic must say the same."""
    told = [raises_nothing(check, public) for check in (keys.require_strict_key,
            keys.require_prime_order)]  # fmt: skip
    assert len(public) != keys.PUBLIC_BYTES or told[0] == told[1], public.hex()
    return told[0]


def raises_nothing(check: Callable[[bytes], None], public: bytes) -> bool:
    """Say whether a check of a key passes."""
    try:
        check(public)
    except MalformedError as error:
        return error.code != "key-unsuitable"
    return True


def has_small_order_r(case: Case) -> bool:
    """Say whether R is one of the eight encodings that keys 2 names."""
    return case[1][:32] in {edwards.encode(point) for point in edwards.torsion()}


def test_only_keys_of_prime_order_are_admissible(
    edge_cases: tuple[EdgeCaseSet, list[Case]],
) -> None:
    """Enrolment admits exactly the keys that the plain curve calls canonical and of prime order."""
    wanted, cases = edge_cases
    assert len(cases) == wanted.total
    for public in {case[0] for case in cases}:
        point = edwards.decode(public)
        assert is_strict(public) is (
            point is not None and edwards.is_canonical(public) and edwards.is_prime_order(point)
        )
    assert sum(is_strict(case[0]) for case in cases) == wanted.prime_order


@pytest.mark.parametrize("engine", sorted(keys.ENGINES))
def test_every_engine_gives_the_verdict_of_the_specification(
    edge_cases: tuple[EdgeCaseSet, list[Case]], engine: str
) -> None:
    """On admissible keys: small-order R is false, and the rest is as the plain curve computes."""
    if engine == "sodium":
        pytest.importorskip("nacl")
    wanted, cases = edge_cases
    admissible = [case for case in cases if is_strict(case[0])]
    verdicts = keys.verify_many(admissible, engine=engine)
    dropped = [v for case, v in zip(admissible, verdicts, strict=True) if has_small_order_r(case)]
    assert dropped == [False] * wanted.small_order_r
    assert verdicts == [edwards.holds(*case) for case in admissible]
    assert sum(verdicts) == wanted.accepted
