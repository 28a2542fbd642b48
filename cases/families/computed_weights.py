"""Matrices of a recurrent layer that are computed from other parameters: what they are named for is true of them, while they are
computed and after they are no more."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import equal, statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Request
from cases.tolerance import compare, unit_roundoff

WAYS = ("orthogonal_matrix_exp", "orthogonal_cayley", "orthogonal_householder", "orthogonal_free", "spectral", "spectral_by_hook",
        "normed_rows",
        "normed_columns", "normed_whole", "normed_by_hook", "normed_whole_by_hook", "pruned", "half", "half_of_half")
"""How matrices are computed.

orthogonal_MAP  their rows or their columns, whichever are fewer, are orthonormal; `free`: whatever they were before
spectral        divided by their largest singular value
normed_AXIS     length times direction; the lengths, of each row, of each column or of all, were then multiplied
pruned          the quarter that is nearest to zero is zero
half            half of another one; of it half may be taken again, or, where a matrix is set, a quarter more than it
"""
THEN = ("kept", "left", "taken_back", "cached", "set", "moved")
"""What follows: nothing; the matrices are kept as they are and no longer computed; those they were computed from take their
place; they were computed once for several calls, what they are computed from was changed, and they are computed once again; a
matrix of the same kind was set, and is what is computed then; another layer computes them, of other matrices before, and what
was named by a hook is loaded there."""
UNCACHED = ("pruned", "normed_by_hook", "normed_whole_by_hook", "spectral", "spectral_by_hook",
            "orthogonal_householder", "orthogonal_free")
"""What is computed by other means, or from what may not be multiplied."""
TIMES = {"half": {"taken_back": 2.0, "cached": 2.0}, "half_of_half": {"kept": 0.5, "left": 0.5, "taken_back": 2.0}}
"""By what a matrix is multiplied then. The first half is of twice the matrix that was there, the second of whatever was there."""
MAPS = ("orthogonal_matrix_exp", "orthogonal_cayley")
"""These begin where they were set, by another matrix that they keep: what is set is not read back to the last digit."""
UNSET = ("pruned", "normed_by_hook", "normed_whole_by_hook", "spectral", "spectral_by_hook", "orthogonal_free", *MAPS)
MOVED = ("orthogonal_matrix_exp", "normed_by_hook", "half")
"""What is moved: with what it was made of beside its numbers, under other names, and with nothing else."""
SENSELESS = (
    (("way", "then"), lambda way, then: then == "taken_back" and not way.startswith("half")),
    (("way", "then"), lambda way, then: then == "cached" and way in UNCACHED),
    (("way", "then"), lambda way, then: then == "set" and way in UNSET),
    (("way", "then"), lambda way, then: then == "moved" and way not in MOVED),
)
SLACK = 256 * unit_roundoff("float32")


def lengthened(array: np.ndarray, way: str) -> np.ndarray:
    """The matrix (rows, columns) whose lengths were multiplied by 1, 2, … along that axis, or by 2."""
    if way.startswith("normed_whole"):
        return array * 2
    return array * (1 + np.arange(array.shape[1]) if way == "normed_columns" else 1 + np.arange(array.shape[0])[:, None])


def true_to_its_name(way: str, name: str, seen: np.ndarray, given: np.ndarray, times: float) -> list[Deviation]:
    """Deviations of a matrix (rows, columns) that was `given`; `times` what it was computed from was multiplied by."""
    if way.startswith("orthogonal"):
        product = seen.T @ seen if seen.shape[0] >= seen.shape[1] else seen @ seen.T
        return compare(f"{name}: products", product, np.eye(len(product)), SLACK)
    if way.startswith("spectral"):
        return compare(name, seen, given / max(np.linalg.norm(given, 2), 1e-9), 1e-3)
    if way == "pruned":
        sizes, many = np.abs(given), round(given.size / 4)
        least = np.sort(sizes.ravel())[many - 1]
        gone = (sizes < least) | ((sizes == least) & (seen == 0))  # of several of this size, whichever
        found = equal(name, seen, np.where(gone, 0.0, given), "its quarter nearest to zero")
        zeros = int(np.sum(seen == 0))
        return found + ([Deviation(name, f"{name}: {zeros} numbers are zero, expected {many}")] if zeros != many else [])
    due = lengthened(given, way) if way.startswith("normed") else given * times
    return compare(name, seen, due, SLACK * np.abs(due).max())


@statement("A matrix that is computed is what it is named for, orthogonal, of norm one, of the lengths given, pruned, half of "
           "another; the layer computes with it, in the call after it was changed too, and where it is no longer computed it is "
           "what it was, or what it was computed from; and in another layer that it is moved to it is the same.",
           {"way": WAYS, "then": THEN, "cell": ("gru", "lstm", "simple_rnn"), "square": (False, True)}, senseless=SENSELESS,
           usual={"cell": ("gru", "simple_rnn")}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: torch.nn.utils.parametrizations, parametrize.cached, remove_parametrizations, "
                  "transfer_parametrizations_and_params, weight_norm, prune")
def computed_weights_are_what_they_are_named(ask, way, then, cell, square) -> list[Deviation]:
    layer = Layer(cell, 5 if square else 7, 5)
    weights, batch = draw_weights(layer), BatchPlan(3, 4).draw(layer).but(cotangents=None)
    seen = ask(FunctionRequest("computed_as", (("layer", layer), ("weights", weights), ("batch", batch), ("way", way),
                                               ("then", then))))
    times = TIMES.get(way, {}).get(then, 1.0)
    found = [] if seen.named("matrices") else [Deviation("matrices", "nothing came")]
    for name, array in seen.named("matrices").items():
        given = seen[name.replace("matrices", "given")].astype("float64")
        if then == "set":
            found += compare(name, array, seen[name.replace("matrices", "set")].astype("float64"), SLACK)
        elif not (then == "cached" and way.startswith("normed")):  # all is multiplied there, lengths and directions
            found += true_to_its_name(way, name, array.astype("float64"), given, times)
    for name, due in seen.named("before").items():  # of what was moved, here and there
        matrix = name.partition("/")[2]
        found += [d for where in ("matrices", "source")
                  for d in compare(f"{where}/{matrix}", seen[f"{where}/{matrix}"], due.astype("float64"), SLACK)]
    found += [] if then != "moved" or seen.named("before") else [Deviation("before", "nothing came")]
    computing = 0 if then in ("left", "taken_back") else len(seen.named("matrices"))
    if seen.facts["computed"] != computing:
        found.append(Deviation("computed", f"{seen.facts['computed']} matrices are computed, expected {computing}"))
    found += [Deviation("frozen", f"{name} is not trained any more") for name in seen.facts["frozen"]]
    if then == "cached":
        found += [] if seen.facts["once"] else [Deviation("once", "a matrix was computed again within one cache")]
    used = {name.partition("/")[2]: array.astype("float64") for name, array in seen.named("used").items()}
    given = Observation({"outputs": seen["outputs"]}, facts=seen.facts)
    return found + against_reference(given, Request(layer, used, batch, wants=("outputs",)), "outputs")


@statement("The weights of a layer make one vector, in their order, and what is set there is what the layer computes with.",
           {"cell": ("gru", "lstm", "simple_rnn"), "layers": (1, 2)}, usual={"layers": (2,), "cell": ("gru", "simple_rnn")},
           strength=(1, 1, 2), sparing=0, source="PyTorch: parameters_to_vector, vector_to_parameters")
def weights_are_a_vector(ask, cell, layers) -> list[Deviation]:
    layer = Layer(cell, 3, 1 if cell == "simple_rnn" else 4, layers)
    weights, batch = draw_weights(layer), BatchPlan(3, 4).draw(layer).but(cotangents=None)
    seen = ask(FunctionRequest("as_vector", (("layer", layer), ("weights", weights), ("others", draw_weights(layer, 1)),
                                             ("batch", batch))))
    found = equal("vector", seen["vector"], seen["due"], "the weights, one after the other")
    found += equal("slopes", seen["slopes"], 1.0 + np.arange(len(seen["due"])), "of each number times its place, from 1")
    given = Observation({"outputs": seen["outputs"]}, facts=seen.facts)
    return found + against_reference(given, Request(layer, weights, batch, wants=("outputs",)), "outputs")


@statement("A matrix that is frozen stays so when it is computed from others, and when it is no more, and it is a weight then as "
           "before; the others are trained.",
           {"way": ("normed_rows", "normed_by_hook", "spectral", "orthogonal_free", "half", "pruned"), "then": ("kept", "left")},
           strength=(1, 2, 2), sparing=0, source="PyTorch: torch.nn.utils.parametrizations, weight_norm, prune, requires_grad")
def frozen_matrices_stay_frozen(ask, way, then) -> list[Deviation]:
    """Arrays: `own`, whether they are trained, of the weights that have the name of the matrix in theirs; `others`, of the rest.
    Fact `name`, that of the matrix."""
    seen = ask(FunctionRequest("frozen_matrix", (("way", way), ("then", then))))
    name = seen.facts["name"]
    found = [] if seen["own"].size else [Deviation("weights", f"{name} is no weight any more")]
    found += [Deviation("frozen", f"{name} is trained, and was frozen")] if seen["own"].any() else []
    return found if seen["others"].size and seen["others"].all() else [*found, Deviation("others", "others are not trained")]
