"""Dropout between the layers of a stack, as `dropout` of nn.RNN, nn.LSTM and nn.GRU."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights, generator
from cases.layouts import prefixes
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Request
from cases.tolerance import compare, expect, unit_roundoff

RATE = 0.4
FACTORS = {
    "cell": ("lstm", "gru", "simple_rnn", "relu"), "mask": ("right", "none"), "direction": ("forward", "bidirectional"),
    "layers": (2, 3),
}
"""relu: a SimpleRNN of that activation."""
OPTIONS: dict[str, Any] = {
    "factors": FACTORS, "strength": (1, 2, 2),
    "source": "PyTorch: nn.LSTM, a Dropout layer on the outputs of each LSTM layer except the last layer",
}


def stack(cell: str, mask: str, direction: str, layers: int, states: bool = True) -> Request:
    """A stack on four rows of five steps, or on one row without padding, with or without given states."""
    kind = {"relu": ("simple_rnn", "relu")}.get(cell, (cell, "tanh"))
    layer = Layer(kind[0], 3, 4, layers, direction, activation=kind[1])
    batch = BatchPlan(1 if mask == "none" else 4, 5, mask, states).draw(layer)
    return Request(layer, draw_weights(layer), batch, wants=("outputs", "states"))


def dropped(ask, request: Request, rate: float, training: bool, seed: int = 0, form: str = "usual",
            low: bool = False) -> Observation:
    """The stack with dropout of that rate between its layers, inside other modules, called in one of the `FORMS` of
    `cases.families.cells`, under autocast where it is `low`. With `gradients` wanted those by the weights, by PyTorch's names."""
    arguments = {"request": request, "rate": rate, "training": training, "seed": seed, "form": form, "low": low}
    return ask(FunctionRequest("dropout_between_layers", tuple(arguments.items())))


@statement("In inference, dropout between layers changes nothing.", **OPTIONS)
def dropout_between_layers_rests_in_inference(ask, **variant):
    request = stack(**variant)
    return against_reference(dropped(ask, request, RATE, training=False), request, "outputs", "states")


@statement("In training, dropout between layers reaches all layers but the first, is drawn anew at each call, and again the same "
           "from the same seed.", **{**OPTIONS, "strength": (1, 3, 3)})
def dropout_between_layers_is_drawn(ask, **variant):
    request = stack(**variant)
    seen, again, other = (dropped(ask, request, RATE, True, seed) for seed in (0, 0, 1))
    found = against_reference(only(seen, "states/0/"), request, "states/0")
    for name in sorted(seen.arrays):
        found += equal(name, again.arrays.get(name, np.zeros(0)), seen[name], "the same seed")
        first = name.startswith("states/0/")
        if not first and np.array_equal(seen[name], other[name]):
            found.append(Deviation(name, f"{name}: another seed gives the same"))
    plain = dropped(ask, request, RATE, training=False)
    return found + [Deviation(n, f"{n}: training gives what inference gives") for n in sorted(seen.arrays)
                    if not n.startswith("states/0/") and np.array_equal(seen[n], plain[n])]


@statement("In training, dropout between layers is drawn by a layer that is decomposed too, as export and compile do.", **{
    **OPTIONS, "strength": (1, 1, 2)})
def dropout_between_layers_when_decomposed(ask, **variant):
    request = stack(**variant)
    seen, other = (dropped(ask, request, RATE, True, seed, "decomposed") for seed in (0, 1))
    found = against_reference(only(seen, "states/0/"), request, "states/0")
    return found + [Deviation(n, f"{n}: another seed gives the same") for n in sorted(seen.arrays)
                    if not n.startswith("states/0/") and np.array_equal(seen[n], other[n])]


@statement("What is dropped forward is dropped again where activations are computed again backward: the gradients are those of "
           "the usual way, under autocast too.",
           {**FACTORS, "form": ("recomputed", "recomputed_reentrant"), "states": (True, False), "low": (False, True)},
           strength=(1, 2, 2), usual={"cell": ("lstm", "relu"), "layers": (2,)},
           source="PyTorch: torch.utils.checkpoint, preserve_rng_state")
def dropout_is_the_same_when_recomputed(ask, form, low, **variant):
    request = stack(**variant).but(wants=("outputs", "states", "gradients"))
    seen, due = (dropped(ask, request, RATE, True, 0, one, low) for one in (form, "usual"))
    slopes = due.named("gradients")
    if not slopes or seen.arrays.keys() != due.arrays.keys():
        return [Deviation("gradients", "no gradients came, or of other names")]
    return [d for name, array in due.arrays.items()
            for d in compare(name, seen[name], array, 64 * unit_roundoff("float32") * (np.abs(array).max() + 1.0))]


@statement("With a rate of 1 between layers, a layer reads zeros from the one before.", **OPTIONS)
def dropout_between_layers_at_rate_1(ask, **variant):
    request = stack(**variant)
    layer, last = request.layer, request.layer.layers - 1
    alone = layer.but(layers=1, features=layer.width)

    def part(named):
        return {"0" + name.removeprefix(str(last)): array for name, array in named.items() if name.startswith(f"{last}/")}

    batch = request.batch.but(inputs=np.zeros((*request.batch.inputs.shape[:2], layer.width)),
                              initial_states=part(request.batch.initial_states))
    due = Request(alone, part(request.weights), batch, wants=("outputs", "states"))
    outputs = expect(due)["outputs"].value * batch.valid[:, :, None]  # the loss is the sum of their squares
    due = due.but(batch=batch.but(cotangents={"outputs": 2 * outputs}), wants=("outputs", "states", "gradients"))
    seen = dropped(ask, request.but(wants=due.wants), 1.0, training=True)
    named = {n.replace(f"states/{last}/", "states/0/", 1): a for n, a in seen.arrays.items()
             if "states/" not in n or f"states/{last}/" in n}
    return against_reference(Observation(named, facts=seen.facts), due, "outputs", "states", "gradients/states")


@statement("Of what is handed on between layers the rate's share is dropped, and the rest divided by 1 - rate.",
           {"rate": (0.2, 0.5)}, source="Srivastava et al. 2014, inverted dropout")
def dropout_between_layers_scales_what_it_keeps(ask, rate):
    units, rows, time = 8, 8, 10
    layer = Layer("simple_rnn", 3, units, 2, activation="relu")
    inputs = draw_values(generator("dropout between layers"), (rows, time, 3))
    weights = {name: np.abs(array) for name, array in draw_weights(layer).items()}
    weights |= {name: np.zeros_like(array) for name, array in weights.items() if name.startswith(prefixes(layer)[1])}
    weights["1/forward/kernel"] = np.eye(units)  # the second layer hands on what it reads
    batch = BatchPlan(rows, time, "none").draw(layer).but(inputs=np.abs(inputs), cotangents=None)
    request = Request(layer, weights, batch, wants=("outputs", "states"))
    plain = dropped(ask, request, rate, training=False)["outputs"].astype("float64")
    with np.errstate(all="ignore"):
        kept = dropped(ask, request, rate, training=True)["outputs"].astype("float64") / plain
    gone, due = kept == 0, 1 / (1 - rate)
    off = np.abs(np.where(gone, due, kept) - due)
    found = [] if off.max() <= 64 * unit_roundoff("float32") * due else [
        Deviation("outputs", f"kept values are scaled by {kept[~gone].mean():.6g}, expected {due:.6g}", float(off.max()))]
    bound = 5 * math.sqrt(rate * (1 - rate) * kept.size)
    if abs(gone.sum() - rate * kept.size) > bound:
        found.append(Deviation("outputs", f"{int(gone.sum())} of {kept.size} values are dropped, expected {rate * kept.size:.0f} "
                                          f"± {bound:.0f}"))
    return found


def only(seen: Observation, prefix: str) -> Observation:
    """The arrays whose names begin so."""
    return Observation({n: a for n, a in seen.arrays.items() if n.startswith(prefix)}, facts=seen.facts)
