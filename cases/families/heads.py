"""Attention of several heads, by its equation: with keys and values of other widths, further keys, shared heads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.batches import draw_mask, draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, QUERIES, VALUES, SIZE = 2, 3, 4, 3
"""Rows of the batch; steps of the queries, and of what they read where it is not themselves; the size of a head."""
HEADS: Mapping[str, tuple[int, int]] = {"each_its_own": (2, 2), "odd": (3, 3), "shared_by_two": (4, 2), "shared_by_all": (2, 1)}
"""How many heads of queries there are, and of keys and values."""
SLACK = 256 * unit_roundoff("float32")
Weights = Mapping[str, np.ndarray]


def sizes(heads: str, reads: str, gated: bool = False) -> dict[str, tuple[int, ...]]:
    """Weights: `NAME/kernel` (features, heads, size) and `NAME/bias` (heads, size) of query, key and value, `output/kernel`
    (heads, size, features) and `output/bias` (features,); `further/key` and `further/value` (heads, size); of a gate, what the
    query has. Keys and values are as wide as queries, or have widths of their own; what is gated is wider, where every head has
    values of its own."""
    asking, kept = HEADS[heads]
    width, wide = asking * SIZE, SIZE + (gated and asking == kept)
    widths = {"query": width, **({"key": 5, "value": 4} if reads == "others" else {"key": width, "value": width})}
    found: dict[str, tuple[int, ...]] = {}
    for name, of in widths.items():
        count = asking if name == "query" else kept
        size = wide if name == "value" else SIZE
        found |= {f"{name}/kernel": (of, count, size), f"{name}/bias": (count, size)}
    found |= {"output/kernel": (asking, wide, width), "output/bias": (width,)}
    found |= {"gate/kernel": (width, asking, wide), "gate/bias": (asking, wide)} if gated else {}
    return found | {"further/key": (asking, SIZE), "further/value": (asking, SIZE)}


def attended(given: Mapping[str, np.ndarray], weights: Weights, further: str) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (rows, queries, features), and the scores (rows, heads, queries, values and further ones).

    given   query, key, value (rows, steps, features), may (rows, queries, values) bool; plus (rows, queries, values), what
            masks of numbers add
    """
    q, k, v = (np.einsum("btf,fhs->bhts", given[name], weights[f"{name}/kernel"]) + weights[f"{name}/bias"][None, :, None]
               for name in ("query", "key", "value"))
    k, v = (np.repeat(one, q.shape[1] // one.shape[1], axis=1) for one in (k, v))
    may = np.broadcast_to(given["may"][:, None], (*q.shape[:3], k.shape[2]))
    plus = np.broadcast_to(given["plus"][:, None], may.shape)
    more = [np.stack([weights["further/key"], weights["further/value"]])] if "drawn" in further else []
    more += [np.zeros((2, *q.shape[1:2], SIZE))] if "zero" in further else []
    for key, value in more:
        k, v = (np.concatenate([one, np.broadcast_to(new[None, :, None], (len(q), *new.shape[:1], 1, SIZE))], axis=2)
                for one, new in ((k, key), (v, value)))
        may = np.concatenate([may, np.ones((*may.shape[:3], 1), bool)], axis=3)
        plus = np.concatenate([plus, np.zeros((*may.shape[:3], 1))], axis=3)
    products = np.where(may, q @ np.swapaxes(k, -1, -2) / math.sqrt(SIZE) + plus, -np.inf)
    powers = np.exp(products - products.max(axis=-1, keepdims=True))
    scores = powers / powers.sum(axis=-1, keepdims=True)
    came = scores @ v
    if "gate/kernel" in weights:
        gate = np.einsum("btf,fhs->bhts", given["query"], weights["gate/kernel"]) + weights["gate/bias"][None, :, None]
        came = came / (1 + np.exp(-gate))
    return np.einsum("bhts,hsf->btf", came, weights["output/kernel"]) + weights["output/bias"], scores


FACTORS = {
    "heads": tuple(HEADS), "reads": ("itself", "alike", "others"), "mask": ("none", "right", "gaps", "queries"),
    "own": ("none", "all_rows", "each_row"), "causal": (False, True), "scores": ("none", "each"), "bias": (True, False),
    "gradients": (True, False),
}
"""What queries read: themselves, other sequences as wide, others of other widths; whether some keys are hidden, some queries not
asked (where keys have gaps, too), or both are whole; what else is said of what they may read: one
mask for all rows, or one for each; whether scores are asked for; whether gradients are taken, without which a fast kernel may
run."""
WINDOW = 2
PENALTIES = {"kernel": 0.5, "bias": 0.25}
"""Of the squares of all kernels, and of all biases."""
DROPPED = (12, 8)
"""Rows, and steps, of sequences whose scores are dropped."""
SENSELESS = (
    (("reads", "causal"), lambda reads, causal: causal and reads != "itself"),
    (("heads", "reads"), lambda heads, reads: reads == "others" and len(set(HEADS[heads])) > 1),
)
CAUSAL_ALONE = tuple({"heads": heads, "reads": reads, "mask": "none", "own": "none", "causal": True, "scores": scores,
                      "bias": True, "gradients": scores == "none"}
                     for heads, reads, scores in (
                         ("each_its_own", "itself", "each"), ("each_its_own", "alike", "each"),
                         ("each_its_own", "itself", "none"), ("shared_by_two", "itself", "none"),
                         ("shared_by_two", "itself", "each"), ("shared_by_two", "alike", "each")))
"""No later step may be read, and nothing else is masked: a kernel does that by itself, where no scores are asked for."""
CAUSAL_AND_MORE = tuple({"heads": heads, "reads": "itself", "mask": mask, "own": own, "causal": True, "scores": scores,
                         "bias": True, "gradients": False}
                        for heads in ("each_its_own", "shared_by_two")
                        for mask, own, scores in (("none", "all_rows", "none"), ("right", "none", "none"),
                                                  ("right", "none", "each"), ("queries", "none", "none")))
"""And where one mask more is given that kernel is not enough: one's own, one of keys, or of values, or of queries."""
ALONE = {**FACTORS, "mask": ("none", "right", "gaps"), "heads": ("each_its_own", "odd"),
         "scores": ("mean", "none", "each"), "bare": (False, True),
         "further": ("none", "drawn", "zero", "drawn_and_zero"), "time_first": (False, True), "numbers": (False, True)}
"""What PyTorch alone has: the mean score of all heads; sequences without a batch, or with time first; behind keys and values one
of each that are weights, one of zeros, or both; masks of numbers, which are added."""


@statement("Attention of several heads is its equation, in inference, whatever is asked for besides, with any masks together, "
           "and where it is told besides that its mask, one for all or one for each head, is a causal one.",
           FACTORS, strength=(1, 2, 2), usual={"bias": (True,)}, sparing=1, eager=1, senseless=SENSELESS,
           met=(*CAUSAL_ALONE, *CAUSAL_AND_MORE),
           source="Vaswani et al. 2017; Ainslie et al. 2023; PyTorch: nn.MultiheadAttention; Keras: MultiHeadAttention")
def heads_are_their_equation(ask, **variant) -> list[Deviation]:
    return deviations(ask, further="none", bare=False, time_first=False, numbers=False, **variant)


@statement("Attention of several heads is its equation with further keys, of a sequence alone, with time first, and with masks "
           "whose numbers are added.", ALONE,
           strength=(1, 2, 2), usual={"bias": (True,)}, sparing=0, source="PyTorch: nn.MultiheadAttention", senseless=(
               *SENSELESS, (("bare", "own"), lambda bare, own: bare and own == "each_row"),
               (("numbers", "causal"), lambda numbers, causal: numbers and causal)))
def heads_with_more_are_their_equation(ask, **variant) -> list[Deviation]:
    return deviations(ask, **variant)


@statement("Attention of several heads that nothing keeps from being fast is its equation with masks whose numbers are added.",
           {"mask": ("right", "none"), "own": ("all_rows", "none")}, sparing=0, strength=(1, 1, 2),
           source="PyTorch: nn.MultiheadAttention, the fast path")
def fast_heads_add_numbers(ask, mask, own) -> list[Deviation]:
    return deviations(ask, heads="each_its_own", reads="itself", further="none", mask=mask, own=own, causal=False, scores="none",
                      bare=False, bias=True, gradients=False, time_first=False, numbers=True)


@statement("A query of a layer with a window reads the steps within it on either side, and none that is later where that is "
           "forbidden too, nor any that a mask of one's own hides; where there are gates what each head reads is multiplied by "
           "its gate of the query; regularizers and constraints are of all kernels, or of all biases, the gates' too.",
           {"causal": (True, False), "heads": ("each_its_own", "shared_by_two"), "gated": (False, True),
            "mask": ("right", "none"), "window": (0, WINDOW), "scores": ("none", "each")}, strength=(1, 2, 2), sparing=0, eager=1,
           usual={"scores": ("none",)}, senseless=(
               (("mask", "window"), lambda mask, window: bool(window) == (mask != "none")),  # some would read nothing
               (("window", "causal", "gated"), lambda window, causal, gated: window and causal == gated)),
           source="Keras: MultiHeadAttention(sliding_window, use_gate), GroupQueryAttention; Qiu et al. 2025")
def heads_within_a_window(ask, causal, heads, gated, mask, window, scores) -> list[Deviation]:
    own = "none" if causal or not gated else "each_row"
    return deviations(ask, heads=heads, reads="itself", further="none", mask=mask, own=own, causal=causal, scores=scores,
                      bare=False, bias=True, gradients=False, time_first=False, numbers=False, window=window, gated=gated)


def deviations(ask, heads, reads, further, mask, own, causal, scores, bare, bias, gradients, time_first, numbers,
               window=0, gated=False) -> list[Deviation]:
    """Between outputs and scores and the equation. `window`: how many steps a query reads on either side, itself among them; 0 is
    no window. `gated`: whether what is read is scaled by gates."""
    random = generator("heads", heads, reads)
    weights = {name: draw_values(random, shape) * (1.0 if bias or not name.endswith("bias") else 0.0)
               for name, shape in sizes(heads, reads, gated).items()}
    rows, read = 1 if bare else ROWS, QUERIES if reads == "itself" else VALUES
    given = {name: draw_values(random, (rows, QUERIES if name == "query" else read, len(weights[f"{name}/kernel"])))
             for name in ("query", "key", "value")}
    if reads == "itself":
        given |= {"key": given["query"], "value": given["query"]}
    drawn = draw_mask(generator("heads", mask, read), "none" if mask == "queries" else mask, rows, read)
    asking = (np.arange(QUERIES) + np.arange(rows)[:, None]) % 3 != 1 if mask in ("gaps", "queries") else None
    first = np.arange(read) == 0  # which all may read
    valid = None if drawn is None else drawn | first
    said = np.ones((rows, QUERIES, read), bool)
    if own != "none":
        turn = np.arange(rows)[:, None, None] * (own == "each_row")
        said = ((np.arange(QUERIES)[:, None] + 2 * np.arange(read) + turn) % 3 != 0) | first
    apart = said if own != "none" else None
    said = said & np.tri(QUERIES, read, dtype=bool) if causal else said
    near = np.abs(np.arange(QUERIES)[:, None] - np.arange(read)) < (window or QUERIES + read)
    given["may"] = said & near if valid is None else said & near & valid[:, None]
    keys, pairs = (draw_values(generator("numbers of masks", heads), shape) * numbers for shape in (
        (rows, read), (1 if own == "all_rows" else rows, QUERIES, read)))
    given["plus"] = keys[:, None] * (valid is not None) + pairs * (causal or own != "none")
    due, parts = attended(given, weights, further)
    options: dict[str, Any] = {"heads": HEADS[heads], "reads": reads, "further": further, "scores": scores, "bare": bare,
                               "bias": bias, "gradients": gradients, "time_first": time_first, "causal": causal,
                               "window": window, "gated": gated,
                               "numbers": (keys, np.broadcast_to(pairs, said.shape)) if numbers else ()}
    seen = ask(FunctionRequest("heads", (*options.items(), ("weights", weights), ("given", given), ("asking", asking),
                                         ("valid", valid), ("said", said if causal or own != "none" else None), ("own", apart))))
    ways = ("outputs", *(name for name in ("hinted", "hinted/heads") if name in seen.arrays))

    def looked_at(one: np.ndarray, right: np.ndarray) -> np.ndarray:
        """What came where queries are asked, and what is due elsewhere: axes are rows, queries and features, or rows, heads (or
        none), queries and keys."""
        return one if asking is None or one.shape != right.shape else np.where(np.expand_dims(
            asking, (1, 3) if right.ndim == 4 else 2), one, right)

    found = [d for name in ways for d in compare(name, looked_at(seen[name], due), due, SLACK * (1.0 + np.abs(due)))]
    if window or gated:
        parts_of = {kind: [a for n, a in weights.items() if n.endswith(f"/{kind}")] for kind in PENALTIES}
        penalty = np.array(sum(PENALTIES[kind] * (one**2).sum() for kind, every in parts_of.items() for one in every))
        found += compare("penalties", seen["penalties"], penalty, SLACK * (1.0 + penalty))
        found += [Deviation("constraints", f"{name}: {had}, expected {kind}") for name, had in seen.facts["constraints"]
                  for kind in PENALTIES if name.endswith(kind) and had != kind]
    shapes = {"outputs": due.shape, "scores": parts.shape} if scores == "each" else {"outputs": due.shape}
    found += [Deviation("told", f"{name}: told {told}, {shapes[name]} came") for name, told in seen.facts.get("told", ())
              if told != shapes[name]]
    found += [Deviation("parts", f"{name}_dense is another part") for name in seen.facts.get("others", ())]
    if len(set(wider := seen.facts.get("wider", ()))) > 1:
        found.append(Deviation("wider", f"results of a width of their own: told {wider[0]}, {wider[1]} came"))
    if scores != "none":
        right = parts if scores == "each" else parts.mean(axis=1)
        found += compare("scores", looked_at(seen["scores"], right), right, SLACK)
    return found


@statement("In training attention drops the rate's share of its scores, divides the rest by what is left, and draws anew in "
           "every call, whether scores are asked for or not.",
           {"layer": ("MultiHeadAttention", "Attention", "AdditiveAttention", "GroupQueryAttention"), "rate": (0.4, 0.2),
            "scored": (True, False)}, strength=(1, 2, 2), sparing=0, eager=2, usual={
                "layer": ("MultiHeadAttention", "Attention"), "rate": (0.4,)},
           source="Srivastava et al. 2014; PyTorch: nn.MultiheadAttention(dropout); Keras: Attention(dropout)")
def attention_drops_its_share(ask, layer, rate, scored) -> list[Deviation]:
    """Arrays: `first`, `second` (rows, steps, steps), of two calls whose every score is 1 / steps, and whose values are the rows
    of one, so that scores come out; `single` (rows, 1, steps), where given, of one query."""
    seen = ask(FunctionRequest("dropped_scores", (("layer", layer), ("rate", rate), ("scored", scored), ("sizes", DROPPED))))
    found, kept = [], 1 / DROPPED[1] / (1 - rate)
    for name in ("first", "second", *(name for name in ("single",) if name in seen.arrays)):
        outputs = seen[name].astype("float64")
        gone = outputs == 0
        found += compare(name, np.where(gone, kept, outputs), np.full_like(outputs, kept), SLACK * kept)
        due, bound = rate * gone.size, 5 * math.sqrt(rate * (1 - rate) * gone.size)
        if abs(gone.sum() - due) > bound:
            found.append(Deviation(name, f"{gone.sum()} of {gone.size} scores are dropped, expected {due:.0f} ± {bound:.0f}"))
    if np.array_equal(seen["first"], seen["second"]):
        found.append(Deviation("second", "two calls drop the same"))
    return found


FRAMED = {"query": (ROWS, 3, QUERIES, 5), "value": (ROWS, 3, VALUES, 5)}
"""Of sequences of frames: their sizes (rows, frames, steps, features)."""


@statement("Heads that attend along the steps of every frame give of a frame what they give of it alone: by its own masks, and "
           "where no later step may be read.", {"causal": (False, True)}, strength=(1, 1, 1), sparing=1, eager=1,
           source="Keras: MultiHeadAttention(attention_axes)")
def frames_are_as_alone(ask, causal) -> list[Deviation]:
    """Arrays: `outputs` (rows, frames, queries, features), `alone/FRAME` (rows, queries, features); of one frame alone, where no
    later step may be read."""
    random, frames = generator("framed heads"), 1 if causal else 3
    given = {name: draw_values(random, shape)[:, :frames] for name, shape in FRAMED.items()}
    valid = {name: np.arange(one.shape[2]) < 2 + np.indices(one.shape[:2]).sum(axis=0)[..., None] % 2
             for name, one in given.items()}
    seen = ask(FunctionRequest("framed_heads", (("causal", causal), ("given", given), ("valid", valid))))
    asking = valid["query"][..., None]
    due = np.stack([seen[f"alone/{frame}"] for frame in range(frames)], axis=1).astype("float64")
    return compare("outputs", np.where(asking, seen["outputs"], 0.0), np.where(asking, due, 0.0), SLACK * np.abs(due).max())
