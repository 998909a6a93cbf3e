"""The command ``pledgebook-verify``: check a log from outside, trusting only a policy file.

Exit codes: 0 verified · 1 a check is false · 2 usage · 3 could not decide · 4 no or unsuitable
trust policy. Findings and verdict go to standard output, progress and errors to standard error.
Modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from verifier import answers, evidence

if TYPE_CHECKING:
    from verifier.audit import Audit, Observer
    from verifier.policy import Policy
    from verifier.since import Since
    from verifier.timestamps import Authorities

__all__ = ["main"]

VERSION: Final = "0.1.0"
MAX_JOBS: Final = 64  # more processes than any one rules process can feed
MAX_FILE_BYTES: Final = 1 << 20  # a policy or a checkpoint is a page of text
YOUNG_OBJECTS: Final = 50_000  # new containers before the cycle collector looks; usually 700


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    from verifier.errors import PledgebookError
    from verifier.finding import exit_code

    try:
        return int(arguments.run(arguments))
    except PledgebookError as error:
        from verifier.report import inert

        _tell(inert(f"pledgebook-verify: {error}"))  # what a server said may stand in it
        if error.hint:
            _tell(f"  hint: {error.hint}")
        return exit_code(error)
    except KeyboardInterrupt:
        _tell("pledgebook-verify: stopped; nothing was decided")
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pledgebook-verify",
        description="Check a Pledgebook log from outside: signatures, authority, procedure, tree.",
        epilog="Exit codes: 0 verified, 1 a check is false, 2 usage, 3 could not decide, "
        "4 no or unsuitable trust policy.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    audit = commands.add_parser(
        "audit", help="re-run every check on a whole log",
        description="Re-check every signature, chain, root and admission of a log.",
    )  # fmt: skip
    _add_source(audit).add_argument(
        "--since", metavar="STATE", help="remember this audit in a file, and go on from the last"
    )
    audit.set_defaults(run=_audit)
    duties = commands.add_parser(
        "duties", help="list what was due and not done, and by whom",
        description="Audit a log and list, as of its checkpoint, every duty that was due and not "
        "met, whose it is, and the complete state of its subject, which shows that nothing was "
        "filed by then.",
    )  # fmt: skip
    _add_source(duties)
    duties.set_defaults(run=_duties)
    explain = commands.add_parser(
        "explain", help="say why an event was allowed, and what it led to",
        description="Audit a log and tell of one event: the rules that it was judged by, the "
        "chain of authority back to the genesis, and what it led to.",
    )  # fmt: skip
    _add_source(explain)
    explain.add_argument("event", metavar="EVENT", help="@INDEX, its id, or the beginning of it")
    explain.set_defaults(run=_explain)
    attachments = commands.add_parser(
        "attachments", help="say what became of every attachment that a log refers to",
        description="Audit a log, fetch every attachment that it refers to, and say of each: "
        "present and matching, altered, missing, or erased, on which ground and by whom.",
    )  # fmt: skip
    _add_source(attachments)
    attachments.set_defaults(run=_attachments)
    disclosure = commands.add_parser(
        "disclosure", help="verify what is shown of a sealed report",
        description="Check fields of a sealed report against the commitment in the log, offline.",
    )  # fmt: skip
    disclosure.add_argument("file", metavar="FILE", help="as pledgebook disclose writes it")
    disclosure.add_argument("--policy", metavar="FILE", help="the trust policy; required")
    disclosure.add_argument("--json", action="store_true", help="a line of JSON instead of text")
    disclosure.set_defaults(run=_disclosure, ledger=None)
    compare = commands.add_parser(
        "compare", help="say whether two views of a log are one history, or prove a fork",
        description="Compare two servers, mirrors or saved checkpoints of one log. A fork is "
        "written as a proof that anyone can verify with the command fork.",
    )  # fmt: skip
    for name in ("first", "second"):
        compare.add_argument(name, metavar="VIEW", help="a folder, an address, or a checkpoint")
    compare.add_argument("--policy", metavar="FILE", help="the trust policy; required")
    compare.add_argument("--proof", metavar="OUT", help="where to write the proof of a fork")
    compare.set_defaults(run=_compare, ledger=None)
    fork = commands.add_parser(
        "fork", help="verify the proof of a fork",
        description="Exit code 0: it is proven that the log's key signed two histories.",
    )  # fmt: skip
    fork.add_argument("proof", metavar="FILE", help="a proof file, as compare writes it")
    fork.add_argument("--policy", metavar="FILE", help="the trust policy; required")
    fork.set_defaults(run=_fork, ledger=None)
    evidence.add_commands(commands, policy=_policy, read=_read_file)
    answers.add_commands(
        commands, policy=_policy, read=_read_file, add_source=_add_source, audit=_audit_of
    )
    witness = commands.add_parser(
        "witness", help="cosign checkpoints of logs, for partners to run",
        description="Serve a C2SP tlog-witness: cosign each checkpoint that contains all that was "
        "cosigned before, remember it, and keep the evidence of a fork.",
    )  # fmt: skip
    witness.add_argument("--name", required=True, help="the witness's name, such as a host name")
    witness.add_argument(
        "--key", required=True, metavar="FILE", help="its Ed25519 key (PEM); made if absent"
    )
    witness.add_argument("--state", required=True, metavar="FILE", help="what it cosigned (SQLite)")
    witness.add_argument(
        "--log", required=True, action="append", metavar="VKEY", help="a key of a log; repeatable"
    )
    witness.add_argument("--listen", default="127.0.0.1:7380", metavar="HOST:PORT")
    witness.set_defaults(run=_witness)
    return parser


def _add_source(command: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add what every audit is told: where the log is, and whom to trust.

    Returns the group of what may be known from before, of which one can be given.
    """
    command.add_argument("source", metavar="SOURCE", help="a folder, or an http(s) address")
    command.add_argument(
        "--policy", metavar="FILE", help="the trust policy; required, never taken from SOURCE"
    )
    before = command.add_mutually_exclusive_group()
    before.add_argument("--known", metavar="CHECKPOINT", help="a checkpoint saved before")
    command.add_argument("--ledger", metavar="HEX", help="the ledger id, if the policy pins none")
    command.add_argument(
        "--timestamp-authorities", metavar="PEM",
        help="certificates of the time-stamping authorities that count in anchors",
    )  # fmt: skip
    command.add_argument("--engine", choices=("openssl", "sodium"), help="signature engine")
    command.add_argument("--jobs", metavar="N", type=_jobs, help="processes, this one included")
    command.add_argument("--json", action="store_true", help="JSON Lines instead of text")
    return before


def _audit(arguments: argparse.Namespace) -> int:
    from verifier.telling import Teller

    teller = Teller(json=arguments.json)
    with _audit_of(arguments) as audit:
        verdict = teller.audit(audit)
        if audit.since is not None:
            sys.stdout.flush()  # what was found is told before it is remembered
            if not audit.remember():
                _tell(f"pledgebook-verify: {arguments.since} was left as it was")
        return verdict.exit


def _duties(arguments: argparse.Namespace) -> int:
    from verifier.finding import Progress, Verdict
    from verifier.omissions import omissions, omissions_text
    from verifier.report import as_json
    from verifier.telling import Teller, ended

    teller, verdict = Teller(json=arguments.json), None
    with _audit_of(arguments) as audit:
        for item in audit.run():
            if isinstance(item, Verdict):
                verdict = item
            elif isinstance(item, Progress):
                teller.progress(item)
    told = (
        list(omissions(audit.book, audit.anchors.late))
        if audit.checked.whole_log is not None
        else []
    )
    if arguments.json:
        for one in told:
            print(as_json(one), flush=True)
    else:
        print(omissions_text(told), flush=True)
    teller.verdict(ended(verdict))
    return ended(verdict).exit


def _explain(arguments: argparse.Namespace) -> int:
    from verifier.explain import Watch
    from verifier.explanation import explanation_text
    from verifier.finding import Finding, Verdict
    from verifier.report import as_json
    from verifier.telling import Teller, ended

    watch, teller = Watch(arguments.event), Teller(json=arguments.json)
    findings, verdict = [], None
    with _audit_of(arguments, watch) as audit:
        for item in audit.run():
            if isinstance(item, Verdict):
                verdict = item
            elif isinstance(item, Finding):
                findings.append(item)
            else:
                teller.progress(item)
    told = watch.explanation(findings, ended(verdict), audit.anchors.bounds)
    print(as_json(told) if arguments.json else explanation_text(told), flush=True)
    return ended(verdict).exit


def _attachments(arguments: argparse.Namespace) -> int:
    from verifier.attachments import attachments_text
    from verifier.report import as_json
    from verifier.telling import Teller

    altered = unread = False
    with _audit_of(arguments) as audit:
        verdict = Teller(json=arguments.json).audit(audit)
        for one in audit.attachments.states(audit.source):
            altered = altered or one.state == "altered"
            unread = unread or one.state == "unread"
            print(as_json(one) if arguments.json else attachments_text(one), flush=True)
    return 1 if altered else verdict.exit or (3 if unread else 0)


def _disclosure(arguments: argparse.Namespace) -> int:
    from verifier.disclosure import disclosed_text, parse_disclosure, verify_disclosure
    from verifier.errors import UndecidedError
    from verifier.report import as_json

    policy = _policy(arguments)
    try:
        data = Path(arguments.file).read_bytes()
    except OSError as error:
        raise UndecidedError("source-unreadable", f"{arguments.file}: {error.strerror}") from None
    told = verify_disclosure(parse_disclosure(data), policy, require_quorum=True)
    print(as_json(told) if arguments.json else disclosed_text(told))
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from verifier import compare
    from verifier.sources import open_source

    policy = _policy(arguments)
    with ExitStack() as stack:
        views = []
        for text in (arguments.first, arguments.second):
            saved = "://" not in text and Path(text).is_file()
            source = None if saved else stack.enter_context(closing(open_source(text)))
            views.append(compare.view_of(text, source))
        fork = compare.compare(views[0], views[1], policy)
    if fork is None:
        print("one history: the larger view begins with the smaller one")
        return 0
    print(compare.told(*compare.verify_fork(fork, policy)))
    if arguments.proof:
        Path(arguments.proof).write_text(fork.text(), encoding="ascii")
        print(f"  the proof is in {arguments.proof}")
    return 1


def _fork(arguments: argparse.Namespace) -> int:
    from verifier import compare

    policy = _policy(arguments)
    data = _read_file(arguments.proof, compare.MAX_PROOF_BYTES)
    print(compare.told(*compare.verify_fork(compare.parse_fork(data), policy)))
    return 0


def _witness(arguments: argparse.Namespace) -> int:
    from verifier.witness_http import open_witness

    server = open_witness(
        name=arguments.name, key=Path(arguments.key), state=Path(arguments.state),
        logs=arguments.log, listen=arguments.listen,
    )  # fmt: skip
    with server:
        print(server.told(), flush=True)
        server.serve_forever()
    return 0


@contextmanager
def _audit_of(arguments: argparse.Namespace, observer: Observer | None = None) -> Iterator[Audit]:
    """Open the source and yield an audit of it, ready to run."""
    from verifier.audit import Audit, Options
    from verifier.errors import UndecidedError
    from verifier.keys import ENGINES, default_engine, verify_many
    from verifier.sources import open_source
    from verifier.workers import Workers

    policy = _policy(arguments)
    engine = arguments.engine or default_engine()
    if engine not in ENGINES:
        raise UndecidedError("engine-unknown", f"there is no engine {engine!r}: {sorted(ENGINES)}")
    verify_many([], engine=engine)
    known = _known(arguments.known) if arguments.known else None
    pem = arguments.timestamp_authorities
    with ExitStack() as stack:
        since = _since(arguments, stack, trust=f"{policy} {_read(pem).hex() if pem else None}")
        if since is not None and since.past is None and since.memory.note is not None:
            known = since.memory.note
            _tell("pledgebook-verify: other rules, or another policy, wrote the state file; "
                  "all is audited anew")  # fmt: skip
        source = stack.enter_context(closing(open_source(arguments.source)))
        jobs = arguments.jobs or os.cpu_count() or 1
        stack.enter_context(_rare_collections())
        workers = stack.enter_context(Workers(jobs - 1, engine=engine))
        authorities = _authorities(pem) if pem else None
        yield Audit(
            source, policy, options=Options(engine=engine, known=known, authorities=authorities),
            executor=workers if jobs > 1 else None, observer=observer, since=since,
        )  # fmt: skip


def _since(arguments: argparse.Namespace, stack: ExitStack, *, trust: str) -> Since | None:
    if getattr(arguments, "since", None) is None:
        return None
    from verifier.memory import Memory
    from verifier.since import Since

    memory = stack.enter_context(closing(Memory(Path(arguments.since), trust=trust)))
    return Since(memory)


def _jobs(text: str) -> int:
    """Read a number of processes."""
    if not text.isdigit() or not 1 <= int(text) <= MAX_JOBS:
        raise argparse.ArgumentTypeError(f"1 to {MAX_JOBS}, not {text}")
    return int(text)


def _policy(arguments: argparse.Namespace) -> Policy:
    import dataclasses

    from verifier.errors import PolicyError
    from verifier.policy import parse_policy

    if arguments.policy is None:
        raise PolicyError("policy-unsuitable", "no trust policy was given (--policy FILE)")
    try:
        policy = parse_policy(_read(arguments.policy))
    except OSError as error:
        raise PolicyError("policy-unsuitable", f"the policy cannot be read: {error}") from None
    if arguments.ledger is not None:
        try:
            pinned = bytes.fromhex(arguments.ledger)
        except ValueError:
            raise PolicyError("policy-malformed", "--ledger is not hexadecimal") from None
        if policy.ledger not in (None, pinned):
            raise PolicyError("policy-unsuitable", "--ledger is not the ledger of the policy")
        policy = dataclasses.replace(policy, ledger=pinned)
    return policy


def _known(path: str) -> bytes:
    from verifier.errors import UndecidedError

    try:
        return _read(path)
    except OSError as error:
        reason = f"the known checkpoint cannot be read: {error}"
        raise UndecidedError("source-unreadable", reason) from None


def _authorities(path: str) -> Authorities:
    from verifier.errors import PolicyError
    from verifier.timestamps import parse_authorities

    try:
        return parse_authorities(_read(path))
    except OSError as error:
        raise PolicyError(
            "policy-unsuitable", f"the certificates cannot be read: {error}"
        ) from None


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(MAX_FILE_BYTES)


def _read_file(path: str, most: int) -> bytes:
    """Read a file, and one byte more than there may be, so that a longer one is seen as such."""
    from verifier.errors import UndecidedError

    try:
        with Path(path).open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise UndecidedError("source-unreadable", f"{path}: {error.strerror}") from None


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the cycle collector look rarely: an audit makes few cycles and much that stays."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
