"""The reference's gradients equal central differences, for every array of every layer, mask and activation."""

import numpy as np
import pytest

from cases.batches import MASKS, Batch, BatchPlan
from cases.layers import ACTIVATIONS, GATES, MERGES, Layer, draw_weights, generator
from cases.reference import run
from cases.requests import WANTS, Request

STEP = 1e-5  # of central differences: truncation is about STEP^2, rounding about 2^-53 / STEP, relative to the loss

CELLS = {cell: {"cell": cell} for cell in GATES} | {"gru_reset_before": {"cell": "gru", "reset_after": False}}
SHAPES = {
    "forward": {},
    "backward": {"direction": "backward"},
    "last": {"return_sequences": False},
    "stack": {"layers": 2},
    "backward_stack": {"layers": 2, "direction": "backward"},
    "no_bias": {"bias": False},
    "bidirectional_last": {"direction": "bidirectional", "return_sequences": False},
    "bidirectional_stack": {"direction": "bidirectional", "layers": 2},
} | {f"bidirectional_{merge}": {"direction": "bidirectional", "merge": merge} for merge in MERGES}


def loss(request: Request) -> float:
    """The loss, made from the outputs and states alone: no gradient takes part."""
    found = run(request.but(wants=("outputs", "states")))
    return sum(float(np.sum(found[name] * cotangent)) for name, cotangent in request.batch.cotangents.items())


def moved(request: Request, name: str, change: np.ndarray) -> Request:
    """`request` with `change` added to the array that the gradient `name` is of."""
    batch: Batch = request.batch
    kind, _, rest = name.removeprefix("gradients/").partition("/")
    if kind == "inputs":
        return request.but(batch=batch.but(inputs=batch.inputs + change))
    if kind == "states":
        return request.but(
            batch=batch.but(initial_states={**batch.initial_states, rest: batch.initial_states[rest] + change})
        )
    return request.but(weights={**request.weights, rest: request.weights[rest] + change})


def check_gradients(request: Request) -> int:
    """Every gradient, along a random direction (which a single wrong element would change); how many there were."""
    names = [name for name in run(request).arrays if name.startswith("gradients/")]
    found = run(request)
    for name in names:
        direction = generator("direction", name, request.layer).uniform(0.5, 1.0, found[name].shape)
        direction *= generator("sign", name).choice([-1.0, 1.0], direction.shape)
        ahead, behind = loss(moved(request, name, STEP * direction)), loss(moved(request, name, -STEP * direction))
        assert np.sum(found[name] * direction) == pytest.approx((ahead - behind) / (2 * STEP), rel=1e-7, abs=1e-8), name
    return len(names)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_equal_central_differences(cell, shape, mask):
    layer = Layer(features=2, units=2, **CELLS[cell], **SHAPES[shape])
    request = Request(layer, draw_weights(layer), BatchPlan(3, 4, mask, states=True).draw(layer), wants=WANTS)
    assert check_gradients(request) == 1 + len(layer.state_keys()) + len(layer.weight_shapes())


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cell", GATES)
def test_gradients_through_every_activation_equal_central_differences(cell, activation):
    layer = Layer(cell, 3, 4, activation=activation, recurrent_activation=activation)
    request = Request(layer, draw_weights(layer), BatchPlan(3, 3, "gaps", states=True).draw(layer), wants=WANTS)
    assert check_gradients(request) == 1 + len(layer.state_keys()) + len(layer.weight_shapes())


@pytest.mark.parametrize("padding", ["hold", "zero"])
def test_what_a_loss_reads_at_padding_counts_as_the_convention_says(padding):
    layer = Layer("lstm", 2, 3)
    batch = BatchPlan(4, 6, "gaps").draw(layer)
    everywhere = {"outputs": np.ones((4, 6, 3))}
    request = Request(layer, draw_weights(layer), batch.but(cotangents=everywhere), wants=WANTS)
    counts = np.ones((4, 6)) * batch.mask
    if padding == "hold":  # each valid output is read once more at every masked step that repeats it
        for row in range(4):
            last = None
            for t in range(6):
                last = t if batch.mask[row, t] else last
                if last not in (None, t):
                    counts[row, last] += 1
    weighed = request.but(batch=batch.but(cotangents={"outputs": counts[:, :, None] * np.ones(3)}))
    seen, due = run(request, padding), run(weighed, "zero")
    for name in due.arrays:
        if name.startswith("gradients/"):
            assert np.allclose(seen[name], due[name], atol=1e-13), name
