"""What failures share is told: conditions under which checks fail, and hardly any without them."""

from __future__ import annotations

import random
from itertools import product

import pytest

from reports import summary
from reports.lines import End, Header, Verdict
from reports.pages import html
from reports.records import read, write_lines
from reports.shared import shared

CELLS, MASKS = ("gru", "lstm", "rnn"), ("none", "right", "left")
DIRECTIONS, KERNELS = ("forward", "backward"), ("fused", "generic")


def plan(fails, subject="torch", invariant="outputs_match_reference"):
    """A check of each combination; `fails` says of which features it fails."""
    for features in ({"cell": c, "mask": m, "direction": d, "kernel": k, "units": 5}
                     for c, m, d, k in product(CELLS, MASKS, DIRECTIONS, KERNELS)):
        rest = "-".join(str(value) for value in features.values())
        yield Verdict(f"{subject}::{invariant}::{rest}", subject, invariant, "fail" if fails(**features) else "pass",
                      features=features)


@pytest.mark.parametrize(("fails", "due"), [
    (lambda cell, **_: cell == "lstm", {"cell": "lstm"}),
    (lambda mask, direction, **_: mask == "left" and direction == "backward", {"mask": "left", "direction": "backward"}),
    (lambda cell, mask, kernel, **_: (cell, mask, kernel) == ("gru", "right", "fused") or cell == "never",
     {"cell": "gru", "mask": "right", "kernel": "fused"}),
])
def test_conditions_of_failures_are_found(fails, due):
    checks = list(plan(fails))
    many = [c for n in range(2) for c in plan(fails, invariant=f"other_{n}")]
    group, *more = shared(checks + many)
    failing = sum(each.verdict == "fail" for each in checks + many)
    assert dict(group.conditions) == due and not more
    assert (group.failing, group.asked, group.others) == (failing, failing, 0) and group.simplest.verdict == "fail"


def test_two_causes_are_two_groups_the_larger_first_and_subjects_stand_apart():
    def two(cell, mask, direction, **_):
        return cell == "lstm" or (mask == "left" and direction == "backward")

    found = shared([*plan(two), *plan(lambda kernel, **_: kernel == "generic", subject="keras-jax")])
    assert [(one.subject, dict(one.conditions)) for one in found] == [
        ("torch", {"cell": "lstm"}), ("torch", {"mask": "left", "direction": "backward"}), ("keras-jax", {"kernel": "generic"}),
    ]


def test_nothing_is_told_of_what_shares_nothing():
    chance = random.Random(1)
    assert shared(plan(lambda **_: chance.random() < 0.3)) == []
    assert shared(plan(lambda **_: True)) == shared(plan(lambda **_: False)) == []


def test_nothing_is_told_of_two_failures_and_other_invariants_do_not_count():
    assert shared(plan(lambda **f: tuple(f.values())[:3] == ("gru", "left", "forward"))) == []
    group, = shared([*plan(lambda cell, **_: cell == "gru"), *plan(lambda **_: False, invariant="never_fails")])
    assert (group.failing, group.asked, group.others, group.others_asked) == (12, 12, 0, 24)


def test_known_and_fixed_checks_are_no_failures():
    checks = [Verdict(v.id, v.subject, v.invariant, {"fail": "fixed"}.get(v.verdict, v.verdict), features=v.features)
              for v in plan(lambda cell, **_: cell == "gru")]
    assert shared(checks) == []


def test_every_report_says_it(tmp_path):
    write_lines(tmp_path, [Header("2026-01-02T03:04:05+0000"), *plan(lambda cell, **_: cell == "lstm"), End()])
    run = read(tmp_path)
    line = "cell=lstm: 12 of 12 such checks fail, 0 of 24 without"
    assert any(line in each for each in summary.terminal(run))
    assert line in summary.markdown(run) and line in html(run)
