"""Families: every group, scenario and option with its counts, and what nobody passes, runs or was asked."""

from __future__ import annotations

from pathlib import Path

from cases.invariants import INVARIANTS
from cases.space import catalogue
from reports import families
from reports.lines import Header, Verdict
from reports.pages import html
from reports.records import Run
from reports.summary import markdown

CATALOGUE = {"invariants": {"holds": "values", "unasked": "purity"}, "scenarios": ["a-story"],
             "features": {"cell": ["lstm", "gru"], "mask": ["left", "right"]}}


def check(subject: str, name: str, verdict: str, group: str = "values", scenario: str | None = None, **features) -> Verdict:
    return Verdict(f"{subject}::{name}::{len(features)}{features}", subject, name, verdict, group=group, scenario=scenario,
                   features=features)


RUN = Run(Path("."), Header("2026-01-01T00:00:00", more={"catalogue": CATALOGUE}), (
    check("torch", "holds", "pass", cell="lstm", mask="right", units=5, other="x"),
    check("torch", "breaks", "known", "padding", cell="lstm", mask="left"),
    check("jax", "breaks", "fail", "padding", cell="lstm", mask="left"),
    check("jax", "never", "unsupported", "dropout", cell="lstm", mask="right"),
    check("jax", "claim", "pass", "scenario", "a-story", side="left"),
))


def test_groups_scenarios_and_options_have_their_counts_by_subject():
    rows = {(kind, name): [torch, jax, note] for kind, name, torch, jax, note in families.rows(RUN)}
    assert rows["invariants", "values"] == ["1 pass", "·", ""]
    assert rows["invariants", "padding"] == ["1 known", "1 fail", "no stack passes"]
    assert rows["invariants", "dropout"] == ["·", "1 unsupported", "nobody runs this"]
    assert rows["invariants", "purity"] == ["·", "·", "nobody was asked"]
    assert rows["scenarios", "a-story"] == ["·", "1 pass", ""]
    assert rows["options and executions", "cell = gru"] == ["·", "·", "nobody was asked"]
    assert rows["options and executions", "mask = left"][-1] == "no stack passes"
    assert not [name for _, name in rows if name.startswith(("units", "other", "side"))]


def test_what_nobody_passes_runs_or_was_asked_is_named():
    assert families.gaps(RUN) == {
        "no stack passes": ["breaks", "mask = left"], "nobody runs this": ["never"],
        "nobody was asked": ["unasked", "cell = gru"],
    }


def test_they_stand_in_the_summary_and_in_the_page():
    for text in (markdown(RUN), html(RUN)):
        assert "nobody was asked" in text and "mask = left" in text and "no stack passes" in text


def test_the_catalogue_has_every_invariant_and_every_value_of_the_plan():
    found = catalogue()
    assert found["invariants"] == {each.name: each.group for each in INVARIANTS}
    assert {"gaps", "empty"} <= set(found["features"]["mask"]) and "float64" in found["features"]["dtype"]
