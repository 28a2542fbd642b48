"""`mask-flow`: which layers pass a mask on, which drop it, and whether anybody is told (documents 1 and 4).

Masking(0) → the layer in question → LSTM(4, sequences) → Dense(2), four rows of which two are padded in front, one at
the end: after the end alone, a lost mask would not show in a forward LSTM's valid steps. While the mask survives,
padding changes nothing and the loss is the mean over the valid steps; where it is lost, padded steps take part in both.
PyTorch layers carry no mask, and what a model hands on by hand tells nothing of them: asked is which of them a packed
sequence, which has the lengths in it, goes through.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.invariants.base import NotSupported, settled
from cases.layers import Layer, generator
from cases.models import FunctionRequest, Model, ModelRequest, Node, Training, draw_model_weights, node
from cases.requests import Deviation, Note, Observation, Refusal
from cases.scenarios.base import claim, followed
from cases.tolerance import compare, expect_model

NAME = "mask-flow"
TIME, FEATURES = 6, 3
FROM, UNTIL = np.array([0, 2, 3, 0]), np.array([6, 6, 6, 2])
VALID = (np.arange(TIME) >= FROM[:, None]) & (np.arange(TIME) < UNTIL[:, None])
SHORT = 2
LSTM = Layer("lstm", FEATURES, 4, return_state=False)
Chain = tuple[Node, ...]


def recurrent(name: str, source: str, features: int, *states: str, **options) -> Node:
    """An LSTM of 4 units."""
    return node(name, "recurrent", source, *states, layer=LSTM.but(features=features, **options))


def through(op: str, **options) -> Chain:
    """One node `through`, between the masking one and the LSTM."""
    return (node("through", op, "masking", **options),)


def joined(op: str, **options) -> Chain:
    """Two branches from the masking node, joined again."""
    return (
        node("branch", "dense", "masking", units=FEATURES, activation="tanh"),
        node("through", op, "masking", "branch", **options),
    )


PASSING: dict[str, Chain] = {
    "Dense": through("dense", units=5, activation="tanh"),
    "TimeDistributed_Dense": through("time_distributed", layer=node("inside", "dense", units=5, activation="tanh")),
    "Dropout": through("dropout", rate=0.0),
    "Activation": through("activation", activation="tanh"),
    "BatchNormalization": through("batch_norm", epsilon=0.001),
    "LSTM": (recurrent("through", "masking", FEATURES),),
    "Bidirectional": (recurrent("through", "masking", FEATURES, direction="bidirectional"),),
    "Add": joined("add"),
    "Multiply": joined("multiply"),
    "Concatenate": joined("concatenate", axis=-1),
    "Embedding": (),
    "initial_state": (),
    "Concatenate_in_time": joined("concatenate", axis=1),
}
DROPPING: dict[str, Chain] = {
    "Lambda": through("slice", start=0, stop=None, form="lambda"),
    "slicing": through("slice", start=0, stop=None, form="getitem"),
    "Reshape": through("reshape", shape=(TIME, FEATURES)),
    "Flatten": (node("flat", "flatten", "masking"), node("through", "reshape", "flat", shape=(TIME, FEATURES))),
    "Permute": (node("turned", "permute", "masking", dims=(2, 1)), node("through", "permute", "turned", dims=(2, 1))),
    "Conv1D": through("conv1d", filters=5, size=(2,), padding="same", activation="tanh"),
    "MaxPooling1D": through("max_pool1d", size=(1,)),
    "Dot": joined("dot", axes=(2, 2)),
    "Add_one_masked": (
        node("branch", "dense", "input", units=FEATURES, activation="tanh"),
        node("through", "add", "masking", "branch"),
    ),
    "Concatenate_one_masked": (
        node("branch", "dense", "input", units=FEATURES, activation="tanh"),
        node("through", "concatenate", "masking", "branch", axis=-1),
    ),
}
PACKED = {
    name: name in ("LSTM", "Bidirectional")
    for name in ("LSTM", "Bidirectional", "Dense", "Dropout", "Activation", "BatchNormalization", "Add", "Multiply",
                 "Concatenate", "Embedding", "slicing", "Reshape", "Flatten", "Permute", "Conv1D", "MaxPooling1D",
                 "AveragePooling1D", "GlobalAveragePooling1D", "LayerNormalization", "Average", "Maximum", "Minimum",
                 "Concatenate_in_time", "Dot", "operator")
}
"""What a packed sequence is given to, and whether it is to come out as one; else an error is to be raised."""
LAYERS = "in a layer alone"
"""Where something becomes of a mask, if single layers are asked."""
PASS, DROP = [{"layer": name} for name in PASSING], [{"layer": name} for name in DROPPING]
TRAINED = [one for one in PASS if one["layer"] != "BatchNormalization"]
TRAINING = Training("sgd", (("learning_rate", 0.01),), "mse", (tuple(range(4)),))
SPARING = ("Bidirectional", "Embedding", "initial_state", "Lambda")
"""What a framework that compiles every model is asked at `default`: where a mask takes another way through the code."""
FIXED = ("Reshape", "Flatten", "Permute", "Dot")  # their shapes are written down with the time in them


def model(layer: str, masked: bool = True) -> Model:
    """The chain with `layer` in its middle; without Masking if asked."""
    chain = {**PASSING, **DROPPING}[layer]
    shape = (TIME if layer in FIXED else None, FEATURES)
    first: Chain = (node("input", "input", shape=shape), node("masking", "masking", "input", value=0.0))
    if not masked:
        first = (first[0], node("masking", "activation", "input", activation="linear"))
    if layer == "Embedding":
        first = (
            node("input", "input", shape=(None,)),
            node("through", "embedding", "input", ids=9, width=3, mask_zero=True),
        )
    ends: tuple[str, ...] = ()
    if layer == "initial_state":
        first = (*first, node("h", "input", shape=(4,)), node("c", "input", shape=(4,)))
        ends = ("h", "c")
    nodes = (*first, *chain)
    widths = {
        "Dense": 5,
        "TimeDistributed_Dense": 5,
        "LSTM": 4,
        "Bidirectional": 8,
        "Concatenate": 6,
        "Concatenate_one_masked": 6,
        "Conv1D": 5,
        "Dot": TIME,
    }
    last = "through" if chain or layer == "Embedding" else "masking"
    return Model(
        f"{NAME} {layer}",
        (
            *nodes,
            recurrent("lstm", last, widths.get(layer, FEATURES), *ends),
            node("output", "dense", "lstm", units=2, activation="linear"),
        ),
    )


def question(layer: str, masked: bool = True) -> ModelRequest:
    """The padded batch, predicted, and one step of training on all of it."""
    made, random = model(layer, masked), generator(NAME)
    inputs = np.where(VALID[:, :, None], random.normal(0, 1, (4, TIME, FEATURES)), 0.0)
    if layer == "Embedding":
        inputs = np.where(VALID, random.integers(1, 9, (4, TIME)), 0)
    if layer == "initial_state":
        inputs = {"input": inputs, "h": random.uniform(0.2, 0.8, (4, 4)), "c": random.uniform(0.2, 0.8, (4, 4))}
    training = None if layer == "BatchNormalization" else TRAINING  # its training is another computation
    weights = draw_model_weights(model(layer))
    return ModelRequest(made, weights, inputs, None, random.normal(0, 1, (*valid(layer).shape, 2)), training)


def valid(layer: str) -> np.ndarray:
    """(batch, time) bool, of what comes after the layer."""
    return np.concatenate([VALID, VALID], axis=1) if layer == "Concatenate_in_time" else VALID


def carries(seen: Observation) -> None:
    """Raises NotSupported where layers carry no mask, so that none can be passed on or lost."""
    if "mask" in seen.facts:
        raise NotSupported(f"{seen.facts['mask']}: what it does with one tells nothing of the layers")


def loss_over(request: ModelRequest, predictions: np.ndarray, where: np.ndarray) -> float:
    """The mean squared error over some steps, by hand."""
    return float(np.mean((predictions - request.targets)[where] ** 2))


def fate(layer: str, what: str, where: str = "inside a model") -> Note:
    """A row of a table of what becomes of a mask."""
    return Note(f"What becomes of a mask {where}", {"head": ["layer", "mask"], "rows": [[layer.replace("_", " "), what]]})


def loss_is(layer: str, where: np.ndarray, ask) -> list[Deviation]:
    """Deviations of the loss from the mean of the predictions' own errors over some steps."""
    request = question(layer)
    seen, expected = ask(request), expect_model(request)
    carries(seen)
    slack = float(np.max(expected["losses"].allowed)) + 1e-6 * abs(float(expected["losses"].value[0]))
    return compare("losses", seen["losses"], np.array([loss_over(request, seen["predictions"], where)]), slack)


@claim(NAME, "The layer passes the mask on: at valid steps the predictions are those of the equations, padding left out.", PASS,
       sparing=[one for one in PASS if one["layer"] in SPARING])
def passes(ask, layer):
    request, where = question(layer), valid(layer)[:, :, None]
    seen, expected = ask(request), expect_model(request)["predictions"]
    carries(seen)
    at_valid = (np.where(where, array, 0.0) for array in (seen["predictions"], expected.value, expected.allowed))
    found = compare("predictions at valid steps", *at_valid)
    return [*found, fate(layer, "lost" if found else "passed on")]


@claim(NAME, "Where the mask is passed on, a row without its padding has the same predictions.",
       [one for one in PASS if one["layer"] != "Concatenate_in_time"], sparing=[{"layer": "Embedding"}])
def unpadded(ask, layer):
    request = question(layer)
    expected = expect_model(request)["predictions"]
    carries(ask(request))
    seen = ask(request)["predictions"]
    cut = slice(FROM[SHORT], UNTIL[SHORT])
    short = {
        name: a[[SHORT], cut] if name == "input" else a[[SHORT]]
        for name, a in (request.inputs if isinstance(request.inputs, dict) else {"input": request.inputs}).items()
    }
    alone = replace(request, inputs=short, targets=None, training=None)
    allowed = 2 * float(np.max(expected.allowed))
    return compare(f"predictions of row {SHORT}, unpadded", ask(alone)["predictions"], seen[[SHORT], cut], allowed)


@claim(NAME, "While the mask survives, the loss is the mean over the valid steps, by hand.", TRAINED,
       sparing=[one for one in TRAINED if one["layer"] in SPARING])
def masked_loss(ask, layer):
    return loss_is(layer, valid(layer), ask)


@claim(NAME, "Batches of different sizes, one after the other, give the losses of the equations.",
       [{"layer": "TimeDistributed_Dense"}, {"layer": "Bidirectional"}], sparing=[{"layer": "TimeDistributed_Dense"}])
def uneven_batches(ask, layer):
    request = replace(question(layer), training=replace(TRAINING, batches=((0, 1, 2), (3,))))
    return followed(ask, request, 2)


@claim(NAME, "In training, batch normalization takes its mean and variance from the valid steps alone.", sparing=())
def batch_norm_counts_valid_steps(ask):
    request = question("BatchNormalization")
    seen = ask(replace(request, training=TRAINING))
    if "masked" not in seen.facts:
        raise NotSupported("batch normalization reads no mask here")
    steps = request.inputs[VALID]
    moments = {"through/moving_mean": steps.mean(axis=0), "through/moving_variance": steps.var(axis=0)}
    expected = expect_model(replace(request, weights={**request.weights, **moments}))["predictions"]
    due = loss_over(request, expected.value, VALID)
    return compare("losses", seen["losses"], np.array([due]), 1e-5 * due)


@claim(NAME, "The layer drops the mask: padded steps take part, as if there had been none.", DROP,
       says="The mask seems to do nothing.", sparing=[one for one in DROP if one["layer"] in SPARING])
def drops(ask, layer):
    request = question(layer)
    allowed = 2 * expect_model(request)["predictions"].allowed
    seen = ask(request)
    carries(seen)
    plain = ask(replace(question(layer, masked=False), training=None, targets=None))["predictions"]
    found = compare("predictions against those without Masking", seen["predictions"], plain, allowed)
    how = "with a warning" if any("mask" in w.lower() for w in seen.warnings) else "in silence"
    return [*found, fate(layer, "passed on" if found else f"dropped {how}")]


@claim(NAME, "Where the mask is lost, padded steps count in the loss.", DROP,
       says="The mask seems to do nothing.", sparing=[one for one in DROP if one["layer"] in SPARING])
def unmasked_loss(ask, layer):
    return loss_is(layer, np.ones_like(VALID), ask)


@claim(NAME, "Where a layer drops a mask, it says so: a warning at the latest when the model is built.", DROP,
       sparing=[one for one in DROP if one["layer"] in SPARING])
def says_so(ask, layer):
    seen = ask(question(layer))
    if "masked" not in seen.facts:
        raise NotSupported("layers carry no mask here, so none can be lost between them")
    told = [w for w in seen.warnings if "mask" in w.lower()]
    return [] if told else [Deviation("warnings", f"{layer} drops the mask in silence: no warning speaks of a mask")]


@claim(NAME, "A packed sequence goes through a recurrent layer and is one again, of the same lengths; whatever else it is given "
             "to raises an error, so that no length is lost in silence.", [{"layer": name} for name in PACKED],
       says="The mask seems to do nothing.")
def packed(ask, layer):
    ids = layer == "Embedding"
    drawn = generator(NAME).integers(1, 9, (4, TIME)) if ids else question("Dense").inputs
    lengths = np.array([6, 4, 3, 2])
    answer = ask.answer(FunctionRequest("packed_through", (("layer", layer), ("inputs", drawn), ("lengths", lengths))))
    if isinstance(answer, Refusal):
        found = [Deviation("error", f"{answer.error}: {answer.message}")] if PACKED[layer] else []
        return [*found, fate(layer, f"packed: {answer.error}", LAYERS)]
    kind = settled(answer).facts["kind"]
    if not PACKED[layer]:
        row = fate(layer, f"packed: a {kind} comes out", LAYERS)
        return [Deviation("packed", f"no error was raised: a {kind} came out"), row]
    return [*compare("lengths", answer["lengths"], lengths, 0.0), fate(layer, "packed: passed on", LAYERS)]
