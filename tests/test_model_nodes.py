"""The nodes of models in the reference: shapes, values by hand, gradients by central differences; and their masks."""

from dataclasses import replace

import numpy as np
import pytest

from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Training, draw_model_weights, node, output_shapes
from cases.reference import run_model

ROWS = 3


def last_state(features: int, **options) -> Layer:
    return Layer("lstm", features, 4, return_state=False, **options)


SEQUENCE = node("x", "input", shape=(6, 3))
IMAGES = node("x", "input", shape=(2, 6, 5, 2))
CHAINS = {
    "conv1d": (SEQUENCE, node("n", "conv1d", "x", filters=4, size=(3,), padding="valid", activation="tanh")),
    "conv1d_same": (SEQUENCE, node("n", "conv1d", "x", filters=4, size=(2,), padding="same", activation="linear")),
    "max_pool1d": (SEQUENCE, node("n", "max_pool1d", "x", size=(4,))),
    "images": (
        IMAGES,
        node(
            "c",
            "time_distributed",
            "x",
            layer=node("i", "conv2d", filters=3, size=(3, 2), padding="valid", activation="relu"),
        ),
        node("p", "time_distributed", "c", layer=node("i", "max_pool2d", size=(2, 2))),
        node("n", "time_distributed", "p", layer=node("i", "flatten")),
    ),
    "recurrent_in_time": (
        node("x", "input", shape=(2, 4, 3)),
        node("n", "time_distributed", "x", layer=node("i", "recurrent", layer=last_state(3, return_sequences=False))),
    ),
    "permute": (SEQUENCE, node("n", "permute", "x", dims=(2, 1))),
    "reshape": (SEQUENCE, node("n", "reshape", "x", shape=(2, 9))),
    "slice": (SEQUENCE, node("n", "slice", "x", start=2, stop=5, form="getitem")),
    "batch_norm": (SEQUENCE, node("n", "batch_norm", "x", epsilon=0.001)),
    "softmax": (SEQUENCE, node("n", "activation", "x", activation="softmax")),
    "repeat": (
        SEQUENCE,
        node("l", "recurrent", "x", layer=last_state(3, return_sequences=False)),
        node("n", "repeat_vector", "l", times=5),
    ),
    "joins": (
        SEQUENCE,
        node("d", "dense", "x", units=3, activation="tanh"),
        node("a", "add", "x", "d"),
        node("m", "multiply", "a", "x"),
        node("c", "concatenate", "m", "x", axis=-1),
        node("n", "dot", "c", "c", axes=(1, 1)),
    ),
    "initial_state": (
        SEQUENCE,
        node("h", "dense", "s", units=4, activation="tanh"),
        node("c", "dense", "s", units=4, activation="linear"),
        node("n", "recurrent", "x", "h", "c", layer=last_state(3)),
    ),
}


def asked(name: str) -> ModelRequest:
    """The chain, then a dense layer that weights every number apart; a target for each output."""
    chain = CHAINS[name]
    if name == "initial_state":
        chain = (chain[0], node("s", "input", shape=(2,)), *chain[1:])
    model = Model(
        name, (*chain, node("flatten", "flatten", "n"), node("out", "dense", "flatten", units=2, activation="tanh"))
    )
    random = generator("nodes", name)
    inputs = {n.name: random.normal(0, 1, (ROWS, *n["shape"])) for n in chain if n.op == "input"}
    return ModelRequest(
        model,
        draw_model_weights(model),
        inputs,
        None,
        random.normal(0, 1, (ROWS, 2)),
        Training(),
        wants=("predictions", "gradients"),
    )


@pytest.mark.parametrize("name", CHAINS)
def test_every_node_has_the_shape_that_its_description_says(name):
    request = asked(name)
    assert dict(run_model(request).facts["shapes"]) == output_shapes(request.model)


@pytest.mark.parametrize("name", CHAINS)
def test_gradients_through_every_node_equal_central_differences(name):
    request = asked(name)
    found = run_model(request).named("gradients")

    def loss(weights):
        found = run_model(replace(request, weights=weights, training=None, wants=("predictions",)))["predictions"]
        return float(np.mean((found - request.targets) ** 2))

    for key in (k for k in request.weights if "/moving_" not in k):
        direction = generator("direction", key).uniform(0.5, 1, request.weights[key].shape)
        ahead, behind = (loss({**request.weights, key: request.weights[key] + s * 1e-6 * direction}) for s in (1, -1))
        due = (ahead - behind) / 2e-6
        assert np.sum(found[f"gradients/{key}"] * direction) == pytest.approx(due, rel=1e-6, abs=1e-8), key


def alone(*nodes, inputs, **weights):
    """The predictions of a chain."""
    given = {name.replace("_", "/", 1): w for name, w in weights.items()}
    return run_model(ModelRequest(Model("alone", nodes), given, inputs))["predictions"]


def test_convolution_is_a_sum_over_windows():
    random = generator("convolution")
    x, kernel, bias = random.normal(size=(2, 5, 4, 3)), random.normal(size=(3, 2, 3, 2)), random.normal(size=2)
    nodes = (
        node("x", "input", shape=(5, 4, 3)),
        node("c", "conv2d", "x", filters=2, size=(3, 2), padding="valid", activation="linear"),
    )
    found = alone(*nodes, inputs=x, c_kernel=kernel, c_bias=bias)
    due = [
        [
            [np.sum(x[b, i : i + 3, j : j + 2, :, None] * kernel, axis=(0, 1, 2)) + bias for j in range(3)]
            for i in range(3)
        ]
        for b in range(2)
    ]
    assert np.allclose(found, due, rtol=0, atol=1e-13)


def test_same_padding_of_an_even_kernel_has_the_odd_zero_at_the_end():
    x = np.arange(1.0, 5.0).reshape(1, 4, 1)
    nodes = (
        node("x", "input", shape=(4, 1)),
        node("c", "conv1d", "x", filters=1, size=(2,), padding="same", activation="linear"),
    )
    found = alone(*nodes, inputs=x, c_kernel=np.array([[[1.0]], [[10.0]]]), c_bias=np.zeros(1))
    assert found.ravel().tolist() == [21.0, 32.0, 43.0, 4.0]


def test_pooling_drops_what_is_left_over_and_dot_sums_over_the_axes_given():
    x = np.array([[[1.0], [5.0], [2.0], [3.0], [9.0]]])
    assert alone(
        node("x", "input", shape=(5, 1)), node("p", "max_pool1d", "x", size=(2,)), inputs=x
    ).ravel().tolist() == [5.0, 3.0]
    a, b = np.arange(6.0).reshape(1, 2, 3), np.arange(12.0).reshape(1, 4, 3)
    nodes = (
        node("a", "input", shape=(2, 3)),
        node("b", "input", shape=(4, 3)),
        node("d", "dot", "a", "b", axes=(2, 2)),
    )
    assert np.array_equal(alone(*nodes, inputs={"a": a, "b": b}), np.einsum("nij,nkj->nik", a, b))


def test_padding_idx_keeps_row_0_out_of_the_gradient_and_changes_no_value():
    ids = np.array([[0, 2, 1], [3, 0, 0]])
    answers = {}
    for reserved in (True, False):
        model = Model(
            "padding_idx",
            (
                node("ids", "input", shape=(3,)),
                node("e", "embedding", "ids", ids=4, width=3, mask_zero=False, padding_idx=reserved),
                node("l", "recurrent", "e", layer=last_state(3, return_sequences=False)),
            ),
        )
        request = ModelRequest(
            model,
            draw_model_weights(model),
            ids,
            None,
            np.full((2, 4), 0.5),
            Training(),
            wants=("predictions", "gradients"),
        )
        answers[reserved] = run_model(request)
    with_, without = answers[True], answers[False]
    assert np.array_equal(with_["predictions"], without["predictions"])
    assert np.all(with_["gradients/e/embeddings"][0] == 0.0) and np.all(without["gradients/e/embeddings"][0] != 0.0)
    assert np.array_equal(with_["gradients/e/embeddings"][1:], without["gradients/e/embeddings"][1:])


def masked_loss(*between, last="masking") -> tuple[float, np.ndarray]:
    """Loss and predictions of masking → `between` → the mean squared error, rows of 4 and 2 steps."""
    x = generator("masked").normal(size=(2, 4, 3))
    x[1, 2:] = 0.0
    model = Model("masked", (node("x", "input", shape=(4, 3)), node("masking", "masking", "x", value=0.0), *between))
    request = ModelRequest(model, draw_model_weights(model), x, None, np.ones((2, 4, 3)), Training(batches=((0, 1),)))
    found = run_model(request)
    return float(found["losses"][0]), found["predictions"]


@pytest.mark.parametrize(
    "keeps, between",
    [
        (True, (node("n", "activation", "masking", activation="tanh"),)),
        (True, (node("n", "time_distributed", "masking", layer=node("i", "dense", units=3, activation="tanh")),)),
        (True, (node("d", "dense", "masking", units=3, activation="tanh"), node("n", "add", "masking", "d"))),
        (False, (node("d", "dense", "x", units=3, activation="tanh"), node("n", "add", "masking", "d"))),
        (False, (node("n", "reshape", "masking", shape=(4, 3)),)),
        (False, (node("n", "slice", "masking", start=0, stop=None, form="getitem"),)),
    ],
)
def test_a_mask_flows_through_nodes_that_leave_time_alone(keeps, between):
    loss, predictions = masked_loss(*between)
    valid = np.array([[True] * 4, [True, True, False, False]]) if keeps else np.ones((2, 4), bool)
    assert loss == pytest.approx(np.mean((predictions - 1.0)[valid] ** 2), rel=1e-13)


def test_shapes_that_do_not_fit_are_an_error_that_names_them():
    for nodes, words in (
        ((SEQUENCE, node("n", "reshape", "x", shape=(4, 4))), r"\(6, 3\) does not reshape to \(4, 4\)"),
        (
            (SEQUENCE, node("n", "conv2d", "x", filters=1, size=(2, 2), padding="valid", activation="linear")),
            "reads 4 axes",
        ),
        ((IMAGES, node("n", "recurrent", "x", layer=last_state(3))), "reads 3 axes"),
    ):
        with pytest.raises(ValueError, match=words):
            output_shapes(Model("wrong", nodes))
