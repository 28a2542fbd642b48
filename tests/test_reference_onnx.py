"""The reference agrees with ONNX's own reference implementation of RNN, LSTM and GRU, on full-length sequences.

ONNX's reference ignores sequence lengths, so there is no mask here. Its layouts: X (time, batch, features);
W (directions, gates * units, features); B both biases, one after the other; Y (time, directions, batch, units).
Gate orders: LSTM i o f c, GRU z r h. Both directions' outputs are in the order of time.
"""

import numpy as np
import pytest

from cases.batches import BatchPlan
from cases.layers import Layer, draw_weights
from cases.layouts import prefixes, reorder
from cases.reference import run
from cases.requests import Request

onnx = pytest.importorskip("onnx")

OPS = {"simple_rnn": ("RNN", "h"), "lstm": ("LSTM", "iofc"), "gru": ("GRU", "zrh")}
DIRECTIONS = {"forward": "forward", "backward": "reverse", "bidirectional": "bidirectional"}


def ask_onnx(request: Request) -> dict[str, np.ndarray]:
    """outputs (batch, time, directions * units) and states, by this project's names."""
    from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
    from onnx.reference import ReferenceEvaluator

    layer, batch = request.layer, request.batch
    op, order = OPS[layer.cell]

    def stacked(*names: str) -> np.ndarray:
        arrays = [[request.weights[f"{prefix}/{name}"] for name in names] for prefix in prefixes(layer)]
        return np.stack(
            [np.concatenate([reorder(a, layer.units, layer.gates, order).T for a in one]) for one in arrays]
        )

    feeds = {"X": batch.inputs.swapaxes(0, 1), "W": stacked("kernel"), "R": stacked("recurrent_kernel")}
    feeds["B"] = stacked("bias", "recurrent_bias")
    for state in layer.state_names:
        feeds[f"{state}0"] = np.stack(
            [batch.initial_states[f"0/{direction}/{state}"] for direction in layer.directions]
        )
    inputs = ["X", "W", "R", "B", "", *(f"{state}0" for state in layer.state_names)]
    outputs = ["Y", *(f"Y_{state}" for state in layer.state_names)]
    options = {"linear_before_reset": int(layer.reset_after)} if op == "GRU" else {}
    node = make_node(op, inputs, outputs, hidden_size=layer.units, direction=DIRECTIONS[layer.direction], **options)
    double = onnx.TensorProto.DOUBLE
    graph = make_graph(
        [node],
        "layer",
        [make_tensor_value_info(n, double, a.shape) for n, a in feeds.items()],
        [make_tensor_value_info(n, double, None) for n in outputs],
    )
    model = make_model(graph, opset_imports=[make_opsetid("", 22)])
    found = dict(zip(outputs, ReferenceEvaluator(model).run(None, feeds), strict=True))
    y = found["Y"].transpose(2, 0, 1, 3)
    answer = {"outputs": y.reshape(*y.shape[:2], -1)}
    for state in layer.state_names:
        answer |= {
            f"states/0/{direction}/{state}": found[f"Y_{state}"][n] for n, direction in enumerate(layer.directions)
        }
    return answer


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell, reset_after", [("simple_rnn", True), ("lstm", True), ("gru", True), ("gru", False)])
def test_outputs_and_states_equal_those_of_onnx(cell, reset_after, direction):
    layer = Layer(cell, 3, 4, direction=direction, reset_after=reset_after, dtype="float64")
    request = Request(layer, draw_weights(layer), BatchPlan(5, 7, states=True).draw(layer))
    seen, due = run(request), ask_onnx(request)
    assert set(seen.arrays) == set(due)
    for name, value in due.items():
        found = seen[name][:, ::-1] if name == "outputs" and direction == "backward" else seen[name]
        assert np.allclose(found, value, rtol=0, atol=1e-14), name
