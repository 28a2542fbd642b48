"""The suite as pytest runs it: every planned check ends in a record, whatever subjects do, and pytest's ways work."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from collections import Counter
from pathlib import Path

import pytest
from suite_runs import ROOT, SuiteRun, suite_run

from reports.lines import SEVERITY
from reports.summary import LINES

SMOKE = ("--depth", "smoke")
FEW = (
    "-k",
    "(outputs_match_reference and (b1_t4_right or b4_t4_right or b2_t33_none)) or (frameworks_agree and b1_t4)",
)
"""Two checks of an LSTM with a mask, one of a GRU without, and one across two subjects."""

FAKES = {
    "AlwaysRight": {"pass"},
    "Crashes": {"pass", "crash"},
    "Hangs": {"pass", "timeout"},
    "ExitsOnStart": {"crash"},
    "WritesToStderrThenDies": {"pass", "crash"},
    "Talks": {"pass"},
    "BrokenAdapter": {"crash"},
    "RaisesValueError": {"pass", "fail"},
    "NoMasks": {"pass", "unsupported"},
    "AlwaysUnsupported": {"unsupported"},
    "GivesNaN": {"fail"},
    "WrongOutputs": {"known", "fail"},
    "SmokeFails": {"crash"},
    "NoVersions": {"fixed", "pass"},
}
"""Every fake in one run, and the verdicts that it earns."""

LEDGER = """
[[known]]
key = "too-large"
title = "The outputs of an LSTM are too large."
severity = "wrong numbers"
subject = "tests.fakes:WrongOutputs"
versions = {numpy = ">=1"}
invariant = "outputs_*"
when = {cell = "lstm"}
reason = "It is a fake."
issue = "not reported"

[[known]]
key = "mended"
title = "The outputs of a GRU were wrong."
severity = "wrong numbers"
subject = "tests.fakes:NoVersions"
versions = {}
invariant = "outputs_*"
when = {cell = "gru"}
reason = "It was a fake."
issue = "not reported"

[[known]]
key = "a-little-off"
title = "Everything is a little off."
severity = "wrong numbers"
subject = "tests.fakes:GivesNaN"
versions = {}
invariant = "*"
deviates = "*: differs"
reason = "It is a fake."
issue = "not reported"

[[known]]
key = "unknown-version"
title = "All outputs are wrong, in versions that can be compared."
severity = "wrong numbers"
subject = "tests.fakes:NoVersions"
versions = {fake = "<99"}
invariant = "*"
reason = "It was a fake."
issue = "not reported"
"""


def fakes(*names: str) -> list[str]:
    return [word for name in names for word in ("--subject", f"{name}=tests.fakes:{name}")]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def zoo(place) -> SuiteRun:
    """A run with every fake."""
    (place / "ledger.toml").write_text(LEDGER)
    return suite_run(
        place,
        *SMOKE,
        *FEW,
        *fakes(*FAKES),
        "--timeout",
        "1.5",
        "--ledger",
        str(place / "ledger.toml"),
        f"--junitxml={place / 'junit.xml'}",
        name="zoo",
    )


@pytest.fixture(scope="module")
def right(place) -> SuiteRun:
    """A run in which nothing goes wrong, and what was asked."""
    (place / "asked").touch()
    return suite_run(
        place, *SMOKE, *FEW, *fakes("AlwaysRight"), name="right", environment={"FAKE_LOG": str(place / "asked")}
    )


def lines(run: SuiteRun) -> list[dict]:
    return [json.loads(line) for line in (run.folder / "records.jsonl").read_text().splitlines()]


def summary(run: SuiteRun) -> list[str]:
    """What the suite says at the end, without pytest's own lines."""
    said = run.said.splitlines()
    begin = next(number for number, line in enumerate(said) if re.match("=+ rnn-conformance =+", line))
    return said[begin + 1 : next(n for n, line in enumerate(said) if line.startswith("report: ")) + 1]


def nothing_left(run: SuiteRun, seconds: float = 15.0, files: bool = True) -> None:
    end = time.monotonic() + seconds
    while run.processes and time.monotonic() < end:
        time.sleep(0.1)
    assert run.processes == [] and (run.left_behind == [] or not files)


# every fake


def test_a_run_with_failures_exits_with_1(zoo):
    assert zoo.status == 1, zoo.said


@pytest.mark.parametrize("fake", FAKES)
def test_each_fake_earns_its_verdicts(zoo, fake):
    assert {v.verdict for v in zoo.records.verdicts if v.subject == fake} == FAKES[fake]


def test_every_verdict_appears(zoo):
    assert {v.verdict for v in zoo.records.verdicts} == set(SEVERITY)


def test_planned_is_recorded_for_every_subject(zoo):
    end = zoo.records.end
    assert set(end.planned) == set(FAKES) and zoo.records.gaps() == []
    for fake, planned in end.planned.items():
        others = zoo.records.end.planned["Crashes"]  # the first subject is not compared with itself
        assert planned == sum(end.counts[fake].values()) == others - (fake == "AlwaysRight"), fake
    ran = sum(
        int(number) for number in re.findall(r"(\d+) (?:failed|passed|known|unsupported)", zoo.said.splitlines()[-1])
    )
    assert (
        sum(end.planned.values()) == ran == len(zoo.records.verdicts) == len({v.id for v in zoo.records.verdicts}) > 40
    )


def test_the_first_and_last_lines_of_the_records(zoo):
    first, *verdicts, last = lines(zoo)
    assert (first["kind"], first["schema"], last["kind"], last["exit"]) == ("run", 1, "end", 1)
    assert {v["kind"] for v in verdicts} == {"verdict"}
    assert (
        first["settings"]["depth"] == "smoke" and first["settings"]["seed"] == 0 and first["settings"]["timeout"] == 1.5
    )
    described = {each["name"]: each for each in first["subjects"]}
    assert list(described) == list(FAKES) and described["AlwaysRight"]["threads"] == 1
    assert described["AlwaysRight"]["versions"]["numpy"] and "no licence found" in described["ExitsOnStart"]["broken"]
    assert first["machine"]["cores"] >= 1 and {"too-large", "mended"} <= set(first["ledger"])


def test_a_verdict_says_what_a_reader_needs(zoo):
    for verdict in lines(zoo)[1:-1]:
        assert verdict["id"].startswith(verdict["subject"] + "::") and verdict["invariant"] in verdict["id"]
        assert verdict["statement"].endswith(".") and verdict["layer"] and verdict["batch"]
        assert verdict["message"] or verdict["verdict"] == "pass"
        assert (verdict["known"] is not None) == (verdict["verdict"] in ("known", "fixed"))


@pytest.mark.parametrize(
    "fake, verdict, words",
    [
        ("Crashes", "crash", "the interpreter ended, killed by SIGSEGV"),
        ("Hangs", "timeout", "no answer within 1.5 s; killed"),
        (
            "ExitsOnStart",
            "crash",
            "it does not start: the interpreter ended, exit status 3; its last words: no licence found",
        ),
        ("WritesToStderrThenDies", "crash", "exit status 7; its last words: the kernel panicked | out of cuteness"),
        ("BrokenAdapter", "crash", "says nothing about the framework: KeyError: 'the adapter mixed up its weights'"),
        ("RaisesValueError", "fail", "raised ValueError at build: GRU is not my cup of tea"),
        ("NoMasks", "unsupported", "it takes no masks"),
        ("GivesNaN", "fail", "known as a-little-off, and more: "),
        ("GivesNaN", "fail", "nan"),
        (
            "SmokeFails",
            "crash",
            "the adapter's smoke check failed, so nothing is said of the framework: AttributeError",
        ),
        ("NoVersions", "fixed", "the ledger says that this fails (mended), and it passes: mend the ledger"),
    ],
)
def test_a_message_says_what_happened(zoo, fake, verdict, words):
    messages = {v.message for v in zoo.records.verdicts if v.subject == fake and v.verdict == verdict}
    assert messages and all(words in message for message in messages), messages


def test_a_known_failure_names_its_entry(zoo):
    verdicts = [v for v in zoo.records.verdicts if v.subject == "WrongOutputs"]
    assert {v.known for v in verdicts if v.features["cell"] == "lstm" and v.invariant == "outputs_match_reference"} == {
        "too-large"
    }
    assert {v.known for v in verdicts if v.features["cell"] == "gru"} == {None}


def test_what_is_known_hides_nothing_else(zoo):
    verdicts = [v for v in zoo.records.verdicts if v.subject == "GivesNaN"]
    assert {(v.known, v.more["beside"]) for v in verdicts} == {(None, "a-little-off")}


def test_pytest_s_counts_are_those_of_the_records(zoo):
    counted = Counter(v.verdict for v in zoo.records.verdicts)
    told = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", zoo.said.splitlines()[-1])}
    assert (told["passed"], told["known"], told["unsupported"]) == (
        counted["pass"],
        counted["known"],
        counted["unsupported"],
    )
    assert told["failed"] == sum(counted[word] for word in ("fail", "fixed", "crash", "timeout"))


def test_the_summary_fits_on_a_screen(zoo, right):
    for run in (zoo, right):
        told = summary(run)
        assert 5 <= len(told) <= LINES == 30
        assert told[-1] == f"report: {run.folder / 'index.html'}" and (run.folder / "index.html").exists()
        assert (run.folder / "summary.md").exists()


def test_no_traceback_and_no_chatter_reaches_the_terminal(zoo):
    for word in ("Traceback", "CHATTER", "INTERNALERROR", "Warning"):
        assert word not in zoo.said, zoo.said


def test_junit_xml_has_every_check(zoo, place):
    cases = xml.etree.ElementTree.parse(place / "junit.xml").getroot().findall(".//testcase")
    verdicts = [
        json.loads(each.get("value"))
        for case in cases
        for each in case.iter("property")
        if each.get("name") == "verdict"
    ]
    assert {v["id"]: v["verdict"] for v in verdicts} == zoo.verdicts


def test_nothing_is_left_behind(zoo, right):
    nothing_left(zoo)
    nothing_left(right)


# runs


def test_a_run_without_failures_exits_with_0(right):
    assert right.status == 0, right.said
    assert set(right.verdicts.values()) == {"pass"} and len(right.verdicts) >= 3


def test_two_runs_with_one_seed_give_the_same_verdicts_also_by_other_ways(place, zoo):
    """Again, and with two workers: what a subject says does not depend on who waits for it."""
    names = ("AlwaysRight", "Crashes", "NoMasks", "WrongOutputs", "NoVersions")
    again = suite_run(
        place,
        *SMOKE,
        *FEW,
        *fakes(*names),
        "-n",
        "2",
        "--ledger",
        str(place / "ledger.toml"),
        name="workers",
    )
    mine = {ident: verdict for ident, verdict in zoo.verdicts.items() if ident.partition("::")[0] in names}
    assert again.verdicts == mine and again.status == 1
    assert again.records.end.planned == {name: zoo.records.end.planned[name] for name in names}
    assert len(summary(again)) <= LINES
    values = {v.id: v.deviation for v in zoo.records.verdicts if v.verdict == "known"}
    assert values and all(v.deviation == values[v.id] for v in again.records.verdicts if v.id in values)
    nothing_left(again, files=False)  # xdist may kill a worker that is still cleaning up


def test_inline_gives_the_same_verdicts(place, right):
    inline = suite_run(place, *SMOKE, *FEW, *fakes("AlwaysRight"), "--inline", "-n", "0", name="inline")
    assert inline.verdicts == right.verdicts and inline.status == 0
    assert lines(inline)[0]["settings"]["inline"] is True
    nothing_left(inline)


def test_a_whole_run_reports_stale_entries_of_the_ledger(place):
    """Nothing is supported, so the whole plan takes no time; one entry matches no check of it."""
    ledger = place / "stale.toml"
    entry = LEDGER.split("[[known]]")[1].replace("tests.fakes:WrongOutputs", "tests.fakes:AlwaysUnsupported")
    ledger.write_text(
        f"[[known]]{entry}[[known]]{entry}".replace("too-large", "stale", 1).replace("outputs_*", "otputs_*", 1)
    )
    run = suite_run(
        place,
        *fakes("AlwaysUnsupported"),
        "--ledger",
        str(ledger),
        "--benchmark-skip",
        name="stale",
        environment={"PYTHONWARNINGS": "ignore"},
    )
    assert run.status == 1, run.said
    counts = Counter(v.verdict for v in run.records.verdicts)
    # Claims about this project's own parsers ask the framework nothing, and pass.
    assert set(counts) == {"unsupported", "fixed", "pass"} and counts["pass"] < 20
    assert counts["fixed"] == 1 and counts["unsupported"] > 300
    assert run.records.gaps() == [] and run.records.end.exit == 1
    assert "the ledger's entry 'stale' matches no planned check: mend the ledger" in "\n".join(summary(run))


def test_one_kernel_and_stopping_at_the_first_failure(place):
    run = suite_run(place, *SMOKE, *FEW, *fakes("GivesNaN", "Slow"), "-x", "--kernel", "generic", name="first")
    assert run.status == 1 and list(run.verdicts.values()) == ["fail"]
    assert all(ident.endswith("-generic") for ident in run.verdicts)
    assert re.search("GivesNaN: [2-9] checks were planned, 1 are recorded", "\n".join(summary(run)))
    nothing_left(run)


def test_last_failed_runs_what_failed(place):
    """pytest's own cache, in a folder of its own."""
    cache = ("-p", "cacheprovider", "-o", f"cache_dir={place / 'cache'}")
    first = suite_run(place, *SMOKE, *FEW, *fakes("RaisesValueError"), *cache, name="first-of-two")
    failed = {ident for ident, verdict in first.verdicts.items() if verdict == "fail"}
    assert 0 < len(failed) < len(first.verdicts)
    second = suite_run(place, *SMOKE, *FEW, *fakes("RaisesValueError"), *cache, "--lf", name="second-of-two")
    assert set(second.verdicts) == failed and second.records.gaps() == []


def test_a_check_can_be_asked_by_its_id(place, right):
    ident = next(iter(right.verdicts))
    run = suite_run(
        place, *SMOKE, *fakes("AlwaysRight"), what=f"suite/test_invariants.py::test_invariant[{ident}]", name="one"
    )
    assert run.status == 0 and run.verdicts == {ident: "pass"}, run.said


def test_collecting_asks_nobody_and_leaves_nothing(place):
    run = suite_run(place, *SMOKE, *FEW, *fakes("ExitsOnStart"), "--collect-only", name="collected")
    assert run.status == 0 and "test_invariant[ExitsOnStart::outputs_match_reference::" in run.said
    assert not run.folder.exists() and run.left_behind == []


def test_selecting_nothing_leaves_nothing(place):
    run = suite_run(place, *SMOKE, "-k", "no_such_invariant", *fakes("AlwaysRight"), name="nothing")
    assert run.status == pytest.ExitCode.NO_TESTS_COLLECTED and not run.folder.exists()


def test_the_project_s_own_tests_do_not_start_the_suite(place):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/test_lanes.py",
            "--record",
            str(place / "not-a-run"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and "rnn-conformance" not in done.stdout and not (place / "not-a-run").exists()


# runs that are cut off


def until(true, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def recorded(run: SuiteRun) -> int:
    path = run.folder / "records.jsonl"
    return path.read_text().count('"kind":"verdict"') if path.exists() else 0


MANY = ("-k", "(outputs_match_reference or batch_order) and not kernel")


@pytest.fixture(scope="module")
def interrupted(place) -> SuiteRun:
    """A run that Ctrl-C ended: the signal goes to the terminal's whole process group."""
    name = f"interrupted-{time.monotonic_ns()}"  # another one where the test is run once more
    run = SuiteRun(place, (*SMOKE, *MANY, *fakes("Slow", "Hangs")), name=name)
    run.begin()
    until(lambda: recorded(run) >= 4)
    run.interrupted = time.monotonic()
    os.killpg(run.process.pid, signal.SIGINT)
    run.end(30)
    run.interrupted = time.monotonic() - run.interrupted
    return run


def test_ctrl_c_ends_the_run_at_once_and_leaves_a_readable_run_that_was_cut_off(interrupted):
    assert interrupted.status == pytest.ExitCode.INTERRUPTED
    assert interrupted.interrupted < 20
    assert interrupted.records.cut_off and len(interrupted.verdicts) >= 4
    assert set(interrupted.verdicts.values()) == {"pass"}
    assert "cut off" in "\n".join(summary(interrupted)) and "Traceback" not in interrupted.said
    nothing_left(interrupted)


def test_a_run_that_was_killed_is_gone_on_with(place):
    log = place / "asked-slowly"
    log.touch()
    run = SuiteRun(place, (*SMOKE, *MANY, *fakes("Slow")), name="killed", environment={"FAKE_LOG": str(log)})
    run.begin()
    until(lambda: recorded(run) >= 6)
    run.process.kill()
    run.end()
    until(lambda: not run.processes)  # its temporary files stay: nobody was left to take them away
    before = run.verdicts
    assert run.records.cut_off and len(before) >= 6

    log.write_text("")
    whole = suite_run(
        place, *MANY, "--resume", str(run.folder), record=False, environment={"FAKE_LOG": str(log)}, name="killed"
    )
    assert whole.status == 0, whole.said
    assert not whole.records.cut_off and whole.records.gaps() == [] and whole.records.repeated == 0
    assert before.items() <= whole.verdicts.items() and len(whole.verdicts) > len(before)
    assert log.read_text()

    log.write_text("")
    again = suite_run(
        place,
        *MANY,
        "--resume",
        str(run.folder),
        "-n",
        "1",
        record=False,
        environment={"FAKE_LOG": str(log)},
        name="killed",
    )
    assert again.status == 0 and again.verdicts == whole.verdicts and again.records.gaps() == []
    assert log.read_text() == "", "what was recorded is asked again"


def test_a_disk_that_is_full_ends_the_run_in_one_sentence(place, right):
    """A limit on the size of a file stands for the disk: the header fits, and not all records do."""
    header = len((right.folder / "records.jsonl").read_text().splitlines()[0].encode())
    run = suite_run(place, *SMOKE, *FEW, *fakes("AlwaysRight"), name="full", largest_file=header + 2000)
    assert run.status == pytest.ExitCode.INTERNAL_ERROR, run.said
    assert "Records cannot be written" in run.said and "file too large" in run.said and "Traceback" not in run.said
    assert run.records.cut_off and len(run.verdicts) < len(right.verdicts)
    nothing_left(run)
