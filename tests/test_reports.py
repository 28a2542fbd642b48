"""The summary of a run, runs merged, and the command line of `reports`."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic_run
from synthetic_run import small, timing

from reports import summary
from reports.__main__ import main
from reports.findings import amount, findings, headline, new_failures, number, speeds, worst
from reports.lines import VERDICTS, End, Header, Verdict
from reports.merge import merge
from reports.records import Run, read, write_lines

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synthetic_run.write(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def run(folder):
    return read(folder)


def test_the_summary_fits_a_terminal_and_says_what_matters(run):
    lines = summary.terminal(run)
    text = "\n".join(lines)
    assert len(lines) <= 30 and max(map(len, lines)) <= 100
    for expected in (
        "new failure",
        "keras-torch-left-mask",
        "no GPU on this machine",
        "fused is than generic",
        "index.html",
        "269 s in the frameworks",
        *synthetic_run.SUBJECTS,
        worst(run.verdicts)[0][0].id,
    ):
        assert expected in text


def test_the_counts_of_the_summary_are_those_of_the_records(run):
    rows = [line for line in summary.terminal(run) if line.startswith("keras-torch ")]
    counted = run.counts()["keras-torch"]
    shown = rows[0].split()[-7:-1] if counted["crash"] else rows[0].split()[-6:-1]
    assert [int(cell) if cell != "·" else 0 for cell in shown] == [
        counted[name]
        for name in ("pass", "fail", "known", "fixed", "unsupported", *(["crash"] if counted["crash"] else []))
    ]


def test_a_run_with_everything_wrong_still_fits(tmp_path):
    subjects = tuple(f"a-subject-with-a-long-name-{n}" for n in range(14))
    verdicts = tuple(
        Verdict(
            f"{name}::{said}{n}", name, f"{said}{n}", said, message="so\nmany words " * 40, known="key" + str(n) * 30
        )
        for name in subjects
        for said in VERDICTS
        for n in range(4)
    )
    header = Header(
        "2026",
        subjects=tuple({"name": name, "versions": {"x" * 40: "1.2.3"}} for name in subjects),
        missing=tuple({"name": f"m{n}", "reason": "because " * 30} for n in range(20)),
    )
    timings = tuple(timing(2.0, subject=name, name=str(n)) for name in subjects for n in range(4))
    lines = summary.terminal(Run(tmp_path, header, verdicts, timings, None))
    assert len(lines) <= 30 and max(map(len, lines)) <= 100 and not any("\n" in line for line in lines)


def test_a_cut_off_run_says_so_first(tmp_path):
    cut = read(synthetic_run.write(tmp_path / "run", cases=2, cut=True))
    assert summary.terminal(cut)[0].startswith("Cut off")
    assert "cut off" in summary.markdown(cut).splitlines()[4].lower()


def test_an_empty_run_claims_nothing():
    assert headline(small()) == "No new failure, no check recorded."


def test_one_failure_is_one_failure():
    assert headline(small(("a", "fail"), ("b", "pass"))) == "1 new failure, 1 of 2 checks pass."


def test_thousands_are_apart():
    assert number(1702) == "1 702"


def test_the_markdown_holds_every_failure_finding_and_timing(run):
    text = summary.markdown(run)
    for failure in new_failures(run.verdicts):
        assert f"`{failure.id}`" in text and failure.message.replace("|", "\\|") in text
    for finding in findings(run):
        assert finding.title in text and all(value in text for _, value in finding.told)
    assert text.count("b32_t100_u128") == sum(each.workload == "b32_t100_u128" for each in run.timings)


def test_the_markdown_says_who_did_not_compile_as_users_do(run):
    assert "compiled quickly" not in summary.markdown(run)
    subjects = tuple({**each, "compiled": "quickly" if each["name"] == "keras-jax" else ""} for each in run.header.subjects)
    told = summary.markdown(replace(run, header=replace(run.header, subjects=subjects)))
    assert "- keras-jax: XLA compiled quickly" in told


def test_text_cannot_break_a_table_of_the_markdown():
    text = summary.markdown(
        small(("a", "fail")).__class__(
            Path("x"), Header("2026"), (Verdict("torch::a|b", "torch", "a", "fail", message="one\ntwo | three"),)
        )
    )
    assert "one two \\| three" in text


@pytest.mark.parametrize(
    "deviation, allowed, said",
    [
        (0.25, 0.125, "0.25 > 0.12"),
        (1e-9, 1e-6, "1e-09 ≤ 1e-06"),
        (math.nan, 1e-6, "nan against 1e-06"),
        (2.0, 0.0, "2 > 0"),
        (None, None, ""),
        (math.nan, 0.0, ""),  # nothing was measured: an error was raised
        (0.0, 0.0, ""),
    ],
)
def test_how_far_off_is_told_where_it_was_measured(deviation, allowed, said):
    assert amount(Verdict("t::a", "t", "a", "fail", deviation=deviation, allowed=allowed)) == said


def test_crashes_come_before_failures_and_nan_before_numbers():
    ordered = new_failures(
        [
            Verdict("t::a", "t", "a", "fail", deviation=1.0, allowed=0.1),
            Verdict("t::b", "t", "b", "fixed"),
            Verdict("t::c", "t", "c", "fail", deviation=math.nan, allowed=0.1),
            Verdict("t::d", "t", "d", "crash"),
            Verdict("t::e", "t", "e", "pass"),
            Verdict("t::f", "t", "f", "timeout"),
            Verdict("t::g", "t", "g", "known"),
        ]
    )
    assert [each.invariant for each in ordered] == ["d", "f", "c", "a", "b"]


def test_a_speed_is_the_geometric_mean_and_what_is_not_comparable_is_left_out():
    timings = [timing(2.0, name="a"), timing(8.0, name="b"), replace(timing(100.0, name="c"), verdict="not comparable")]
    (speed,) = speeds(timings)
    assert speed.ratio == pytest.approx(4.0) and (speed.least, speed.most) == (2.0, 8.0)
    assert speed.verdicts == {"faster": 2, "not comparable": 1}


def test_shards_of_one_run_become_one_run(tmp_path):
    header = Header("2026", {"cores": 2}, subjects=({"name": "torch", "versions": {"torch": "2"}},))
    for name, verdicts in (("one", ("a", "b")), ("two", ("b", "c"))):
        records = [Verdict(f"torch::{each}", "torch", each, "pass") for each in verdicts]
        write_lines(
            tmp_path / name, [header, *records, End(planned={"torch": 2}, seconds=2.0, exit=int(name == "two"))]
        )
    merged = read(merge([read(tmp_path / "one"), read(tmp_path / "two")], tmp_path / "merged"))
    assert [each.id for each in merged.verdicts] == ["torch::a", "torch::b", "torch::c"]
    assert not merged.gaps() and merged.end.seconds == 4.0 and merged.end.exit == 1


def test_another_version_under_the_same_name_is_another_subject(tmp_path):
    old = synthetic_run.write(tmp_path / "old", cases=2, versions={"torch": "2.12.0"})
    new = synthetic_run.write(tmp_path / "new", cases=2)
    merged = read(merge([read(old), read(new)], tmp_path / "merged"))
    assert set(merged.subjects) >= {"torch", "torch@new"} and not merged.gaps()
    assert len(merged.verdicts) == 2 * len(read(old).verdicts)
    assert all((tmp_path / "merged" / each.repro).is_file() for each in merged.verdicts if each.repro)


def test_a_merge_with_a_cut_off_run_is_cut_off(tmp_path):
    whole = synthetic_run.write(tmp_path / "whole", cases=2)
    cut = synthetic_run.write(tmp_path / "cut", cases=2, cut=True)
    assert read(merge([read(whole), read(cut)], tmp_path / "merged")).cut_off


def test_show_prints_the_summary(folder, capsys):
    assert main(["show", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == summary.terminal(read(folder))


def test_show_prints_the_checks_that_fit(folder, run, capsys):
    assert (
        main(["show", str(folder), "--subject", "keras-torch", "--invariant", "padding_side", "--verdict", "known"])
        == 0
    )
    out = capsys.readouterr().out
    fitting = [
        v for v in run.verdicts if (v.subject, v.invariant, v.verdict) == ("keras-torch", "padding_side", "known")
    ]
    assert fitting and out.startswith(f"{len(fitting)} check") and all(each.id in out for each in fitting)
    assert "torch::padding_side[lstm_f3_u5-b4_t6_none" not in out


def test_show_prints_the_script_of_a_failure(folder, run, capsys):
    failed = next(each for each in run.verdicts if each.repro)
    assert main(["show", str(folder), "--repro", failed.id]) == 0
    assert capsys.readouterr().out.startswith(f'"""{failed.id}"""')


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["show"],
        ["nothing"],
        ["show", "RUN", "--verdict", "good"],
        ["show", "/no/such/run"],
        ["show", "RUN", "--subject", "flax"],
        ["show", "RUN", "--invariant", "none"],
        ["show", "RUN", "--repro", "none"],
        ["compare", "RUN"],
        ["compare", "RUN", "RUN:flax"],
        ["gate", "/no/such", "RUN"],
        ["page", "RUN"],
        ["page", "/no/such", "-o", "OUT"],
        ["page", "RUN", "-o", "/proc/nowhere"],
        ["merge", "RUN", "-o", "RUN"],
        ["compare", "RUN", "RUN", "--most", "many"],
    ],
)
def test_bad_use_is_one_line_and_exit_2(folder, tmp_path, words):
    named = {"RUN": str(folder), "RUN:flax": f"{folder}:flax", "OUT": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "reports", *(named.get(word, word) for word in words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (
        done.returncode == 2
        and len(done.stderr.splitlines()) == 1
        and "Traceback" not in done.stderr
        and not done.stdout
    )


def test_gate_and_compare_from_the_command_line(folder, tmp_path, capsys):
    better = synthetic_run.write(tmp_path / "better", broken=())
    cut = synthetic_run.write(tmp_path / "cut", cut=True)
    assert main(["gate", str(folder), str(folder)]) == 0
    assert main(["gate", str(better), str(folder)]) == 1
    assert main(["gate", str(cut), str(folder)]) in (1, 3)
    assert main(["gate", str(cut), str(cut)]) == 3
    other = write_lines(tmp_path / "other", [Header("2026"), Verdict("flax::a", "flax", "a", "pass"), End()]).parent
    assert main(["gate", str(folder), str(other)]) == 3
    capsys.readouterr()
    assert main(["compare", str(better), str(folder), "--most", "1"]) == 0
    assert "newly failing" in capsys.readouterr().out


def test_reports_needs_no_framework_and_nothing_of_the_suite():
    code = (
        "import sys, reports.__main__, reports.plots;"
        "bad = {'torch', 'tensorflow', 'keras', 'jax', 'suite', 'cases'} & set(sys.modules);"
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
