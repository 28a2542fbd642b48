"""Functions of tensors, many of them in one graph: so a framework that compiles every call by itself is asked of all of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.families.base import statement
from cases.families.corners_of_functions import CORNERS, entropies_of_logits, entropies_of_powers
from cases.families.functions_by_name import ACTIVATIONS
from cases.families.functions_of_tensors import SLACK, differing, of
from cases.function_calls import FEATURES, GROUPS, IDS, Call, M, X, one_hot
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare

GROUPED = ("picked", "joined", "running", "hot", "hot_of_none", "stepped", "chosen_first", "windowed", "windowed_apart",
           "widened", "averaged_windows", "normed", "normed_unscaled", "channels_first", "several_a_channel", "far_logits",
           "longer_by_one", "shared_sparsely",
           "from_the_end", "over_all_axes", "of_two_kinds", "hot_truths", "attended_in_groups", "attended", "spread",
           "spread_and_joined", "joined", "tiled", "rows_at_the_edge", "shuffled_steps", "running_in_halves", "written_at", "hot",
           "sparse_along_steps")
"""What stands in the graph; the others are asked by themselves alone."""
APART = ("bincount", "scatter_update")
"""Functions that a graph takes with more options, or that some stack is known to answer otherwise."""


def fits(call: Call) -> bool:
    """Whether a graph takes it: one that repeats takes no tensor of numbers of times."""
    varying = call.function == "repeat" and any(isinstance(one, np.ndarray) for one in call.arguments[1:])
    return call.function not in APART and not varying


BENT = ("gelu", "celu", "selu", "mish", "hard_tanh", "hard_silu", "sparse_plus", "sparse_sigmoid", "gelu_by_tanh", "elu")
"""Activations, of which a framework that compiles is asked of others by themselves."""
CALLS: tuple[Call, ...] = (
    *(call for group in GROUPED for call in {**GROUPS, **CORNERS}[group] if fits(call)),
    *(Call(f"activations.{function}", (X,), options, lambda x, equation=equation, **_: equation(x))
      for function, options, equation in map(ACTIVATIONS.get, BENT)))


TARGETS: dict[str, np.ndarray] = {"binary": M.astype("float32"), "categorical": one_hot(IDS % FEATURES, FEATURES),
                                  "sparse_categorical": IDS % FEATURES}
"""The targets of `X`, by the kind of cross-entropy."""


@statement("A cross-entropy of what a sigmoid or a softmax makes is that of these shares, also where both are in one program.",
           source="Keras: binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy")
def entropies_of_activations_are_of_shares(ask) -> list[Deviation]:
    """Arrays by kind, in one program: each step's cross-entropy; `own KIND`, of what the engine's own function makes."""
    seen = ask(FunctionRequest("activated_entropies", (("inputs", X), ("targets", tuple(TARGETS.items())))))
    found = []
    for kind, targets in TARGETS.items():
        due = (entropies_of_logits if kind == "binary" else entropies_of_powers)(targets, X.astype("float64"))
        due = due.mean(axis=-1) if kind == "binary" else due
        for name in (kind, f"own {kind}"):
            found += compare(name, seen[name], due, SLACK * (1 + np.abs(due)))
    return found


@statement("Functions of tensors give what NumPy's give where they stand in one graph, too.", source="Keras: ops; NumPy")
def functions_in_one_graph_are_numpys(ask) -> list[Deviation]:
    """Arrays by number of call and of result. Facts: `lacking`, the numbers of calls of functions that this release has not."""
    given = tuple((call.function, call.arguments, dict(call.options)) for call in CALLS)
    seen = ask(FunctionRequest("tensors_at_once", (("calls", given),)))
    raised, found = dict(seen.facts["raised"]), []
    for number, call in enumerate(CALLS):
        if number in seen.facts["lacking"]:
            continue
        words = f"{call.function}({of(call.arguments[0])}{''.join(f', {n}={v}' for n, v in call.options.items() if n == 'axis')})"
        found += [Deviation(words, f"{words}: {raised[number]}")] if number in raised else [
            *differing(words, seen.named(str(number)), call), *of_another_kind(words, seen.named(str(number)), call)]
    return found


def precision(call: Call) -> np.dtype | None:
    """The kind of the numbers that NumPy's function of this name is given, if they are of one, which is the kind of those that
    come."""
    kinds = {one.dtype for one in call.arguments if isinstance(one, np.ndarray) and one.dtype.kind == "f"}
    return kinds.pop() if call.due is None and len(kinds) == 1 and max(kind.itemsize for kind in kinds) < 8 else None


def of_another_kind(words: str, came: Mapping[str, np.ndarray], call: Call) -> list[Deviation]:
    """Where numbers of one precision go in and such of another come out."""
    kind = precision(call)
    return [Deviation(words, f"{words}: of {one.dtype}, given {kind}")
            for one in came.values() if kind and one.dtype.kind == "f" and one.dtype != kind]
