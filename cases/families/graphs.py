"""Layers around recurrent ones, with masks: joins of differently masked inputs, pooling, attention, wrappers, models inside
models; and what they draw in training.

Padding holds a number that shows wherever it is read (see `cases.reference.graphs`).
"""

from __future__ import annotations

import numpy as np

from cases.batches import draw_mask, draw_values
from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.reference import run_graph
from cases.requests import Deviation, Observation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES = 4, 5, 3
SLACK = 256 * unit_roundoff("float32")
HALVES = {"float16": 4 * unit_roundoff("float16"), "bfloat16": 4 * unit_roundoff("bfloat16")}
"""Dropout in half precision, and how far that is from what it reads."""
"""Of the largest number: a few dozen operations in float32, exponentials of sums among them."""
JOINS = ("add", "multiply", "subtract", "average", "maximum", "minimum", "concatenate", "concatenate_time",
         "concatenate_from_the_end", "concatenate_movies", "add_movies", "multiply_movies", "subtract_movies", "average_movies",
         "maximum_movies", "minimum_movies")
"""concatenate_from_the_end: in time, whose axis is told from the end."""
ORIGINS = ("built", "reloaded")


def asked(
    kind: str, masks: tuple[str, ...], layer: Layer | None = None, words: bool = False, rows: int = ROWS, **more
) -> FunctionRequest:
    """A question about one layer on inputs with masks of these kinds."""
    random = generator("graph", kind, *masks)
    shape = (rows, 3, STEPS, FEATURES) if words else (rows, STEPS, FEATURES)
    inputs = tuple(draw_values(random, shape) / 2 for _ in masks)
    drawn = [draw_mask(generator("graph", kind, m, n), m, rows * 3 if words else rows, STEPS) for n, m in enumerate(masks)]
    drawn = [m if m is None else m.reshape(shape[:-1]) for m in drawn]
    given = {"kind": kind, "inputs": inputs, "masks": tuple(drawn), "layer": layer,
             "weights": draw_weights(layer) if layer else None, **more}
    return FunctionRequest("graph", tuple(given.items()))


def against(seen: Observation, request: FunctionRequest, where_valid: bool = False) -> list[Deviation]:
    """Deviations from the equations, at masked steps too unless only valid ones are asked for, and of the mask that is passed
    on."""
    due, found = run_graph(**dict(request.arguments)), []
    for name in due.named("outputs") | due.named("inside"):
        value, array = due[name], seen.arrays.get(name, np.zeros(0))
        if where_valid and array.shape == value.shape:
            valid = due.arrays.get("mask", np.ones(value.shape[:2], bool))
            value, array = (np.where(valid.reshape(*valid.shape, *(1,) * (value.ndim - 2)), a, 0.0) for a in (value, array))
        found += compare(name, array, value, SLACK * np.abs(value).max())
    if "mask" not in due.arrays:
        return found
    if "mask" not in seen.arrays:
        return [*found, Deviation("mask", "masks went in, and the outputs carry none")]
    if not np.array_equal(seen["mask"].astype(bool), due["mask"]):
        words = [mask.astype(int).tolist() for mask in (seen["mask"], due["mask"])]
        found.append(Deviation("mask", f"mask: found {words[0]}, expected {words[1]}"))
    return found


@statement("A join of two inputs with masks of their own is right, and valid wherever one of them is, the greatest and the least "
           "of both read no padding, and a product of two masked steps is zero; where one has no mask numbers have none, and a "
           "concatenation counts all of it; so it is with movies, whose steps are masked as a whole.",
           {"kind": JOINS, "masks": ("right-left", "left-gaps", "gaps-full", "single-single", "right-none", "none-left"),
            "origin": ORIGINS},
           usual={"kind": (*JOINS[:10], "average_movies", "multiply_movies", "maximum_movies"), "origin": ("built",),
                  "masks": ("right-left", "left-gaps", "right-none")}, strength=(1, 2, 2), senseless=(
               (("kind", "masks"), lambda kind, masks: kind.endswith("movies") and masks != "right-left"),
               (("kind", "masks"), lambda kind, masks: kind.endswith("end") and masks not in ("right-none", "none-left")),),
           source="Keras: Merge.compute_mask (OR), Concatenate.compute_mask")
def joined_masks_are_either(ask, kind, masks, origin):
    request = asked(kind, tuple(masks.split("-")), origin=origin)
    seen = ask(request)
    told = "mask" in seen.arrays and "none" in masks and not kind.startswith("concatenate")
    found = against(seen, request, where_valid=True) + ([Deviation("mask", "a mask, where one input has none")] if told else [])
    if kind.startswith("multiply") and "mask" in seen.arrays:
        masked = seen["outputs"][~seen["mask"].astype(bool)]
        found += equal("outputs", masked, np.zeros_like(masked), "masked in both")
    return found


@statement("A vector that is joined to a sequence is joined to every step of it, and a cosine of two sequences is of numbers of "
           "norm one along the axes that it sums over; a product with a vector is one with every step, in either order.",
           {"kind": ("add", "multiply", "maximum", "average", "cosine", "cosine_time", "dot_before", "dot_behind")},
           usual={"kind": ("add", "multiply", "cosine", "cosine_time", "dot_before", "dot_behind")}, sparing=2, eager=4,
           source="Keras: Merge, Dot(normalize=True)")
def joins_of_other_shapes(ask, kind):
    random = generator("graph", "shapes", kind)
    other = (ROWS, FEATURES) if not kind.startswith("cosine") else (ROWS, FEATURES, 2) if kind == "cosine" else (ROWS, 2, STEPS)
    inputs = (draw_values(random, (ROWS, STEPS, FEATURES)) / 2, draw_values(random, other) / 2)
    given = {"kind": kind, "inputs": inputs, "masks": (None, None), "layer": None, "weights": None}
    request = FunctionRequest("graph", tuple(given.items()))
    return against(ask(request), request)


@statement("A step is masked where every one of its features is the number that masks, and not where some are; it becomes zero, "
           "and the mask is told before the call as it is passed on.",
           {"value": (0.0, -7.5, 2.0)}, usual={"value": (0.0, -7.5)}, source="Keras: Masking(mask_value)")
def masking_looks_at_every_feature(ask, value):
    request = asked("masking", ("gaps",), value=value)
    given = dict(request.arguments)
    inputs, mask = given["inputs"][0].copy(), given["masks"][0]
    inputs[~mask] = value
    inputs[:, :, 0] = value
    inputs[:, 0, :2] = value
    request = FunctionRequest("graph", tuple({**given, "inputs": (inputs,), "masks": (None,)}.items()))
    seen = ask(request)
    due, whose = (inputs != value).any(axis=2), "the mask that is told of inputs"
    told = [d for n in ("told", "told beside another") for d in equal(n, seen.arrays.get(n, np.zeros(0)), due, whose)]
    return against(seen, request) + told


@statement("An embedding that masks gives every id its own row, id 0 too, and masks id 0 alone, whatever type the ids come in, "
           "and whether its table was given as it was made, or later.",
           {"highest": (3, 65537, 0), "dtype": ("int32", "float32", "int64", "uint8", "float64"), "table": ("built", "given")},
           usual={"dtype": ("uint8", "float32", "int64")}, strength=(1, 1, 2), source="Keras: Embedding(mask_zero=True)",
           senseless=((("highest", "dtype"), lambda highest, dtype: highest > 255 and dtype == "uint8"),))
def an_embedding_masks_id_zero(ask, highest, dtype, table):
    random = generator("ids", highest)
    # where numbers of fewer bits end, and begin anew, and beyond those that half precision has
    some = [0, 1, 2, 3, 127, 128, 255, 256, 257, 511, 512, 2049, 32767, 32768, 65535, 65536, 65537]
    some = [number for number in some if number <= highest]
    ids = random.permutation(np.resize(some, ROWS * STEPS)).reshape(ROWS, STEPS).astype(dtype)
    given = {"kind": "embedding", "inputs": (ids,), "masks": (None,), "layer": None, "origin": table,
             "weights": {"embeddings": draw_values(random, (highest + 1, 1 if highest == 3 else FEATURES))}}
    request = FunctionRequest("graph", tuple(given.items()))
    return against(ask(request), request)


@statement("Pooling over time reads the mask that comes with its input, and passes none on.",
           {"mask": ("right", "left", "gaps", "single", "none")}, usual={"mask": ("right", "none")},
           source="Keras: GlobalAveragePooling1D")
def pooling_reads_the_mask_of_its_input(ask, mask):
    request = asked("pool", (mask,))
    seen = ask(request)
    carried = "mask" in seen.arrays
    return against(seen, request) + ([Deviation("mask", "a mask without a time axis to belong to")] if carried else [])


@statement("Attention reads valid steps alone, a causal one none that is later, gives zero for masked queries and passes their "
           "mask on.", {"kind": ("attend", "attend_back"), "masks": ("left-right", "gaps-full", "right-right", "gaps-right")},
           usual={"masks": ("gaps-right", "right-right")},
           source="Keras: Attention; Luong et al. 2015")
def attention_reads_valid_steps(ask, kind, masks):
    request = asked(kind, tuple(masks.split("-")))
    return against(ask(request), request)


@statement("A recurrent layer over the words of each sentence gets the mask of those words, of one text, too.",
           {"mask": ("right", "gaps", "left"), "cell": ("lstm", "gru", "simple_rnn"), "rows": (ROWS, 1)},
           usual={"mask": ("right",), "cell": ("lstm",)}, source="Keras: TimeDistributed(LSTM)")
def words_have_their_own_mask(ask, mask, cell, rows):
    layer = Layer(cell, FEATURES, 4, return_sequences=False, return_state=False)
    request = asked("words", (mask,), layer, words=True, rows=rows)
    return against(ask(request), request)


@statement("A mask that a model is called with reaches its layers, inside another model too.",
           {"mask": ("right", "left", "gaps"), "cell": ("lstm", "gru", "simple_rnn")},
           usual={"mask": ("left",), "cell": ("lstm",)}, source="Keras: Functional.call(mask=...)")
def a_model_takes_a_mask(ask, mask, cell):
    layer = Layer(cell, FEATURES, 4, return_sequences=False, return_state=False)
    request = asked("given", (mask,), layer)
    return against(ask(request), request)


@statement("In training spatial dropout, one of that shape and that of a cell in a stack drop whole features, dropout inside a "
           "wrapper single numbers, another draw in every call, each scaled by what is kept; in inference nothing is dropped.",
           {"kind": ("spatial", "wrapped", "inherited", "stacked", "wrapped-masked", "shaped", *HALVES),
            "training": (True, False)},
           strength=(1, 2, 2),
           source="Tompson et al. 2015; Keras: SpatialDropout1D, TimeDistributed, StackedRNNCells, training=True")
def dropout_around_layers(ask, kind, training):
    kind, _, masked = kind.partition("-")
    request = asked(f"{kind}_dropout", ("right" if masked else "none",), training=training)
    given = dict(request.arguments)
    inputs = np.exp(given["inputs"][0])
    inputs = np.where(given["masks"][0][:, :, None], inputs, 1.0) if masked else inputs
    answer = ask(request)
    seen = answer["outputs"]
    if seen.shape != inputs.shape:
        return [Deviation("outputs", f"outputs: found shape {seen.shape}, expected {inputs.shape}")]
    lost = seen == 0
    due = np.where(lost, 0.0, inputs * (2.0 if training else 1.0))
    found = compare("outputs", seen, due, HALVES.get(kind, SLACK) * due.max())
    if lost.any() != training or lost.all():
        found.append(Deviation("outputs", f"training={training}: {int(lost.sum())} of {lost.size} numbers are dropped"))
    if training and np.array_equal(answer.arrays.get("again", seen) == 0, lost):
        found.append(Deviation("again", "the second call drops what the first one dropped"))
    if training and (lost == lost[:1]).all():
        found.append(Deviation("outputs", "the same is dropped of every row"))
    if kind in ("spatial", "stacked", "shaped") and (lost != lost[:, :1]).any():
        found.append(Deviation("outputs", "a feature is dropped at some steps and kept at others"))
    if kind not in ("spatial", "stacked", "shaped") and training and (lost == lost[:, :1]).all():
        found.append(Deviation("outputs", "the same is dropped at every step"))
    return found
