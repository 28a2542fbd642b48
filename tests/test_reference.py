"""The reference keeps what its docstrings say: hand-computed cells, masks, directions, stacks, carried states."""

from math import exp, tanh

import numpy as np
import pytest

from cases.batches import BatchPlan, pad, rows, steps, with_cotangents, with_padding_content
from cases.layers import ACTIVATIONS, GATES, Layer, draw_weights
from cases.reference import run
from cases.requests import WANTS, Execution, Request, Reset
from suite.backends.reference import Reference

MASKED = ("right", "left", "gaps", "empty_row", "empty", "single")


def s(x: float) -> float:
    """The logistic function."""
    return 1 / (1 + exp(-x))


def scalar_request(layer: Layer, weights: dict, inputs: list[float], states: dict | None = None) -> Request:
    """A request on one row of one feature and one unit."""
    named = {f"0/forward/{name}": np.array(value, float) for name, value in weights.items()}
    initial = states and {f"0/forward/{name}": np.array([[value]]) for name, value in states.items()}
    plan = BatchPlan(1, len(inputs)).draw(layer)
    return Request(layer, named, plan.but(inputs=np.array(inputs, float).reshape(1, -1, 1), initial_states=initial))


def ask(layer: Layer, plan: BatchPlan, **changes) -> Request:
    """A request for everything on a drawn batch."""
    return Request(layer, draw_weights(layer), plan.draw(layer), **{"wants": WANTS, **changes})


# Cells, by hand


def test_two_steps_of_a_simple_rnn_by_hand():
    layer = Layer("simple_rnn", 1, 1)
    weights = {"kernel": [[0.7]], "recurrent_kernel": [[-0.4]], "bias": [0.1], "recurrent_bias": [0.05]}
    found = run(scalar_request(layer, weights, [0.5, -1.0], {"h": 0.3}))
    first = tanh(0.5 * 0.7 + 0.1 + 0.3 * -0.4 + 0.05)
    second = tanh(-1.0 * 0.7 + 0.1 + first * -0.4 + 0.05)
    assert found["outputs"].ravel() == pytest.approx([first, second], abs=1e-15)
    assert found["states/0/forward/h"].item() == pytest.approx(second, abs=1e-15)


def test_one_step_of_an_lstm_by_hand_with_gates_in_the_order_i_f_c_o():
    layer = Layer("lstm", 1, 1)
    weights = {
        "kernel": [[0.1, 0.2, 0.3, 0.4]],
        "recurrent_kernel": [[0.5, 0.6, 0.7, 0.8]],
        "bias": [0.11, 0.12, 0.13, 0.14],
        "recurrent_bias": [0.21, 0.22, 0.23, 0.24],
    }
    found = run(scalar_request(layer, weights, [2.0], {"h": 0.5, "c": -0.25}))
    i = s(2.0 * 0.1 + 0.11 + 0.5 * 0.5 + 0.21)
    f = s(2.0 * 0.2 + 0.12 + 0.5 * 0.6 + 0.22)
    o = s(2.0 * 0.4 + 0.14 + 0.5 * 0.8 + 0.24)
    c = f * -0.25 + i * tanh(2.0 * 0.3 + 0.13 + 0.5 * 0.7 + 0.23)
    assert found["states/0/forward/c"].item() == pytest.approx(c, abs=1e-15)
    assert found["outputs"].item() == pytest.approx(o * tanh(c), abs=1e-15)


@pytest.mark.parametrize("reset_after", [True, False])
def test_one_step_of_a_gru_by_hand_with_gates_in_the_order_z_r_h(reset_after):
    layer = Layer("gru", 1, 1, reset_after=reset_after)
    weights = {
        "kernel": [[0.1, 0.2, 0.3]],
        "recurrent_kernel": [[0.5, 0.6, 0.7]],
        "bias": [0.11, 0.12, 0.13],
        "recurrent_bias": [0.21, 0.22, 0.23],
    }
    found = run(scalar_request(layer, weights, [2.0], {"h": 0.5}))
    z = s(2.0 * 0.1 + 0.11 + 0.5 * 0.5 + 0.21)
    r = s(2.0 * 0.2 + 0.12 + 0.5 * 0.6 + 0.22)
    past = r * (0.5 * 0.7 + 0.23) if reset_after else (r * 0.5) * 0.7 + 0.23
    n = tanh(2.0 * 0.3 + 0.13 + past)
    assert found["outputs"].item() == pytest.approx(z * 0.5 + (1 - z) * n, abs=1e-15)


def test_every_activation_has_the_values_of_its_definition():
    values = {
        "tanh": [tanh(-4), tanh(-0.5), tanh(2)],
        "sigmoid": [s(-4), s(-0.5), s(2)],
        "relu": [0, 0, 2],
        "linear": [-4, -0.5, 2],
        "softsign": [-4 / 5, -0.5 / 1.5, 2 / 3],
        "elu": [exp(-4) - 1, exp(-0.5) - 1, 2],
        "softplus": [np.log1p(exp(-4)), np.log1p(exp(-0.5)), np.log1p(exp(2))],
        "hard_sigmoid": [0, 2.5 / 6, 5 / 6],
    }
    assert set(values) == set(ACTIVATIONS)
    weights = {"kernel": [[1.0]], "recurrent_kernel": [[1.0]]}
    for name, due in values.items():
        layer = Layer("simple_rnn", 1, 1, activation=name, bias=False)
        seen = [run(scalar_request(layer, weights, [x]))["outputs"].item() for x in (-4.0, -0.5, 2.0)]
        assert seen == pytest.approx(due, abs=1e-15), name


# Masks


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("mask", MASKED)
@pytest.mark.parametrize("direction", ["forward", "backward", "bidirectional"])
def test_what_stands_in_padding_reaches_nothing(cell, mask, direction):
    request = ask(Layer(cell, 3, 2, layers=2, direction=direction), BatchPlan(4, 5, mask, states=True))
    due = run(request)
    for content in (float("nan"), float("inf"), -1e300):
        seen = run(request.but(batch=with_padding_content(request.batch, content)))
        for name, value in due.arrays.items():
            assert np.array_equal(seen[name], value) and np.isfinite(value).all(), (name, content)
    assert not due["gradients/inputs"][~request.batch.valid].any()


@pytest.mark.parametrize("cell", GATES)
def test_a_masked_step_holds_the_states_and_repeats_the_output(cell):
    request = ask(Layer(cell, 2, 3), BatchPlan(3, 4, "none", states=True))
    mask = np.array([[True, True, False, False], [False, False, True, True], [False, True, False, True]])
    batch = request.batch.but(mask=mask)
    found = run(request.but(batch=batch, wants=("outputs", "states")))
    hold, h = found["outputs"], found["states/0/forward/h"]
    assert np.array_equal(hold[0, 2], hold[0, 1]) and np.array_equal(hold[0, 3], hold[0, 1])
    assert not hold[1, :2].any() and not hold[2, 0].any(), (
        "zeros before the first valid step, whatever the initial state"
    )
    assert np.array_equal(hold[2, 2], hold[2, 1]) and np.array_equal(h, hold[:, -1])
    for row in range(3):
        alone = request.but(batch=rows(batch, [row]).but(inputs=batch.inputs[[row]][:, mask[row]], mask=None))
        assert np.allclose(run(alone.but(wants=("outputs",)))["outputs"][0], hold[row, mask[row]], atol=1e-15)


def test_the_zero_convention_gives_zeros_at_every_masked_step_and_changes_nothing_else():
    request = ask(Layer("lstm", 2, 3), BatchPlan(4, 6, "gaps"))
    hold, zero = run(request, "hold"), run(request, "zero")
    valid = request.batch.mask
    assert not zero["outputs"][~valid].any() and np.array_equal(zero["outputs"][valid], hold["outputs"][valid])
    assert all(
        np.array_equal(zero[name], hold[name]) for name in hold.arrays if name.startswith(("states", "gradients"))
    )


def test_padding_output_zero_of_the_layer_overrules_the_convention():
    request = ask(Layer("gru", 2, 3, padding_output="zero"), BatchPlan(4, 6, "right"))
    assert not run(request, "hold")["outputs"][~request.batch.mask].any()


@pytest.mark.parametrize("direction", ["forward", "backward", "bidirectional"])
@pytest.mark.parametrize("padding", ["hold", "zero"])
def test_the_last_output_is_the_last_valid_one_in_the_order_of_processing(direction, padding):
    layer = Layer("gru", 2, 3, direction=direction, return_sequences=False)
    request = ask(layer, BatchPlan(4, 6, "empty_row"))
    found = run(request, padding)
    states = [found[f"states/0/{name}/h"] for name in layer.directions]
    assert np.array_equal(found["outputs"], np.concatenate(states, axis=-1))
    assert not found["outputs"][request.batch.lengths == 0].any()


def test_a_row_without_a_valid_step_keeps_its_initial_states_and_gives_zeros():
    request = ask(Layer("lstm", 2, 3, return_sequences=False), BatchPlan(4, 5, "empty_row", states=True))
    found, empty = run(request), request.batch.lengths == 0
    for name in request.layer.state_keys():
        assert np.array_equal(found[f"states/{name}"][empty], request.batch.initial_states[name][empty])
    assert not found["outputs"][empty].any() and found["outputs"][~empty].all()


@pytest.mark.parametrize("side", ["left", "right"])
def test_more_padding_on_either_side_changes_no_state_and_no_gradient(side):
    request = ask(Layer("lstm", 2, 3, layers=2, direction="bidirectional"), BatchPlan(4, 5, "right", states=True))
    due, seen = run(request, "zero"), run(request.but(batch=pad(request.batch, 3, side, np.nan)), "zero")
    cut = slice(3, None) if side == "left" else slice(0, 5)
    for name, value in due.arrays.items():
        timed = name in ("outputs", "mask", "gradients/inputs")
        assert np.allclose(seen[name][:, cut] if timed else seen[name], value, atol=1e-14), name


# Directions, merges, stacks


def test_backward_gives_its_outputs_in_the_order_of_processing():
    ahead = ask(Layer("gru", 2, 3), BatchPlan(2, 5), wants=("outputs", "states"))
    weights = {name.replace("forward", "backward"): value for name, value in ahead.weights.items()}
    flipped = ahead.batch.but(inputs=ahead.batch.inputs[:, ::-1])
    back = run(Request(Layer("gru", 2, 3, direction="backward"), weights, flipped))
    assert np.array_equal(back["outputs"], run(ahead)["outputs"])


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_mask_passed_on_is_in_the_order_of_the_outputs(layers):
    request = ask(Layer("gru", 2, 3, layers=layers, direction="backward"), BatchPlan(4, 6, "gaps"))
    found, mask = run(request, "zero"), request.batch.mask
    assert np.array_equal(found["mask"], mask[:, ::-1] if layers % 2 else mask)
    assert np.array_equal(found["outputs"].any(axis=-1), found["mask"])


def test_no_mask_is_passed_on_without_sequences_or_without_a_mask():
    assert "mask" not in run(ask(Layer("gru", 2, 3, return_sequences=False), BatchPlan(4, 6, "gaps"))).arrays
    assert "mask" not in run(ask(Layer("gru", 2, 3), BatchPlan(4, 6, "none"))).arrays


@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul"])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_a_bidirectional_layer_merges_its_halves_in_the_order_of_time(merge, return_sequences):
    layer = Layer("lstm", 2, 3, direction="bidirectional", merge=merge, return_sequences=return_sequences)
    request = ask(layer, BatchPlan(4, 6, "gaps"), wants=("outputs",))
    halves = {}
    for direction in ("forward", "backward"):
        weights = {name: value for name, value in request.weights.items() if direction in name}
        one = Layer("lstm", 2, 3, direction=direction, return_sequences=return_sequences)
        halves[direction] = run(request.but(layer=one, weights=weights))["outputs"]
    ahead, back = halves["forward"], halves["backward"][:, ::-1] if return_sequences else halves["backward"]
    due = {
        "concat": np.concatenate([ahead, back], -1),
        "sum": ahead + back,
        "ave": (ahead + back) / 2,
        "mul": ahead * back,
    }
    assert np.array_equal(run(request)["outputs"], due[merge])
    apart = run(request.but(layer=layer.but(merge="none")))
    assert np.array_equal(apart["outputs/forward"], ahead) and np.array_equal(apart["outputs/backward"], back)


@pytest.mark.parametrize("direction", ["forward", "backward", "bidirectional"])
def test_a_stack_is_its_layers_one_after_the_other(direction):
    request = ask(
        Layer("gru", 2, 3, layers=2, direction=direction), BatchPlan(4, 6, "gaps"), wants=("outputs", "states", "mask")
    )
    first = Layer("gru", 2, 3, direction=direction)
    lower = run(request.but(layer=first))
    weights = {f"0/{n[2:]}": v for n, v in request.weights.items() if n.startswith("1/")}
    batch = request.batch.but(inputs=lower["outputs"], mask=lower["mask"])
    upper, due = run(Request(first.but(features=first.width), weights, batch, wants=request.wants)), run(request)
    assert np.array_equal(upper["outputs"], due["outputs"]) and np.array_equal(upper["mask"], due["mask"])


def test_unmerged_halves_are_no_input_of_a_next_layer():
    layer = Layer("gru", 2, 3, layers=2, direction="bidirectional")
    layer = layer.but(merge="none")
    request = Request(layer, draw_weights(layer), BatchPlan().draw(layer))
    with pytest.raises(ValueError, match="merge='none' with layers=2"):
        run(request)


# Calls before


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_a_stateful_layer_fed_in_parts_gives_the_full_run(cut):
    request = ask(
        Layer("lstm", 2, 3, stateful=True), BatchPlan(4, 6, "right", states=True), wants=("outputs", "states")
    )
    full = run(request)
    late = steps(request.batch, cut, 6).but(initial_states=None)
    seen = run(request.but(batch=late, before=(steps(request.batch, 0, cut),)), "zero")
    valid = late.mask
    assert np.array_equal(seen["outputs"][valid], full["outputs"][:, cut:][valid])
    assert all(np.array_equal(seen[f"states/{n}"], full[f"states/{n}"]) for n in request.layer.state_keys())


def test_a_reset_and_a_stateless_layer_carry_nothing_and_given_states_overrule_carried_ones():
    stateful = ask(Layer("lstm", 2, 3, stateful=True), BatchPlan(4, 6), wants=("outputs",))
    first, given = run(stateful)["outputs"], BatchPlan(4, 6, states=True).draw(stateful.layer)
    carried = run(stateful.but(before=(stateful.batch,)))["outputs"]
    assert not np.allclose(carried, first)
    assert np.array_equal(run(stateful.but(before=(stateful.batch, Reset())))["outputs"], first)
    stateless = stateful.but(layer=stateful.layer.but(stateful=False))
    assert np.array_equal(run(stateless.but(before=(stateless.batch,)))["outputs"], first)
    own = stateful.but(batch=given)
    assert np.array_equal(run(own.but(before=(stateful.batch,)))["outputs"], run(own)["outputs"])


# Edges


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_an_empty_sequence_gives_empty_outputs_and_its_initial_states(direction, return_sequences):
    layer = Layer("lstm", 2, 3, layers=2, direction=direction, return_sequences=return_sequences)
    request = ask(layer, BatchPlan(4, 0, "full", states=True))
    found, width = run(request), layer.width
    assert found["outputs"].shape == ((4, 0, width) if return_sequences else (4, width)) and not found["outputs"].any()
    for name in layer.state_keys():
        assert np.array_equal(found[f"states/{name}"], request.batch.initial_states[name])
        assert np.array_equal(found[f"gradients/states/{name}"], request.batch.cotangents[f"states/{name}"])


def test_only_what_is_wanted_is_in_the_answer():
    layer = Layer("lstm", 2, 3)
    for want, due in (
        ("outputs", {"outputs"}),
        ("mask", {"mask"}),
        ("states", {"states/0/forward/h", "states/0/forward/c"}),
    ):
        assert set(run(ask(layer, BatchPlan(2, 3, "right"), wants=(want,))).arrays) == due
    names = set(run(ask(layer, BatchPlan(2, 3, "right"), wants=("gradients",))).arrays)
    assert names == {"loss", "gradients/inputs", *(f"gradients/weights/{n}" for n in layer.weight_shapes())}


def test_the_loss_is_the_sum_of_outputs_and_states_times_their_cotangents():
    request = ask(Layer("lstm", 2, 3, direction="bidirectional", merge="none"), BatchPlan(3, 4, "gaps"))
    found = run(request)
    assert found["loss"] == pytest.approx(
        sum(np.sum(found[n] * c) for n, c in request.batch.cotangents.items()), abs=1e-13
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_is_computed_in_the_dtype_asked_for(dtype):
    for cell in GATES:
        for activation in ACTIVATIONS:
            request = ask(Layer(cell, 2, 3, activation=activation), BatchPlan(2, 3, "gaps", states=True))
            kinds = {name: str(a.dtype) for name, a in run(request, dtype=dtype).arrays.items() if name != "mask"}
            assert set(kinds.values()) == {dtype}, kinds


def test_what_has_no_one_answer_is_a_clear_error():
    request = ask(Layer("gru", 2, 3, dropout=0.5), BatchPlan(4, 6, "right"))
    for changed, words in (
        (request.but(execution=Execution(mode="training")), "dropout in training"),
        (request.but(batch=request.batch.but(cotangents=None)), "without cotangents"),
        (request.but(batch=request.batch.but(cotangents={"output": np.ones(1)})), "cotangent of output,"),
        (request.but(batch=request.batch.but(mask=np.ones((4, 5), bool))), "mask of shape"),
        (request.but(batch=request.batch.but(inputs=np.ones((4, 6, 7)))), "inputs of shape"),
        (request.but(batch=request.batch.but(initial_states={"0/forward/c": np.ones((4, 3))})), "initial states"),
        (
            request.but(batch=request.batch.but(initial_states={"0/forward/h": np.ones((1, 3))})),
            "initial state 0/forward/h",
        ),
        (request.but(weights={}), "weights without 0/forward/kernel"),
        (request.but(weights={n: v.T for n, v in request.weights.items()}), "weight 0/forward/kernel of shape"),
    ):
        with pytest.raises(ValueError, match=words):
            run(changed)
    with pytest.raises(ValueError, match="padding='repeat'"):
        run(request, "repeat")
    stateful = ask(Layer("gru", 2, 3, stateful=True), BatchPlan(4, 6))
    with pytest.raises(ValueError, match="batch of 2 rows on states carried from 4"):
        run(stateful.but(before=(stateful.batch,), batch=rows(stateful.batch, slice(0, 2))))


def test_the_backend_answers_in_the_layers_dtype_and_says_what_it_cannot_be_asked():
    backend, layer = Reference(), Layer("lstm", 2, 3)
    backend.smoke()
    seen = backend.observe(ask(layer, BatchPlan(2, 3, "gaps"), execution=Execution("compiled", origin="reloaded")))
    assert seen["outputs"].dtype == np.float32 and seen.facts["padding"] == "hold" and seen.kernel == "reference"
    assert "bfloat16" in backend.observe(ask(layer.but(dtype="bfloat16"), BatchPlan(2, 3))).reason
    dropped = ask(layer.but(dropout=0.5), BatchPlan(2, 3), execution=Execution(mode="training"))
    assert "dropout" in backend.observe(dropped).reason
    wrong = backend.observe(ask(layer, BatchPlan(2, 3)).but(weights={}))
    assert (wrong.error, wrong.moment) == ("ValueError", "run")
    assert backend.stepper(ask(layer, BatchPlan(2, 3)), backward=True)() == "reference"


def test_the_backend_answers_with_the_package_that_stands_in_its_place():
    class Doubled:
        @staticmethod
        def run(request, padding, dtype):
            found = run(request, padding, dtype)
            return type(found)({name: 2 * value for name, value in found.arrays.items()})

    request = ask(Layer("gru", 2, 3), BatchPlan(2, 3), wants=("outputs",))
    seen, due = Reference(package=Doubled).observe(request), Reference().observe(request)
    assert np.array_equal(seen["outputs"], 2 * due["outputs"])


def test_cotangents_follow_the_layer_that_they_are_drawn_for():
    layer = Layer("gru", 2, 3, direction="backward")
    batch = with_cotangents(layer, BatchPlan(4, 6, "right").draw(layer), seed=1)
    found = run(Request(layer, draw_weights(layer), batch, wants=WANTS))
    assert np.array_equal(batch.cotangents["outputs"].any(axis=-1), found["mask"])
