"""Tables of embeddings that are kept in other ways: quantized, adapted by two thin matrices (LoRA), read both ways."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

IDS, WIDTH = 6, 4
BATCH = np.array([[3, 5, 0, 0], [1, 2, 4, 0]])
KEPT = ("int8", "plain", "int4")
FACTORS = {"kept": KEPT, "adapted": (False, True)}


@statement("An embedding that masks gives its mask on, and the layer behind reads it, however its table is kept; one that is "
           "made of what it saves gives its vectors, within a step of what it is kept in.",
           {"layer": ("ReversibleEmbedding", "Embedding"), **FACTORS, "entry": ("direct", "predict")}, strength=(1, 2, 3),
           sparing=3, source="Keras: Embedding(mask_zero=True), ReversibleEmbedding, Model.quantize, enable_lora")
def kept_tables_mask(ask, layer, kept, adapted, entry) -> list[Deviation]:
    seen = ask(FunctionRequest("kept_mask", (("layer", layer), ("kept", kept), ("adapted", adapted), ("entry", entry),
                                             ("ids", BATCH), ("sizes", (IDS, WIDTH)))))
    found = equal("mask", seen["mask"], BATCH != 0) if "mask" in seen.arrays else [Deviation("mask", "mask: found none")]
    slack = 64 * unit_roundoff("float32") * (1 + np.abs(seen["due"]))
    for name, vectors in seen.named("table").items():
        way = name.removeprefix("table/")
        step = np.abs(vectors).max(axis=-1, keepdims=True) / {"plain": 1e6, "int8": 127}.get(way, 7)
        found += compare(f"stored/{way}", seen[f"stored/{way}"], vectors.astype("float64"), step + 0 * vectors)
    return found + compare("outputs", seen["outputs"], seen["due"], slack)


@statement("A table that is read both ways is one table: scores of ids are the products with the vectors that it looks up, "
           "however it is kept.", FACTORS, strength=(1, 2, 2), sparing=2, source="Keras: ReversibleEmbedding(reverse=True)")
def tables_are_the_same_both_ways(ask, kept, adapted) -> list[Deviation]:
    random = generator("tables")
    given = draw_values(random, (2, 3, WIDTH))
    seen = ask(FunctionRequest("both_ways", (("kept", kept), ("adapted", adapted), ("given", given), ("sizes", (IDS, WIDTH)))))
    vectors = seen["vectors"].astype("float64")
    due = given @ vectors.T
    step = np.abs(given).max(axis=-1, keepdims=True) / 254  # inputs are quantized too: in 255 steps
    rounding = step * np.abs(vectors).sum(axis=1) if kept != "plain" else 0.0
    return compare("scores", seen["scores"], due, rounding + 64 * unit_roundoff("float32") * (1 + np.abs(due)))


BOUND = 0.75
"""Of scores."""


@statement("Scores of ids by a table are products with a matrix of their own where it has one, come close to a bound and not "
           "beyond it where it has one, and are of a precision of their own where it is told one; in one made again, too.",
           sparing=0, source="Keras: ReversibleEmbedding(tie_weights, logit_soft_cap, reverse_dtype)")
def scores_of_tables_are_their_equations(ask) -> list[Deviation]:
    """Arrays: `own`, `bounded`, `own again`, `bounded again`, scores; `vectors`, of all ids; `matrix`, that of the scores.
    Facts: `dtype` of scores in half precision."""
    given = draw_values(generator("scores"), (2, 3, WIDTH))
    seen = ask(FunctionRequest("scores", (("given", given), ("bound", BOUND), ("sizes", (IDS, WIDTH)))))
    due = {"own": given @ seen["matrix"].astype("float64")}
    due["bounded"] = BOUND * np.tanh(given @ seen["vectors"].astype("float64").T / BOUND)
    found = [d for name, one in due.items() for way in (name, f"{name} again")
             for d in compare(way, seen[way], one, 64 * unit_roundoff("float32") * (1 + np.abs(one)))]
    if seen.facts["dtype"] != "float16":
        found.append(Deviation("dtype", f"scores in half precision: of {seen.facts['dtype']}"))
    return found


ADAPTED = ("Embedding", "Dense", "EinsumDense")


@statement("A layer that is adapted by two thin matrices (LoRA) gives the same when it is made of its configuration, or out of a "
           "file, with the scale it was made with, and only they are trained.",
           {"layer": ADAPTED, "way": ("file", "configuration")}, strength=(1, 1, 2), sparing=0,
           source="Keras: lora_rank, lora_alpha, enable_lora")
def adapted_layers_are_made_again(ask, layer, way) -> list[Deviation]:
    """Arrays: `made`, `again`, outputs; `moved/made`, `moved/again`, by how much they change where the first thin matrix
    is doubled; `trained/made`, `trained/again`, the numbers of weights that are trained; `read`, outputs of the one out of a
    file before it is given the thin matrices."""
    seen = ask(FunctionRequest("adapted_again", (("layer", layer), ("way", way), ("alpha", 3), ("rank", 2))))
    slack = 64 * unit_roundoff("float32")
    found = [d for name in ("again", *(("read",) if way == "file" else ())) for d in compare(
        "outputs", seen[name], seen["made"].astype("float64"), slack * (1 + np.abs(seen["made"])))]
    found += compare("moved", seen["moved/again"], seen["moved/made"].astype("float64"), slack * (1 + np.abs(seen["moved/made"])))
    if not np.abs(seen["moved/made"]).max() > 100 * slack:
        found.append(Deviation("moved", "the thin matrices change nothing"))
    return found + equal("trained", seen["trained/again"], seen["trained/made"]) + equal(
        "trained", seen["trained/made"], np.array(2 + (layer != "Embedding")), "a bias and two thin matrices")


@statement("A layer that is adapted by two thin matrices (LoRA), frozen and then not any more, alone or with the model around "
           "it, trains what it trained before, in mixed precision: the matrix that they adapt stays as it is.",
           {"layer": (*ADAPTED, "Conv1D"), "around": (False, True)}, strength=(1, 1, 2), sparing=0,
           source="Keras: enable_lora, Layer.trainable")
def adapted_layers_are_thawed(ask, layer, around) -> list[Deviation]:
    seen = ask(FunctionRequest("adapted_thawed", (("layer", layer), ("around", around), ("alpha", 3), ("rank", 2))))
    return equal("trained", seen["trained/frozen"], np.array(0), "frozen") + equal(
        "trained", seen["trained/thawed"], seen["trained/before"], "not frozen any more") + equal(
        "matrix", seen["matrix/after"], seen["matrix/before"], "after a step of training") + (
        [] if np.abs(seen["moved"]).max() else [Deviation("outputs", "a step of training changes nothing")])


@statement("Two thin matrices (LoRA) adapt a layer by their product, times the scale that was told by their rank, whether the "
           "layer is made with them or given them later.", {"layer": ADAPTED, "how": ("made", "later")},
           strength=(1, 2, 2), sparing=2,
           source="Hu et al. 2021; Keras: lora_rank, lora_alpha")
def thin_matrices_are_scaled(ask, layer, how) -> list[Deviation]:
    """Arrays: `inputs`; `a`, `b`, the matrices; `moved`, by how much outputs change where `a` is doubled."""
    seen = ask(FunctionRequest("adapted_scaled", (("layer", layer), ("how", how), ("alpha", 3), ("rank", 2))))
    a, b = (seen[name].astype("float64") for name in "ab")
    rows = a[np.nan_to_num(seen["inputs"]).astype(int)] if layer == "Embedding" else seen["inputs"].astype("float64") @ a
    due = 3 / 2 * rows @ b
    return compare("moved", seen["moved"], due, 64 * unit_roundoff("float32") * (1 + np.abs(due))) + equal(
        "trained", seen["trained"], np.array(2 + (layer != "Embedding")), "a bias and two thin matrices")
