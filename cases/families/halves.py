"""Two layers of one's own, one a direction, inside one wrapper: each may have another cell, size, activation or bias."""

from __future__ import annotations

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.families.base import statement, worded
from cases.invariants.base import settled
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Refusal, Request
from cases.tolerance import compare, expect, unit_roundoff

HALVES: dict[str, tuple[Layer, Layer]] = {
    "same": (Layer("lstm", 3, 5), Layer("lstm", 3, 5)),
    "lstm_gru": (Layer("lstm", 3, 5), Layer("gru", 3, 5)),
    "lstm_sizes": (Layer("lstm", 3, 5), Layer("lstm", 3, 4)),
    "gru_sizes": (Layer("gru", 3, 4), Layer("gru", 3, 5)),
    "gru_simple_rnn_sizes": (Layer("gru", 3, 4), Layer("simple_rnn", 3, 5)),
    "lstm_activations": (Layer("lstm", 3, 5), Layer("lstm", 3, 5, activation="softsign", recurrent_activation="hard_sigmoid")),
    "lstm_activation": (Layer("lstm", 3, 5), Layer("lstm", 3, 5, activation="relu")),
    "lstm_biases": (Layer("lstm", 3, 5), Layer("lstm", 3, 5, bias=False)),
    "gru_resets": (Layer("gru", 3, 5), Layer("gru", 3, 5, reset_after=False)),
    "simple_rnn_activations": (Layer("simple_rnn", 3, 5), Layer("simple_rnn", 3, 5, activation="relu")),
}
"""Name -> the layer that runs forward, and the one that runs backward."""
ROWS, STEPS = 4, 5


def uneven(name: str) -> bool:
    """Whether the two have different sizes."""
    return len({half.units for half in HALVES[name]}) > 1


def states_differ(name: str) -> bool:
    """Whether the two have different numbers of states: a list of them has no middle."""
    return len({half.state_names for half in HALVES[name]}) > 1


def drawn(name: str, mask: str, states: bool, policy: str) -> tuple[Batch, tuple[Request, Request]]:
    """A batch, and what each layer is asked alone: the backward one's outputs are in the order of processing."""
    ahead, back = HALVES[name][0].but(dtype=policy), HALVES[name][1].but(dtype=policy, direction="backward")
    requests = []
    for seed, layer in enumerate((ahead, back)):
        batch = BatchPlan(ROWS, STEPS, mask, states).draw(ahead).but(cotangents=None)
        if states:
            batch = batch.but(initial_states=BatchPlan(ROWS, STEPS, mask, True).draw(layer, seed=seed).initial_states)
        requests.append(Request(layer, draw_weights(layer, seed), batch, wants=("outputs", "states")))
    return requests[0].batch, (requests[0], requests[1])


@statement("Two layers of one's own, one a direction, give what each gives alone: the backward one in the order of time, the "
           "states of the forward one first; merged, with the shapes that were told beforehand; made again, they give it too.", {
    "halves": tuple(HALVES), "merge": ("concat", "none", "sum", "mul", "ave"), "mask": ("none", "right", "gaps"),
    "states": (False, True), "return_sequences": (True, False), "way": ("built", "configuration", "file"),
    "policy": ("float32", "mixed_bfloat16", "mixed_float16"),
}, usual={"halves": ("lstm_sizes", "gru_sizes", "lstm_gru", "gru_resets", "lstm_biases", "lstm_activations"),
          "merge": ("concat", "none", "ave"), "mask": ("none", "gaps")},
    senseless=((("halves", "merge"), lambda halves, merge: uneven(halves) and merge in ("sum", "mul", "ave")),
               (("halves", "states"), lambda halves, states: states and states_differ(halves)),
               (("merge", "policy"), lambda merge, policy: merge == "ave" and policy == "float32"),  # asked of every layer
               (("states", "way"), lambda states, way: states and way == "file")), strength=(1, 1, 2), sparing=3,
    source="Keras: Bidirectional(layer, backward_layer)")
def halves_are_their_layers(ask, halves, merge, mask, states, return_sequences, way, policy):
    batch, requests = drawn(halves, mask, states, policy)
    given = {"halves": halves, "merge": merge, "way": way, "policy": policy, "return_sequences": return_sequences, "batch": batch,
             "states": tuple(dict(one.batch.initial_states or {}) for one in requests),
             "weights": tuple(dict(one.weights) for one in requests)}
    seen = ask(FunctionRequest("halves", tuple(given.items())))
    due = expected(requests, merge, return_sequences)
    found = [Deviation(name, f"{name}: nothing came back") for name in due if name not in seen.arrays]
    for name, (value, allowed) in due.items():
        found += compare(name, seen[name], value, allowed) if name in seen.arrays else []
    for how in ("computed", "symbolic"):
        told = {name.removeprefix(f"{how}/"): tuple(int(n) for n in sizes) for name, sizes in seen.named(how).items()}
        for name in sorted({*told, *due}):
            come = due[name][0].shape if name in due else None
            if told.get(name) != come:
                found.append(Deviation(f"{how}/{name}", f"{name}: {told.get(name)} was told beforehand ({how}), {come} is due"))
    return found


def expected(requests: tuple[Request, Request], merge: str, return_sequences: bool) -> dict[str, tuple]:
    """Name -> the value that is due, and by how much it may be off: of outputs (or outputs/0 and outputs/1) and states."""
    padding = "zero" if return_sequences else "hold"
    ahead, back = (expect(one.but(layer=one.layer.but(return_sequences=return_sequences)), padding) for one in requests)
    states = {f"states/{number}": (one.value, one.allowed) for number, one in enumerate(
        value for half in (ahead, back) for name, value in half.items() if name.startswith("states/"))}
    a, b = ((one["outputs"].value, one["outputs"].allowed) for one in (ahead, back))
    b = tuple(part[:, ::-1] for part in b) if return_sequences else b
    if merge == "none":
        return {"outputs/0": a, "outputs/1": b, **states}
    joined = {"concat": lambda x, y: np.concatenate([x, y], axis=-1), "sum": np.add, "mul": np.multiply,
              "ave": lambda x, y: (x + y) / 2}[merge]
    rounded = 2 * unit_roundoff(requests[0].layer.dtype)
    allowed = joined(a[1], b[1]) if merge != "mul" else a[1] * abs(b[0]) + b[1] * abs(a[0]) + a[1] * b[1]
    return {"outputs": (joined(a[0], b[0]), allowed + (merge != "concat") * rounded * abs(joined(a[0], b[0]))), **states}


@statement("Two layers of which the first runs backwards and the second forward give all their outputs in the order of time, the "
           "first one's first, or are refused.", {"cell": ("lstm", "gru", "simple_rnn")}, strength=(1, 1, 1), sparing=0,
           source="Keras: Bidirectional(layer, backward_layer), `different go_backwards argument values`")
def halves_may_change_places(ask, cell) -> list[Deviation]:
    layers = (Layer(cell, 3, 4, direction="backward"), Layer(cell, 3, 4))
    requests = [Request(one, draw_weights(one, n), BatchPlan(ROWS, STEPS).draw(one).but(cotangents=None), wants=("outputs",))
                for n, one in enumerate(layers)]
    requests[1] = requests[1].but(batch=requests[0].batch)
    given = {"cell": cell, "units": 4, "inputs": requests[0].batch.inputs, "weights": tuple(dict(r.weights) for r in requests)}
    answer = ask.answer(FunctionRequest("turned_halves", tuple(given.items())))
    if isinstance(answer, Refusal):
        return worded(answer)
    back, ahead = (expect(one, "hold")["outputs"] for one in requests)
    due = [np.concatenate([getattr(back, part)[:, ::-1], getattr(ahead, part)], axis=-1) for part in ("value", "allowed")]
    seen = settled(answer)["outputs"]
    name = "outputs" if seen.ndim != 3 or compare("outputs", seen[:, ::-1], *due) else "outputs in the reverse order"
    return compare(name, seen, *due)
