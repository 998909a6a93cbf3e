from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import edwards, registry, vectors
from tests.harness.edwards import BASE, L, Point, add, challenge, encode, scalar, times
from verifier import keys
from verifier.errors import FalseError, MalformedError, UndecidedError

MESSAGE = b"We commit to plant 500 trees."
Case = tuple[bytes, bytes, bytes]


@pytest.fixture(params=sorted(keys.ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine by its name; one that is not installed is skipped."""
    name: str = request.param
    if name == "sodium":
        pytest.importorskip("nacl")
    return name


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


@given(st.binary(min_size=32, max_size=32))
def test_the_thumbprint_is_that_of_rfc_9679(public: bytes) -> None:
    """SHA-256 of the deterministic CBOR of the required members of an OKP key."""
    cose_key = {1: 1, -1: 6, -2: public}
    expected = hashlib.sha256(cbor2.dumps(cose_key, canonical=True)).digest()
    assert keys.thumbprint(public) == expected


def test_small_order_points_are_no_keys() -> None:
    """None of the eight points whose order divides 8 is enrolled."""
    points = edwards.torsion()
    assert len(set(points)) == 8
    assert not any(is_strict(encode(point)) for point in points)


def test_mixed_order_points_are_no_keys() -> None:
    """A key of prime order is enrolled; with any small-order point added to it, it is not."""
    for name in ("a", "b", "c"):
        key = times(scalar(name), BASE)
        assert is_strict(encode(key))
        assert not any(is_strict(encode(add(key, small))) for small in edwards.torsion()[1:])


def test_non_canonical_encodings_are_no_keys() -> None:
    """All encodings that lenient decoders read as a point, and no encoder writes."""
    encodings = edwards.non_canonical()
    assert len(encodings) > 20
    assert not any(is_strict(data) for data in encodings)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_has_32_bytes(size: int, engine: str) -> None:
    """Another length is never enrolled, and no engine verifies with it or reads beyond it."""
    secret = registry.secret("author")
    public = (secret.public_key().public_bytes_raw() * 2)[:size]
    assert not is_strict(public)
    assert keys.verify_many([(public, secret.sign(MESSAGE), MESSAGE)], engine=engine) == [False]


@settings(max_examples=25)
@given(st.binary(min_size=32, max_size=32))
def test_enrolment_agrees_with_the_plain_curve(public: bytes) -> None:
    """Random bytes, of which half are points and one in sixteen is of prime order."""
    point = edwards.decode(public)
    expected = point is not None and edwards.is_canonical(public) and edwards.is_prime_order(point)
    assert is_strict(public) is expected


def signature(secret: int, r: bytes, start: int, *, more: int = 0) -> bytes:
    """Return R with the S that solves the equation for this R, were R start · B."""
    public = encode(times(secret, BASE))
    s = (start + challenge(r, public, MESSAGE) * secret) % L + more
    return r + (s % 2**256).to_bytes(32, "little")


def edge_cases(secret: int, nonce: int) -> Iterator[Case]:
    """Yield signatures of a prime-order key with R and S at all edges."""
    public = encode(times(secret, BASE))
    point: Point = times(nonce, BASE)
    small = edwards.torsion()
    starts = [(encode(point), nonce), (encode(edwards.negative(point)), nonce)]
    starts += [(encode(add(point, extra)), nonce) for extra in small[1:]]
    starts += [(encode(extra), 0) for extra in small]
    starts += [(data, 0) for data in edwards.non_canonical()]
    for r, start in starts:
        for more in (0, L, 2 * L, 7 * L, 15 * L):
            yield public, signature(secret, r, start, more=more), MESSAGE
        for s in (0, 1, L - 1, L, L + 1, 2**252, 2**253, 2**255 - 19, 2**256 - 1):
            yield public, r + s.to_bytes(32, "little"), MESSAGE


@functools.cache
def judged(name: str) -> tuple[list[Case], list[bool]]:
    """Return the edge cases of a key, and what the plain curve says to each."""
    cases = list(edge_cases(scalar(name), scalar(name + " nonce")))
    return cases, [edwards.holds(*case) for case in cases]


def test_every_engine_decides_as_the_specification_says(engine: str) -> None:
    """Small, mixed, non-canonical and plain R with S of 0, true, + L and more, for a strict key."""
    cases, expected = judged("one")
    assert len(cases) > 500
    assert sum(expected) == 1
    assert keys.verify_many(cases, engine=engine) == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", [f"key {i}" for i in range(6)])
def test_every_engine_decides_alike_for_many_keys(name: str, engine: str) -> None:
    """The same edges for other keys and nonces."""
    cases, expected = judged(name)
    assert sum(expected) == 1
    assert keys.verify_many(cases, engine=engine) == expected


def test_rules_1_and_2_are_needed() -> None:
    """Without them the engines differ: the cases that they drop include such ones."""
    pytest.importorskip("nacl")
    weak = encode(edwards.torsion()[1])
    differing = []
    for public in (weak, encode(times(scalar("one"), BASE))):
        for r in map(encode, edwards.torsion()):
            s = challenge(r, public, MESSAGE) * scalar("one") % L
            case = (public, r + s.to_bytes(32, "little"), MESSAGE)
            verdicts = {name: make()(*case) for name, make in keys.ENGINES.items()}
            if len(set(verdicts.values())) > 1:
                differing.append(case)
    assert differing
    for case in differing:
        assert not is_strict(case[0]) or keys.verify_many([case], engine="sodium") == [False]


@given(st.binary(max_size=200), st.data())
def test_a_true_signature_verifies_and_a_changed_one_does_not(
    message: bytes, data: st.DataObject
) -> None:
    """One changed byte in key, signature or message is false, with every engine."""
    secret = registry.secret("author")
    message += b"."
    true = (secret.public_key().public_bytes_raw(), secret.sign(message), message)
    part = data.draw(st.integers(0, 2))
    changed = bytearray(true[part])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    parts = [*true[:part], bytes(changed), *true[part + 1 :]]
    false = (parts[0], parts[1], parts[2])
    keys.verify(*true)
    with pytest.raises(FalseError) as caught:
        keys.verify(*false)
    assert caught.value.code == "signature-false"
    verdicts = keys.verify_many([true, false, true], engine=keys.default_engine())
    assert verdicts == [True, False, True]


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 128])
def test_a_signature_has_64_bytes(size: int, engine: str) -> None:
    """Another length is false and never an error of the engine."""
    secret = registry.secret("author")
    public = secret.public_key().public_bytes_raw()
    cut = (secret.sign(MESSAGE) * 2)[:size]
    assert keys.verify_many([(public, cut, MESSAGE)], engine=engine) == [False]


def test_an_unknown_engine_cannot_decide() -> None:
    """An engine that does not exist is «could not decide», also when there is nothing to do."""
    with pytest.raises(UndecidedError) as caught:
        keys.verify_many([], engine="zip215")
    assert caught.value.code == "engine-unknown"


def checked(vector: dict[str, Any]) -> Case:
    """Return what a vector asks to verify."""
    public, signed, message = (
        bytes.fromhex(vector[part]) for part in ("public", "signature", "message")
    )
    return public, signed, message


@pytest.mark.parametrize("vector", vectors.load("keys/valid"), ids=vectors.names)
def test_valid_vectors_are_accepted(vector: dict[str, Any], engine: str) -> None:
    """The keys are suitable, have these thumbprints, and the signatures verify."""
    case = checked(vector)
    keys.require_strict_key(case[0])
    assert keys.thumbprint(case[0]).hex() == vector["thumbprint"]
    assert keys.verify_many([case], engine=engine) == [True]


def test_invalid_vectors_are_refused(engine: str) -> None:
    """Unsuitable keys are not enrolled; false signatures are false, with every engine."""
    for vector in vectors.load("keys/invalid"):
        if vector["code"] == "key-unsuitable":
            assert not is_strict(bytes.fromhex(vector["public"])), vector["name"]
        else:
            assert is_strict(bytes.fromhex(vector["public"]))
            assert keys.verify_many([checked(vector)], engine=engine) == [False], vector["name"]
