"""Findings by root cause: every entry of the ledger and every new failure, worst severity first, with numbers and a script."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from suite_runs import ROOT

from reports import rootcauses
from reports.__main__ import main as reports
from reports.lines import End, Header, Verdict
from reports.records import read, write_lines
from suite.ledger import SEVERITIES
from suite.ledger import read as read_ledger

ENTRY = {"title": "It is wrong.", "severity": "wrong numbers", "subject": ["keras-*"], "versions": {"keras": ">=3"},
         "condition": "mask = left", "reason": "Because.", "issue": "https://example.org/1"}
HEADER = Header(
    "2026-01-02T03:04:05+0000",
    subjects=({"name": "keras-jax", "versions": {"keras": "3.15.1"}, "padding": "hold"}, {"name": "torch", "padding": "zero"}),
    ledger={"a": ENTRY, "b": {**ENTRY, "severity": "lost mask"}, "c": {**ENTRY, "severity": "divergence", "title": "A choice."},
            "d": {**ENTRY, "severity": "error on valid input", "subject": ["torch"]}},
)


def check(name: str, verdict: str = "known", known: str | None = None, subject: str = "keras-jax", **others) -> Verdict:
    return Verdict(f"{subject}::{name}::x", subject, name, verdict, backend=subject, known=known, statement=f"{name} holds.",
                   **others)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "repros").mkdir()
    (tmp_path / "repros" / "one.py").write_text("print('expected 1')\n")
    write_lines(tmp_path, [
        HEADER, check("long", known="a", message="off", deviation=0.5, allowed=1e-6),
        check("one", known="a", message="off by much", deviation=0.25, allowed=1e-6, repro="repros/one.py"),
        check("lost", known="b", more={"no_repro": "no words for it"}), check("choice", known="c"),
        check("fresh", "fail", subject="torch", message="new and wrong"), check("fine", "pass"), End(),
    ])
    return read(tmp_path)


def test_causes_stand_by_stack_worst_first_and_divergences_apart(run):
    said = rootcauses.parts([run])
    assert {stack: [cause.key for cause in found] for stack, found in said["faults"].items()} == {
        "Keras, on every backend": ["a", "b"], "PyTorch": ["new: fresh on torch", "d"],
    }
    assert [cause.key for found in said["divergences"].values() for cause in found] == ["c"]
    assert said["headline"] == "4 faults and 1 divergence, in 6 checks"


def test_a_cause_counts_its_checks_and_shows_the_one_with_a_script(run):
    cause = next(cause for cause in rootcauses.causes([run]) if cause.key == "a")
    assert cause.counts == {"keras-jax": 2} and cause.example.invariant == "one"
    assert cause.script == "print('expected 1')\n" and "off by much" in cause.numbers and "0.25" in cause.numbers


def test_what_has_no_script_or_no_check_says_so(run):
    text = rootcauses.markdown([run])
    assert "script: none (no words for it)" in text and "script: none (no check of this run met it)" in text
    assert "keras-jax: outputs at masked steps repeat the previous output" in text
    assert "torch: outputs at masked steps are zero" in text and "https://example.org/1" in text


def test_the_command_writes_the_file_and_every_run_has_the_page(run, tmp_path, capsys):
    assert reports(["findings", str(run.folder), "-o", str(tmp_path / "out" / "F.md")]) == 0
    assert (tmp_path / "out" / "F.md").read_text() == rootcauses.markdown([run])
    assert reports(["page", str(run.folder), "-o", str(tmp_path / "page")]) == 0
    page = (tmp_path / "page" / "findings.html").read_text()
    assert "off by much" in page and "print(&#39;expected 1&#39;)" in page and 'id="divergences"' in page
    assert 'href="findings.html"' in (tmp_path / "page" / "index.html").read_text()
    assert reports(["findings", str(tmp_path / "nowhere")]) == 2 and "No run" in capsys.readouterr().err


def test_two_runs_are_told_together(run, tmp_path):
    more = check("more", known="a", subject="torch")
    other = replace(run, header=replace(HEADER, subjects=({"name": "torch"},)), verdicts=(more,))
    cause = next(cause for cause in rootcauses.causes([run, other]) if cause.key == "a")
    assert cause.counts == {"keras-jax": 2, "torch": 1}


def test_every_severity_of_the_ledger_has_a_place():
    assert set(rootcauses.ORDER) == set(SEVERITIES)


def test_the_committed_findings_are_those_of_the_ledger():
    text = (Path(ROOT) / "FINDINGS.md").read_text()
    told = re.findall(r"^### .*\n\n`([^`]+)`$", text, re.MULTILINE)
    assert sorted(told) == sorted({known.key for known in read_ledger(Path(ROOT) / "suite" / "known.toml")})
