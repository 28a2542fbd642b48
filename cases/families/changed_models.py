"""Models that are changed after they were used, and layers that are called with their weights given."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, refused, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

CHANGES = ("replaced", "normalized", "added", "adapted", "popped", "recompiled", "emptied")
"""The last layer replaced by another one of its size; the first one, a normalization, adapted to other numbers; one more layer at
the end; the last layer adapted by thin matrices; taken away; the whole compiled anew, with another loss and metric, and
trained, too; one more layer, in a model whose first one was taken away before it was used."""
PARTS = ("lstm", "loop", "bidirectional", "time_distributed")
SLACK = 64 * unit_roundoff("float32")


@statement("A model that is changed after it was used predicts, and is evaluated, as the layers that it then has.",
           {"change": CHANGES, "entry": ("predict", "evaluate")}, strength=(1, 1, 2), dear={"change": (*CHANGES[2:5], "emptied")},
           source="Keras: Sequential.add, Sequential.pop, Dense.enable_lora, Normalization.adapt")
def changed_models_are_what_they_became(ask, change, entry) -> list[Deviation]:
    random = generator("changed models")
    inputs, targets = random.uniform(-1, 1, (3, 4)), random.uniform(-1, 1, (3, 2))
    seen = ask(FunctionRequest("changed_model", (("change", change), ("entry", entry), ("inputs", inputs), ("targets", targets))))
    due = seen["due"].astype("float64")
    found = compare("found", seen["found"], due, SLACK * (1 + abs(due)))
    return found + ([Deviation("due", "the change changes nothing")] if (seen["before"] == seen["due"]).all() else [])


@statement("A layer that is called with its weights given does what its call does: it reads the mask that its inputs carry, "
           "computes in its own dtype, tells its losses, and gives back the statistics that it comes to; it refuses weights that "
           "are too few or too long; a scope keeps what is given and assigned in it, also after one in it has ended.",
           {"part": PARTS, "of": ("mask", "dtype", "losses")}, strength=(1, 2, 2), usual={"part": PARTS[:1]},
           dear={"part": PARTS[1:], "of": ("dtype",)}, source="Keras: Layer.stateless_call")
def stateless_calls_are_calls(ask, part, of) -> list[Deviation]:
    inputs = generator("stateless calls").uniform(-1, 1, (3, 4, 2))
    inputs[1:, -2:] = 0  # masked
    seen = ask(FunctionRequest("stateless_call", (("part", part), ("of", of), ("inputs", inputs))))
    found = equal("outputs", seen["outputs"], seen["due"], "of the stateless call, and of the call")
    for kind, words in (("moved", "given back, and after the call"), ("scope", "within a scope, and after it")):
        for name, due in seen.named(f"{kind}/due").items():
            found += equal(kind, seen[name.replace("due/", "")], due, words)
    found += [Deviation("error", f"{wrong}: taken in silence") for wrong in seen.facts["wrong"]]
    for name in ("dtype", "losses"):
        if seen.facts[name] != seen.facts[f"due_{name}"]:
            found.append(Deviation(name, f"{name}: found {seen.facts[name]}, expected {seen.facts[f'due_{name}']}"))
    return found


@statement("A metric that is given its state and weights by name gives the state that follows, from which its result is the "
           "weighted mean; its own state stays as it was, and its reset is that of a fresh one; a copy of it has its state, and "
           "that of an optimizer the steps made; both refuse a state that is too short.",
           source="Keras: Metric.stateless_update_state, stateless_result, stateless_reset_state")
def metrics_are_given_their_state(ask) -> list[Deviation]:
    """Arrays: `given`, the mean of two batches; `own`, of the metric itself, which saw the first; `begun`, a state
    that was reset; `copied`, the mean of a deep copy; `steps`, of a deep copy of an optimizer that made one."""
    random = generator("given states")
    values, weights = random.uniform(1, 2, (2, 3)), random.uniform(1, 2, (2, 3))
    seen = ask(FunctionRequest("stateless_metric", (("values", values), ("weights", weights))))
    due = {"given": np.average(values, weights=weights), "own": np.average(values[0], weights=weights[0]), "begun": np.zeros(2)}
    due |= {"copied": due["own"], "steps": 1.0}
    taken = [Deviation(name, f"{name}: a state with a number too few is taken") for name in seen.facts.get("taken", ())]
    return taken + [d for name, one in due.items()
                    for d in compare(name, seen[name], np.asarray(one), SLACK * (1 + np.abs(one)))]


@statement("A model whose inputs have names refuses names that none of them has.", {"named": ("others", "one_other")},
           strength=(1, 1, 1), usual={"named": ("others",)}, source="Keras: functional models of a dictionary of inputs")
def names_of_no_input_are_refused(ask, named) -> list[Deviation]:
    words = "inputs by names that the model has not: taken in silence"
    inputs = generator("names of no input").uniform(-1, 1, (2, 3, 4))
    request = FunctionRequest("names_of_no_input", (("named", named), ("inputs", inputs)))
    return refused(ask, request, lambda seen: Deviation("error", words))
