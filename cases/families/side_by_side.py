"""Recurrent layers of many kinds side by side in one model, on one batch and one mask: where a model predicts and trains,
each is the equations, whichever of its options meet."""

from __future__ import annotations

from cases.apart import answer_at
from cases.batches import Batch, BatchPlan, with_cotangents
from cases.covering import Row, at_once
from cases.families.base import statement
from cases.invariants.base import against_reference
from cases.layers import MERGES, Layer, draw_states, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Observation, Request
from cases.tolerance import compare, expect, unit_roundoff

ROWS, STEPS, FEATURES = 3, 4, 2
CELLS = {"lstm": "lstm", "gru_parts": "gru", "simple_rnn": "simple_rnn", "lstm_parts": "lstm", "gru": "gru",
         "gru_before": "gru_before"}
"""Those of `parts` compute gate by gate; gru_before resets before the product."""
OPTIONS = {
    "cell": tuple(CELLS), "direction": ("backward", "forward", "concat", "sum"), "kernel": ("unrolled", "fused", "generic"),
    "masked": (True, False), "states": (True, False), "sequences": (True, False),
    "padding_output": ("default", "zero"), "dtype": ("float32", "mixed_float16"), "bias": (True, False),
    "activation": ("tanh", "relu"), "units": (2, 3), "recurrent_activation": ("sigmoid", "hard_sigmoid"),
}
"""states: whether it is given some. Layers that carry theirs have statements of their own."""
SENSELESS = (
    (("padding_output", "masked", "sequences"),
     lambda padding, masked, sequences: padding == "zero" and not (masked and sequences)),
    (("padding_output", "direction"), lambda padding, direction: padding == "zero" and direction in MERGES),
    (("kernel", "masked", "direction"),
     lambda kernel, masked, direction: kernel == "unrolled" and masked and direction != "forward"),
    (("kernel", "padding_output"), lambda kernel, padding: kernel == "unrolled" and padding == "zero"),
    (("cell", "recurrent_activation"), lambda cell, gate: cell == "simple_rnn" and gate != "sigmoid"),
)
BOARDS = 4
rows = at_once("layers side by side", OPTIONS, 2, SENSELESS)
WAYS = ("predict", "train")
"""Predictions; one step of training, whose gradients are what the weights lose at a rate of one."""
SLACK = 4 * unit_roundoff("float32")


def described(row: Row) -> Layer:
    """The layer of a row."""
    cell, direction = CELLS[row["cell"]], row["direction"]
    both = direction in MERGES
    return Layer(
        cell.removesuffix("_before"), FEATURES, row["units"], direction="bidirectional" if both else direction,
        merge=direction if both else "concat", return_sequences=row["sequences"],
        activation=row["activation"], bias=row["bias"],
        recurrent_activation=row["recurrent_activation"], reset_after=not cell.endswith("_before"), dtype=row["dtype"],
        implementation=1 + (row["cell"] == cell), padding_output=row["padding_output"])


def common_batch(mask: str) -> Batch:
    """Inputs and mask, which all layers share."""
    return BatchPlan(ROWS, STEPS, mask).draw(Layer("gru", FEATURES, 2)).but(cotangents=None)


def asked(row: Row, mask: str, way: str, steps: str) -> Request:
    """What is asked of the layer of a row; of an open number of steps nothing is unrolled."""
    layer = described(row)
    batch = common_batch(mask)
    if not row["masked"]:
        batch = batch.but(mask=None)
    if row["states"]:
        batch = batch.but(initial_states=draw_states(layer, ROWS))
    kernel = "generic" if steps == "open" and row["kernel"] == "unrolled" else row["kernel"]
    mode = "training" if way == "train" else "inference"
    wants = ("outputs", "states", "gradients") if way == "train" else ("outputs", "states")
    return Request(layer, draw_weights(layer), with_cotangents(layer, batch), wants=wants, execution=Execution(kernel, mode))


def judged(number: int, request: Request, seen: Observation, way: str) -> list[Deviation]:
    """The deviations of one layer from the equations: of all that it gives, or of its weights' gradients. What stands at
    masked steps is looked at where it is said to be zero."""
    layer = request.layer
    own = answer_at(seen, number)
    due = expect(request, "hold")
    found: list[Deviation] = []
    if way == "predict":
        found = against_reference(own, request, "outputs", "states")
        if layer.padding_output == "zero":
            found = found or compare("outputs", own["outputs"], due["outputs"].value, due["outputs"].allowed)
    else:
        for name in (name for name in due if name.startswith("gradients/weights/")):
            weight = request.weights[name.removeprefix("gradients/weights/")]
            slack = SLACK * (1 + abs(weight) + abs(due[name].value))
            if name in own.arrays:
                found += compare(name, own[name], due[name].value, due[name].allowed + slack)
    return [Deviation(f"{d.where}", f"{layer}, {request.execution}: {d.message}", d.deviation, d.allowed) for d in found]


@statement("Recurrent layers side by side in one model, masked or not, are the equations where it predicts and trains, "
           "whichever of their options meet: cell, direction, kernel, states, precision, activations, biases, what is returned "
           "and what stands at masked steps; of a fixed or an open number of steps.",
           {"way": WAYS, "mask": ("gaps", "left", "right"), "steps": ("fixed", "open"), "board": tuple(range(BOARDS))},
           usual={"board": (0, 1)}, strength=(1, 1, 2), sparing=2, dear={"way": ("train",)},
           source="the equations; Keras: Model.predict, Model.train_on_batch")
def layers_side_by_side_match_reference(ask, way, mask, steps, board) -> list[Deviation]:
    """Arrays: `NUMBER/` and `outputs`, `states/…` or `gradients/weights/…`, as of one layer."""
    requests = tuple(asked(row, mask, way, steps) for row in rows()[board::BOARDS])
    given = {"requests": requests, "mask": common_batch(mask).mask, "way": way, "open": steps == "open"}
    seen = ask(FunctionRequest("side_by_side", tuple(given.items())))
    return [d for number, request in enumerate(requests) for d in judged(number, request, seen, way)]
