"""Kernels, entries, modes and origins are ways to run one layer: they agree."""

from __future__ import annotations

from dataclasses import replace

from cases.invariants.base import EVERYTHING, FORWARD, Case, alike, invariant, output_valid
from cases.invariants.values import drawless
from cases.layers import Layer
from cases.requests import Observation


def same_as(ask, case: Case, what: str, wants=FORWARD, **execution):
    """Deviations between the case as it is and with another execution."""
    request = case.request(wants=wants)
    other = ask(case.request(wants=wants, execution=case.execution.but(**execution)))
    return alike(ask(request), other, request, "outputs", "states", "loss", "gradients", what=what)


def gates(layer: Layer) -> dict[str, str]:
    """Hard gates, where it has gates."""
    return {"recurrent_activation": "hard_sigmoid"} if layer.cell != "simple_rnn" else {}


def kernel_is(name: str):
    return lambda case: drawless(case) and case.execution.kernel == name


@invariant("The fused kernel and the loop over the cell agree: outputs, states and gradients.", kernel_is("fused"),
           "fused = generic")
def fused_is_generic(ask, case):
    return same_as(ask, case, "generic", EVERYTHING, kernel="generic")


@invariant("The unrolled layer and the loop agree: outputs, states and gradients.", kernel_is("unrolled"))
def unrolled_is_generic(ask, case):
    return same_as(ask, case, "generic", EVERYTHING, kernel="generic")


@invariant("The compiled layer and the layer run directly agree: outputs, states and gradients.", kernel_is("compiled"))
def compiled_is_fused(ask, case):
    return same_as(ask, case, "not compiled", EVERYTHING, kernel="fused")


@invariant("The loop over the cell and the compiled layer agree: outputs, states and gradients.", kernel_is("generic"))
def generic_is_compiled(ask, case):
    return same_as(ask, case, "compiled", EVERYTHING, kernel="compiled")


@invariant("A layer saved and loaded again gives the same outputs and states.", drawless, "padded-classifier")
def reloaded_is_the_same(ask, case):
    return same_as(ask, case, "saved and loaded", origin="reloaded")


@invariant("A layer made again from its own configuration gives the same outputs and states.", drawless, options=True)
def config_round_trip(ask, case):
    return same_as(ask, case, "from its configuration", origin="from_config")


@invariant("`predict` gives the outputs of a direct call.", drawless)
def predict_is_call(ask, case):
    request = case.request()
    predicted = ask(case.request(wants=("outputs",), execution=case.execution.but(entry="predict")))
    return alike(ask(request), predicted, request, "outputs", what="predict")


@invariant("Without dropout, training mode gives what inference gives.",
           lambda c: not c.layer.dropout and not c.layer.recurrent_dropout)
def training_without_dropout_is_inference(ask, case):
    if case.execution.kernel == "fused":  # of other activations than the usual ones, which other statements train
        case = replace(case, layer=case.layer.but(activation="softsign", **gates(case.layer)))
    return same_as(ask, case, "training mode", EVERYTHING, mode="training")


@invariant("In inference, dropout rates change nothing.",
           lambda c: c.execution.mode == "inference" and c.execution.kernel == "fused")
def dropout_is_identity_in_inference(ask, case):
    found, other = [], {"activation": "softsign", **gates(case.layer)}
    for rates, more in (({"dropout": 0.4}, other), ({"dropout": 0.4, "recurrent_dropout": 0.3}, {})):
        request = case.request(layer=case.layer.but(**more))
        seen = ask(case.request(layer=case.layer.but(**rates, **more)))
        found += alike(ask(request), seen, request, "outputs", "states", what=f"with {' and '.join((*rates, *more))}")
    return found


@invariant("The implementation option changes how, not what.",
           lambda c: drawless(c) and c.layer.cell in ("lstm", "gru") and c.execution.kernel == "generic")
def implementations_agree(ask, case):
    request = case.request()
    other = ask(case.request(layer=case.layer.but(implementation=3 - case.layer.implementation)))
    return alike(ask(request), other, request, "outputs", "states", what="the other implementation")


@invariant("A stack is its layers one after another.", lambda c: drawless(c) and c.layer.layers > 1 and c.layer.merge != "none")
def stack_is_its_layers(ask, case):
    batch, layer = case.batch, case.layer
    arrays, seen = {}, None
    for index in range(layer.layers):
        last = index == layer.layers - 1
        one = Layer(**{**_options(layer), "layers": 1, "features": layer.input_width(index),
                       "return_sequences": layer.return_sequences or not last})
        mine = lambda m: m and {n.replace(f"{index}/", "0/", 1): v for n, v in m.items() if n.startswith(f"{index}/")}  # noqa: E731, B023
        part = batch.but(initial_states=mine(batch.initial_states), cotangents=None)
        seen = ask(case.request(part, layer=one, weights=mine(case.weights)))
        arrays |= {f"states/{index}/{n.split('/', 2)[2]}": v for n, v in seen.named("states").items()}
        if not last:
            flip = layer.direction == "backward"
            mask = batch.mask if batch.mask is None or not flip else batch.mask[:, ::-1]
            batch = batch.but(inputs=seen["outputs"], mask=mask)
    arrays["outputs"] = seen["outputs"]
    request = case.request()
    return alike(ask(request), Observation(arrays), request, "outputs", "states", what="layer by layer",
                 where=output_valid(request))


def _options(layer: Layer) -> dict[str, object]:
    return {name: getattr(layer, name) for name in Layer.__dataclass_fields__}
