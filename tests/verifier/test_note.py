from __future__ import annotations

import base64
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.published import ORIGIN, Log, private_key, vector, verifier_key
from verifier.errors import FalseError, MalformedError, UndecidedError
from verifier.note import (
    Checkpoint,
    VerifierKey,
    cosignature_line,
    ed25519_line,
    format_note,
    mldsa_line,
    parse_note,
    verify_note,
)

LOG = Log.of(5)
TEXT = LOG.checkpoint().text()
NOTE = LOG.note()
WITNESS = private_key("a witness")
WITNESS_KEY = verifier_key("witness.example/w1", 0x04, WITNESS)
MLDSA = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
MLDSA_KEY = VerifierKey(ORIGIN, 0x06, MLDSA.public_key().public_bytes_raw())


def log_line(text: bytes = TEXT) -> bytes:
    """The log's Ed25519 line."""
    return ed25519_line(LOG.key, text, sign=LOG.private.sign)


def witness_line(timestamp: int = 1_700_000_000) -> bytes:
    """The witness's line."""
    return cosignature_line(WITNESS_KEY, TEXT, timestamp=timestamp, sign=WITNESS.sign)


def pq_line(timestamp: int = 1_700_000_001) -> bytes:
    """The log's ML-DSA line."""
    checkpoint = Checkpoint.parse(TEXT)
    return mldsa_line(MLDSA_KEY, checkpoint, timestamp=timestamp, sign=MLDSA.sign)


def test_the_example_of_the_specification_verifies() -> None:
    """The C2SP example note verifies with its example key, and the key writes back unchanged."""
    known = vector("note")
    key = VerifierKey.parse(known["vkey"])
    assert str(key) == known["vkey"]
    verified = verify_note(known["note"].encode(), [key])
    assert verified.keys == (key,)
    assert verified.text == b"This is an example message.\n"


def test_the_key_of_the_seeded_log_has_its_published_form() -> None:
    """The key made from the seed text writes the vkey that other verifiers accepted."""
    known = vector("test-seed")
    key = verifier_key(known["origin"], 0x01, private_key(known["seed_text"]))
    assert str(key) == known["vkey"]


def test_every_kind_of_line_verifies_and_is_named_with_its_time() -> None:
    """A note with Ed25519, cosignature and ML-DSA lines names the three keys and two times."""
    note = format_note(TEXT, [log_line(), witness_line(), pq_line()])
    verified = verify_note(note, [MLDSA_KEY, WITNESS_KEY, LOG.key])
    assert [(s.key, s.timestamp) for s in verified.signatures] == [
        (LOG.key, None),
        (WITNESS_KEY, 1_700_000_000),
        (MLDSA_KEY, 1_700_000_001),
    ]
    assert verified.unchecked == ()


def test_the_signed_messages_are_those_of_the_specification() -> None:
    """What is handed to the private key is, byte for byte, the message of tlog-cosignature."""
    seen: list[bytes] = []

    def sign(message: bytes) -> bytes:
        seen.append(message)
        return bytes(2_420 if message.startswith(b"subtree") else 64)

    checkpoint = Checkpoint("o.example/l", 70_000, bytes(range(32)))
    text = b"o.example/l\n70000\n" + base64.b64encode(bytes(range(32))) + b"\n"
    key = VerifierKey("w.example/1", 0x06, bytes(1_312))
    ed25519_line(LOG.key, text, sign=sign)
    line = cosignature_line(WITNESS_KEY, text, timestamp=1_679_315_147, sign=sign)
    mldsa_line(key, checkpoint, timestamp=7, sign=sign)
    assert checkpoint.text() == text
    assert seen == [
        text,
        b"cosignature/v1\ntime 1679315147\n" + text,
        b"subtree/v1\n\x00"
        b"\x0bw.example/1" + (7).to_bytes(8, "big") + b"\x0bo.example/l"
        + bytes(8) + (70_000).to_bytes(8, "big") + bytes(range(32)),
    ]  # fmt: skip
    assert len(base64.b64decode(line.split(b" ")[2])) == 4 + 8 + 64


def test_lines_of_unknown_keys_are_ignored() -> None:
    """A line of a stranger, or of a known name with another key id, changes nothing."""
    stranger = private_key("a stranger")
    lines = [
        ed25519_line(verifier_key("stranger", 0x01, stranger), TEXT, sign=stranger.sign),
        ed25519_line(verifier_key(ORIGIN, 0x01, stranger), TEXT, sign=stranger.sign),
    ]
    note = format_note(TEXT, [lines[0], log_line(), lines[1]])
    assert verify_note(note, [LOG.key]).keys == (LOG.key,)
    with pytest.raises(FalseError) as caught:
        verify_note(format_note(TEXT, lines), [LOG.key])
    assert caught.value.code == "note-unsigned"


def test_a_known_key_that_fails_condemns_the_whole_note() -> None:
    """One false line of a known key refuses the note though another verifies."""
    for bad, keys in [
        (witness_line()[:-8] + b"AAAAAA==\n", [LOG.key, WITNESS_KEY]),
        (pq_line()[:-8] + b"AAAAAA==\n", [LOG.key, MLDSA_KEY]),
    ]:
        note = format_note(TEXT, [log_line(), altered(bad)])
        with pytest.raises(FalseError) as caught:
            verify_note(note, keys)
        assert caught.value.code == "note-signature-false"
        assert verify_note(note, [LOG.key]).keys == (LOG.key,)


def altered(line: bytes) -> bytes:
    """The line in canonical base64, with the last byte of its signature inverted."""
    head, encoded = line.rstrip(b"\n").rsplit(b" ", 1)
    data = bytearray(base64.b64decode(encoded))
    data[-1] ^= 0xFF
    return head + b" " + base64.b64encode(bytes(data)) + b"\n"


def test_a_cosignature_of_another_time_or_length_is_false() -> None:
    """The timestamp is signed; a time past 2^63 - 1 and a shorter body are false."""
    head, encoded = witness_line().rstrip(b"\n").rsplit(b" ", 1)
    data = base64.b64decode(encoded)
    for body in (
        data[:4] + (5).to_bytes(8, "big") + data[12:],
        data[:4] + (2**63).to_bytes(8, "big") + data[12:],
        data[:-1],
        data[:11],
    ):
        line = head + b" " + base64.b64encode(body) + b"\n"
        with pytest.raises(FalseError) as caught:
            verify_note(format_note(TEXT, [line]), [WITNESS_KEY])
        assert caught.value.code == "note-signature-false"


def test_a_time_beyond_the_specification_is_false_though_it_is_signed() -> None:
    """Up to 2^63 - 1 a properly signed time is accepted, from 2^63 on it is not."""
    for timestamp in (0, 2**63 - 1):
        note = format_note(TEXT, [witness_line(timestamp)])
        assert verify_note(note, [WITNESS_KEY]).signatures[0].timestamp == timestamp
    with pytest.raises(FalseError):
        verify_note(format_note(TEXT, [witness_line(2**63)]), [WITNESS_KEY])


def test_a_line_of_one_type_is_not_accepted_as_another() -> None:
    """The log's plain signature under the witness's type, and the reverse, do not verify."""
    same = verifier_key("both", 0x01, WITNESS), verifier_key("both", 0x04, WITNESS)
    plain = base64.b64decode(ed25519_line(same[0], TEXT, sign=WITNESS.sign).split(b" ")[2])
    for key, body in [(same[1], bytes(8) + plain[4:]), (same[1], plain[4:])]:
        encoded = base64.b64encode(key.key_id + body)
        line = b"\xe2\x80\x94 both " + encoded + b"\n"
        with pytest.raises(FalseError):
            verify_note(format_note(TEXT, [line]), [key])


@pytest.mark.parametrize("lines", [[pq_line()], [log_line(), pq_line()]])
def test_without_mldsa_its_lines_are_unchecked_never_verified(
    lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cryptography without ML-DSA leaves such lines open: undecided alone, else named."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    note = format_note(TEXT, lines)
    if len(lines) == 1:
        with pytest.raises(UndecidedError) as caught:
            verify_note(note, [LOG.key, MLDSA_KEY])
        assert caught.value.code == "mldsa-missing"
    else:
        verified = verify_note(note, [LOG.key, MLDSA_KEY])
        assert (verified.keys, verified.unchecked) == ((LOG.key,), (MLDSA_KEY,))


def test_every_flipped_bit_of_a_note_is_refused() -> None:
    """All positions × 8 bits of a note with one line: malformed, unsigned or false."""
    for position in range(len(NOTE)):
        for bit in range(8):
            data = bytearray(NOTE)
            data[position] ^= 1 << bit
            with pytest.raises((MalformedError, FalseError)):
                verify_note(bytes(data), [LOG.key])


GOOD = log_line().decode()
SIGNED = TEXT.decode() + "\n" + GOOD


@pytest.mark.parametrize(
    "note",
    ["", "\n\n", TEXT.decode(), TEXT.decode() + "\n", SIGNED[:-1], SIGNED + "\n", SIGNED + "x\n",
     SIGNED.replace("\n", "\r\n"), SIGNED.replace("— ", "- "), SIGNED.replace("— ", "—"),
     SIGNED.replace("— ", "—  "), SIGNED.replace(f"{ORIGIN} ", "a+b "),
     SIGNED.replace(f"— {ORIGIN} ", "— a\u2003b "), SIGNED.replace(f"— {ORIGIN} ", "—  "),
     SIGNED + GOOD, SIGNED[:-1] + "=\n", SIGNED[:-2] + "\n", SIGNED[:-1] + " \n",
     SIGNED + "— a AAAA\n", SIGNED + "— a AAAAAA==\n", SIGNED + "— a\n", "a\tb\n\n" + GOOD,
     "a\x00b\n\n" + GOOD, SIGNED + "— b AAAAAAB=\n", SIGNED + "— b AAAA\u00adAAA=\n"],
)  # fmt: skip
def test_what_is_no_signed_note_is_malformed(note: str) -> None:
    """Wrong separators, control characters, doubled lines and loose base64 are refused."""
    with pytest.raises(MalformedError) as caught:
        parse_note(note.encode())
    assert caught.value.code == "note-malformed"


def test_bytes_that_are_not_utf8_and_notes_beyond_the_limits_are_malformed() -> None:
    """Invalid UTF-8, 101 lines and a note above the ceiling are refused; 100 lines pass."""
    lines = [b"\xe2\x80\x94 n%d AAAAAAA=\n" % i for i in range(101)]
    assert len(parse_note(format_note(TEXT, lines[:100])).signatures) == 100
    for data in (
        format_note(TEXT, lines),
        b"\xff" + NOTE,
        b"\xed\xa0\x80" + NOTE,
        b"x" * 600_000 + NOTE,
    ):
        with pytest.raises(MalformedError):
            parse_note(data)


def test_a_note_splits_at_its_last_blank_line() -> None:
    """Blank lines within the text belong to the text, and are signed."""
    text = b"one\n\ntwo\n"
    note = format_note(text, [log_line(text)])
    assert verify_note(note, [LOG.key]).text == text


@given(size=st.integers(0, 2**53 - 1), root=st.binary(min_size=32, max_size=32))
def test_a_checkpoint_reads_back_as_it_was_written(size: int, root: bytes) -> None:
    """Checkpoint.parse is the inverse of text()."""
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


ROOT = base64.b64encode(bytes(31) + b"\x01").decode()


@pytest.mark.parametrize(
    "text",
    ["", "\n", "o\n1\n", f"o\n1\n{ROOT}", f"o\n1\n{ROOT}\nextension\n", f"o\n1\n{ROOT}\n\n",
     f"\n1\n{ROOT}\n", f"o\n01\n{ROOT}\n", f"o\n-1\n{ROOT}\n", f"o\n+1\n{ROOT}\n",
     f"o\n 1\n{ROOT}\n", f"o\n1_0\n{ROOT}\n", f"o\n\n{ROOT}\n", f"o\n{2**53}\n{ROOT}\n",
     f"o\n{'9' * 5000}\n{ROOT}\n", f"o\n١\n{ROOT}\n", f"o\n1\n{ROOT[:-4]}\n",
     f"o\n1\n{ROOT[:-2]}F=\n", f"o\n1\n{ROOT}AAAA\n", f"o\n1\n{ROOT.rstrip('=')}\n",
     f"{'o' * 256}\n1\n{ROOT}\n"],
)  # fmt: skip
def test_what_is_not_exactly_a_checkpoint_is_malformed(text: str) -> None:
    """Extension lines, other spellings of the size and loose base64 are refused."""
    with pytest.raises(MalformedError) as caught:
        Checkpoint.parse(text.encode())
    assert caught.value.code == "note-malformed"


VKEY = str(LOG.key)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a+b", VKEY[:-4], VKEY.upper(), VKEY.replace("2026", "2027"), " " + VKEY, VKEY + " ",
     VKEY + "\n", "+" + VKEY.split("+", 1)[1], "a b+" + VKEY.split("+", 1)[1], VKEY + "AAAA",
     "x" * 5_000 + VKEY, "\udcff" + VKEY],
)  # fmt: skip
def test_what_is_no_verifier_key_is_malformed(text: str) -> None:
    """Another name, a wrong key id, white space or a wrong length are refused."""
    with pytest.raises(MalformedError) as caught:
        VerifierKey.parse(text)
    assert caught.value.code == "vkey-malformed"


def test_keys_of_other_types_or_of_small_order_are_refused() -> None:
    """ECDSA keys are not for this log; a weak Ed25519 point is not enrolled through a policy."""
    for kind, public, code in [
        (0x02, bytes(32), "vkey-malformed"),
        (0x06, bytes(32), "vkey-malformed"),
        (0x01, b"\x01" + bytes(31), "key-unsuitable"),
        (0x04, b"\x01" + bytes(31), "key-unsuitable"),
    ]:
        with pytest.raises(MalformedError) as caught:
            VerifierKey.parse(str(VerifierKey("a", kind, public)))
        assert caught.value.code == code


def test_a_key_makes_only_the_line_of_its_own_type() -> None:
    """Signing with a key of another type is a programming error, caught before it is published."""
    with pytest.raises(ValueError, match="does not make"):
        ed25519_line(WITNESS_KEY, TEXT, sign=WITNESS.sign)
    with pytest.raises(ValueError, match="does not make"):
        cosignature_line(LOG.key, TEXT, timestamp=1, sign=LOG.private.sign)
