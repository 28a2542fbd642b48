"""Two frameworks with equal weights compute the same."""

from __future__ import annotations

from cases.invariants.base import EVERYTHING, alike, invariant, output_valid
from cases.invariants.values import drawless


@invariant("From equal weights two frameworks give the same outputs, states and gradients.",
           lambda c: drawless(c) and c.execution.kernel == "fused", "Keras = PyTorch = float64 reference", across=True)
def frameworks_agree(ask, other, case):
    request = case.request(wants=EVERYTHING)
    mine, theirs = ask(request), other(request)
    shared = [n for n in mine.arrays if n in theirs.arrays]  # biases are summed in some frameworks and not in others
    cut = [type(seen)({n: seen[n] for n in shared}, facts=seen.facts) for seen in (mine, theirs)]
    return alike(*cut, request, "outputs", "states", "loss", "gradients", what="two frameworks", where=output_valid(request))
