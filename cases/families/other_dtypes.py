"""Numbers that are handed over in another dtype than the one in which what takes them computes."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.families.ctc import likelihood
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Request
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS = 2, 3
HANDED = ("int32", "float16", "bfloat16")


@statement("States that a layer is given in another precision than its own, or as whole numbers, are the numbers that they are: "
           "outputs and last states are those of the equations, of the layer's dtype.",
           {"cell": ("simple_rnn", "lstm", "gru"), "dtype": HANDED}, strength=(1, 1, 2), sparing=1,
           usual={"cell": ("simple_rnn", "lstm"), "dtype": ("int32", "float16")},
           source="Keras: RNN(initial_state)")
def states_of_any_dtype_are_taken(ask, cell, dtype) -> list[Deviation]:
    layer = Layer(cell, 3, 2)
    batch = BatchPlan(ROWS, STEPS, "none", True).draw(layer).but(cotangents=None)
    random = generator("states of other dtypes", cell)
    states = {n: random.permutation(np.array([-2, -1, 1, 2])).reshape(ROWS, 2) / (1 if dtype == "int32" else 4)
              for n in batch.initial_states}  # exact in every one of them
    request = Request(layer, draw_weights(layer), batch.but(initial_states=states), wants=("outputs", "states"))
    seen = ask(FunctionRequest("states_of_other_dtypes", (("request", request), ("dtype", dtype))))
    return against_reference(seen, request, "outputs", "states") + of_dtype(seen.facts["dtypes"], "float32")


def of_dtype(dtypes: tuple[tuple[str, str], ...], due: str) -> list[Deviation]:
    """A deviation of each name that has another dtype."""
    return [Deviation("dtype", f"{name}: of {dtype}, expected {due}") for name, dtype in dtypes if dtype != due]


CONVERTED = ("float16", "bfloat16", "int32")
FAR = np.array([100.0] * 3 + [101.0] * 5).reshape(ROWS, 4)
"""Their mean is no number of bfloat16, their variance, 15/64, is one."""


@statement("A variable that is converted to another dtype has that one, and its own is left as it is; one of whole numbers is of "
           "these; what is assigned comes back.", sparing=1,
           source="Keras: ops.convert_to_tensor(Variable, dtype), Variable.assign")
def variables_are_converted(ask) -> list[Deviation]:
    """Arrays: `DTYPE`, the numbers after they were converted, and `float32`, those of the variable; `assigned`, `added`, what
    assigning them and adding them gave. Facts: `whole`, the dtype of a variable of int32."""
    numbers = np.array([[1.75, -2.5], [-0.5, 3.25]])
    seen = ask(FunctionRequest("converted_variable", (("numbers", numbers), ("dtypes", CONVERTED))))
    found = [Deviation(name, f"converted to {name}: {dtype} came")
             for name, dtype in (*seen.facts["dtypes"], ("int32", seen.facts["whole"])) if dtype != name]
    due = {"float32": numbers, "assigned": numbers, "added": 2 * numbers} | {
        name: np.trunc(numbers) if name == "int32" else numbers for name in CONVERTED}
    return found + [d for name, each in due.items() for d in compare(name, seen[name], each, np.zeros((2, 2)))]


@statement("The variance of numbers in half precision is that of these numbers, though their mean has more digits.",
           {"dtype": ("bfloat16", "float16")}, strength=(1, 1, 1), sparing=0, eager=1, source="Keras: ops.moments")
def moments_of_halves_are_exact(ask, dtype) -> list[Deviation]:
    numbers = FAR if dtype == "bfloat16" else FAR * 10
    seen = ask(FunctionRequest("half_moments", (("numbers", numbers), ("dtype", dtype))))
    rounded = 2 * unit_roundoff(dtype)
    return (of_dtype(seen.facts["dtypes"], dtype) + compare("mean", seen["mean"], numbers.mean(), rounded * numbers.mean())
            + compare("variance", seen["variance"], numbers.var(), rounded * numbers.var()))


@statement("A CTC loss of scores in half precision is that of the same scores in float32, and of that dtype.",
           {"dtype": ("float16", "bfloat16")}, strength=(1, 1, 1), sparing=0, eager=1, usual={"dtype": ("float16",)},
           source="Keras: ops.ctc_loss; Graves et al. 2006")
def ctc_losses_of_halves_are_full(ask, dtype) -> list[Deviation]:
    parts = 256 if dtype == "float16" else 64  # as fine as the dtype holds them
    scores = generator("ctc of halves").integers(-2 * parts, 2 * parts, (ROWS, 5, 3)) / parts
    labels = np.array([[1, 2], [2, 2]])
    seen = ask(FunctionRequest("half_ctc", (("scores", scores), ("labels", labels), ("dtype", dtype))))
    shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    due = np.array([-np.log(likelihood(each, tuple(row), 0)[0]) for each, row in zip(shares, labels, strict=True)])
    return of_dtype(seen.facts["dtypes"], "float32") + compare("loss", seen["loss"], due, 256 * unit_roundoff("float32") * due)
