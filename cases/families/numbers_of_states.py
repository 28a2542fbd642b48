"""As many initial states as a layer has, of as many axes as they have: no fewer and no more, whatever it is made of."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import refused, statement
from cases.invariants.base import NotSupported
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

ROWS, STEPS, FEATURES, UNITS = 2, 4, 3, 5
STATES = {"lstm": 2, "bidirectional_gru": 2, "bidirectional_lstm": 4, "stacked": 2, "stack_by_hand": 2}
"""Kind of layer -> how many states it has.

stacked        two GRU cells one above the other, of one size
stack_by_hand  the same called by hand, for one step
"""
WRONG = ("fewer", "more", "bare", "none")
"""How many are given: all but the last, one more, the first one alone and in no list, or an empty list."""


@statement("A layer of several states refuses fewer states than it has, more, one bare state, and an empty list of them.",
           {"part": tuple(STATES), "wrong": WRONG}, strength=(1, 2, 2), sparing=12,
           usual={"part": ("stacked", "bidirectional_gru", "bidirectional_lstm", "stack_by_hand")},
           source="Keras: RNN(initial_state), StackedRNNCells, Bidirectional; PyTorch: nn.GRU, nn.LSTM")
def other_numbers_of_states_are_refused(ask, part, wrong) -> list[Deviation]:
    random = generator("numbers of states", part)
    count = {"fewer": STATES[part] - 1, "more": STATES[part] + 1, "bare": 1, "none": 0}[wrong]
    states = tuple(draw_values(random, (ROWS, UNITS)) for _ in range(count))
    request = FunctionRequest("counted_states", (("part", part), ("inputs", draw_values(random, (ROWS, STEPS, FEATURES))),
                                                 ("states", states), ("bare", wrong == "bare"), ("units", UNITS)))
    words = f"{part}: {'one bare state' if wrong == 'bare' else f'{count} states'}, where it has {STATES[part]}"
    return refused(ask, request, lambda seen: Deviation(
        "states", f"{words}: taken in silence, outputs of shape {np.shape(seen['outputs'])}"))


RANKS = {
    "row": (UNITS,), "layer_first": (1, ROWS, UNITS), "step": (ROWS, 1, UNITS), "mask": (ROWS, STEPS, UNITS),
}
"""What has too few axes or too many -> its shape: states of one row without its axis; as PyTorch has them; with an axis of one
step; and a mask of each unit at each step."""

RANKED = {"simple_rnn": ("row", "layer_first"), "lstm": ("layer_first", "mask"), "gru": ("layer_first", "step"),
          "bidirectional_gru": ("row", "layer_first", "mask")}
"""Kind of layer -> which of these it is given."""


@statement("A layer refuses states with an axis too few or too many, and a mask with one of units.",
           {"part": tuple(RANKED)}, strength=(1, 1, 1), sparing=1,
           usual={"part": ("simple_rnn", "lstm")},
           source="Keras: RNN(initial_state) of shape (batch, units), mask of shape (batch, time)")
def other_ranks_are_refused(ask, part) -> list[Deviation]:
    random = generator("ranks of states", part)
    inputs, found, declined = draw_values(random, (ROWS, STEPS, FEATURES)), [], []
    for wrong in RANKED[part]:
        shape = RANKS[wrong]
        states = () if wrong == "mask" else tuple(draw_values(random, shape) for _ in range(STATES.get(part, 1)))
        mask = draw_values(random, shape) > 0 if wrong == "mask" else None
        request = FunctionRequest("counted_states", (
            ("part", part), ("inputs", inputs), ("states", states), ("bare", False), ("units", UNITS), ("mask", mask)))
        words = f"{part}: {'a mask' if wrong == 'mask' else 'states'} of shape {shape} for {ROWS} rows of {STEPS} steps"
        try:
            found += refused(ask, request, lambda seen, wrong=wrong, words=words: Deviation(
                wrong, f"{words}, and {UNITS} units: taken in silence, outputs of shape {np.shape(seen['outputs'])}"))
        except NotSupported as error:
            declined.append(error)
    if len(declined) == len(RANKED[part]):
        raise declined[0]
    return found
