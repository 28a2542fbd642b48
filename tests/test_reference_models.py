"""The reference's models: nodes, masks, losses, training; and the optimizers' equations, by hand."""

from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest

from cases.batches import BatchPlan
from cases.layers import Layer, generator
from cases.models import LOSSES, OPTIMIZERS, ModelRequest, Training, draw_model_weights, node, sequential
from cases.optimizers import hyper_parameters, slots, update
from cases.reference import run, run_model
from cases.requests import Request
from suite.backends.reference import Reference


def request(
    sequences: bool = True, activation: str = "softmax", mask: bool = True, loss: str = "mse", **changes
) -> ModelRequest:
    """Masking or none, an LSTM, a dense layer of two units; batch 4, time 5."""
    layer = Layer("lstm", 3, 4, return_state=False, return_sequences=sequences)
    nodes = [node("x", "input", shape=(5, 3)), *([node("mask", "masking", value=0.0)] if mask else [])]
    nodes += [node("lstm", "recurrent", layer=layer), node("drop", "dropout", rate=0.0)]
    model = sequential("small", *nodes, node("out", "dense", units=2, activation=activation))
    inputs = BatchPlan(4, 5).draw(layer).inputs.copy()
    inputs[1, 3:] = inputs[3, 1:] = 0.0
    shape = (4, 5, 2) if sequences else (4, 2)
    targets = np.eye(2)[generator("targets").integers(0, 2, shape[:-1])]
    made = ModelRequest(model, draw_model_weights(model, {"out": 4}), inputs, None, targets, Training(loss=loss))
    return replace(made, **changes)


def test_a_model_is_its_nodes_one_after_the_other():
    asked = request()
    weights = {n.removeprefix("lstm/"): w for n, w in asked.weights.items() if n.startswith("lstm/")}
    layer = asked.model.nodes[2]["layer"]
    batch = BatchPlan(4, 5).draw(layer).but(inputs=asked.inputs, mask=(asked.inputs != 0).any(-1))
    z = run(Request(layer, weights, batch))["outputs"] @ asked.weights["out/kernel"] + asked.weights["out/bias"]
    due = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    assert np.allclose(run_model(asked)["predictions"], due, rtol=0, atol=1e-14)


def test_a_mask_given_acts_as_one_made_and_what_stands_in_padding_reaches_nothing():
    made, mask = request(), (request().inputs != 0).any(-1)
    inputs = np.where(mask[..., None], made.inputs, np.nan)
    given = request(mask=False)
    due, seen = (
        run_model(replace(made, wants=("gradients",))),
        run_model(replace(given, inputs=inputs, mask=mask, wants=("gradients",), weights=made.weights)),
    )
    assert set(seen.arrays) == set(due.arrays)
    assert all(np.array_equal(seen[name], due[name]) and np.isfinite(due[name]).all() for name in due.arrays)


def test_an_embedding_looks_up_its_rows_and_masks_id_0_when_asked_to():
    layer = Layer("gru", 3, 4, return_state=False, return_sequences=False)
    ids = np.array([[1, 4, 2, 0, 0], [3, 1, 1, 2, 4]])
    answers = []
    for mask_zero in (True, False):
        nodes = (
            node("ids", "input", shape=(5,)),
            node("table", "embedding", ids=5, width=3, mask_zero=mask_zero),
            node("gru", "recurrent", layer=layer),
        )
        model = sequential("embedded", *nodes)
        asked = ModelRequest(model, draw_model_weights(model, {}), ids)
        answers.append(run_model(asked)["predictions"])
        weights = {n.removeprefix("gru/"): w for n, w in asked.weights.items() if n.startswith("gru/")}
        batch = (
            BatchPlan(2, 5)
            .draw(layer)
            .but(inputs=asked.weights["table/embeddings"][ids], mask=ids != 0 if mask_zero else None)
        )
        assert np.allclose(answers[-1], run(Request(layer, weights, batch))["outputs"], rtol=0, atol=1e-15)
    assert np.array_equal(answers[0][1], answers[1][1]) and not np.allclose(answers[0][0], answers[1][0])
    with pytest.raises(ValueError, match="ids from 0 to 5: expected 0 to 4"):
        run_model(replace(asked, inputs=ids + (ids == 4)))


def one_loss(asked: ModelRequest) -> tuple[float, np.ndarray]:
    """The loss over the whole batch, and the predictions that it is made from."""
    training = replace(asked.training, batches=(tuple(range(4)),))
    found = run_model(replace(asked, training=training))
    return float(found["losses"][0]), found["predictions"]


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "crf"])
@pytest.mark.parametrize("sequences, mask", [(True, True), (True, False), (False, True)])
def test_losses_are_means_over_the_valid_steps(loss, sequences, mask):
    asked = request(sequences, "softmax" if loss.startswith("cat") else "sigmoid", mask, loss)
    value, p = one_loss(asked)
    valid = (asked.inputs != 0).any(-1) if sequences and mask else np.ones(asked.targets.shape[:-1], bool)
    parts = []
    for index in np.argwhere(valid):
        pairs = list(zip(p[tuple(index)], asked.targets[tuple(index)], strict=True))
        parts.append(
            {
                "mse": sum((a - y) ** 2 for a, y in pairs) / 2,
                "mae": sum(abs(a - y) for a, y in pairs) / 2,
                "categorical_crossentropy": -sum(y * log(a) for a, y in pairs),
                "binary_crossentropy": -sum(y * log(a) + (1 - y) * log(1 - a) for a, y in pairs) / 2,
            }[loss]
        )
    assert value == pytest.approx(sum(parts) / len(parts), rel=1e-13)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "crf"])
@pytest.mark.parametrize("sequences", [True, False])
def test_a_models_gradients_equal_central_differences(loss, sequences):
    asked = request(sequences, "softmax" if loss.startswith("cat") else "sigmoid", True, loss, wants=("gradients",))
    found = run_model(asked).named("gradients")
    assert set(found) == {f"gradients/{name}" for name in asked.weights}
    for name, weight in asked.weights.items():
        direction = generator("direction", name).uniform(0.5, 1, weight.shape)
        ahead, behind = (
            one_loss(replace(asked, weights={**asked.weights, name: weight + sign * 1e-5 * direction}))[0]
            for sign in (1, -1)
        )
        assert np.sum(found[f"gradients/{name}"] * direction) == pytest.approx(
            (ahead - behind) / 2e-5, rel=1e-6, abs=1e-9
        ), name


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_lowers_the_loss_and_moves_every_weight(optimizer):
    batches = tuple((n % 4, (n + 1) % 4) for n in range(40))
    asked = request(training=Training(optimizer, (("learning_rate", 0.05),), "categorical_crossentropy", batches))
    found = run_model(asked)
    assert found["losses"].shape == (40,) and found["losses"][-4:].mean() < found["losses"][:4].mean()
    assert all((found[f"weights/{name}"] != weight).all() for name, weight in asked.weights.items())
    again = run_model(
        replace(
            asked,
            training=None,
            weights=found.named("weights")
            and {name.removeprefix("weights/"): value for name, value in found.named("weights").items()},
        )
    )
    assert np.array_equal(again["predictions"], found["trained"]) and set(again.arrays) == {"predictions"}


def test_unseen_inputs_are_predicted_after_training():
    asked = request(training=Training(batches=((0, 1),)))
    assert run_model(replace(asked, unseen=asked.inputs[:2]))["trained"] == pytest.approx(
        run_model(asked)["trained"][:2]
    )


def test_the_convention_at_padding_may_differ_by_node():
    asked = request()
    hold, zero = run_model(asked, {"lstm": "hold"})["predictions"], run_model(asked, "zero")["predictions"]
    valid = (asked.inputs != 0).any(-1)
    assert np.array_equal(hold[valid], zero[valid]) and not np.allclose(hold[~valid], zero[~valid])


def test_models_without_one_answer_are_a_clear_error():
    asked = request()
    dropping = tuple(replace(n, options=(("rate", 0.5),)) if n.op == "dropout" else n for n in asked.model.nodes)
    dropped = replace(asked, model=replace(asked.model, nodes=dropping))
    with pytest.raises(ValueError, match="node drop: dropout in training"):
        run_model(dropped)
    assert np.array_equal(run_model(replace(dropped, training=None))["predictions"], run_model(asked)["predictions"])
    for changes, words in (
        ({"targets": None}, "without targets"),
        ({"training": None, "wants": ("gradients",)}, "without a loss"),
        (
            {"targets": np.ones((4, 5, 3)), "wants": ("gradients",)},
            r"targets of shape \(4, 5, 3\): expected \(4, 5, 2\)",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            run_model(replace(asked, **changes))


def test_the_backend_answers_models_in_float32():
    seen = Reference().observe(request())
    assert seen["predictions"].dtype == np.float32
    assert np.allclose(seen["predictions"], run_model(request())["predictions"], atol=1e-6)


# Optimizers, by hand: weight 1.0, gradients 0.5 and then -0.25


def two_steps(optimizer: str, **hyper) -> list[float]:
    weight, memory, found = np.array(1.0), slots(optimizer, np.array(1.0)), []
    for step, gradient in ((1, 0.5), (2, -0.25)):
        weight, memory = update(optimizer, hyper, weight, np.array(gradient), memory, step)
        found.append(float(weight))
    return found


def test_sgd_by_hand():
    assert two_steps("sgd", learning_rate=0.1) == pytest.approx([0.95, 0.975])
    m1, m2 = -0.05, 0.9 * -0.05 + 0.025
    assert two_steps("sgd", learning_rate=0.1, momentum=0.9) == pytest.approx([1 + m1, 1 + m1 + m2])
    n1, n2 = 0.9 * m1 - 0.05, 0.9 * m2 + 0.025
    assert two_steps("sgd", learning_rate=0.1, momentum=0.9, nesterov=True) == pytest.approx([1 + n1, 1 + n1 + n2])


def test_rmsprop_by_hand_with_epsilon_inside_and_outside_the_root():
    v1 = 0.2 * 0.25
    v2 = 0.8 * v1 + 0.2 * 0.0625
    for place, root in (("inside", lambda v: sqrt(v + 0.01)), ("outside", lambda v: sqrt(v) + 0.01)):
        first = 1 - 0.1 * 0.5 / root(v1)
        due = [first, first + 0.1 * 0.25 / root(v2)]
        hyper = {"learning_rate": 0.1, "rho": 0.8, "epsilon": 0.01, "epsilon_place": place}
        assert two_steps("rmsprop", **hyper) == pytest.approx(due, rel=1e-14)


def test_adam_by_hand_with_epsilon_before_and_after_the_correction_of_bias():
    m1, v1 = 0.2 * 0.5, 0.1 * 0.25
    m2, v2 = 0.8 * m1 + 0.2 * -0.25, 0.9 * v1 + 0.1 * 0.0625
    after = [m1 / 0.2 / (sqrt(v1 / 0.1) + 0.01), m2 / 0.36 / (sqrt(v2 / 0.19) + 0.01)]
    before = [m1 / 0.2 * sqrt(0.1) / (sqrt(v1) + 0.01), m2 / 0.36 * sqrt(0.19) / (sqrt(v2) + 0.01)]
    for place, change in (("outside", after), ("inside", before)):
        hyper = {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.01, "epsilon_place": place}
        assert two_steps("adam", **hyper) == pytest.approx([1 - 0.1 * change[0], 1 - 0.1 * sum(change)], rel=1e-13)


def test_an_optimizer_refuses_what_it_does_not_know():
    for optimizer, hyper, words in (
        ("lamb", {}, "optimizer='lamb': expected one of sgd, rmsprop, adagrad"),
        ("sgd", {"rho": 0.9}, "sgd with rho: expected some of .*learning_rate"),
        ("adam", {"epsilon_place": "left"}, "epsilon_place='left': expected one of inside, outside"),
    ):
        with pytest.raises(ValueError, match=words):
            hyper_parameters(optimizer, hyper)
