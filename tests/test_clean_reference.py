"""The reference, asked as a subject, raises no alarm: on the default plan, on random layers, batches, ways to run."""

from collections import Counter

import numpy as np
import pytest
from planted import InProcess

from cases.arrays import GROUPS
from cases.batches import MASKS, BatchPlan
from cases.invariants import INVARIANTS, Case
from cases.layers import ACTIVATIONS, DIRECTIONS, GATES, MERGES, PADDING_OUTPUTS, Layer, generator
from cases.plan import plan, planned
from cases.requests import ENTRIES, KERNELS, MODES, ORIGINS, Execution
from suite.verdicts import judge

DRAWS, PER_TEST = 160, 10
BOUNDED = ("sigmoid", "hard_sigmoid", "tanh", "softsign")
"""Activations for gates: with others the states double at each step until nothing is finite."""


def drawn(number: int) -> Case:
    """A random point of the whole space of options that the reference answers."""
    random = generator("clean reference", number)

    def pick(*values):
        return values[random.integers(len(values))]

    layers, direction = pick(1, 1, 2, 3), pick("forward", *DIRECTIONS)
    merge = pick(*MERGES) if direction == "bidirectional" else "concat"
    mode = pick(*MODES)
    rates = (0.0, 0.3) if mode == "inference" else (0.0,)
    layer = Layer(
        pick(*GATES),
        pick(1, 2, 3, 4, 7),
        pick(1, 2, 4, 5),
        1 if merge == "none" else layers,
        direction,
        merge,
        pick(True, True, False),
        pick(True, True, False),
        pick(False, False, False, True),
        pick("tanh", "tanh", *ACTIVATIONS),
        pick("sigmoid", *BOUNDED),
        pick(True, False),
        pick(True, False),
        pick(1, 2),
        pick(*PADDING_OUTPUTS),
        pick(*rates),
        pick(*rates),
        pick("float32", "float32", "float64"),
    )
    size = pick(1, 2, 3, 4, 5)
    time = pick(1, 2, 3, layer.units, size, 6, 9, 20)
    batch = BatchPlan(size, time, pick(*MASKS, "right", "right"), pick(True, False))
    return Case(layer, batch, Execution(pick(*KERNELS), mode, pick(*ORIGINS), pick(*ENTRIES)), number)


def alarms(check, subject) -> list[str]:
    """What went wrong in a check, if anything. The reference draws no dropout and has no helpers, and says so."""
    outcome = judge(check, subject, subject) if check.across else judge(check, subject)
    fine = ("pass", "unsupported") if check.group in ("dropout", "ragged") else ("pass",)
    return [] if outcome.verdict in fine else [f"{check.identity}: {outcome.verdict}: {outcome.message}"]


@pytest.mark.parametrize("first", range(0, DRAWS, PER_TEST))
def test_no_invariant_fails_on_random_draws(first):
    found = []
    for number in range(first, first + PER_TEST):
        case, subject = drawn(number), InProcess()
        for invariant in INVARIANTS:
            if invariant.applies(case):
                found += alarms(planned(invariant, case), subject)
    assert not found, "\n".join(found)


def test_the_draws_make_a_thousand_checks_and_meet_every_invariant_many_times():
    draws = [drawn(number) for number in range(DRAWS)]
    met = Counter(invariant.name for case in draws for invariant in INVARIANTS if invariant.applies(case))
    assert sum(met.values()) >= 1000
    own = {group for groups in GROUPS.values() for group in groups}  # those that are asked on an array of their own
    general = [invariant.name for invariant in INVARIANTS if invariant.group not in own]
    assert {name: met[name] for name in general if met[name] < 5} == {}


def test_the_draws_meet_every_value_of_every_option():
    draws = [drawn(number) for number in range(DRAWS)]
    met = {(name, value) for case in draws for name, value in case.features.items()}
    options = {
        "cell": GATES, "direction": DIRECTIONS, "merge": MERGES, "activation": ACTIVATIONS,
        "recurrent_activation": BOUNDED, "padding_output": PADDING_OUTPUTS, "mask": MASKS, "kernel": KERNELS,
        "mode": MODES, "origin": ORIGINS, "entry": ENTRIES, "dtype": ("float32", "float64"), "layers": (1, 2, 3),
        "batch": (1,), "time": (1,), "dropout": (0.3,),
    }  # fmt: skip
    options |= dict.fromkeys(
        ("states", "return_sequences", "return_state", "stateful", "bias", "reset_after"), (True, False)
    )
    assert {(name, value) for name, values in options.items() for value in values} - met == set()
    assert any(case.batch.size == case.batch.time == case.layer.units for case in draws), "equal axes"


def test_the_whole_default_plan_passes():
    subject = InProcess()
    assert np.concatenate([[], *(alarms(check, subject) for check in plan("default"))]).tolist() == []


def test_convolutional_cells_raise_no_alarm():
    subject = InProcess()
    checks = [check for check in plan("full") if check.layer.startswith("conv_lstm")][::5]
    assert len(checks) > 300
    assert [alarm for check in checks for alarm in alarms(check, subject)] == []


def test_another_seed_makes_other_arrays_and_passes_too():
    subject = InProcess()
    assert [alarm for check in plan("smoke", seed=5) for alarm in alarms(check, subject)] == []
