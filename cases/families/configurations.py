"""What a layer was made with, it keeps: as attributes, through its own configuration, through a file, in a clone; and what was
not given is as documented."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import equal, refused, statement, worded
from cases.invariants.base import against_reference, settled
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.reference import run
from cases.requests import Deviation, Execution, Observation, Refusal, Request
from cases.tolerance import compare, unit_roundoff

KINDS = ("simple_rnn", "lstm", "gru", "bidirectional", "stacked", "conv_lstm_1d", "conv_lstm_2d", "conv_lstm_3d",
         "time_distributed", "masking", "embedding", "dropout", "attention", "heads", "additive", "dense", "einsum_dense",
         "concatenate", "dot", "pooling", "normalization", "lstm_loop", "gru_loop")
WAYS = ("configuration", "file", "clone")
BESIDE = ("GRU", "LSTM", "SimpleRNN")
"""Layers of one input, side by side, in the order in which they are joined."""
TOLD_OF = ((2, 7, 3), (2, None))
"""The shapes of a series and of ids (rows, steps) of which a model that reads both is to tell its own: it gives three features of
every second step, two of half precision for each id, and the ids, one more."""
DTYPES = ("float32", "float16", "int32")
TELLS = {"shapes": ((2, 4, 3), (2, None, 2), (2, None)), "dtypes": DTYPES, "given": DTYPES, "names": ("joined",)}
"""What it tells of them and of its results, and the dtypes of these where ids come as floats; the names in what the model of
layers side by side gives."""


@statement("Every option of a layer, and of its cell, is the one that was given, none of them the default, and still is in a "
           "layer that is made from its configuration, from a file, or as a clone; so is every value where all flags are left "
           "as documented, and what is documented where nothing is told; a configuration is numbers, words, lists and "
           "mappings, no objects.", {"kind": KINDS, "way": WAYS},
           strength=(1, 2, 2), usual={"way": ("configuration",)}, source="Keras: get_config, from_config, save, clone_model")
def options_survive(ask, kind, way):
    seen = ask(FunctionRequest("options", (("kind", kind), ("way", way))))
    found = [Deviation("configuration", f"the configuration of {words}") for words in seen.facts.get("objects", ())]
    for name, given, made, again in seen.facts.get("options", ()):
        if made != given:
            found.append(Deviation(name, f"{name}: {given} was given, the layer has {made}"))
        elif again != given:
            found.append(Deviation(name, f"{name}: {given} was given, after {way} the layer has {again}"))
    return found or ([] if seen.facts.get("options", ()) else [Deviation("options", "no option was looked at")])


@statement("An option that is given alone, or given as None, is still there in a layer or cell that is made of the "
           "configuration.",
           {"kind": ("lstm", "gru", "simple_rnn", "conv_lstm", "lstm_cell", "gru_cell", "simple_rnn_cell")}, sparing=0,
           usual={"kind": ("lstm", "simple_rnn_cell")}, strength=(1, 1, 1), source="Keras: get_config, from_config")
def single_options_survive(ask, kind):
    told = ask(FunctionRequest("alone", (("kind", kind),))).facts.get("options", ())
    return [Deviation(name, f"{name}: {given} was given, the layer has {made}, and {again} when it is made again")
            for name, given, made, again in told if not given == made == again] + (
        [] if told else [Deviation("options", "no option was looked at")])


@statement("Layers that stand several times in a model, in turn, do so, with one set of weights, in one that is made of it: it "
           "gives the same; and its inputs have their names, shapes and dtypes; layers side by side, in a model of a class of "
           "one's own too, are listed as they are joined, and weights of a series keep their paths, those of their layers; it "
           "tells the shapes and dtypes of its results, and gives them by the names that they have; a cell in two loops is in "
           "both of a clone's; a layer that is called several times tells what it was given first, and gave for it.",
           {"way": WAYS}, sparing=0, source="Keras: clone_model, Model.from_config, load_model")
def shared_layers_stay_shared(ask, way):
    seen = ask(FunctionRequest("shared", (("way", way),)))
    told = seen.facts["inputs"]
    other = [Deviation("inputs", f"after {way} the inputs are {told['again']}, they were {told['made']}")]
    order = [Deviation("layers", f"joined are {BESIDE}, listed {who} {names}")
             for who, names in seen.facts["beside"].items() if names != BESIDE]
    other = other * (told["again"] != told["made"])
    other += [Deviation(what, f"{what} of the results of the one that is {who}: {each[what]}, expected {due}")
              for who, each in seen.facts["tells"].items() for what, due in TELLS.items() if each[what] != due]
    paths = seen.facts["paths"]
    if way == "configuration" and paths["again"] != paths["made"]:  # of which a file is made, too
        order.append(Deviation("paths", f"paths: after {way} {paths['again'][0]}, it was {paths['made'][0]}"))
    order += [Deviation("owned", f"owned: a weight at {path}, of a layer for which it would be {due}")
              for path, due in seen.facts["owned"] if path != due]
    if seen.facts["cells"]["again"] != seen.facts["cells"]["made"]:
        order.append(Deviation("cells", f"cells: after {way} {seen.facts['cells']['again']} parameters, "
                               f"it was {seen.facts['cells']['made']}"))
    if (first := seen.facts.get("first")) != ("input", "output"):
        order.append(Deviation("first", f"of its first call a layer tells {first}, expected its input and output"))
    found = equal("layers and parameters", seen["again"], seen["made"], f"after {way}")
    return found + equal("outputs", seen["outputs/again"], seen["outputs/made"], f"after {way}") + other + order


@statement("An input that a model may be called without may be left out in one that is made of it too, or of what is between its "
           "inputs and its results, also where it is the first, in a batch of evaluation; one that it needs may not.",
           {"way": WAYS}, sparing=0, source="Keras: Input(optional=True), clone_model, Model.from_config, load_model")
def optional_inputs_stay_optional(ask, way):
    """Arrays: `MODEL/with`, `MODEL/without`, what a model gives, of `made`, `again`, `between`; `told`, the squared errors of a
    batch without the input, targets zero; `needed`, 1 where models refuse a call without what they need: `made`, `again`."""
    seen = ask(FunctionRequest("optional", (("way", way),)))
    found = [d for name in ("with", "without") for who in ("again", "between")
             for d in equal(f"{who}/{name}", seen[f"{who}/{name}"], seen[f"made/{name}"], f"after {way}")]
    due = np.array(np.mean(seen["made/without"].astype("float64") ** 2))
    found += compare("told", seen["told"], due, 1e-5 * (1 + due)) + equal("needed", seen["needed"], np.ones(2, "int32"))
    same = np.array_equal(seen["made/with"], seen["made/without"])
    return found + [Deviation("with", "with the input it gives what it gives without")] * same


BOUNDED = ("simple_rnn", "lstm", "gru", "conv_lstm_1d", "conv_lstm_2d", "conv_lstm_3d", "bidirectional", "stacked", "embedding",
           "gru_before", "lstm_apart", "gru_apart")
"""`before`: the reset comes before the product; `apart`: gates are computed one at a time."""
FACTOR = {"kernel": 0.125, "recurrent_kernel": 0.25, "bias": 0.5, "embeddings": 0.75}
"""The factor of each weight's L2 regularizer."""
FILLED = {"kernel": 0.25, "recurrent_kernel": 0.375, "bias": 0.625, "embeddings": 0.875}
"""What each weight's initializer fills it with."""
MOST = 0.5
"""The largest norm of a column of a recurrent kernel."""


@statement("Every initializer fills its weight, every regularizer of every weight adds to the loss, and every constraint holds "
           "after a step of training, in every kind of layer.", {"kind": BOUNDED}, sparing=1,
           source="Keras: Constant, L2, NonNeg, MaxNorm(axis=0)")
def bounds_reach_every_weight(ask, kind):
    seen = ask(FunctionRequest("bounds", (("kind", kind), ("factors", FACTOR), ("filled", FILLED), ("most", MOST))))
    before, after = ({n.split("/", 1)[1]: a for n, a in seen.named(when).items()} for when in ("before", "after"))
    due = sum(FACTOR[name.split(" ")[0]] * float(np.sum(np.square(w, dtype="float64"))) for name, w in before.items())
    found = compare("loss", seen["loss"], np.array(due), 64 * unit_roundoff("float32") * due)
    for name, weight in seen.named("first").items():
        found += equal(name, weight, np.full(weight.shape, FILLED[name.split("/", 1)[1].split(" ")[0]]))
    if len(seen.named("first")) != len(after):
        found.append(Deviation("first", "the first weights are missing"))
    for name, weight in after.items():
        if name.startswith("recurrent"):
            far, was = ((np.sqrt(np.square(w, dtype="float64").sum(axis=0)) - MOST).max() for w in (weight, before[name]))
        else:
            far, was = -weight.min(), -before[name].min()
        if far > 1e-5:
            found.append(Deviation(name, f"{name}: beyond its constraint by {far:.3g} after a step", float(far), 1e-5))
        if was <= 0:
            found.append(Deviation(name, f"{name}: its constraint had nothing to do"))
    return found


GATED = {"units": 4, "activation": "relu", "recurrent_activation": "tanh", "use_bias": False}
PLAIN = {"units": 4, "activation": "relu", "use_bias": False}
PLACES: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "lstm": {"LSTM": GATED, "LSTMCell": GATED, "Masking": {"mask_value": 3.0}, "Embedding": {"input_dim": 9, "output_dim": 4},
             "ConvLSTM1D": {"filters": 2, "kernel_size": (3,), "strides": (2,), "padding": "same"}},
    "gru": {"GRU": GATED, "GRUCell": GATED, "Bidirectional": {"merge_mode": "sum"},
            "RNN": {"return_sequences": True, "return_state": False, "go_backwards": True, "stateful": False, "unroll": True}},
    "simple_rnn": {"SimpleRNN": PLAIN, "SimpleRNNCell": PLAIN, "Dense": PLAIN, "SpatialDropout1D": {"rate": 0.5, "seed": 7},
                   "GlobalAveragePooling1D": {"data_format": "channels_first", "keepdims": True}},
}
"""Layers, by the cell that they are asked beside, and options in documented order; of wrappers those behind what is wrapped."""


@statement("A layer that is made without options has the documented ones: tanh, sigmoid, a bias, the last output alone, the "
           "GRU's reset after the product, both directions concatenated; zeros are masked, and an embedding masks nothing; "
           "one that is given options by their places has these.",
           {"cell": ("lstm", "gru", "simple_rnn"), "direction": ("forward", "bidirectional")}, strength=(1, 1, 2),
           source="Keras: LSTM, GRU, SimpleRNN, Bidirectional, Masking")
def defaults_are_documented(ask, cell, direction):
    layer = Layer(cell, 3, 4, direction=direction, return_sequences=False, return_state=False)
    batch = BatchPlan(4, 5, "gaps").draw(layer).but(cotangents=None)
    places = tuple((name, tuple(options.items())) for name, options in PLACES[cell].items())
    seen = ask(FunctionRequest("defaults", (("layer", layer), ("weights", draw_weights(layer)), ("batch", batch),
                                            ("places", places))))
    request = Request(layer, draw_weights(layer), batch, wants=("outputs",), execution=Execution())
    found = against_reference(seen, request, "outputs")
    found += [Deviation("places", f"{name} by its place: found {said}, {due} was given")
              for name, said, due in seen.facts.get("places", ()) if said != due]
    return found + [Deviation("mask", f"{name} by default: found {said}, documented {due}")
                    for name, said, due in seen.facts.get("masks", ()) if said != due]


CHOICES = ("never", "always", "auto", "nonsense")
"""use_cudnn: False, True, "auto", and a word that means nothing."""


@statement("A layer whose kernel is chosen by hand gives what the equations say, no other kernel than was chosen: where that "
           "cannot run, and where the choice means nothing, it refuses.",
           {"choice": CHOICES, "cell": ("lstm", "gru"), "mask": ("none", "right"),
            "direction": ("backward", "bidirectional", "forward")}, usual={"direction": ("backward", "bidirectional")},
           strength=(1, 3, 3), sparing=4, eager=12, source="Keras: LSTM(use_cudnn), GRU(use_cudnn)")
def chosen_kernels_are_right_or_refused(ask, choice, cell, mask, direction):
    layer = Layer(cell, 3, 4, direction=direction)
    request = Request(layer, draw_weights(layer), BatchPlan(4, 5, mask).draw(layer).but(cotangents=None))
    asked = FunctionRequest("chosen_kernel", (("request", request), ("choice", choice)))
    if choice == "nonsense":
        return refused(ask, asked, lambda seen: Deviation("error", "a choice that means nothing was taken in silence"))
    answer = ask.answer(asked)
    if choice == "always" and isinstance(answer, Refusal):
        return worded(answer)
    seen = settled(answer)
    fused = [kind for kind in ("cudnn", "CudnnRNN") if kind in seen.kernel]
    found = against_reference(seen, request, "outputs", "states")
    if choice == "always" and "generic" in seen.kernel:
        found.append(Deviation("kernel", f"{seen.kernel} ran, and another was chosen"))
    return found + ([Deviation("kernel", f"{seen.kernel} ran, and was chosen never to")] if fused and choice == "never" else [])


@statement("The losses of a model are those of its last call: the activity of its layers, those inside others too, by the batch; "
           "of a layer that gives its states, theirs too.",
           {"cell": ("lstm", "gru"), "inside": ("sequential", "layer", "model", "states", "both", "deep")}, strength=(1, 1, 2),
           source="Keras: activity_regularizer, Layer.losses")
def losses_are_of_the_last_call(ask, cell, inside):
    layer = Layer(cell, 3, 4, return_state=inside == "states", direction="bidirectional" if inside == "both" else "forward")
    batches = tuple(BatchPlan(4, 5).draw(layer, seed=seed).but(cotangents=None) for seed in (0, 1))
    given = {"layer": layer, "weights": draw_weights(layer), "batches": batches, "inside": inside, "factor": 0.25}
    seen = ask(FunctionRequest("activity", tuple(given.items())))
    found = []
    for number, batch in enumerate(batches):
        due = run(Request(layer, draw_weights(layer), batch, wants=("outputs", "states")), "hold", "float64")
        loss = np.sort([0.25 * np.sum(part**2) / 4 for part in punished(layer, due)])
        found += compare(f"losses/{number}", np.sort(seen[f"losses/{number}"]), loss, 1e-5 * loss)
    return found


def punished(layer: Layer, answer: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The results whose activity counts: each of a layer, or the outputs of each half."""
    if layer.direction != "bidirectional":
        return [answer[name] for name in layer.result_names]
    return np.split(answer["outputs"], 2, axis=-1)


PARTS = ((5, 2), (6, 3), (4, 1), (3, 5))
"""Rows, and how many of them at a time."""


@statement("Rows that are predicted, evaluated or fitted some at a time give what they give at once, in their order, and nothing "
           "is dropped; in training it is, anew in each step.",
           {"cell": ("lstm", "gru", "simple_rnn"), "parts": PARTS, "mask": ("right", "none")},
           usual={"cell": ("lstm",), "parts": ((5, 2),), "mask": ("right",)}, strength=(1, 1, 2),
           source="Keras: predict, evaluate, train_on_batch(batch_size)")
def parts_are_the_whole(ask, cell, parts, mask):
    rows, size = parts
    layer = Layer(cell, 3, 4)
    batch = BatchPlan(rows, 5, mask).draw(layer)
    targets = batch.cotangents["outputs"]
    batch = batch.but(cotangents=None)
    given = {"layer": layer, "weights": draw_weights(layer), "batch": batch, "size": size, "targets": targets, "dropout": 0.5,
             "factor": 0.25}
    seen: Observation = ask(FunctionRequest("in_parts", tuple(given.items())))
    found = against_reference(seen, Request(layer, draw_weights(layer), batch, wants=("outputs",)), "outputs")
    found += equal("heard", seen["heard"], seen["outputs"], "what callbacks are told, batch by batch")
    outputs = seen["outputs"].astype("float64")
    if outputs.shape != targets.shape:
        return found
    errors = np.mean((outputs - targets) ** 2, axis=-1)

    def loss(part: slice) -> float:
        """Of some rows: the mean error, and the activity of the layer by the row."""
        return errors[part][batch.valid[part]].mean() + 0.25 * np.sum(outputs[part] ** 2) / len(outputs[part])

    means = [(loss(part), len(errors[part])) for part in (slice(start, start + size) for start in range(0, rows, size))]
    due = sum(mean * count for mean, count in means) / rows  # Keras weighs the mean of each part by its rows
    for name, wanted in (("loss", due), ("fitted", due), ("first", means[0][0])):
        if not abs(float(seen[name]) - wanted) <= 1e-5 * wanted:
            words = f"{name}: found {float(seen[name]):.6g}, expected {wanted:.6g}"
            found.append(Deviation(name, words, abs(float(seen[name]) - wanted), 1e-5 * wanted))
    whole = loss(slice(None))
    if seen["trained"] == seen["again"]:
        found.append(Deviation("trained", "two steps of training drop the same"))
    if abs(float(seen["trained"]) - whole) <= 1e-4 * whole:
        found.append(Deviation("trained", "the loss of training is that of inference, though half of the inputs are dropped"))
    return found
