"""What layers of attention read: the values that their masks allow, all of them and no other, and what they tell of it."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_mask, draw_values
from cases.families.base import equal, statement
from cases.invariants.base import NotSupported
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation
from cases.tolerance import compare, unit_roundoff

QUERIES, VALUES, FEATURES = 4, 5, 4
LAYERS = ("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention")
HEADS = LAYERS[2:]
"""Layers that take a mask of one's own, and learn what they read queries, keys and values by."""
FACTORS = {"layer": LAYERS, "mask": ("right", "left", "gaps", "none"), "queries": ("none", "right", "left"),
           "causal": (True, False), "own": (True, False), "keys": (True, False)}
OPTIONS = {
    "factors": FACTORS, "usual": {"mask": ("gaps", "none"), "queries": ("right", "none")},
    "senseless": ((("layer", "own"), lambda layer, own: own and layer not in HEADS),
                  (("mask", "queries"), lambda mask, queries: mask == queries == "none")), "strength": (1, 2, 2),
    "sparing": 0, "eager": 2,
    "source": "Keras: Attention, MultiHeadAttention; PyTorch: nn.MultiheadAttention; Vaswani et al. 2017",
}
SLACK = 256 * unit_roundoff("float32")


def allowed(layer, mask, causal, own, keys, **_) -> np.ndarray:
    """(queries, values) bool: what a query may read."""
    found = np.ones((QUERIES, VALUES), bool) if draw(mask, VALUES) is None else np.tile(draw(mask, VALUES), (QUERIES, 1))
    found &= True if (more := of_keys(layer, mask, keys)) is None else more
    found &= np.tri(QUERIES, VALUES, dtype=bool) if causal else True
    return found & own_mask() if own else found


def draw(mask: str, steps: int) -> np.ndarray | None:
    """(steps,) bool: a row of such a mask that is neither full nor empty; None for `none`."""
    rows = draw_mask(generator("attention", mask, steps), mask, 8, steps)
    return None if rows is None else next(row for row in rows if 2 <= row.sum() < steps)


def of_keys(layer: str, mask: str, keys: bool) -> np.ndarray | None:
    """(values,) bool: the mask of the keys, where they have one of their own: all but the first of the values that are valid."""
    valid = draw(mask, VALUES)
    return np.arange(VALUES) != (0 if valid is None else int(valid.argmax())) if keys and layer in HEADS else None


def own_mask() -> np.ndarray:
    """(queries, values) bool, neither causal nor alike for all queries."""
    return (np.arange(QUERIES)[:, None] + 2 * np.arange(VALUES)) % 3 != 0


def attended(ask, layer, mask, queries, causal, own, keys, **options) -> Observation:
    """The layer on one row, and on copies of it with one value, then with one key changed.

    `options`: further ones of the layer. Arrays: `outputs` (1 + values (+ values), queries, features); `scored/outputs`, the
    same of a call that asks for scores; `alone` and `as_many`, of the first row, if any: alone, or among as many rows as queries;
    `dropped/outputs` and `dropped/scores`, of such a call in training, where scores are dropped; `scores` (…, queries, values);
    `kept/query` and `kept/value`, the masks that the tensors carry after the call, if any; `weights/NAME` of the layer.
    """
    random = generator("attention", "inputs")
    query, value, key = (draw_values(random, (1, steps, FEATURES)) for steps in (QUERIES, VALUES, VALUES))
    step = np.eye(VALUES)[:, :, None] * draw_values(random, (VALUES, 1, FEATURES))
    still = np.zeros((VALUES, VALUES, FEATURES))
    copies = 1 + VALUES * (2 if keys else 1)
    values = value + np.concatenate([still[:1], step, *([still] if keys else [])])
    arguments = {"layer": layer, "query": np.tile(query, (copies, 1, 1)), "value": values,
                 "key": key + np.concatenate([still[:1], still, step]) if keys else None,
                 "query_mask": draw(queries, QUERIES), "value_mask": draw(mask, VALUES), "causal": causal,
                 "key_mask": of_keys(layer, mask, keys),
                 "own": own_mask() if own else None} | ({"options": options} if options else {})
    return ask(FunctionRequest("attending", tuple(arguments.items())))


@statement("A query that is no padding reads every value that padding, causality and a mask of one's own leave it, and no other, "
           "by its own key, also where the scores are asked for; which queries are padding is handed on, and "
           "without heads what they read is zero.", **OPTIONS)
def attention_reads_what_it_may(ask, **variant):
    seen, may, layer = attended(ask, **variant), allowed(**variant), variant["layer"]
    asking = draw(variant["queries"], QUERIES)
    asking = np.ones(QUERIES, bool) if asking is None else asking
    asking = asking & may.any(axis=1)
    found = []
    for name in ("outputs", "scored/outputs"):
        outputs = seen[name].astype("float64")
        if not np.isfinite(outputs[:, asking]).all():
            return [Deviation(name, f"{name}: not finite")]
        moved = np.abs(outputs[1:] - outputs[:1]).max(axis=2).T  # (queries, values and keys)
        for what, off in (("value", moved[:, :VALUES]), ("key", moved[:, VALUES:])):
            due = may if what == "value" else may & (may.sum(axis=1, keepdims=True) > 1)
            for q, v in zip(*np.nonzero((off > 8 * SLACK) != due[:, : off.shape[1]]), strict=True) if off.size else ():
                if asking[q]:
                    words = f"query {q} {'does not read' if due[q, v] else 'reads'} {what} {v}"
                    found.append(Deviation(name, f"{name}: {words}", float(off[q, v]), 8 * SLACK))
        if layer not in HEADS and (padded := draw(variant["queries"], QUERIES)) is not None:
            lost = outputs[:, ~padded]
            found += equal(name, lost, np.zeros_like(lost), "queries that are padding")
    if seen.facts.get("carries_masks", True) and draw(variant["queries"], QUERIES) is not None:
        found += equal("handed on", seen.arrays.get("handed_on", np.zeros(0)), draw(variant["queries"], QUERIES))
    return found


@statement("Asked for its scores, or of one row alone, or among as many rows as queries that have no mask, attention gives the "
           "same outputs, and scores of each query that sum to one, and are zero where it may not read.", **OPTIONS)
def scores_change_nothing(ask, **variant):
    seen, may = attended(ask, **variant), allowed(**variant)
    asking = draw(variant["queries"], QUERIES)
    asking = may.any(axis=1) & (np.ones(QUERIES, bool) if asking is None else asking)
    rows = slice(None) if variant["layer"] not in HEADS else asking  # what others give for padding is a convention
    plain, scores = seen["outputs"].astype("float64"), seen["scores"].astype("float64")
    slack = SLACK * np.abs(plain[:, rows]).max(initial=0.0)
    found = compare("scored/outputs", seen["scored/outputs"][:, rows], plain[:, rows], slack)
    for name in (name for name in ("alone", "as_many") if name in seen.arrays):
        found += compare(name, seen[name][:, rows], plain[:1, rows], slack)
    scores = scores.reshape(len(scores), -1, *scores.shape[-2:])[:, :, asking]  # (copies, heads, queries, values)
    found += compare("sums", scores.sum(axis=-1), np.ones(scores.shape[:-1]), SLACK)
    return found + compare("forbidden", scores * ~may[asking], np.zeros(scores.shape), SLACK)


SINGLE = {"nothing": {}, "causal": {"causal": True}, "mask": {"mask": "gaps"}, "queries": {"queries": "right"},
          "keys": {"keys": True}, "own": {"own": True}}
"""What alone says what may be read."""


@statement("A layer of attention that is given no mask, or one alone, reads what it may, and no more, also where the scores are "
           "asked for, which change nothing.", {"layer": LAYERS, "alone": tuple(SINGLE)}, strength=(1, 2, 2), sparing=0, eager=2,
           usual={"layer": ("Attention", "MultiHeadAttention")},
           senseless=((("layer", "alone"), lambda layer, alone: alone in ("own", "keys") and layer not in HEADS),),
           source="Keras: Attention, MultiHeadAttention(use_causal_mask); PyTorch: nn.MultiheadAttention")
def attention_takes_each_mask_alone(ask, layer, alone) -> list[Deviation]:
    none = {"layer": layer, "mask": "none", "queries": "none", "causal": False, "own": False, "keys": False}
    variant = none | SINGLE[alone]
    return [*attention_reads_what_it_may(ask, **variant), *scores_change_nothing(ask, **variant)]


@statement("A layer of attention leaves the masks where they are that it is called with.", **OPTIONS)
def attention_leaves_masks(ask, **variant):
    seen, found = attended(ask, **variant), []
    if not seen.facts.get("carries_masks", True):
        raise NotSupported("tensors carry no masks here")
    for name, mask in (("query", draw(variant["queries"], QUERIES)), ("value", draw(variant["mask"], VALUES))):
        left = seen.arrays.get(f"kept/{name}")
        if mask is not None and (left is None or not np.array_equal(left.astype(bool), mask)):
            told, was = "none" if left is None else left.astype(int).tolist(), mask.astype(int).tolist()
            found.append(Deviation(f"kept/{name}", f"the mask of the {name} is {told} after the call, and was {was}"))
    return found


RATE = 0.5
"""Of the scores that are dropped in training."""
SCORED = {"products": ("Attention", "dot"), "sums": ("Attention", "concat"), "additive": ("AdditiveAttention", "")}
"""How scores are computed -> the layer, and what it is told of it."""


def scored(layer: str, query: np.ndarray, key: np.ndarray, weights: dict[str, np.ndarray], score_mode: str) -> np.ndarray:
    """The scores of every query and key by their equation, before the softmax. Of the additive one the scale has a number for
    each feature, and of others one number."""
    scale = weights.get("scale", np.ones(()))
    if layer == "AdditiveAttention" or score_mode == "concat":
        pairs = query[..., :, None, :] + key[..., None, :, :]
        if layer == "AdditiveAttention":
            return (scale * np.tanh(pairs)).sum(axis=-1)
        return weights["concat_score_weight"] * np.tanh(scale * pairs).sum(axis=-1)
    return scale * (query @ np.swapaxes(key, -1, -2))


@statement("Attention without heads is a mean of the values it may read, by the softmax of its scores: products, or sums of "
           "tanh, scaled where that is asked for; in training some of these are dropped, and the others scaled.",
           {"layer": tuple(SCORED), "use_scale": (True, False), "causal": (True, False), "mask": ("none", "gaps"),
            "keys": (True, False)}, strength=(1, 2, 3), sparing=1, eager=3,
           source="Keras: Attention, AdditiveAttention; Luong et al. 2015; Bahdanau et al. 2015")
def attention_is_its_equation(ask, layer, use_scale, causal, mask, keys):
    layer, score_mode = SCORED[layer]
    variant = {"layer": layer, "mask": mask, "queries": "none", "causal": causal, "own": False, "keys": keys}
    options = {"use_scale": use_scale, "dropout": RATE} | ({"score_mode": score_mode} if score_mode else {})
    seen = attended(ask, **variant, **options)
    random = generator("attention", "inputs")
    query, value, key = (draw_values(random, (1, steps, FEATURES)) for steps in (QUERIES, VALUES, VALUES))
    weights = {name.partition("/")[2]: array.astype("float64") for name, array in seen.named("weights").items()}
    powers = np.exp(scored(layer, query, key if keys else value, weights, score_mode)) * allowed(**variant)
    shares = powers / powers.sum(axis=-1, keepdims=True)
    due = (shares @ value)[0]
    found = compare("outputs", seen["outputs"][0], due, SLACK * (1.0 + np.abs(due)))
    dropped = seen["dropped/scores"][0].astype("float64")
    left = np.where(dropped == 0, 0.0, shares[0] / (1 - RATE))
    found += compare("dropped/scores", dropped, left, SLACK * (1.0 + left))
    means = left @ value[0]
    found += compare("dropped/outputs", seen["dropped/outputs"][0], means, SLACK * (1.0 + np.abs(means)))
    lost = (seen["dropped/scores"] == 0)[:, allowed(**variant)]
    if ("scale" in weights) != use_scale:
        found.append(Deviation("weights", f"use_scale={use_scale}, and these are its weights: {', '.join(weights) or 'none'}"))
    words = f"{int(lost.sum())} of {lost.size} scores are dropped"
    return found if lost.any() and not lost.all() else [*found, Deviation("dropped", words)]


LONG = 150
"""More steps than a byte counts."""


@statement("Attention over many steps is its equation, where it reads no later step too.", {"kind": ("causal", "plain")},
           sparing=1, strength=(1, 1, 2), source="Luong et al. 2015; Keras: Attention(use_causal_mask)")
def attention_over_many_steps(ask, kind):
    sequence = draw_values(generator("attention", "many steps"), (2, LONG, FEATURES))
    powers = np.exp(np.einsum("bqf,bvf->bqv", sequence, sequence))
    powers = np.tril(powers) if kind == "causal" else powers
    due = powers @ sequence / powers.sum(axis=-1, keepdims=True)
    seen = ask(FunctionRequest("attending_long", (("inputs", sequence), ("causal", kind == "causal"))))
    return [d for name in ("outputs", "predicted") for d in compare(name, seen[name], due, 4 * SLACK * np.abs(due).max())]
