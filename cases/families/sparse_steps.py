"""Embeddings in front of recurrent layers are trained as what they are: products of one-hot vectors with a table."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

IDS, WIDTH, STEPS = 5, 2, 3
OPTIONS = {"name": "plain", "clipnorm": 0.01, "loss_scale_factor": 8.0, "clipvalue": 0.001, "global_clipnorm": 0.01,
           "use_ema": True, "weight_decay": 0.1, "gradient_accumulation_steps": 2, "initial_scale": 16.0}
"""What an optimizer does with gradients or weights beside its rule -> the value that it is given; its name does nothing, and a
scale to begin with is that of a LossScaleOptimizer around it."""
BATCHES = {True: [[1, 2], [3, 1]], False: [[0, 1], [2, 4]]}
"""By whether an id comes several times in a batch."""


@statement("A table of embeddings is trained as the kernel of a dense layer that reads one-hot vectors, where gradients are "
           "clipped, scaled or gathered too.",
           {"option": tuple(OPTIONS), "repeated": (True, False)}, strength=(1, 1, 2), sparing=7, eager=5,
           met=tuple({"option": option, "repeated": False} for option in ("clipvalue", "global_clipnorm", "clipnorm")),
           source="Keras: optimizers, clipnorm, clipvalue, loss_scale_factor, gradient_accumulation_steps")
def tables_are_trained_as_kernels(ask, option, repeated) -> list[Deviation]:
    random = generator("sparse steps", option)
    table, ids = draw_values(random, (IDS, WIDTH)), np.array(BATCHES[repeated])
    targets = draw_values(random, (len(ids), WIDTH))
    seen = ask(FunctionRequest("sparse_step", (("table", table), ("ids", ids), ("targets", targets), ("steps", STEPS),
                                               ("options", {option: OPTIONS[option]}))))
    if np.array_equal(seen["kernel"], np.float32(table)):
        return [Deviation("kernel", "the kernel was not trained")]
    return compare("table", seen["table"], seen["kernel"].astype("float64"), 512 * unit_roundoff("float32") * (1 + np.abs(table)))


RULES = {
    "usual": {"SGD": {"momentum": 0.5, "nesterov": True}, "RMSprop": {"momentum": 0.5, "centered": True}, "Adagrad": {},
              "Adam": {"amsgrad": True}},
    "rarer": {"Adadelta": {}, "Adamax": {}, "Nadam": {}, "Ftrl": {"l2_shrinkage_regularization_strength": 0.125}, "Lion": {},
              "AdamW": {"weight_decay": 0.125}, "Adafactor": {}, "Lamb": {}},
}
"""Every optimizer that has a rule of its own -> the options that it is given."""
READ = ((3, 1), (1, 4), (3, 0))
"""The rows of the table that each step reads, none twice."""


@statement("A table of which a batch reads some rows is stepped by every rule as one whose gradient is zero in all others.",
           {"rules": tuple(RULES)}, dear={"rules": ("rarer",)}, strength=(1, 1, 1), sparing=0, eager=1,
           source="Keras: optimizers, Embedding; TensorFlow: IndexedSlices")
def every_rule_steps_rows(ask, rules) -> list[Deviation]:
    """Arrays: `rows/RULE` and `whole/RULE`, the table after steps by gradients of rows, as the engine has them, and by whole
    ones."""
    random = generator("rows that are stepped")
    table, pulls = draw_values(random, (IDS, WIDTH)), draw_values(random, (STEPS, len(READ[0]), WIDTH))
    seen = ask(FunctionRequest("stepped_rows", (("table", table), ("pulls", pulls), ("read", READ),
                                                ("rules", tuple(RULES[rules].items())))))
    found = []
    for rule in RULES[rules]:
        rows, whole = seen[f"rows/{rule}"], seen[f"whole/{rule}"].astype("float64")
        if np.array_equal(whole.astype("float32"), np.float32(table)):
            found.append(Deviation(f"whole/{rule}", f"{rule} stepped nothing"))
        found += compare(f"rows/{rule}", rows, whole, 512 * unit_roundoff("float32") * (1 + np.abs(whole)))
    return found
