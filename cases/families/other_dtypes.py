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


@statement("A variable, list or array that is converted to another dtype has that one, and the variable's own is left as it is, "
           "also where its gradient is stopped; one of whole numbers is of these; what is assigned comes back.", sparing=1,
           source="Keras: ops.convert_to_tensor(Variable, dtype), stop_gradient, Variable.assign")
def variables_are_converted(ask) -> list[Deviation]:
    """Arrays: `DTYPE`, the numbers after they were converted, and `float32` and `stopped`, those of the variable; `listed`, a
    list of them as whole numbers, `gathered`, one of tensors, `kept`, one of whole ones; `halves` and `widened`, an array of them
    in bfloat16, as it is and as float32; `assigned`, `added`, what assigning them and adding them gave. Facts: `whole`, the dtype
    of a variable of int32."""
    numbers = np.array([[1.75, -2.5], [-0.5, 3.25]])
    seen = ask(FunctionRequest("converted_variable", (("numbers", numbers), ("dtypes", CONVERTED))))
    kinds = {**{name: name for name in (*CONVERTED, "float32")}, "listed": "int32", "gathered": "int32", "stopped": "float32",
             "kept": "int32", "halves": "bfloat16", "widened": "float32"}
    found = [Deviation(name, f"converted to {due}: {dtype} came") for name, dtype, due in (
        *((name, dtype, kinds[name]) for name, dtype in seen.facts["dtypes"]), ("int32", seen.facts["whole"], "int32"))
        if dtype != due]
    due = {name: np.trunc(numbers) if kind == "int32" else numbers for name, kind in kinds.items()}
    due |= {"assigned": numbers, "added": 2 * numbers}
    return found + [d for name, each in due.items() for d in compare(name, seen[name], each, np.zeros((2, 2)))]


@statement("The variance of numbers in half precision is that of these numbers, though their mean has more digits.",
           {"dtype": ("bfloat16", "float16")}, strength=(1, 1, 1), sparing=1, source="Keras: ops.moments")
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


WHOLE = np.array([[3, 70000], [300, 1]])
KINDS = {"array": "int", "list": "int", "truths": "bool", "list_of_truths": "bool", "list_of_numbers": "float", "added": "int",
         "scaled": "float", "picked": "float"}
"""Each tensor of `default_precision` and what it holds: arrays and lists that are converted, a sum and a product of one, and
some steps of numbers, by whole numbers."""


@statement("Under a default precision of 16 bits whole numbers and truth values stay what they are, in arrays and in lists, "
           "added up and as places; numbers made of them are the same as far as that precision holds them.",
           {"floatx": ("bfloat16", "float16")}, strength=(1, 1, 1), source="Keras: config.set_floatx, ops.convert_to_tensor")
def whole_numbers_stay_whole(ask, floatx) -> list[Deviation]:
    whole = WHOLE if floatx == "bfloat16" else np.minimum(WHOLE, 3000)
    truths, numbers = whole > 200, np.arange(8.0).reshape(2, 4) - 3.5
    seen = ask(FunctionRequest("default_precision", (("floatx", floatx), ("whole", whole), ("truths", truths),
                                                     ("numbers", numbers), ("factor", 1.5))))
    due = {"array": whole, "list": whole, "truths": truths, "list_of_truths": truths, "list_of_numbers": whole * 1.5,
           "added": whole.sum(axis=1), "scaled": whole * 1.5, "picked": numbers[:, whole % 4]}
    raised, kinds, found = dict(seen.facts["raised"]), dict(seen.facts["kinds"]), []
    for name, kind in KINDS.items():
        if name in raised:
            found.append(Deviation(name, f"{name}: {raised[name]}"))
        elif kind not in kinds[name]:
            found.append(Deviation(name, f"{name}: of {kinds[name]}, expected {kind}"))
        else:
            found += compare(name, seen[name], due[name], 2 * unit_roundoff(floatx) * np.abs(due[name]) * (kind == "float"))
    return found
