"""The plan: arrays that cover, ids that are stable, invariants that are all planned, numbers that tell things apart."""

import itertools
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cases.arrays import ARRAYS, DEPTHS, SENSELESS, SIZES, Array, case_of, cases
from cases.batches import MASKS
from cases.invariants import INVARIANTS
from cases.layers import draw_states
from cases.plan import MET, concerns, plan, planned
from cases.requests import digest

ROOT = Path(__file__).resolve().parents[1]
by_array = pytest.mark.parametrize("array", [array for array in ARRAYS if array.factors], ids=lambda array: array.name)


def makes_sense(row: dict) -> bool:
    """Whether no values of a row, complete or not, mean nothing together."""
    return not any(no.holds(*(row[name] for name in no.factors)) for no in SENSELESS if set(no.factors) <= set(row))


def completed(array: Array, row: dict) -> bool:
    """Whether some complete row that makes sense has these values."""
    if not makes_sense(row):
        return False
    left = [name for name in array.factors if name not in row]
    return not left or any(completed(array, row | {left[0]: value}) for value in array.factors[left[0]])


def combinations(array: Array, strength: int):
    """All values of `strength` factors that may stand together."""
    for names in itertools.combinations(array.factors, strength):
        for values in itertools.product(*(array.factors[name] for name in names)):
            if completed(array, row := dict(zip(names, values, strict=True))):
                yield row


def uncovered(array: Array, strength: int) -> list[dict]:
    """What may stand together and nowhere does."""
    rows = array.covering(strength)
    return [row for row in combinations(array, strength) if not any(row.items() <= dict(full).items() for full in rows)]


# Covering arrays


@by_array
@pytest.mark.parametrize("strength", [1, 2])
def test_every_pair_of_values_that_may_stand_together_does(array, strength):
    assert uncovered(array, strength) == []


def test_at_full_depth_every_triple_of_the_smallest_array_stands_together():
    drawn = (array for array in ARRAYS if array.factors)
    smallest = min(drawn, key=lambda array: np.prod([len(values) for values in array.factors.values()]))
    assert uncovered(smallest, 3) == []


@by_array
def test_no_row_has_values_that_mean_nothing_together(array):
    assert [row for row in array.covering(2) if not makes_sense(dict(row))] == []


@by_array
def test_fewer_rows_would_not_do_much_better_than_the_longest_factors_need(array):
    longest = sorted(len(values) for values in array.factors.values())[-max(2, array.least):]
    assert np.prod(longest) <= 2 * len(array.covering(2)) and len(array.covering(2)) <= 2.5 * np.prod(longest)


def test_senseless_values_are_named_by_factors_that_exist():
    factors = {name for array in ARRAYS for name in array.factors}
    assert [no.factors for no in SENSELESS if not set(no.factors) <= factors] == []


def test_each_senseless_rule_forbids_something_somewhere():
    for no in SENSELESS:
        found = [
            array.name
            for array in ARRAYS
            if set(no.factors) <= set(array.factors)
            and any(no.holds(*values) for values in itertools.product(*(array.factors[name] for name in no.factors)))
        ]
        assert found, no.factors


# Ids


def test_ids_are_unique_at_each_depth():
    for depth in ("smoke", "default"):
        assert [i for i, count in Counter(check.identity for check in plan(depth)).items() if count > 1] == []


def test_ids_and_their_order_are_the_same_in_another_process_with_other_hashes():
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    code = "from cases.plan import plan; print('\\n'.join(check.identity for check in plan('default')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [check.identity for check in plan("default")]


def test_arrays_are_the_same_in_another_process_with_other_hashes():
    code = (
        "from cases.arrays import cases; from cases.requests import digest; "
        "print(*(digest((c.weights, c.batch)) for c in cases('smoke')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "3", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [digest((case.weights, case.batch)) for case in cases("smoke")]


def test_an_id_says_what_is_checked_and_nothing_of_its_place_in_the_plan():
    checks = {check.identity: check for check in plan("default")}
    alone = {planned(i, case).identity for i in INVARIANTS for case in cases("default") if concerns(i, case)}
    assert set(checks) <= alone
    for identity, check in checks.items():
        assert identity.startswith(f"{check.name}::{check.layer}-{check.batch}-")


def test_cases_that_differ_have_ids_that_differ():
    features = {}
    for case in cases("default"):
        assert features.setdefault(str(case), case.features) == case.features
    assert len({tuple(case.features.items()) for case in cases("default")}) == len(features) == len(cases("default"))


def test_the_seed_changes_arrays_and_no_id():
    ours, theirs = cases("smoke", 0), cases("smoke", 9)
    assert [str(case) for case in ours] == [str(case) for case in theirs]
    assert not any(np.array_equal(a.batch.inputs, b.batch.inputs) for a, b in zip(ours, theirs, strict=True))


# What is planned


@pytest.mark.parametrize("depth", ["smoke", "default"])
def test_every_invariant_is_planned(depth):
    assert {i.name for i in INVARIANTS} - {check.name for check in plan(depth)} == set()


def test_every_invariant_meets_every_value_that_it_can_meet():
    checks: dict[str, set] = {}
    for check in plan("default"):
        checks.setdefault(check.name, set()).update((name, check.features[name]) for name in MET)
    for invariant in INVARIANTS:
        can = {(name, c.features[name]) for c in cases("default") if concerns(invariant, c) for name in MET}
        assert can - checks[invariant.name] == set(), invariant.name


def behind(features) -> tuple[str, ...] | None:
    """A subject without compiled kernels on which backward layers show findings, unrolled or from given states."""
    if features["kernel"] == "compiled":
        return None
    findings = {"unrolled": features["kernel"] == "unrolled", "states": features["states"]}
    return tuple(key for key, shows in findings.items() if features["direction"] == "backward" and shows)


def hidden(invariant, case) -> tuple[str, ...] | None:
    """What is behind every invariant."""
    return behind(case.features)


def test_what_is_hidden_in_some_cases_is_met_in_others():
    asked: dict[str, list] = {}
    for check in plan("default", hidden=hidden):
        asked.setdefault(check.name, []).append(check.features)
    for invariant in (i for i in INVARIANTS if not i.everywhere):
        chosen = asked[invariant.name]
        there = [case.features for case in cases("default") if concerns(invariant, case) and behind(case.features) is not None]
        assert not there or all(behind(features) is not None for features in chosen), invariant.name
        told, can = ({(n, features[n]) for features in some if behind(features) == () for n in MET} for some in (chosen, there))
        assert can - told == set(), invariant.name
        met, shown = ({key for features in some for key in behind(features) or ()} for some in (chosen, there))
        assert shown <= met, invariant.name


def test_pairs_of_options_that_hidden_cases_alone_hold_are_met_in_further_ones():
    def pairs(some) -> set:
        kept = [{name: one[name] for name in options.factors if name in one} for one in some]
        return {pair for one in kept for pair in itertools.combinations(sorted(one.items()), 2)}

    options = next(array for array in ARRAYS if array.name == "options")
    rows = [case_of(row, 0, "options").features for row in options.covering(2)]
    asked = [check.features for check in plan("default", hidden=hidden) if check.name == "outputs_match_reference"]
    lost = pairs(one for one in rows if behind(one)) - pairs(one for one in rows if behind(one) == ())
    can = {pair for pair in lost if behind({"kernel": "fused", "states": False, "direction": "forward", **dict(pair)}) == ()}
    assert can
    assert can - pairs(one for one in asked if behind(one) == ()) == set()


def test_an_invariant_that_holds_everywhere_is_checked_wherever_it_applies():
    seen = {check.identity for check in plan("default")}
    for invariant in (i for i in INVARIANTS if i.everywhere):
        assert {planned(invariant, c).identity for c in cases("default") if concerns(invariant, c)} <= seen


def test_no_check_is_planned_where_its_invariant_says_nothing():
    applying = {planned(i, case).identity for i in INVARIANTS for case in cases("default") if concerns(i, case)}
    assert {check.identity for check in plan("default")} <= applying


def test_every_cell_mask_direction_and_size_is_met():
    met = {(name, value) for case in cases("default") for name, value in case.features.items()}
    assert {("mask", mask) for mask in MASKS} <= met
    assert {s[:2] for s in SIZES.values()} == {(case.plan.batch, case.plan.time) for case in cases("default")}
    flat = {(case.layer.features, case.layer.units) for case in cases("default") if not case.layer.convolution}
    assert {s[2:] for s in SIZES.values()} == flat


def test_depths_grow():
    assert DEPTHS == ("smoke", "default", "full")
    assert len(cases("smoke")) < len(cases("default"))
    assert len(plan("smoke")) < len(plan("default"))


def test_an_unknown_depth_is_refused():
    with pytest.raises(ValueError, match="depth='deep': expected one of smoke, default, full"):
        plan("deep")


def test_a_kernel_that_is_asked_for_is_the_only_one():
    assert {check.features["kernel"] for check in plan("smoke", kernel="generic")} == {"generic"}


def test_a_row_of_an_array_becomes_the_case_that_it_describes():
    row = {"cell": "gru", "mask": "left", "kernel": "generic", "states": True, "size": "equal", "reset_after": False}
    case = case_of(row, 3, "options")
    assert {name: case.features[name] for name in row if name != "size"} == {
        n: v for n, v in row.items() if n != "size"
    }
    assert (case.plan.batch, case.plan.time, case.layer.features, case.layer.units) == SIZES["equal"] and case.seed == 3


# The arrays of every case


@pytest.mark.parametrize("case", cases("default"), ids=str)
def test_every_array_is_random_nonzero_and_like_no_other(case):
    layer, arrays = case.layer, {f"weights/{name}": a for name, a in case.weights.items()}
    arrays |= {f"states/{name}": a for name, a in (case.batch.initial_states or {}).items()}
    assert (case.batch.initial_states is not None) == case.plan.states
    arrays["inputs"] = case.batch.inputs
    columns = []
    for name, array in arrays.items():
        assert np.all(np.isfinite(array)) and np.all(array != 0), f"{name} has a zero"
        exact = np.array_equal(array, array.astype("float32"))
        assert exact == (layer.dtype != "float64"), f"{name} is {'' if exact else 'not '}exact in float32"
        gates = layer.gates if name.startswith("weights") else "x"
        blocks = np.split(array, len(gates), axis=-1)
        columns += [(name, gate, block.tobytes()) for gate, block in zip(gates, blocks, strict=True)]
        if array.size > 1:
            assert np.unique(array).size > array.size * 0.9, f"{name} repeats itself"
    assert len({data for *_, data in columns}) == len(columns), (
        "two gates, biases, directions, layers or states are equal"
    )


def test_biases_that_a_framework_keeps_as_one_sum_cost_no_rounding():
    for case in cases("default"):
        for name in (n for n in case.weights if n.endswith("/bias")):
            total = case.weights[name] + case.weights[name.replace("/bias", "/recurrent_bias")]
            assert case.layer.dtype == "float64" or np.array_equal(total, total.astype("float32"))


def test_states_differ_between_layers_directions_and_kinds():
    for case in cases("default"):
        states = list(draw_states(case.layer, case.plan.batch).values())
        assert all(not np.array_equal(a, b) for a, b in itertools.combinations(states, 2))


def test_a_loss_reads_every_valid_output_and_state_and_nothing_in_padding():
    for case in cases("default"):
        for name, cotangent in case.batch.cotangents.items():
            if name.startswith("outputs") and case.layer.return_sequences:
                flip = case.layer.direction == "backward" and case.layer.layers % 2
                valid = case.batch.valid[:, ::-1] if flip else case.batch.valid
                assert np.array_equal((cotangent != 0).all(axis=-1), valid) and not cotangent[~valid].any(), str(case)
            else:
                assert np.all(cotangent != 0)
        assert len(case.batch.cotangents) == len(case.layer.output_names) + len(case.layer.state_keys())


def test_a_sparing_plan_asks_less_of_the_same_cases_and_every_invariant():
    whole, sparing = plan("default"), plan("default", sparing=True)
    assert len(sparing) < len(whole) / 2
    assert {check.identity.partition("::")[2] for check in sparing} <= {str(case) for case in cases("default")}
    assert {check.name for check in sparing} == {check.name for check in whole}
    assert [c.identity for c in plan("full", sparing=True)] == [c.identity for c in plan("full")]


def test_outputs_and_states_meet_all_pairs_of_the_main_features_in_a_sparing_plan():
    def pairs(checks):
        return {
            pair for check in checks if check.name == "outputs_match_reference"
            for pair in itertools.combinations(sorted((n, str(v)) for n, v in check.features.items() if n in MET), 2)
        }

    assert pairs(plan("default", sparing=True)) == pairs(plan("default"))
