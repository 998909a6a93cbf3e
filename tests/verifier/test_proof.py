from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.published import Log, private_key
from verifier.errors import FalseError, MalformedError, PledgebookError, PolicyError
from verifier.policy import parse_policy
from verifier.proof import (
    MAX_EXTRA_BYTES,
    Proof,
    format_proof,
    parse_proof,
    verify_proof,
)
from verifier.tree import inclusion_proof, leaf_hash

LOG = Log.of(11)
POLICY = parse_policy(f"log {LOG.key}\nquorum none\n".encode())


def proof_of(index: int, *, extra: bytes | None = None) -> bytes:
    """The proof file of one entry at the log's full size."""
    path = inclusion_proof(index, len(LOG.entries), LOG.read)
    return format_proof(Proof(index, path, LOG.note(), extra))


def test_every_entry_of_a_log_is_proven_by_its_file() -> None:
    """Each proof verifies for its entry and names index, leaf and checkpoint."""
    for index, entry in enumerate(LOG.entries):
        proven = verify_proof(proof_of(index), entry, policy=POLICY)
        assert (proven.entry, proven.index, proven.leaf) == (entry, index, leaf_hash(entry))
        assert proven.checkpoint.checkpoint == LOG.checkpoint()
        assert proven.checkpoint.log_keys == (LOG.key,)


def test_a_proof_file_has_the_form_of_the_specification() -> None:
    """The file is, line by line, that of tlog-proof."""
    path = inclusion_proof(4, 11, LOG.read)
    assert proof_of(4, extra=b"hello").decode().split("\n") == [
        "c2sp.org/tlog-proof@v1",
        "extra aGVsbG8=",
        "index 4",
        *(base64.b64encode(value).decode() for value in path),
        "",
        *LOG.note().decode().split("\n"),
    ]


def test_a_log_of_one_entry_needs_no_path() -> None:
    """In a tree of one leaf the path is empty and the root is the leaf hash."""
    log = Log.of(1)
    data = format_proof(Proof(0, (), log.note()))
    assert verify_proof(data, b"entry 0", policy=POLICY).index == 0


def test_the_entry_may_come_from_the_extra_line() -> None:
    """Without an entry from outside the extra line gives it, and is held to the path."""
    assert verify_proof(proof_of(7, extra=LOG.entries[7]), None, policy=POLICY).entry == b"entry 7"
    with pytest.raises(FalseError) as caught:
        verify_proof(proof_of(7, extra=b"entry 8"), None, policy=POLICY)
    assert caught.value.code == "proof-false"
    with pytest.raises(MalformedError):
        verify_proof(proof_of(7), None, policy=POLICY)


def test_what_is_given_from_outside_is_what_is_checked() -> None:
    """A true extra line does not help a false entry, nor a false one hurt a true entry."""
    with pytest.raises(FalseError):
        verify_proof(proof_of(7, extra=LOG.entries[7]), b"entry 8", policy=POLICY)
    assert verify_proof(proof_of(7, extra=b"context"), b"entry 7", policy=POLICY).index == 7


def test_every_flipped_bit_of_a_proof_is_refused() -> None:
    """All positions × 8 bits of a proof: malformed, false or of another log."""
    data = proof_of(5)
    for position in range(len(data)):
        for bit in range(8):
            wrong = bytearray(data)
            wrong[position] ^= 1 << bit
            with pytest.raises((MalformedError, FalseError, PolicyError)):
                verify_proof(bytes(wrong), LOG.entries[5], policy=POLICY)


def test_a_proof_under_another_key_or_without_its_quorum_is_false() -> None:
    """Signed by a stranger it is unsigned; a fresh receipt lacks the quorum and can say so."""
    forged = Log.of(11)
    forged.private = private_key("a forger")
    path = inclusion_proof(0, 11, forged.read)
    with pytest.raises(FalseError) as caught:
        verify_proof(format_proof(Proof(0, path, forged.note())), b"entry 0", policy=POLICY)
    assert caught.value.code == "note-unsigned"
    other = Log.of(1)
    other.private = private_key("a witness")
    witness = str(other.key.__class__("w", 0x04, other.key.public))
    strict = parse_policy(f"log {LOG.key}\nwitness w {witness}\nquorum w\n".encode())
    with pytest.raises(FalseError) as missing:
        verify_proof(proof_of(0), b"entry 0", policy=strict)
    assert missing.value.code == "quorum-missing"
    fresh = verify_proof(proof_of(0), b"entry 0", policy=strict, require_quorum=False)
    assert fresh.checkpoint.quorum_met is False


H, X, I, N = "c2sp.org/tlog-proof@v1\n", "extra aGVsbG8=\n", "index 0\n", LOG.note().decode()  # noqa: E741
P = base64.b64encode(bytes(32)).decode() + "\n"


@pytest.mark.parametrize(
    "text",
    ["", H, H + I, H + "\n" + N, I + "\n" + N, H + I + N, H.upper() + I + "\n" + N,
     H + I + X + "\n" + N, H + X + X + I + "\n" + N, H + X + "\n" + N,
     H + "extra \n" + I + "\n" + N,
     H + "extra aGVsbG8\n" + I + "\n" + N, H + "extra\n" + I + "\n" + N, H + "index 00\n\n" + N,
     H + "index -1\n\n" + N, H + "index  0\n\n" + N, H + "index 0 \n\n" + N, H + "index\n\n" + N,
     H + f"index {2**53}\n\n" + N, H + I + I + "\n" + N, H + I + P[:-3] + "\n\n" + N,
     H + I + " " + P + "\n" + N, H + I + P.strip() + P + "\n" + N, H + I + "AAAA\n\n" + N,
     H + I + P * 54 + "\n" + N, "\ufeff" + H + I + "\n" + N,
     (H + I + "\n" + N).replace("\n", "\r\n"), H + I + "é\n\n" + N],
)  # fmt: skip
def test_what_is_no_proof_file_is_malformed(text: str) -> None:
    """Lines in another order, missing, doubled or loosely encoded are refused."""
    with pytest.raises(MalformedError) as caught:
        parse_proof(text.encode())
    assert caught.value.code == "proof-malformed"


def test_an_extra_line_has_a_ceiling_that_other_readers_share() -> None:
    """An event of 48,000 bytes fits a line below 64 KiB; more than the ceiling is refused."""
    largest = proof_of(0, extra=bytes(48_000))
    assert max(map(len, largest.split(b"\n"))) < 65_536
    assert parse_proof(largest).extra == bytes(48_000)
    for extra in (b"", bytes(MAX_EXTRA_BYTES + 1)):
        with pytest.raises(MalformedError):
            proof_of(0, extra=extra)
    encoded = base64.b64encode(bytes(MAX_EXTRA_BYTES + 1)).decode()
    with pytest.raises(MalformedError):
        parse_proof((H + f"extra {encoded}\n" + I + "\n" + N).encode())
    with pytest.raises(MalformedError):
        parse_proof((H + I + "\n").encode() + bytes(600_000))


proofs = st.builds(
    Proof,
    st.integers(0, 2**53 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=53).map(tuple),
    st.just(LOG.note()),
    st.none() | st.binary(min_size=1, max_size=100),
)


@given(proofs)
def test_a_proof_file_reads_back_as_it_was_written(proof: Proof) -> None:
    """parse_proof is the inverse of format_proof."""
    assert parse_proof(format_proof(proof)) == proof


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_break_the_parser(junk: bytes, position: int) -> None:
    """Junk spliced into a proof is verified as what it is, or refused with a code of ours."""
    data = proof_of(3)
    spliced = data[:position] + junk + data[position:]
    try:
        proven = verify_proof(spliced, LOG.entries[3], policy=POLICY)
    except PledgebookError:
        return
    assert proven.index == 3
