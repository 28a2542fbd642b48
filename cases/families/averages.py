"""Averages of weights over training, and statistics that are taken again for them."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

TIMES, DECAY = 4, 0.75
"""How often weights are taken into the average; how much of it is kept each time, where it decays."""
SLACK = 8 * unit_roundoff("float32")
WHOLE = ((3, 11, -7), (8, 20, -8), (10, 34, -20), (15, 45, -27))
"""What a buffer of whole numbers is each time: of its averages the whole part is kept."""


@statement("Averaged weights are the mean of those that were taken, or one that decays from the first of them; buffers are "
           "averaged so where that is asked for, whole numbers too, and else those of the last time, whenever they are looked "
           "at.",
           {"decays": (False, True), "how": ("together", "each", "unsaid"), "buffers": (False, True), "whole": (True, False)},
           strength=(1, 4, 4), sparing=0, senseless=(
               (("decays", "how"), lambda decays, how: decays and how == "unsaid"),
               (("decays", "how", "buffers", "whole"), lambda decays, how, buffers, whole: not whole and (
                   decays or how != "together" or not buffers))),  # without, once: where whole numbers might be refused
           source="PyTorch: torch.optim.swa_utils.AveragedModel, get_ema_avg_fn, get_swa_multi_avg_fn")
def averages_are_means(ask, decays, how, buffers, whole) -> list[Deviation]:
    """how: by a function of all weights together, of each, or by none; whole: whether there is a buffer of whole numbers."""
    taken = {name: draw_values(generator("averages", name), (TIMES, 3)) for name in ("weight", "wide", "buffer")}
    taken |= {"numbers": np.array(WHOLE)} if whole else {}
    seen = ask(FunctionRequest("averaged", (("taken", taken), ("decays", decays), ("how", how), ("buffers", buffers),
                                            ("decay", DECAY))))
    found = equal("count", seen["count"], np.array(TIMES))
    for name, values in taken.items():
        means = [values[0]]
        for number, value in enumerate(values[1:], start=1):
            last = means[-1]
            mean = DECAY * last + (1 - DECAY) * value if decays else last + (value - last) / (number + 1)
            means.append(np.trunc(mean) if name == "numbers" else mean)
        due = values if name in ("buffer", "numbers") and not buffers else np.stack(means)
        found += compare(name, seen[name], due, SLACK * np.abs(values).max())
    return found


@statement("Statistics that are taken again are means over all batches, whatever they were before; the momentum and the mode of "
           "the model are then what they were.", {"training": (False, True), "momentum": (0.25, None)}, strength=(1, 2, 2),
           sparing=0,
           source="PyTorch: torch.optim.swa_utils.update_bn")
def statistics_taken_again_are_means(ask, training, momentum) -> list[Deviation]:
    batches = draw_values(generator("averages", "batches"), (TIMES, 5, 3))
    seen = ask(FunctionRequest("statistics_again", (("batches", batches), ("training", training), ("momentum", momentum))))
    found = compare("mean", seen["mean"], batches.mean(axis=(0, 1)), SLACK * np.abs(batches).max())
    found += compare("variance", seen["variance"], batches.var(axis=1, ddof=1).mean(axis=0), SLACK * np.abs(batches).max() ** 2)
    left = (seen.facts["training"], seen.facts["momentum"])
    return found if left == (training, momentum) else [
        *found, Deviation("left", f"training and momentum are {left} afterwards, expected {(training, momentum)}")]
