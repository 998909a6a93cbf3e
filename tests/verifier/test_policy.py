from __future__ import annotations

import itertools
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.published import ORIGIN, Log, private_key, verifier_key
from verifier.errors import FalseError, MalformedError, PolicyError, UndecidedError
from verifier.note import VerifierKey, cosignature_line, format_note, mldsa_line
from verifier.policy import (
    Cosigned,
    Group,
    LogKey,
    Policy,
    Witness,
    format_policy,
    parse_policy,
)

LOG = Log.of(3)
CHECKPOINT = LOG.checkpoint()
LEDGER = bytes(range(32))
WITNESSES = {name: private_key(name) for name in ("x1", "x2", "x3", "y1", "y2", "y3")}
KEYS = {name: verifier_key(f"{name}.example/w", 0x04, key) for name, key in WITNESSES.items()}
MLDSA = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
MLDSA_KEY = VerifierKey(ORIGIN, 0x06, MLDSA.public_key().public_bytes_raw())

# The example of the tlog-policy specification: two groups, at least 2 of X and 1 of Y.
TEXT = "\n".join(
    [
        "# a policy for tests",
        f"log {LOG.key}",
        "",
        *(f"witness {name} {key}" for name, key in list(KEYS.items())[:3]),
        "group X-witnesses 2 x1 x2 x3",
        *(
            f"\twitness {name}  {key} https://{name}.example/"
            for name, key in list(KEYS.items())[3:]
        ),
        "group Y-witnesses any y1 y2 y3",
        "group X-and-Y all X-witnesses Y-witnesses",
        "quorum X-and-Y",
        "",
    ]
)


def cosigned(*names: str, timestamp: int = 1_700_000_000) -> bytes:
    """The checkpoint note with the log's line and those of some witnesses."""
    text = CHECKPOINT.text()
    lines = [
        cosignature_line(KEYS[name], text, timestamp=timestamp, sign=WITNESSES[name].sign)
        for name in names
    ]
    return LOG.note() + b"".join(lines)


def policy_of(text: str) -> Policy:
    """Parses a policy."""
    return parse_policy(text.encode())


def test_the_quorum_of_the_specifications_example_needs_two_of_x_and_one_of_y() -> None:
    """Of all 64 sets of witnesses exactly those with two X and one Y are enough."""
    policy = policy_of(TEXT)
    for size in range(len(KEYS) + 1):
        for names in itertools.combinations(KEYS, size):
            enough = sum(n[0] == "x" for n in names) >= 2 and any(n[0] == "y" for n in names)
            note = cosigned(*names)
            judged = policy.judge(note, require_quorum=False)
            assert judged.quorum_met is enough
            assert judged.witnesses == tuple(Cosigned(n, 1_700_000_000) for n in names)
            if enough:
                assert policy.judge(note) == judged
            else:
                with pytest.raises(FalseError) as caught:
                    policy.judge(note)
                assert caught.value.code == "quorum-missing"


def test_what_was_judged_is_told() -> None:
    """The evidence holds the checkpoint, the log's keys and the note itself."""
    judged = policy_of(f"log {LOG.key}\nquorum none\n").judge(LOG.note())
    assert judged.checkpoint == CHECKPOINT
    assert judged.log_keys == (LOG.key,)
    assert (judged.witnesses, judged.unchecked, judged.quorum_met) == ((), (), True)
    assert judged.note == LOG.note()


def test_a_checkpoint_of_another_log_does_not_fit_the_policy() -> None:
    """Another origin is an unsuitable policy, also when the same key signed it."""
    other = Log.of(3)
    other.origin = "elsewhere.example/log"
    with pytest.raises(PolicyError) as caught:
        policy_of(f"log {LOG.key}\nquorum none\n").judge(other.note())
    assert caught.value.code == "policy-unsuitable"


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    """A checkpoint that only witnesses signed, or only a stranger, is unsigned."""
    text = CHECKPOINT.text()
    line = cosignature_line(KEYS["x1"], text, timestamp=1, sign=WITNESSES["x1"].sign)
    policy = policy_of(f"log {LOG.key}\nwitness x1 {KEYS['x1']}\nquorum x1\n")
    forged = Log.of(3)
    forged.private = private_key("a forger")
    for note in (format_note(text, [line]), forged.note()):
        with pytest.raises(FalseError) as caught:
            policy.judge(note)
        assert caught.value.code == "note-unsigned"


def test_a_false_cosignature_of_a_listed_witness_refuses_the_checkpoint() -> None:
    """A cosignature over another checkpoint condemns the note though the quorum is met without."""
    policy = policy_of(TEXT)
    text = LOG.checkpoint(2).text()
    stray = cosignature_line(KEYS["x3"], text, timestamp=1, sign=WITNESSES["x3"].sign)
    note = cosigned("x1", "x2", "y1")
    policy.judge(note)
    with pytest.raises(FalseError) as caught:
        policy.judge(note + stray)
    assert caught.value.code == "note-signature-false"


def test_a_cosignature_without_a_time_does_not_count() -> None:
    """Timestamp 0 states no time; such a line verifies and is no witness."""
    policy = policy_of(f"log {LOG.key}\nwitness x1 {KEYS['x1']}\nquorum x1\n")
    note = cosigned("x1", timestamp=0)
    assert policy.judge(note, require_quorum=False).witnesses == ()
    with pytest.raises(FalseError) as caught:
        policy.judge(note)
    assert caught.value.code == "quorum-missing"


def test_a_log_may_have_a_key_of_each_kind_and_the_evidence_names_those_that_signed() -> None:
    """With an Ed25519 and an ML-DSA log line either signature is enough; both are told."""
    policy = policy_of(f"log {LOG.key}\nlog {MLDSA_KEY} https://log.example.org/2026\nquorum none")
    line = mldsa_line(MLDSA_KEY, CHECKPOINT, timestamp=5, sign=MLDSA.sign)
    both = policy.judge(LOG.note() + line)
    assert set(both.log_keys) == {LOG.key, MLDSA_KEY}
    assert policy.judge(LOG.note()).log_keys == (LOG.key,)
    assert policy.judge(format_note(CHECKPOINT.text(), [line])).log_keys == (MLDSA_KEY,)
    assert both.witnesses == ()


def test_what_depends_on_an_uncheckable_line_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ML-DSA support a log line or quorum of that type is neither true nor false."""
    witness = VerifierKey("pq.example/w", 0x06, MLDSA_KEY.public)
    log_line = mldsa_line(MLDSA_KEY, CHECKPOINT, timestamp=5, sign=MLDSA.sign)
    cosignature = mldsa_line(witness, CHECKPOINT, timestamp=5, sign=MLDSA.sign)
    by_log = policy_of(f"log {LOG.key}\nlog {MLDSA_KEY}\nwitness x1 {KEYS['x1']}\nquorum none\n")
    by_witness = policy_of(f"log {LOG.key}\nwitness w {witness}\nquorum w\n")
    x1 = cosignature_line(KEYS["x1"], CHECKPOINT.text(), timestamp=5, sign=WITNESSES["x1"].sign)
    assert by_witness.judge(LOG.note() + cosignature).witnesses == (Cosigned("w", 5),)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    for policy, note in [
        (by_log, format_note(CHECKPOINT.text(), [log_line])),
        (by_log, format_note(CHECKPOINT.text(), [log_line, x1])),
        (by_witness, LOG.note() + cosignature),
    ]:
        with pytest.raises(UndecidedError) as caught:
            policy.judge(note)
        assert caught.value.code == "mldsa-missing"
    judged = by_witness.judge(LOG.note() + cosignature, require_quorum=False)
    assert (judged.quorum_met, judged.unchecked) == (False, (witness,))
    with pytest.raises(FalseError) as missing:
        by_witness.judge(LOG.note())
    assert missing.value.code == "quorum-missing"


def test_an_extension_line_refuses_the_checkpoint() -> None:
    """A checkpoint of four lines is malformed however well it is signed."""
    signed = LOG.note().split(b"\n\n")
    with pytest.raises(MalformedError):
        policy_of(f"log {LOG.key}\nquorum none\n").judge(signed[0] + b"\nmore\n\n" + signed[1])


def test_the_pinned_ledger_is_read_from_its_comment() -> None:
    """The pin is 32 bytes; a policy without it has none."""
    pinned = policy_of(f"# pledgebook-ledger: {LEDGER.hex()}\nlog {LOG.key}\nquorum none\n")
    assert pinned.ledger == LEDGER
    assert policy_of(TEXT).ledger is None


PIN = "# pledgebook-ledger: "
ZEROS = "0" * 64
L, W, V = f"log {LOG.key}\n", f"witness x1 {KEYS['x1']}\n", f"witness x2 {KEYS['x2']}\n"
Q = "quorum none\n"


@pytest.mark.parametrize(
    "text",
    [
        L, L + Q + Q, L + "quorum x1\n", L + "quorum\n", L + "quorum none none\n", L + Q + "frob\n",
        L + "Quorum none\n", "log\n" + Q, f"log {LOG.key} u v\n" + Q, L + L + Q, "log nokey\n" + Q,
        L + "witness x1\n" + Q, L + W + W + Q, L + W + f"witness x1 {KEYS['x2']}\n" + Q,
        L + f"witness none {KEYS['x1']}\n" + Q, L + W.replace("x1 ", "other ", 1) + W + Q,
        L + f"witness w {LOG.key}\n" + Q, f"log {KEYS['x1']}\n" + Q,
        L + f"witness w {verifier_key('w', 0x04, LOG.private)}\n" + Q,
        L + W + "group g\n" + Q, L + W + "group g all\n" + Q, L + W + "group g 0 x1\n" + Q,
        L + W + "group g 2 x1\n" + Q, L + W + "group g 01 x1\n" + Q, L + W + "group g -1 x1\n" + Q,
        L + W + "group g some x1\n" + Q, L + W + "group g any x2\n" + Q,
        L + W + "group g any none\n" + Q, L + W + "group g any x1 x1\n" + Q,
        L + W + V + "group g any x1\ngroup h any x1 x2\n" + Q, L + W + "group x1 any x1\n" + Q,
        L + W + "group none any x1\n" + Q, L + "group g any x1\n" + W + Q, L + "quorum x1\n" + W,
        L + W + "group g any g\n" + Q, L + W + "group g ١ x1\n" + Q, L + Q + "\r\n",
        L + Q + "#\x00",
        L + Q + "\x0b\n", L + Q + PIN + "00\n", L + Q + "#pledgebook-ledger: " + ZEROS,
        L + Q + PIN + "A" * 64, L + Q + "# Pledgebook-Ledger: " + ZEROS,
        L + Q + "# pledgebook-ledger " + ZEROS, L + Q + (PIN + ZEROS + "\n") * 2,
        "#" * 600_000 + "\n" + L + Q,
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused(text: str) -> None:
    """Each wrong, doubled, undefined or misspelt part is refused, a mistyped pin above all."""
    with pytest.raises(PolicyError) as caught:
        policy_of(text)
    assert caught.value.code == "policy-malformed"


def test_bytes_that_are_not_utf8_are_no_policy() -> None:
    """A policy is UTF-8; a comment in another encoding is refused rather than shown wrongly."""
    with pytest.raises(PolicyError):
        parse_policy((L + Q).encode() + b"# \xff\n")


def test_a_refusal_names_its_line() -> None:
    """The reason tells the number of the line, so that it can be mended."""
    with pytest.raises(PolicyError, match="line 3"):
        policy_of("# one\n" + L + "witness\n" + Q)


@pytest.mark.parametrize(
    "text", [Q, L + f"log {verifier_key('b.example', 0x01, WITNESSES['x1'])}\n" + Q]
)
def test_a_policy_is_for_one_log(text: str) -> None:
    """No log line, or two origins, make a policy that this verifier cannot use."""
    with pytest.raises(PolicyError) as caught:
        policy_of(text)
    assert caught.value.code == "policy-unsuitable"


def test_a_policy_as_large_as_the_specification_asks_is_read() -> None:
    """32 witnesses in 32 groups, the last above all others, make a quorum."""
    keys = [verifier_key(f"w{i}", 0x04, private_key(f"w{i}")) for i in range(32)]
    lines = [f"witness w{i} {key}" for i, key in enumerate(keys)]
    lines += [f"group g{i} any w{i}" for i in range(31)]
    lines.append("group all 31 " + " ".join(f"g{i}" for i in range(31)))
    policy = policy_of(L + "\n".join(lines) + "\nquorum all\n")
    assert (len(policy.witnesses), len(policy.groups)) == (32, 32)


def test_a_written_policy_reads_back_the_same() -> None:
    """format_policy gives a file whose parts are those that went in."""
    logs = [LogKey(LOG.key, "https://log.example.org/2026"), LogKey(MLDSA_KEY)]
    witnesses = (Witness("x1", KEYS["x1"]), Witness("y1", KEYS["y1"], "https://y1.example/"))
    groups = (Group("both", 2, ("x1", "y1")),)
    data = format_policy(
        logs,
        ledger=LEDGER,
        witnesses=witnesses,
        groups=groups,
        quorum="both",
        comments=["made here"],
    )
    assert data.startswith(b"# made here\n")
    assert parse_policy(data) == Policy(ORIGIN, tuple(logs), witnesses, groups, "both", LEDGER)


@pytest.mark.parametrize(
    "parts",
    [{"quorum": "x1"}, {"comments": ["a\nquorum none"]}, {"comments": ["pledgebook-ledger: no"]},
     {"comments": [f"a\n{W}"]}, {"witnesses": [Witness("x 1", KEYS["x1"])]},
     {"witnesses": [Witness("x1", KEYS["x1"], "a b")]}],
)  # fmt: skip
def test_parts_that_would_read_back_otherwise_are_not_written(parts: dict[str, object]) -> None:
    """A name with a space, a comment with a line break or an undefined quorum is refused."""
    with pytest.raises(PolicyError):
        format_policy([LogKey(LOG.key)], ledger=LEDGER, **parts)  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    """Whatever the bytes are, the answer is a policy or a policy error."""
    try:
        policy = parse_policy((L + Q).encode() + data)
    except PolicyError:
        return
    assert policy.origin == ORIGIN
