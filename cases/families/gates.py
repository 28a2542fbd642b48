"""Dropout gate by gate: with the kernel of one gate alone, and that a diagonal, each number of the output says whether it was
dropped: it is what the equations give with no product at all, or with doubled numbers, at all steps alike."""

from __future__ import annotations

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.convolutions import Convolution
from cases.families.base import statement
from cases.invariants.dropout import improbable
from cases.layers import Layer, draw_weights
from cases.reference import run
from cases.requests import Deviation, Execution, Request
from cases.tolerance import unit_roundoff

WIDTH, ROWS, STEPS, RATE, OTHER = 12, 16, 3, 0.5, 0.125
"""OTHER: the rate of the other dropout, where both act."""
CLOSE = {"float32": 256 * unit_roundoff("float32"), "mixed_float16": 8 * unit_roundoff("float16")}
"""How far a number of each precision may be off."""
KERNELS = ("kernel", "recurrent_kernel")
ASKED = ("lstm recurrent", "gru recurrent", "conv_lstm recurrent", "conv_lstm inputs", "lstm inputs", "gru inputs",
         "simple_rnn recurrent", "simple_rnn inputs", "gru_before recurrent", "gru_before inputs")
"""Cell and place of dropout; `gru_before` resets before the product."""
GATED = ("lstm inputs", "gru inputs", "gru_before inputs")
"""Those that are computed together, if it is not said that each gate is `apart`."""


def of_gate(layer: Layer, place: str, gate: int, factor: float) -> dict[str, np.ndarray]:
    """The layer's weights, but of the kernel `place` one gate alone, a diagonal times `factor`, and of the other kernel nothing:
    what is dropped in front of that one does not show. Without a bias, diagonals, which nothing may be dropped in front of."""
    weights = draw_weights(layer)
    name, other = (f"0/{layer.direction}/{n}" for n in KERNELS[:: 1 if place == "inputs" else -1])
    wide, beside = weights[name].shape[-2], np.zeros_like(weights[other])
    if not layer.bias:  # or no gate were open
        beside[..., :, :] = np.tile(np.diag(np.linspace(0.4, 0.8, wide)), len(layer.gates))
    kernel = np.zeros_like(weights[name])
    kernel[..., :, gate * wide : (gate + 1) * wide] = factor * np.diag(np.linspace(0.6, 1.1, wide))
    return weights | {name: kernel, other: beside}


def dropped(
    ask, layer: Layer, batch: Batch, place: str, gate: int, together: bool, before: tuple = ()
) -> tuple[np.ndarray, list[Deviation]]:
    """Which numbers were dropped in front of one gate, (rows, units); what was neither dropped nor doubled."""
    rates = {name: RATE if at == place else OTHER for name, at in (("dropout", "inputs"), ("recurrent_dropout", "recurrent"))
             if together or at == place}
    asked = Request(layer.but(**rates), of_gate(layer, place, gate, 1.0), batch, wants=("outputs",), before=before,
                    execution=Execution("generic" if place == "inputs" and by_gate(layer, together) else "fused", "training"))
    seen, close = ask(asked)["outputs"].astype("float64"), CLOSE[layer.dtype]
    plain = Request(layer, {}, batch, wants=("outputs",))
    none, twice = (run(plain.but(weights=of_gate(layer, place, gate, f)))["outputs"] for f in (0, 2))
    if seen.shape != none.shape:
        return np.zeros((ROWS, WIDTH), bool), [Deviation("outputs", f"of shape {seen.shape}, expected {none.shape}")]
    off = [np.abs(seen - due).max(axis=1) for due in (none, twice)]
    wrong = np.argwhere(~(np.minimum(*off) <= close))
    found = [Deviation("outputs", f"gate {layer.gates[gate]}, row {r}, unit {u}: found {words(seen[r, :, u])} step by step; "
                                  f"dropped it were {words(none[r, :, u])}, kept {words(twice[r, :, u])}",
                       float(np.minimum(*off)[r, u]), close)
             for r, u in wrong[:1]]
    return off[0] < off[1], found


def by_gate(layer: Layer, together: bool) -> bool:
    """Whether the inputs of each gate are computed apart in a loop over the cell: where states are dropped too, or it is said."""
    return layer.convolution is None and (together or layer.implementation == 1)


def words(numbers: np.ndarray) -> str:
    """Some numbers, for a reader."""
    return ", ".join(f"{number:.6g}" for number in numbers)


@statement("Dropout acts in front of every gate: what it drops is gone there at every step, the rest is scaled by what is kept, "
           "rows draw for themselves, calls anew, and gates each their own where they are computed apart, and one where they are "
           "not, forward and backward, also where inputs and states are dropped together, in half precision, too; in inference "
           "nothing is dropped.",
           {"asked": ASKED, "together": (False, True), "direction": ("forward", "backward"), "dtype": tuple(CLOSE),
            "apart": (False, True)},
           strength=(1, 1, 2), sparing=2, met=tuple(
               {"asked": one, "together": False, "direction": "forward", "dtype": "float32", "apart": True} for one in GATED),
           senseless=((("asked", "dtype"), lambda asked, dtype: dtype != "float32" and asked.startswith("conv")),
                      (("apart", "asked", "together"),  # else they are, or cannot be
                       lambda apart, asked, together: apart and (together or asked not in GATED))),
           dear={"asked": tuple(one for one in ASKED if "inputs" in one or "conv" in one)},
           source="Gal & Ghahramani 2016; Keras: dropout, recurrent_dropout")
def dropout_reaches_every_gate(ask, asked, together, direction, dtype, apart):
    kind, place = asked.split()
    cell = kind.removesuffix("_before")
    windows = Convolution((3,), (1,), data_format="channels_first" if direction == "backward" else "channels_last")
    bare = cell in ("lstm", "conv_lstm") and not together
    layer = Layer(cell, WIDTH, WIDTH, direction=direction, bias=not bare, return_state=False, reset_after=kind == cell,
                  dtype=dtype, implementation=1 if apart else 2, convolution=windows if cell == "conv_lstm" else None)
    batch = BatchPlan(ROWS, STEPS, states=True).draw(layer).but(cotangents=None)
    found, draws = [], []
    for gate, name in enumerate(layer.gates):
        one = layer.but(reset_after=True) if name == "r" else layer  # what is reset before a product does not show without it
        lost, wrong = dropped(ask, one, batch, place, gate, together)
        found += wrong
        count = int(lost.sum())
        if improbable(count, lost.size, RATE):
            found.append(Deviation("rate", f"gate {name}: {count} of {lost.size} numbers are dropped at a rate of {RATE}"))
        elif (lost == lost[:1]).all():
            found.append(Deviation("rows", f"gate {name}: all rows share one draw"))
        draws.append(lost)
    alike = {bool(np.array_equal(a, b)) for n, a in enumerate(draws) for b in draws[:n]}
    apart = apart or together or place == "recurrent" or layer.convolution is not None
    if alike - {not apart}:
        found.append(Deviation("gates", f"some gates share a draw, expected {'none of them' if apart else 'all of them'} to"))
    if layer.convolution is None and np.array_equal(dropped(ask, layer, batch, place, 0, together, before=(batch,))[0], draws[0]):
        found.append(Deviation("calls", "the second call dropped what the first one dropped"))
    plain = Request(layer, draw_weights(layer), batch, wants=("outputs",))
    rates = {"dropout": RATE, "recurrent_dropout": RATE}
    due, seen = run(plain)["outputs"], ask(plain.but(layer=layer.but(**rates)))["outputs"]
    if seen.shape != due.shape or not np.allclose(due, seen, rtol=0, atol=CLOSE[dtype]):
        found.append(Deviation("inference", "in inference, rates of dropout change the outputs"))
    return found
