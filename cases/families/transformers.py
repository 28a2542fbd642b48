"""Layers of transformers, as they stand behind recurrent ones: their equations, however the layer was come by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr

from cases.batches import draw_mask, draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, MEMORY, WIDTH, INNER, HEADS = 3, 4, 5, 4, 6, 2
"""Rows of the batch; steps of the sequence and of the memory; features, of the sequence and within; heads of an attention."""
EPSILON, WIDE = 1e-5, 0.25
"""Of the norms, as documented; and where it is given."""
SLACK = 1024 * unit_roundoff("float32")
"""Of numbers that norms bring to one: some hundred roundings, each of them made no larger."""
ACTIVATIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "gelu": lambda x: x * ndtr(x),
    "silu": lambda x: x / (1.0 + np.exp(-x)),
    "tanh": np.tanh,
}
GIVEN = ("relu-word", "gelu-word", "tanh-function", "gelu-module", "silu-module")
"""Activations, and what a layer is given for them."""
Weights = Mapping[str, np.ndarray]


def shapes(kind: str, bias: bool) -> dict[str, tuple[int, ...]]:
    """The weights of an `encoder` or a `decoder` layer, by PyTorch's names."""
    found: dict[str, tuple[int, ...]] = {}
    for part in ("self_attn", *(["multihead_attn"] if kind == "decoder" else [])):
        found |= {f"{part}.in_proj_weight": (3 * WIDTH, WIDTH), f"{part}.in_proj_bias": (3 * WIDTH,)}
        found |= {f"{part}.out_proj.weight": (WIDTH, WIDTH), f"{part}.out_proj.bias": (WIDTH,)}
    found |= {"linear1.weight": (INNER, WIDTH), "linear1.bias": (INNER,), "linear2.weight": (WIDTH, INNER)}
    found |= {"linear2.bias": (WIDTH,)}
    for n in range(1, 4 if kind == "decoder" else 3):
        found |= {f"norm{n}.weight": (WIDTH,), f"norm{n}.bias": (WIDTH,)}
    return found if bias else {name: shape for name, shape in found.items() if not name.endswith("bias")}


def normed(x: np.ndarray, weights: Weights, name: str, epsilon: float) -> np.ndarray:
    """Each step brought to mean 0 and variance 1, then scaled and moved."""
    off = x - x.mean(axis=-1, keepdims=True)
    scaled = off / np.sqrt((off**2).mean(axis=-1, keepdims=True) + epsilon) * weights[f"{name}.weight"]
    return scaled + weights.get(f"{name}.bias", 0.0)


def linear(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    """A product and a bias."""
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0.0)


def attended(x: np.ndarray, read: np.ndarray, may: np.ndarray, weights: Weights, name: str, added: np.ndarray) -> np.ndarray:
    """Several heads of attention of `x` (rows, queries, features), on what it `may` (rows, queries, values) read (rows, values,
    features), with what is `added` (queries, values) to the scores."""
    parts = np.split(weights[f"{name}.in_proj_weight"], 3)
    biases = np.split(weights.get(f"{name}.in_proj_bias", np.zeros(3 * WIDTH)), 3)
    q, k, v = (np.stack(np.split(one @ w.T + b, HEADS, axis=-1), axis=1)
               for one, w, b in zip((x, read, read), parts, biases, strict=True))
    scores = np.where(may[:, None], q @ np.swapaxes(k, -1, -2) / math.sqrt(WIDTH // HEADS) + added, -np.inf)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    heads = powers / powers.sum(axis=-1, keepdims=True) @ v
    return linear(np.concatenate(list(np.moveaxis(heads, 1, 0)), axis=-1), weights, f"{name}.out_proj")


def transformed(options: Mapping[str, Any], given: Mapping[str, np.ndarray], weights: Weights) -> np.ndarray:
    """The layer by its equations, as of Vaswani et al. 2017; with `norm_first` as of Xiong et al. 2020. Stacked: twice.

    given   x (rows, steps, features), valid (rows, steps), own (steps, steps), what a step may read, added (steps, steps) to its
            scores; memory, memory_valid, and crossed (steps, memory), what it may read of that, for a decoder
    """
    kind, norm_first, activation = options["kind"], options["norm_first"], ACTIVATIONS[options["activation"].partition("-")[0]]
    x, rows, epsilon = given["x"], len(given["x"]), WIDE if options["batch_first"] else EPSILON
    own = np.broadcast_to(given["valid"][:, None, :], (rows, STEPS, STEPS)) & given["own"]
    dropped = options["dropped"]

    def kept(place: str, y: np.ndarray) -> np.ndarray:
        return y * (place != dropped)

    weights = {name: kept("weights", one) if name.endswith("out_proj.weight") else one for name, one in weights.items()}
    blocks: list[Callable[[np.ndarray], np.ndarray]] = [lambda y: attended(y, y, own, weights, "self_attn", given["added"])]
    if kind == "decoder":
        other = given["memory_valid"][:, None, :] & given["crossed"]
        blocks.append(lambda y: attended(y, given["memory"], other, weights, "multihead_attn", np.zeros(1)))
    blocks.append(lambda y: linear(kept("inside", activation(linear(y, weights, "linear1"))), weights, "linear2"))
    for number, block in enumerate(blocks * (2 if options["way"] == "stacked" else 1)):
        place = number % len(blocks) + 1
        name, drop = f"norm{place}", "last" if place == len(blocks) else f"block{place}"
        if norm_first:
            x = x + kept(drop, block(normed(x, weights, name, epsilon)))
        else:
            x = normed(x + kept(drop, block(x)), weights, name, epsilon)
    return x


def validity(mask: str, steps: int, causal: bool) -> np.ndarray:
    """(rows, steps) bool: which steps may be read; `short`: the last of no row; where none later may, the first of each."""
    drawn = draw_mask(generator("transformers", mask, steps), "right" if mask == "short" else mask, ROWS, steps)
    drawn = drawn & (np.arange(steps) < steps - 1) if mask == "short" else drawn
    valid = np.ones((ROWS, steps), bool) if drawn is None else drawn.copy()
    valid[:, 0] |= causal
    return valid


SAID = ("nothing", "causal", "nearly_causal")
"""What a step may read of its sequence; nearly: of what came before the last step may not read the second."""
BIASED = (*SAID, "biased")
"""Or all of it, and numbers are added to its scores, as for places that are near or far."""
DROPPED = ("nothing", "inside", "weights", "block1", "block2", "last")
"""What a layer in training drops all of: what the feed-forward block holds inside, the weights of all attention, what the first,
second or last block gives. Nothing: in inference."""
FACTORS = {
    "kind": ("decoder", "encoder"), "way": ("made", "copied", "pickled", "stacked", "whole"), "activation": GIVEN,
    "norm_first": (False, True), "mask": ("none", "right", "gaps"), "said": BIASED, "gradients": (True, False),
    "batch_first": (True, False), "bias": (True, False), "memory": (MEMORY, STEPS), "crossed": (False, True), "dropped": DROPPED,
}
"""The ways by which a layer is come by: made; copied deeply; pickled and read again; two in a stack that was made of it; that of
a whole transformer that was given the layer's options. memory: its steps; crossed: whether a mask says what of it is read."""
FAST = {"way": ("made", "stacked"), "activation": ("relu-word", "gelu-word"), "norm_first": (False, True),
        "mask": ("right", "gaps", "none", "left", "short"), "said": BIASED, "batch_first": (True, False)}


@statement("A layer of a transformer is its equations with the activation that it was given, made, copied, pickled, stacked or "
           "in a whole transformer, with padding or without, whether gradients are taken or not, and whatever of it is "
           "dropped in training.", FACTORS, strength=(1, 2, 2),
           usual={"bias": (True,), "dropped": ("nothing", "inside", "weights", "last")}, sparing=0, senseless=(
               (("kind", "memory"), lambda kind, memory: kind == "encoder" and memory == STEPS),
               (("kind", "dropped"), lambda kind, dropped: kind == "encoder" and dropped == "block2"),
               (("kind", "crossed"), lambda kind, crossed: kind == "encoder" and crossed)),
           source="PyTorch: nn.TransformerEncoderLayer, nn.TransformerDecoderLayer; Vaswani et al. 2017; Xiong et al. 2020")
def transformer_layers_are_their_equations(ask, **variant) -> list[Deviation]:
    return deviations(ask, **variant)


@statement("A layer of an encoder that nothing keeps from being fast is its equations, with padding, causality and both, also "
           "where it reads time first, has no biases, or is watched, and nothing may be fast.", FAST,
           strength=(1, 3, 3), sparing=0, senseless=(
               (("said", "mask"), lambda said, mask: said == "biased" and mask not in ("none", "gaps")),
               (("said", "activation"), lambda said, activation: said == "biased" and activation != "gelu-word"),
           ), source="PyTorch: nn.TransformerEncoderLayer, the fast path; float masks are added to the scores")
def fast_encoders_are_their_equations(ask, **variant) -> list[Deviation]:
    return deviations(ask, kind="encoder", gradients=False, bias=variant["mask"] != "left", memory=MEMORY, crossed=False,
                      dropped="nothing", **variant)


@statement("A whole transformer gives what its decoder's layers give of what those of its encoder give, one after the other, "
           "each with its own masks, with biases or without; and a mask that it makes is of the dtype that is the usual one.",
           {"norm_first": (False, True), "mask": ("right", "gaps", "none"), "said": ("each", "crossed", "causal", "none"),
            "batch_first": (True, False), "gradients": (True, False)}, strength=(1, 1, 2), sparing=0,
           met=tuple({"norm_first": False, "mask": mask, "said": "none", "batch_first": True, "gradients": False}
                     for mask in ("right", "gaps")),
           source="PyTorch: nn.Transformer, generate_square_subsequent_mask")
def whole_transformers_are_their_parts(ask, norm_first, mask, said, batch_first, gradients) -> list[Deviation]:
    """said: which of the masks of the source, the target and the memory are given; a causal one alone as the framework makes it.
    Arrays: `outputs`; `due`, layer by layer, always by masks of truth values, gradients recorded; `mask` (target, target), made
    where float64 is usual. Without gradients in inference, else in training, where nothing is dropped."""
    random = generator("whole transformers")
    given = {"source": draw_values(random, (ROWS, MEMORY, WIDTH)), "target": draw_values(random, (ROWS, STEPS, WIDTH)),
             "source_valid": validity(mask, MEMORY, True), "target_valid": validity(mask, STEPS, True)}
    seen = ask(FunctionRequest("whole_transformer", (("norm_first", norm_first), ("batch_first", batch_first), ("said", said),
                                                     ("gradients", gradients),
                                                     ("masked", mask != "none"), ("given", given))))
    made = np.where(np.tri(STEPS, dtype=bool), 0.0, -np.inf)
    found = equal("mask", seen["mask"], made) if seen["mask"].dtype == "float64" else [
        Deviation("mask", f"mask: {seen['mask'].dtype}, expected float64")]
    return found + compare("outputs", seen["outputs"], seen["due"], SLACK * max(1.0, np.abs(seen["due"]).max()))


def deviations(ask, kind, way, activation, norm_first, mask, said, gradients, batch_first, bias, memory,
               crossed, dropped) -> list[Deviation]:
    """Between outputs and the equations, at valid steps."""
    random = generator("transformers", kind, activation)
    weights = {name: draw_values(random, shape) for name, shape in shapes(kind, bias).items()}
    given = {"x": draw_values(random, (ROWS, STEPS, WIDTH)), "memory": draw_values(random, (ROWS, memory, WIDTH)),
             "valid": validity(mask, STEPS, said != "nothing"), "memory_valid": validity(mask, memory, True)}
    given["own"] = np.ones((STEPS, STEPS), bool) if said in ("nothing", "biased") else np.tri(STEPS, dtype=bool)
    given["added"] = draw_values(random, (STEPS, STEPS)) * (said == "biased")
    given["own"][-1, 1] &= said != "nearly_causal"
    read = (np.arange(STEPS)[:, None] + 2 * np.arange(memory)) % 3 != 0
    given["crossed"] = (read | (np.arange(memory) == 0)) if crossed else np.ones((STEPS, memory), bool)
    if memory == STEPS:
        given["memory_valid"] = given["memory_valid"][::-1]  # others than of the sequence
    given["valid"] |= ~given["valid"].any(axis=1, keepdims=True)
    options = {"kind": kind, "way": way, "activation": activation, "norm_first": norm_first, "gradients": gradients,
               "batch_first": batch_first, "bias": bias, "masked": mask != "none", "dropped": dropped}
    seen = ask(FunctionRequest("transformer", (*options.items(), ("weights", weights), ("given", given))))
    due = transformed(options, given, weights)
    there = given["valid"][:, :, None]  # what comes at padding is a convention
    size = max(1.0, np.abs(due).max())
    found = [d for name in ("outputs", "watched") if name in seen.arrays
             for d in compare(name, seen[name] * there, due * there, SLACK * size)]
    calls = int("watched" in seen.arrays)
    return found if seen.facts["calls"] == calls else [
        *found, Deviation("calls", f"what watches a part was called {seen.facts['calls']} times, expected {calls}")]
