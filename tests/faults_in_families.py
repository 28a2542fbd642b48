"""Faults in the reference that only statements of families can notice: chains of cells."""

from planted import faults

STATES = "state = {n: np.where(here, new[n], state[n]) for n in state}"
OUTPUT = "last = np.where(here, x, last)"

FAULTS = (
    *faults("chains", "cells in a loop", {
        "an output is taken for a state": ("return rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"])), [p, q]",
                                           "y = rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"]))\n"
                                           "        return y, [p + y.sum() * 1e-3, q]"),
        "the second state is held back a step": ("return rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"])), [p, q]",
                                                 "return rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"])), [p, states[1]]"),
        "masks hold the first cell's states alone": (
            STATES, "state = {n: np.where(here, new[n], state[n]) if '/0/' in n else new[n] for n in state}"),
        "masks do not hold outputs": (OUTPUT, "last = x"),
        "states of a masked step are lost": (STATES, "state = {n: np.where(here, new[n], 0.0 * state[n]) for n in state}"),
        "carried states of the second cell are lost": (
            "elif chain.stateful:", "elif chain.stateful and len(chain.cells) == 1:"),
        "a reset is forgotten": ("            carried = {}\n        elif", "            pass\n        elif"),
        "the projection scales the output alone": ("        return h, [h, c]",
                                                   "        return 0.9 * h, [h, c]"),
        "both directions run forward": ("order = slice(None, None, -1) if direction == \"backward\" else slice(None)",
                                        "order = slice(None)"),
    }),
)
