"""Of any event the verifier tells by which rules it was allowed, on whose authority, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness import removals, stories
from tests.harness.attacks import ATTACKS, small_log
from tests.harness.registry import Registry
from tests.harness.rootchanges import ROOT_A, ROOT_B, change, newcomer, seat
from tests.harness.stories import OFFICE_A, PARTNERSHIP
from verifier.cli import main
from verifier.event import Event
from verifier.rules import texts
from verifier.rules.dates import day_text
from verifier.rules.table import EVENTS


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A ledger with a listed partnership, commitments and an accepted report."""
    return small_log()


@pytest.fixture(scope="module")
def log(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That ledger, published, with its policy beside it."""
    folder = registry.publish(tmp_path_factory.mktemp("log"))
    (folder / "policy.txt").write_text(registry.policy())
    return folder


def event_of(registry: Registry, name: str) -> Event:
    """Return the first event of a type."""
    return next(event for event in registry.events if event.name == name)


def explain(folder: Path, event: str, *options: str) -> int:
    """Run the command on an event."""
    policy = str(folder / "policy.txt")
    return main(["explain", str(folder), event, "--policy", policy, "--jobs", "1", *options])


def test_a_listing_leads_back_to_the_roots(
    registry: Registry, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its author's key, place and role, each with who gave it, end at the genesis."""
    listed = event_of(registry, "PartnershipListed")
    assert explain(log, listed.id.hex(), "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["allowed"], told["capacity"], told["author"]) == (True, "registry", OFFICE_A)
    holds = [link["holds"] for link in told["authority"]]
    assert holds[0].startswith("key ")
    assert holds[1:] == ["a place in the register of actors", "a confirmation of it",
                         "the role registry", "the roots' authority"]  # fmt: skip
    role = told["authority"][3]
    assert role["mandate"] == "A/RES/70/224"
    assert "actor-root-a" in role["by"]
    assert "actor-root-b" in role["by"]
    assert all(registry.events[link["index"]].id.hex() == link["event"]
               for link in told["authority"])  # fmt: skip
    numbers = {rule["number"] for rule in told["rules"]}
    assert {"PL1", "PL2", "AD1", "AD12"} <= numbers
    assert all(rule["text"] for rule in told["rules"])
    assert told["changed"] == ["partnership"]


def test_a_role_given_by_a_role_names_the_one_it_rests_on(
    registry: Registry, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A screening officer's right: granted by an office, which the roots appointed."""
    screened = event_of(registry, "PartnershipScreened")
    assert explain(log, screened.id.hex()[:12], "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    roles = [(link["holds"], link["actor"]) for link in told["authority"][3:]]
    assert roles == [("the role screening_officer", stories.SCREENER),
                     ("the role registry", OFFICE_A),
                     ("the roots' authority", "the roots")]  # fmt: skip


def test_what_an_event_led_to_is_told(
    registry: Registry, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proposal names its endorsements, and what followed on its stream is told apart."""
    submitted = event_of(registry, "PartnershipSubmitted")
    assert explain(log, submitted.id.hex(), "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [later["type"] for later in told["led_to"]] == ["PartnershipScreened/1"]
    assert told["led_to"][0]["how"] == "follows on its stream"
    proposed = event_of(registry, "AppointmentProposed")
    explain(log, proposed.id.hex(), "--json")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert ("Endorsed/1", "names it") in {(x["type"], x["how"]) for x in told["led_to"]}


def test_the_text_can_be_read_by_anybody(
    registry: Registry, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The five sentences, the rules in words, the chain and what came of it, on one page."""
    listed = event_of(registry, "PartnershipListed")
    assert explain(log, f"@{registry.events.index(listed)}") == 0
    told = capsys.readouterr().out
    for words in (
        f"PartnershipListed/1 at entry {registry.events.index(listed)}",
        f"author  {OFFICE_A}, as registry",
        "[yes] signed, and allowed then",
        "[yes] unchanged since",
        "not checked: whether a report is true",
        texts.rule("PL2").text,
        "AD1 to AD12",
        "holds the role registry, given by the roots: actor-root-a, actor-root-b",
        f"changed partnership of {PARTNERSHIP}",
    ):
        assert words in told


def test_an_event_that_was_not_allowed_names_the_rules_it_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an operator forced into a log is explained as what it is."""
    (attack,) = (
        a for a in ATTACKS if a.name == "a decision by a valid key without the right to it"
    )
    attacked = attack.run(tmp_path / "log")
    (tmp_path / "log" / "policy.txt").write_text(attacked.policy)
    policy = str(tmp_path / "log" / "policy.txt")
    main(["audit", str(attacked.folder), "--policy", policy, "--json", "--jobs", "1"])
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    finding = next(line for line in lines if line.get("code") == "AD10")
    assert explain(attacked.folder, finding["event"], "--json") == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not told["allowed"]
    assert "AD10" in {rule["number"] for rule in told["rules"]}
    assert told["sentences"][0]["state"] == "no"


@pytest.mark.parametrize(
    ("wanted", "code", "exit_code"),
    [
        ("ffffffff", "event-unknown", 3),
        ("@4000", "event-unknown", 3),
        ("abc", "event-id", 1),
        ("@12x", "event-id", 1),
        ("not-hexadecimal", "event-id", 1),
    ],
)
def test_an_id_that_names_nothing_is_told(
    log: Path, capsys: pytest.CaptureFixture[str], wanted: str, code: str, exit_code: int
) -> None:
    """An unknown id is undecided; what is no id is a mistake, told with what to do."""
    assert explain(log, wanted) == exit_code
    assert code in capsys.readouterr().err


def test_every_type_cites_rules_that_are_stated() -> None:
    """No type of event is judged by nothing, and every rule that it cites has a text."""
    silent = {name for name, body in EVENTS.items() if not texts.cited(body)}
    assert not silent
    assert all(texts.rule(number).text for body in EVENTS.values() for number in texts.cited(body))


def test_what_a_distrusted_key_signed_is_told_as_suspect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was allowed then and stays; whoever asks is told, until its actor reaffirms it."""
    registry = small_log()
    signed = next(e for e in reversed(registry.events) if e.iss == stories.SECRETARIAT)
    enrolment = registry.possession(stories.SECRETARIAT, "second")
    registry.append(stories.SECRETARIAT, f"{stories.SECRETARIAT}/keys", "KeyEnrolled", **enrolment)
    proposal = registry.append(
        "actor-root-a", f"{stories.SECRETARIAT}/distrust/k1", "KeyDistrustProposed", quorum=2,
        kid=bytes(signed.kid), since=day_text(signed.iat), reason="A/1", expires=registry.day(30),
    )  # fmt: skip
    for root in ("actor-root-a", "actor-root-b"):
        registry.endorse(root, proposal, f"{root}-org")

    def told(folder: Path) -> str:
        registry.publish(folder)
        (folder / "policy.txt").write_text(registry.policy())
        assert explain(folder, signed.id.hex(), "--json") == 0
        explained = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert explained["allowed"]
        return str(explained["sentences"][0]["reason"])

    assert "suspect: its key was distrusted later" in told(tmp_path / "distrusted")
    registry.keys[stories.SECRETARIAT] = "second"
    named = {"stream": signed.stream, "seq": signed.seq, "id": bytes(signed.id)}
    registry.append(stories.SECRETARIAT, f"{stories.SECRETARIAT}/reaffirmation/r1", "Reaffirmed",
                    kid=bytes(signed.kid), events=[named])  # fmt: skip
    assert "suspect" not in told(tmp_path / "reaffirmed")


def test_an_act_of_new_roots_leads_back_to_the_genesis(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each change of the roots is a link, with the former roots who endorsed it (RT1, AU5)."""
    registry = Registry().open()
    change(registry, seat("actor-root-a"), newcomer(registry, "actor-root-c"))
    roots = ("actor-root-c", "actor-root-a")
    change(registry, newcomer(registry, "actor-root-d", "r2"), seat("actor-root-a"), local="r2",
           voices=roots)  # fmt: skip
    by = registry.append("actor-root-d", "actor-x/profile", "ActorRegistered", kind="organization",
                         name=stories.text("X"), principal="actor-x",
                         stakeholder_type="un_entity")  # fmt: skip
    registry.publish(tmp_path)
    (tmp_path / "policy.txt").write_text(registry.policy())
    assert explain(tmp_path, f"@{by.index}", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    links = [(link["holds"], link["by"], link["stream"]) for link in told["authority"]]
    assert links[0][0].startswith("key ")
    assert links[1:] == [
        ("the place of the roots before them", "the roots: actor-root-c, actor-root-a",
         "ledger/roots/r2"),
        ("the place of the roots before them", "the roots: actor-root-a, actor-root-b",
         "ledger/roots/r1"),
        ("the roots' authority", "actor-root-a", "ledger/genesis"),
    ]  # fmt: skip
    assert all(registry.events[link["index"]].id.hex() == link["event"]
               for link in told["authority"])  # fmt: skip


def test_a_seat_leads_to_the_decision_that_gave_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reviews was seated by a body, whose two offices certified it; told with its symbol, and
    with the ruleset and the code lists in force at that place.
    """
    registry = stories.listed_partnership()
    codes = registry.append(
        ROOT_A, "ledger/code-list/l1", "CodeListAdopted", list="country", version="2024",
        sha256=bytes(range(32)), quorum=2, valid_from=registry.day(), expires=registry.day(30),
    )  # fmt: skip
    for root in (ROOT_A, ROOT_B):
        registry.endorse(root, codes, f"{root}-org")
    removals.open_review(removals.later(registry, 30))
    folder = registry.publish(tmp_path)
    (folder / "policy.txt").write_text(registry.policy())
    opened = event_of(registry, "ReviewOpened")
    assert explain(folder, opened.id.hex(), "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    seat_ = next(link for link in told["authority"] if link["actor"] == stories.BODY)
    assert seat_["by"] == f"{stories.BODY_SECRETARY}, {stories.BODY_PRESIDENT}"
    assert (seat_["mandate"], seat_["holds"]) == ("E/2024/9", "what it decided on that seat")
    assert told["ruleset"] == "pledgebook-1"
    assert told["code_lists"] == [f"country 2024, SHA-256 {bytes(range(32)).hex()}"]
    assert explain(folder, opened.id.hex()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "judged  by ruleset pledgebook-1" in lines
    assert f"read    by code list {told['code_lists'][0]}" in lines
