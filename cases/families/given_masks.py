"""Masks that are given with one call: they are of that call alone."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare

KINDS = ("functional", "sequential", "lstm", "bidirectional", "unbuilt", "nested", "loop", "own_model", "average",
         "normalization", "dropout", "two_inputs", "lambda", "lambda_in_training", "lambda_by_word")
"""What is called: a model of an LSTM, made either way, not built, of a model, or of a user's own class; or a layer;
`normalization` and `lambda` in training. dropout: a model whose first layer hands on what it is given. two_inputs: a model of
two, and what it makes of the second one. lambda: a function that reads the mask; one that is told of training too, and one that
takes it by its name alone."""
LAMBDAS = ("lambda", "lambda_in_training", "lambda_by_word")
LOSING = ("own_model", *LAMBDAS)
"""Those of a user's own that are not told to hand masks on."""
MASK = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 0]], bool)


@statement("A mask that is given with a call is of that call alone: the next call on the same tensor gives what it gave before, "
           "and the tensor carries no mask; what reads it does not say that it is lost.",
           {"kind": KINDS}, strength=(1, 1, 1), sparing=2,
           usual={"kind": tuple(kind for kind in KINDS if kind not in ("nested", "loop", "normalization"))},
           source="Keras: Model.__call__(inputs, mask), Layer.__call__(inputs, mask)")
def given_masks_are_of_their_call(ask, kind) -> list[Deviation]:
    """Arrays: `fresh`, `masked`, `again` of three calls; `carried`, whether the tensor carries a mask at the end. Facts: `said`,
    the warning that a mask is destroyed, if any."""
    inputs = draw_values(generator("given masks"), (*MASK.shape, 4))
    seen = ask(FunctionRequest("given_mask", (("kind", kind), ("inputs", inputs), ("mask", MASK))))
    name = "again, masked" if np.array_equal(seen["again"], seen["masked"]) else "again"
    found = equal(name, seen["again"], seen["fresh"], "without a mask, after a call with one")
    found += equal("carried", seen["carried"], np.array(False))
    if (said := seen.facts.get("said", "")) and kind not in LOSING:
        found.append(Deviation("said", f"said: {said}"))
    if np.array_equal(seen["masked"], seen["fresh"]):
        found.append(Deviation("masked", "with a mask it gives what it gives without"))
    return found


READERS = ("lstm", "bidirectional", "loop", "time_distributed", "model", "simple_rnn")
HEADS = ("heads", "shared_heads")
"""Layers that take a mask of their queries by name; shared: each key by two heads. model: a functional one of an LSTM."""


@statement("A mask that is given with a call is read, and handed on, in place of the one that the inputs carry, as an array too, "
           "and beside states that are given by their place; and one of queries as if they carried it.",
           {"kind": (*READERS, *HEADS)}, strength=(1, 1, 1), sparing=1, usual={"kind": (*READERS[:5], *HEADS)},
           source="Keras: Layer.__call__(inputs, mask)")
def given_masks_go_first(ask, kind) -> list[Deviation]:
    """Arrays: `outputs`, of a layer that gives all steps, on inputs that carry another mask, from states of a half where it has
    its own loop; `due`, on such as carry none; `mask`, what the outputs carry, if any. Of heads: of queries that carry none,
    and `due` of such as carry it."""
    inputs = draw_values(generator("given masks"), (*MASK.shape, 4))
    arguments = {"kind": kind, "inputs": inputs, "mask": MASK, "carried": MASK[::-1]}
    seen = ask(FunctionRequest("mask_goes_first", tuple(arguments.items())))
    found = equal("outputs", seen["outputs"], seen["due"], "on inputs that carry another mask, or none")
    if kind in HEADS:
        return found
    return found + (equal("mask", seen["mask"], MASK) if "mask" in seen.arrays else [Deviation("mask", "mask: found none")])


JOINED = ("add", "concatenate", "attention", "lstm", "maximum", "dense", "fewer_axes", "more_axes")
"""What is given them. fewer_axes: a model of one feature, given sequences without that axis; more_axes: a model of two
inputs, each a number a step, given sequences of one feature; what it makes of the second."""


@statement("Inputs that are cast to the dtype of a layer keep their masks, alone or in a list, also where a model adds an axis, "
           "or takes one away.",
           {"kind": JOINED, "dtype": ("float16", "bfloat16")}, strength=(1, 1, 2), sparing=2, eager=3,
           usual={"dtype": ("bfloat16",)}, source="Keras: Layer.__call__, autocast")
def cast_inputs_keep_their_masks(ask, kind, dtype) -> list[Deviation]:
    """Arrays: `mask`, what the outputs carry."""
    inputs = draw_values(generator("given masks"), (*MASK.shape, 4))
    seen = ask(FunctionRequest("cast_mask", (("kind", kind), ("dtype", dtype), ("inputs", inputs), ("mask", MASK))))
    return equal("mask", seen["mask"], MASK) if "mask" in seen.arrays else [Deviation("mask", "mask: found none")]


@statement("Three inputs that are joined are valid where any of them is, and the greatest and the smallest number are of those "
           "that are, as is the product; a step is valid where any of its features is, of those that have masks of their own.",
           {"kind": ("Maximum", "Minimum", "Add", "Average", "Multiply", "Concatenate"),
            "first": ("masked", "plain", "features")},
           senseless=((("kind", "first"), lambda kind, first: first == "plain" and kind not in ("Maximum", "Minimum")),
                      (("kind", "first"), lambda kind, first: first == "features" and kind != "Concatenate")),
           strength=(1, 2, 2), source="Keras: Add, Maximum, Minimum, Concatenate, supports_masking")
def three_masks_are_joined(ask, kind, first) -> list[Deviation]:
    """Arrays: `outputs`; `mask`, what they carry, if any. Where one input carries none, so do the outputs."""
    inputs = draw_values(generator("three masks"), (3, *MASK.shape, 4))
    masks = np.stack([MASK & False, MASK[:, ::-1], MASK[::-1]])
    masks[0, 0, 1] = True
    given = [None if first == "plain" and n == 0 else mask for n, mask in enumerate(masks)]
    if first == "features":  # one after the other is masked in each step, and then all
        given[0] = masks[0][..., None] & (np.arange(4) == np.arange(4)[:, None])
    seen = ask(FunctionRequest("three_masks", (("kind", kind), ("inputs", inputs), ("masks", tuple(given)))))
    found = []
    if first != "plain":
        found = equal("mask", seen["mask"], masks.any(axis=0)) if "mask" in seen.arrays else [
            Deviation("mask", "mask: found none")]
    if kind == "Multiply":
        due = np.where(masks[..., None], inputs.astype("float32"), 1.0).prod(axis=0)
        found += compare("outputs", seen["outputs"][masks.any(axis=0)], due[masks.any(axis=0)], 1e-6 * np.abs(inputs).max() ** 3)
    if kind in ("Maximum", "Minimum"):
        valid = np.stack([np.ones_like(MASK) if mask is None else mask for mask in given])[..., None]
        far = np.inf if kind == "Minimum" else -np.inf
        due = getattr(np, kind.lower()).reduce(np.where(valid, inputs.astype("float32"), far))
        any_valid = valid.any(axis=(0, 3))
        found += equal("outputs", seen["outputs"][any_valid], due[any_valid])
    return found


@statement("Masking finds its number among whole numbers as among others: a step is masked where every feature is the "
           "number, and stays what it was where it was given.",
           {"dtype": ("int32", "int64", "uint8", "float32"), "entry": ("direct", "predict")}, strength=(1, 1, 2), sparing=1,
           source="Keras: Masking(mask_value)")
def whole_numbers_are_masked(ask, dtype, entry) -> list[Deviation]:
    inputs = np.array([[[1, 2], [7, 7], [7, 1]], [[7, 7], [3, 7], [7, 7]]])
    valid = (inputs != 7).any(axis=2)
    seen = ask(FunctionRequest("masked_numbers", (("inputs", inputs.astype(dtype)), ("number", 7), ("entry", entry))))
    found = equal("given", seen["given"], inputs, "after the call")
    found += equal("outputs", seen["outputs"], inputs * valid[:, :, None])
    return found + (equal("mask", seen["mask"], valid) if "mask" in seen.arrays else [])


@statement("A layer of one's own that takes a nest of sequences is given their masks in that nest, each that of its sequence, "
           "and its results carry theirs, called at once, between two in a series that turn the nest round, or in a model; one "
           "that hands on a sequence as it came may give it another mask, or none.",
           {"nest": ("dict", "list_in_dict", "dict_in_list", "list"), "way": ("called", "built")}, strength=(1, 1, 2),
           sparing=1, eager=3,
           source="Keras: Layer.__call__, Layer.compute_mask, nested inputs")
def nests_of_masks_are_given(ask, nest, way) -> list[Deviation]:
    """Arrays: `outputs/N`, the sequences where their masks are, 0 elsewhere; `mask/N`, what they carry. The second sequence
    carries none. `turned`, the mask that is carried behind a layer that hands its inputs on and whose compute_mask turns it;
    `bare`, whether one is behind a layer whose compute_mask gives none, and behind one that says that it destroys masks: of a
    list."""
    inputs = draw_values(generator("nests of masks"), (3, *MASK.shape, 2)).astype("float32")
    masks = (MASK, None, ~MASK)
    seen = ask(FunctionRequest("nested_masks", (("nest", nest), ("way", way), ("inputs", inputs), ("masks", masks))))
    found = []
    for number, (one, mask) in enumerate(zip(inputs, masks, strict=True)):
        found += equal(f"outputs/{number}", seen[f"outputs/{number}"], one if mask is None else one * mask[:, :, None])
        carried = seen.arrays.get(f"mask/{number}")
        if mask is None or carried is None:
            found += [] if mask is carried else [Deviation("mask", f"sequence {number} carries "
                                                                   f"{'no mask' if carried is None else 'a mask'}")]
        else:
            found += equal(f"mask/{number}", carried, mask)
    if nest == "list":
        found += equal("turned", seen["turned"], ~MASK, "behind a layer that turns it")
        found += equal("bare", seen["bare"], np.zeros(2, bool), "behind a layer that gives none, and one that destroys masks")
    return found
