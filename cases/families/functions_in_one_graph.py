"""Functions of tensors, many of them in one graph: so a framework that compiles every call by itself is asked of all of them."""

from __future__ import annotations

import numpy as np

from cases.families.base import statement
from cases.families.corners_of_functions import CORNERS
from cases.families.functions_by_name import ACTIVATIONS
from cases.families.functions_of_tensors import differing, of
from cases.function_calls import GROUPS, Call, X
from cases.models import FunctionRequest
from cases.requests import Deviation

GROUPED = ("picked", "joined", "running", "hot", "hot_of_none", "stepped", "chosen_first", "windowed", "windowed_apart",
           "widened", "averaged_windows", "normed", "normed_unscaled", "channels_first", "several_a_channel", "far_logits",
           "longer_by_one", "shared_sparsely",
           "from_the_end", "over_all_axes", "of_two_kinds", "hot_truths", "attended_in_groups")
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
        found += [Deviation(words, f"{words}: {raised[number]}")] if number in raised else differing(
            words, seen.named(str(number)), call)
    return found
