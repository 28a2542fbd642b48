"""The ledger of known failures: strict about what it says, and about what it does not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.ledger import SEVERITIES, BadLedger, Known, Named, consult, holds, read, written_for
from suite.opening import CONSTRAINTS, LEDGER, open_session
from suite.session import Session
from suite.settings import BadUse, Settings
from suite.stale import outlived
from suite.stale import stale as stale_in
from suite.verdicts import Outcome

ENTRY = """
[[known]]
key = "gaps"
title = "Gaps in the mask are read as values."
severity = "wrong numbers"
subject = ["keras-*"]
versions = {keras = ">=3.0,<3.16"}
invariant = ["padding_*"]
reason = "The mask is ignored."
issue = "not reported"
"""
FAIL, PASS = Outcome("fail", "outputs: off by 0.5"), Outcome("pass")


def known(**changes) -> Known:
    given = dict(
        key="k",
        title="t",
        severity="crash",
        subject=("keras-*",),
        versions={},
        invariant=("padding_*",),
        reason="r",
        issue="i",
    )
    return Known(**{**given, **changes})


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known.toml"
    path.write_text(text)
    return path


def test_the_suite_s_own_ledger_can_be_read():
    entries = read(LEDGER)
    assert entries
    for entry in entries:
        assert entry.severity in SEVERITIES and entry.title.strip() and entry.reason.strip(), entry.key
        assert entry.deviates and "*" not in entry.deviates, f"{entry.key}: what is wrong there, and what is not?"


def test_the_suite_s_own_ledger_speaks_of_features_that_there_are():
    open_session(Settings(subjects=("reference",), depth="smoke"))


def test_an_entry_is_read(tmp_path):
    (entry,) = read(written(tmp_path, ENTRY + 'when = {mask = ["left", "gaps"]}\nunless = {cell = "gru"}\n'))
    assert entry.subject == ("keras-*",) and entry.invariant == ("padding_*",)
    assert entry.when == {"mask": ["left", "gaps"]} and entry.unless == ({"cell": "gru"},)


def test_one_pattern_needs_no_brackets(tmp_path):
    text = ENTRY.replace('["keras-*"]', '"keras-jax"').replace('["padding_*"]', '"padding_side"')
    (entry,) = read(written(tmp_path, text))
    assert entry.subject == ("keras-jax",) and entry.invariant == ("padding_side",)


def test_an_empty_ledger_is_one(tmp_path):
    assert read(written(tmp_path, "# nothing known\n")) == ()


@pytest.mark.parametrize(
    "text, words",
    [
        ("[[known]\n", "not TOML"),
        ("known = 1\n", r"entries are \[\[known\]\]"),
        ("known = [1]\n", r"entries are \[\[known\]\]"),
        ("[known]\nkey = 'x'\n", r"entries are \[\[known\]\]"),
        ("[[knwon]]\n", r"unknown table \['knwon'\]"),
        (ENTRY + ENTRY, "key used twice: gaps"),
        (ENTRY + "wehn = {}\n", "entry 1 .gaps.: unknown wehn .known: .*when"),
        (ENTRY.replace('reason = "The mask is ignored."', ""), "entry 1 .gaps.: missing reason"),
        (ENTRY.replace('key = "gaps"', ""), "entry 1 .without key.: missing key"),
        (ENTRY.replace('"wrong numbers"', '"bad"'), "severity 'bad': expected one of wrong numbers"),
        (ENTRY.replace('">=3.0,<3.16"', '"3"'), "Invalid specifier: '3'"),
        (ENTRY.replace('{keras = ">=3.0,<3.16"}', '">=3.0"'), "versions = '>=3.0': expected a table"),
        (ENTRY.replace('">=3.0,<3.16"', "3"), "versions = .*: expected a table"),
        (ENTRY.replace('["keras-*"]', "[]"), r"subject = \[\]: expected a pattern"),
        (ENTRY.replace('["keras-*"]', "[1]"), r"subject = \[1\]: expected a pattern"),
        (ENTRY.replace('["keras-*"]', '["keras-jaxx"]'), "no backend is named 'keras-jaxx'; did you mean 'keras-jax'"),
        (ENTRY.replace('["padding_*"]', "{}"), "invariant = {}: expected a pattern"),
        (ENTRY + "when = []\n", r"when = \[\]: expected a table"),
        (ENTRY + "when = {}\n", "when = {}: expected a table"),
        (ENTRY + "when = {mask = []}\n", "when = .*: expected a table"),
        (ENTRY + "unless = [1]\n", r"unless = \[1\]: expected a table"),
        (ENTRY + "unless = [{}]\n", r"unless = \[{}\]: expected a table"),
        (ENTRY + "unless = false\n", "unless = False: expected a table"),
        (ENTRY + "message = 3\n", "message = 3: expected words"),
        (ENTRY + "deviates = 3\n", "deviates = 3: expected a pattern"),
        (ENTRY + "deviates = []\n", r"deviates = \[\]: expected a pattern"),
        (ENTRY + 'message = "("\n', "missing \\)|unterminated"),
        (ENTRY.replace('title = "Gaps in the mask are read as values."', 'title = " "'), "title = ' ': expected words"),
    ],
)
def test_what_is_wrong_with_a_ledger_is_told_in_one_line(tmp_path, text, words):
    with pytest.raises(BadLedger, match=words) as caught:
        read(written(tmp_path, text))
    assert str(caught.value).startswith(f"ledger {tmp_path}") and "\n" not in str(caught.value).split("not TOML")[0]


def test_a_ledger_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BadLedger, match="nothing.toml: No such file"):
        read(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    "condition, features, expected",
    [
        ({}, {"mask": "left"}, True),
        ({"mask": "left"}, {"mask": "left"}, True),
        ({"mask": ["left", "gaps"]}, {"mask": "gaps"}, True),
        ({"mask": ["left", "gaps"]}, {"mask": "right"}, False),
        ({"mask": "left"}, {}, False),
        ({"mask": "left", "states": True}, {"mask": "left", "states": True}, True),
        ({"mask": "left", "states": True}, {"mask": "left", "states": False}, False),
        ({"states": True}, {"states": 1}, False),
        ({"layers": 1}, {"layers": True}, False),
        ({"layers": 0}, {"layers": False}, False),
        ({"layers": [1, 2]}, {"layers": 2}, True),
        ({"dropout": 0.5}, {"dropout": 0.5}, True),
        ({"mask": "le*"}, {"mask": "left"}, False),
    ],
)
def test_conditions_hold_exactly(condition, features, expected):
    assert holds(condition, features) is expected


@pytest.mark.parametrize(
    "backend, versions, expected",
    [
        ("keras-jax", {"keras": "3.15.1"}, True),
        ("torch", {"keras": "3.15.1"}, False),
        ("keras-jax", {"keras": "3.16.0"}, False),
        ("keras-jax", {}, False),
        ("keras-jax", {"keras": "3.15.1+cpu"}, True),
        ("keras-jax", {"keras": "3.15.2.dev2026"}, True),
        ("keras-jax", {"keras": "absent"}, False),
        ("keras-jax", {"keras": "2.15"}, False),
    ],
)
def test_an_entry_concerns_a_backend_in_its_versions(backend, versions, expected):
    assert known(versions={"keras": ">=3.0,<3.16"}).concerns(backend, versions) is expected


def test_all_versions_that_an_entry_names_must_be_there():
    entry = known(versions={"keras": ">=3", "jax": "<1"})
    assert entry.concerns("keras-jax", {"keras": "3.1", "jax": "0.4"})
    assert not entry.concerns("keras-torch", {"keras": "3.1", "torch": "2.0"})


@pytest.mark.parametrize(
    "versions, expected",
    [
        ({"keras": "3.15.1"}, "as it is"),
        ({"keras": "3.16.0"}, "newer"),
        ({"keras": "3.16.0.dev2026"}, "newer"),
        ({"keras": "3.7"}, "not at all"),
        ({"keras": "absent"}, "not at all"),
        ({}, "not at all"),
    ],
)
def test_an_entry_speaks_of_versions_newer_than_its_ledger_too(versions, expected):
    entry = known(versions={"keras": ">=3.8,<=3.15.1"}, newest={"keras": "3.15.1"}).at("keras-jax", versions)
    assert ("not at all" if entry is None else "newer" if entry.newer else "as it is") == expected


def test_what_was_mended_before_the_newest_version_says_nothing_of_newer_ones():
    assert known(versions={"keras": "<=3.14"}, newest={"keras": "3.15.1"}).at("keras-jax", {"keras": "3.16"}) is None


def test_nothing_that_is_newer_than_the_ledger_has_to_fail():
    entry = known(versions={"keras": "<=3.15.1"}, newest={"keras": "3.15.1"}).at("keras-jax", {"keras": "3.16"})
    assert consult([entry], ["padding_side"], {}, FAIL) == ("known", entry)
    assert consult([entry], ["padding_side"], {}, PASS) == ("pass", None)


def test_a_ledger_of_somebody_else_is_taken_at_its_word(tmp_path):
    (entry,) = read(written(tmp_path, ENTRY))
    newer = {name: "99.0" for name in entry.versions}
    assert entry.at(entry.subject[0], newer) is None


def test_the_newest_versions_are_those_of_the_constraints():
    newest = written_for(CONSTRAINTS)
    assert newest["keras"] == "3.15.1" and newest["torch"] == "2.13.0"


@pytest.mark.parametrize(
    "changes, names, features, outcome, expected",
    [
        ({}, ["padding_side"], {}, FAIL, "known"),
        ({}, ["padding_side"], {}, PASS, "fixed"),
        ({}, ["padding_side"], {}, Outcome("crash", "died"), "known"),
        ({}, ["padding_side"], {}, Outcome("timeout", "no answer"), "known"),
        ({}, ["padding_side"], {}, Outcome("unsupported", "no masks"), "unsupported"),
        ({}, ["states_match"], {}, FAIL, "fail"),
        ({}, ["states_match"], {}, PASS, "pass"),
        ({"when": {"mask": "gaps"}}, ["padding_side"], {"mask": "gaps"}, FAIL, "known"),
        ({"when": {"mask": "gaps"}}, ["padding_side"], {"mask": "left"}, FAIL, "fail"),
        ({"when": {"mask": "gaps"}}, ["padding_side"], {"mask": "left"}, PASS, "pass"),
        (
            {"unless": ({"mask": "gaps", "cell": "gru"},)},
            ["padding_side"],
            {"mask": "gaps", "cell": "gru"},
            FAIL,
            "fail",
        ),
        (
            {"unless": ({"mask": "gaps", "cell": "gru"},)},
            ["padding_side"],
            {"mask": "gaps", "cell": "lstm"},
            FAIL,
            "known",
        ),
        (
            {"unless": ({"mask": "gaps"}, {"cell": "gru"})},
            ["padding_side"],
            {"mask": "left", "cell": "gru"},
            FAIL,
            "fail",
        ),
        ({"message": "off by [0-9.]+"}, ["padding_side"], {}, FAIL, "known"),
        ({"message": "^NaN"}, ["padding_side"], {}, FAIL, "fail"),
        ({"message": "^NaN"}, ["padding_side"], {}, PASS, "fixed"),
        ({"invariant": ("story/claim",)}, ["claim", "story/claim"], {}, FAIL, "known"),
        ({"invariant": ("claim",)}, ["claim", "story/claim"], {}, FAIL, "known"),
        ({"invariant": ("Claim",)}, ["claim", "story/claim"], {}, FAIL, "fail"),
    ],
)
def test_the_verdict_with_the_ledger(changes, names, features, outcome, expected):
    verdict, by = consult([known(**changes)], names, features, outcome)
    assert verdict == expected and (by is None) == (expected not in ("known", "fixed"))


def test_a_failure_is_that_of_the_entry_whose_message_fits():
    entries = [known(key="a", message="NaN"), known(key="b", message="off by")]
    assert consult(entries, ["padding_side"], {}, FAIL)[1].key == "b"


def session(tmp_path: Path, *entries: str, backend: str = "reference") -> Session:
    """A session over the reference with these further entries; nothing is started, the versions are given."""
    text = "".join(entries)
    found = open_session(Settings(subjects=("reference",), depth="smoke", ledgers=(str(written(tmp_path, text)),)))
    found.subjects[0]._interpreter.about = {"versions": {"numpy": "2.0", "scipy": "1.15"}}
    return found


def entry(key: str, invariant: str, rest: str = "", versions: str = 'numpy = ">=2"') -> str:
    return (
        ENTRY.replace('"gaps"', f'"{key}"')
        .replace('["padding_*"]', f'"{invariant}"')
        .replace('["keras-*"]', '"reference"')
        .replace('keras = ">=3.0,<3.16"', versions)
        + rest
        + "\n"
    )


@pytest.mark.parametrize("subjects", [("reference", "tests.fakes:AlwaysRight"), ("tests.fakes:AlwaysRight", "reference")])
def test_what_is_known_of_one_of_two_subjects_is_known_where_they_are_compared(tmp_path, subjects):
    ledger = written(tmp_path, entry("theirs", "frameworks_agree"))
    found = open_session(Settings(subjects=subjects, depth="smoke", ledgers=(str(ledger),)))
    for subject in found.subjects:
        subject._interpreter.about = {"versions": {"numpy": "2.0", "scipy": "1.15"}}
    across = [check for check in found.all_checks if check.planned.name == "frameworks_agree"]
    assert across and all([known.key for known in found.speaking(check)] == ["theirs"] for check in across)


def test_an_entry_that_matches_no_check_is_stale(tmp_path):
    found = session(
        tmp_path,
        entry("used", "padding_*"),
        entry("misspelt", "paddding_*"),
        entry("never", "padding_*", "when = {cell = 'lstm', units = 777}"),
        entry("other-version", "paddding_*", versions='numpy = "<2"'),
        entry("scenario", "dynamic-rnn/*"),
    )
    stale = {record.known: record for record in stale_in(found, {("reference", "used"), ("reference", "scenario")})}
    assert set(stale) == {"misspelt", "never"}
    record = stale["never"]
    assert record.verdict == "fixed" and record.id == "reference::ledger::never"
    assert record.message == "the ledger's entry 'never' matches no planned check: mend the ledger"


def test_an_entry_whose_checks_all_pass_is_stale(tmp_path):
    maybe = [entry(key, "padding_*").replace("invariant =", "sometimes =") for key in ("healed", "alive")]
    found = session(tmp_path, *maybe)
    (record,) = stale_in(found, {("reference", "alive")})
    assert record.known == "healed" and record.verdict == "fixed"
    assert record.message == "the ledger's entry 'healed' matches only checks that pass: mend the ledger"


def test_of_a_newer_subject_it_is_said_which_findings_show_still(tmp_path):
    text = "".join(entry(key, "padding_*", versions='numpy = ">=2,<=2.0"') for key in ("still", "gone"))
    unasked = entry("unasked", "padding_*", "when = {cell = 'lstm', units = 777}", versions='numpy = ">=2,<=2.0"')
    found = session(tmp_path)
    found.ledger = read(written(tmp_path, text + unasked), newest={"numpy": "2.0"})
    found.subjects[0]._interpreter.about = {"versions": {"numpy": "2.1"}}
    assert stale_in(found, {("reference", "still")}) == []
    assert outlived(found, {("reference", "still")}) == [{"subject": "reference", "still": ["still"], "gone": ["gone"]}]


def test_nothing_is_said_of_a_subject_that_is_no_newer(tmp_path):
    assert outlived(session(tmp_path, entry("used", "padding_*")), set()) == []


def test_a_feature_that_no_check_has_is_said_with_the_near_miss(tmp_path):
    for rest in ("when = {maks = 'left'}", "unless = [{cell = 'gru'}, {maks = 'left'}]"):
        with pytest.raises(BadUse, match="ledger entry 'typo': no check has a feature 'maks'; did you mean 'mask'?"):
            session(tmp_path, entry("typo", "padding_*", rest))


def test_a_key_stands_in_one_ledger_only(tmp_path):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    for path in (one, other):
        path.write_text(ENTRY)
    with pytest.raises(BadUse, match="other.toml: key used twice: gaps"):
        open_session(Settings(subjects=("reference",), depth="smoke", ledgers=(str(one), str(other))))


def test_a_finding_has_several_places_that_share_its_words(tmp_path):
    more = '[[known.also]]\nsubject = "torch"\nsometimes = "padding_side"\nwhen = {layers = 2}\n'
    first, second = read(written(tmp_path, ENTRY + more))
    assert (second.key, second.title, second.reason) == (first.key, first.title, first.reason)
    assert second.subject == ("torch",) and second.invariant == () and second.sometimes == ("padding_side",)
    assert second.when == {"layers": 2}


def test_what_fails_only_sometimes_is_known_when_it_fails_and_passes_when_it_passes(tmp_path):
    more = '[[known.also]]\nsometimes = "batch_order"\nwhen = {layers = 2}\n'
    entries = read(written(tmp_path, ENTRY + more))
    features = {"layers": 2}
    assert consult(entries, ["batch_order"], features, Outcome("pass")) == ("pass", None)
    verdict, known = consult(entries, ["batch_order"], features, Outcome("fail", "found 1"))
    assert verdict == "known" and known.key == "gaps"


def test_a_place_without_a_check_is_refused(tmp_path):
    with pytest.raises(BadLedger, match="missing invariant: which checks fail"):
        read(written(tmp_path, ENTRY + "[[known.also]]\nwhen = {layers = 2}\n"))


def test_entries_are_found_by_the_names_that_they_speak_of_in_their_order():
    entries = [known(key="a"), known(key="b", invariant=("masks",)), known(key="c", invariant=(), sometimes=("padding_x",))]
    for names in (("padding_x",), ("masks",), ("masks", "scenario/padding_y"), ("padding_x", "masks"), ("nothing",)):
        assert Named(entries).speaking(names) == tuple(one for one in entries if one.names(names))
