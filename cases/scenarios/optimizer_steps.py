"""Single steps of every optimizer: part of `lstm-regression-optimizers` (document 1), which compares optimizers.

A framework's step is held to the equation that it claims (`cases.optimizers`), from equal weights, gradients and
hyper-parameters: four steps, so that momentum, the correction of bias and schedules are seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.optimizers import BIAS_CORRECTION, OPTIMIZERS, OWN, PLACES_OF_EPSILON, definitions
from cases.requests import Deviation, Note
from cases.scenarios.base import claim
from cases.steps import GIVEN, OptimizerRequest, drawn, expected, follow, given, scales
from cases.tolerance import compare

NAME = "lstm-regression-optimizers"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "plain": {}, "momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}, "centered": {"centered": True},
    "centered_momentum": {"centered": True, "momentum": 0.9}, "amsgrad": {"amsgrad": True},
    "weight_decay": {"weight_decay": 0.3}, "clipvalue": {"clipvalue": 0.4}, "clipnorm": {"clipnorm": 0.5},
    "global_clipnorm": {"global_clipnorm": 0.6}, "schedule": {"decay_rate": 0.5},
    "moving_average": {"ema_overwrite_frequency": 2, "ema_momentum": 0.7},
    "accumulation": {"gradient_accumulation_steps": 2, "clipnorm": 0.5},
    "accumulation_of_three": {"gradient_accumulation_steps": 3, "clipnorm": 0.5},
    "decay_of_none": {"weight_decay": 0.3, "undecayed": ("kernel", "bias")},
    "decay_of_some": {"weight_decay": 0.3, "undecayed": ("bias",), "decay_rate": 0.5},
    "moving_average_at_the_end": {"use_ema": True, "ema_momentum": 0.7, "clipvalue": 0.4},
    "infinite_gradients": {"dynamic_scale": 8.0, "clipnorm": 0.5},
    "scaled_loss": {"loss_scale_factor": 8.0, "global_clipnorm": 0.6},
    "dampening": {"momentum": 0.9, "dampening": 0.3}, "maximize": {"maximize": True, "weight_decay": 0.3},
    "foreach": {"implementation": "foreach", "weight_decay": 0.3}, "fused": {"implementation": "fused", "weight_decay": 0.3},
    "foreach_maximize": {"implementation": "foreach", "maximize": True, "dampening": 0.3, "momentum": 0.9},
    "foreach_nesterov": {"implementation": "foreach", "nesterov": True, "momentum": 0.9},
    "foreach_centered": {"implementation": "foreach", "centered": True, "momentum": 0.9, "weight_decay": 0.3},
    "foreach_amsgrad": {"implementation": "foreach", "amsgrad": True, "maximize": True, "weight_decay": 0.3},
    "decoupled": {"weight_decay": 0.3, "decay_place": "weights"},
    "foreach_decoupled": {"implementation": "foreach", "weight_decay": 0.3, "decay_place": "weights"},
    "fused_nesterov": {"implementation": "fused", "nesterov": True, "momentum": 0.9},
    "fused_amsgrad": {"implementation": "fused", "amsgrad": True, "maximize": True, "weight_decay": 0.3},
}
OWN_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "sgd": ("momentum", "nesterov"), "rmsprop": ("momentum", "centered", "centered_momentum"), "adam": ("amsgrad",),
    "adamw": ("amsgrad", "weight_decay"),
}
"""Optimizer -> options that are its own."""
AROUND = ("weight_decay", "clipvalue", "clipnorm", "global_clipnorm", "schedule", "moving_average", "accumulation",
          "accumulation_of_three", "decay_of_none", "decay_of_some", "moving_average_at_the_end", "infinite_gradients",
          "scaled_loss")
RULES = [{"optimizer": o, "options": option} for o in OPTIMIZERS for option in ("plain", *OWN_OPTIONS.get(o, ()))]
FEW = [
    {"optimizer": "sgd", "options": "weight_decay"}, {"optimizer": "adam", "options": "weight_decay"},
    {"optimizer": "sgd", "options": "clipvalue"}, {"optimizer": "sgd", "options": "clipnorm"},
    {"optimizer": "adagrad", "options": "global_clipnorm"}, {"optimizer": "sgd", "options": "schedule"},
    {"optimizer": "nadam", "options": "schedule"}, {"optimizer": "adam", "options": "moving_average"},
    {"optimizer": "rmsprop", "options": "accumulation"}, {"optimizer": "sgd", "options": "accumulation_of_three"},
    {"optimizer": "adam", "options": "decay_of_some"}, {"optimizer": "sgd", "options": "moving_average_at_the_end"},
    {"optimizer": "sgd", "options": "scaled_loss"}, {"optimizer": "rmsprop", "options": "decay_of_none"},
    {"optimizer": "adam", "options": "infinite_gradients"},
]
"""What Keras has on every optimizer, each option on some of them."""
MANY = [{"optimizer": o, "options": a} for o in OPTIMIZERS for a in AROUND]


def hyper(optimizer: str, options: str) -> dict[str, Any]:
    """The hyper-parameters of a variant; with the last of the optimizer's own options too, where the option is not its own."""
    own = [name for name in OWN_OPTIONS.get(optimizer, ()) if name not in AROUND]
    extra = OPTIONS[own[-1]] if own and options in AROUND else {}
    return {**extra, **OPTIONS[options]}


def stepped(ask, request: OptimizerRequest) -> list[Deviation]:
    """Deviations of the weights after each step from the equations of the stack's definitions, and of gradients that a step
    does not leave as they were."""
    seen = ask(request)
    spoiled = seen.facts["spoiled"]
    found = [Deviation("gradients", f"{spoiled} gradients are others after the optimizer's step")] if spoiled else []
    if (told := tuple(seen.facts["scales"])) != scales(request):
        found.append(Deviation("scale", f"the scale of the loss is {told} after the steps, expected {scales(request)}"))
    for name, due in expected(request, seen.facts["stack"]).items():
        if name not in seen.arrays:
            found.append(Deviation(name, f"{name}: nothing came back where the equations have a value"))
            continue
        for number in range(len(due.value)):
            found += compare(f"{name} after step {number + 1}", seen[name][number], due.value[number], due.allowed[number])
    return found


@claim(
    NAME, "From equal weights, gradients and hyper-parameters four steps are those of the equation that the stack claims.", RULES,
    says="It compares SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax and Nadam by their names, as if each were one rule.",
    document="names are not definitions: the place of epsilon, of the rate and of weight decay differ between stacks",
)
def step_is_the_equation(ask, optimizer, options):
    return stepped(ask, drawn(optimizer, hyper(optimizer, options)))


def around(ask, optimizer: str, options: str) -> list[Deviation]:
    return stepped(ask, drawn(optimizer, hyper(optimizer, options), **around_it(options)))


def around_it(options: str) -> dict[str, Any]:
    """What happens beside the steps. A weight without gradients stands beside the others, but where averages are taken."""
    idle = options.endswith("weight_decay") or "clip" in options or options in ("schedule", "scaled_loss", "accumulation")
    return {"idle": idle, "ended": options.endswith("at_the_end"), "broken": 2 if options.startswith("infinite") else 0}


@claim(NAME, "Clipping, weight decay, schedules, moving averages and accumulation act as their equations say; a weight without "
       "gradients stays where it is, and does not count.", FEW,
       sparing=FEW[:9])
def around_the_step(ask, optimizer, options):
    return around(ask, optimizer, options)


@claim(NAME, "Clipping, weight decay, schedules, moving averages and accumulation act so in every optimizer.",
       [v for v in MANY if v not in FEW], depth="full")
def around_every_step(ask, optimizer, options):
    return around(ask, optimizer, options)


RESUMED = [{"optimizer": "sgd", "options": "moving_average"}, {"optimizer": "sgd", "options": "accumulation"},
           {"optimizer": "nadam", "options": "schedule"}, {"optimizer": "adam", "options": "decay_of_some"},
           {"optimizer": "sgd", "options": "infinite_gradients"}]


@claim(NAME, "Another optimizer that is given what one remembers after three steps takes the fourth as that one would.", RESUMED,
       sparing=RESUMED[:1])
def resumed(ask, optimizer, options):
    return stepped(ask, drawn(optimizer, hyper(optimizer, options), resumed=3))


@claim(NAME, "So does every optimizer, with whatever goes on around it.",
       [v for v in RULES + MANY if v not in RESUMED], depth="full")
def every_one_resumed(ask, optimizer, options):
    return stepped(ask, drawn(optimizer, hyper(optimizer, options), resumed=3, **around_it(options)))


@claim(NAME, "A gradient by rows, with a row named twice, steps as the dense one.", [{"optimizer": o} for o in OPTIMIZERS])
def repeated_rows(ask, optimizer):
    return stepped(ask, drawn(optimizer, {}, by_rows=True))


@claim(NAME, "Options of one framework alone act as their equations say; the same steps by other code are the same.",
       [{"optimizer": "sgd", "options": o} for o in ("dampening", "foreach_maximize", "foreach_nesterov", "fused_nesterov")]
       + [{"optimizer": "rmsprop", "options": "foreach_centered"}]
       + [{"optimizer": o, "options": option} for o in ("adam", "nadam") for option in ("decoupled", "foreach_decoupled")]
       + [{"optimizer": o, "options": f"{how}_amsgrad"} for o in ("adam", "adamw") for how in ("foreach", "fused")]
       + [{"optimizer": o, "options": option} for o in OPTIMIZERS for option in ("maximize", "foreach", "fused")], sparing=[])
def options_of_one_framework(ask, optimizer, options):
    return stepped(ask, drawn(optimizer, hyper(optimizer, options)))


@claim(NAME, "A gradient by rows steps as the dense one where the loss is scaled.",
       [{"optimizer": "sgd", "options": "scaled_loss"}, {"optimizer": "adagrad", "options": "infinite_gradients"}], sparing=[])
def rows_of_scaled_losses(ask, optimizer, options):
    kept = {name: value for name, value in hyper(optimizer, options).items() if "clip" not in name}
    return stepped(ask, drawn(optimizer, kept, by_rows=True, **around_it(options)))


@claim(
    NAME, "The framework's own hyper-parameters are those of the table.", [{"optimizer": o} for o in OPTIMIZERS],
    says="Every optimizer is used with its defaults.",
    document="Keras' defaults are no longer those of its time (Adadelta had a learning rate of 1.0), and PyTorch has others",
)
def defaults(ask, optimizer):
    facts = ask(OptimizerRequest(optimizer, (), {"bias": np.array([0.5, -0.25])})).facts
    stack, seen = facts["stack"], facts["hyper"]
    due = OWN[stack][optimizer]
    found: list[Deviation | Note] = [
        Deviation(name, f"{optimizer}'s {name}: found {seen.get(name, 'none')}, expected {value:g}")
        for name, value in due.items() if np.float32(seen.get(name, np.nan)) != np.float32(value)
    ]
    told = {"weight_decay": 0.0, **seen, **definitions(stack, optimizer), "bias correction": BIAS_CORRECTION[optimizer]}
    del told["clip_epsilon"]  # that of a function, not of an optimizer
    if "epsilon_place" in told:
        told["epsilon_place"] = PLACES_OF_EPSILON[optimizer][told["epsilon_place"]]
    rows = [[optimizer, name, f"{value:.6g}" if isinstance(value, float) else str(value)] for name, value in told.items()]
    return [*found, Note("Defaults and definitions", {"head": ["optimizer", "what", "is"], "rows": rows})]


DIFFERENT: Mapping[tuple[str, str], bool] = {
    ("sgd", "plain"): False, ("sgd", "schedule"): True, ("sgd", "weight_decay"): True, ("rmsprop", "plain"): True,
    ("adagrad", "plain"): True, ("adadelta", "plain"): False, ("adam", "plain"): True, ("adam", "weight_decay"): True,
    ("adamax", "plain"): True, ("nadam", "plain"): False, ("nadam", "own_schedule"): True, ("adamw", "plain"): True,
}
"""Optimizer and options -> whether Keras' and PyTorch's definitions part there."""


@claim(
    NAME, "From equal hyper-parameters four steps differ from those by the other stack's definition, by more than rounding, "
    "where the definitions differ, and nowhere else.", [{"optimizer": o, "options": a} for o, a in DIFFERENT],
    says="It compares SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax and Nadam by their names, as if each were one rule.",
    document="names are not definitions: the place of epsilon, of the rate and of weight decay differ between stacks",
)
def difference_of_definitions(ask, optimizer, options):
    own = options == "own_schedule"
    request = drawn(optimizer, {} if own else hyper(optimizer, options))
    if own:  # what Keras fixes, and PyTorch has a default for
        left = tuple((name, value) for name, value in request.hyper if name != "momentum_decay")
        request = OptimizerRequest(optimizer, left, request.weights, request.gradients)
    seen = ask(request)
    stack = seen.facts["stack"]
    other = follow(request, "torch" if stack == "keras" else "keras")
    off = {name: np.abs(seen[name] - array) for name, array in other.arrays.items()}
    allowed = {name: due.allowed for name, due in expected(request, stack).items()}
    largest = max(float(array.max()) for array in off.values())
    rounding = max(float(np.max(allowed[name])) for name in off)
    parts = any(np.any(off[name] > 2 * allowed[name]) for name in off)
    row = [optimizer, options.replace("_", " "), f"{largest:.2g}" if parts else "none beyond rounding"]
    told = Note(f"Largest difference from the other stack's definition, four steps, epsilon {GIVEN['epsilon']:g}",
                {"head": ["optimizer", "options", "difference"], "rows": [row]})
    if parts == DIFFERENT[optimizer, options]:
        return [told]
    words = f"{largest:.3g} off the other stack's definition, rounding is {rounding:.3g}: expected "
    return [told, Deviation("difference", words + ("more" if DIFFERENT[optimizer, options] else "no more"), largest, rounding)]


FIRST_STEPS = ("rmsprop", "adam", "adamax", "nadam", "adamw")


def first_step(optimizer: str) -> float:
    """How many learning rates the first step is long, whatever the gradient, with the values of `GIVEN` and hardly an epsilon."""
    if optimizer == "rmsprop":  # nothing is corrected
        return 1 / np.sqrt(1 - GIVEN["rho"])
    if optimizer != "nadam":
        return 1.0
    s = [GIVEN["beta_1"] * (1 - 0.5 * 0.96 ** (t * GIVEN["momentum_decay"])) for t in (1, 2)]
    return 1.0 + s[1] * (1 - GIVEN["beta_1"]) / (1 - s[0] * s[1])


@claim(
    NAME, "The first step is as long as the correction of bias makes it: the learning rate in Adam, AdamW and Adamax, by Nadam's "
    "schedule more, and in RMSprop, which corrects nothing, the rate over the root of 1 - rho.",
    [{"optimizer": o} for o in FIRST_STEPS], says="Every optimizer is used with its defaults.",
)
def bias_correction(ask, optimizer):
    weights, gradients = {"bias": np.array([0.5, -0.25, 1.0])}, {"bias": np.array([0.75, -0.125, 2.0])}
    options = {**given(optimizer), "epsilon": 1e-12, **({"weight_decay": 0.0} if optimizer == "adamw" else {})}
    seen = ask(OptimizerRequest(optimizer, tuple(options.items()), weights, (gradients,)))["weights/bias"][0]
    length = GIVEN["learning_rate"] * first_step(optimizer)
    due = weights["bias"] - length * np.sign(gradients["bias"])
    return compare("weights after the first step", seen, due, 2.0**-24 * (2 * np.abs(due) + 64 * length))
