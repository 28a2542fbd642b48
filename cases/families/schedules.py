"""Schedules of the learning rate: the rate at every step is that of the equation, before, at and after what bounds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases import epochs, schedules
from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

RATE = {"initial_learning_rate": 0.75}
KINDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "exponential": ("exponential", {**RATE, "decay_steps": 4, "decay_rate": 0.5}),
    "exponential_stairs": ("exponential", {**RATE, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    "inverse_time": ("inverse_time", {**RATE, "decay_steps": 4, "decay_rate": 0.5}),
    "inverse_time_stairs": ("inverse_time", {**RATE, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    "polynomial": ("polynomial", {**RATE, "decay_steps": 5, "end_learning_rate": 0.125, "power": 2.0}),
    "polynomial_cycles": ("polynomial", {**RATE, "decay_steps": 5, "end_learning_rate": 0.125, "power": 0.5, "cycle": True}),
    "piecewise": ("piecewise", {"boundaries": (2, 5, 9), "values": (0.75, 0.5, 1.0, 0.25)}),
    "cosine": ("cosine", {**RATE, "decay_steps": 6, "alpha": 0.125}),
    "cosine_warmed": ("cosine", {**RATE, "decay_steps": 6, "alpha": 0.125, "warmup_target": 1.5, "warmup_steps": 3}),
    "cosine_restarts": ("cosine_restarts", {**RATE, "first_decay_steps": 3, "alpha": 0.125, "t_mul": 2.0, "m_mul": 0.75}),
    "cosine_restarts_alike": ("cosine_restarts", {**RATE, "first_decay_steps": 4, "alpha": 0.25, "t_mul": 1.0, "m_mul": 0.75}),
}
"""Name of a variant -> the schedule, its options."""
STEPS = 14
SLACK = 64 * unit_roundoff("float32")
"""Of the highest rate: a power, a cosine, some products in float32."""


@statement("A schedule's learning rate at each step is its equation, as it was made and as it is made again from its "
           "configuration.", {"schedule": tuple(KINDS)}, sparing=1, source="Keras: optimizers.schedules")
def rates_are_their_equations(ask, schedule):
    kind, options = KINDS[schedule]
    seen = ask(FunctionRequest("schedule", (("kind", kind), ("options", tuple(options.items())), ("steps", STEPS))))
    due = np.array([schedules.rate(kind, options, step) for step in range(STEPS)])
    return [d for name in ("rates", "again") for d in compare(name, seen[name], due, SLACK * due.max())]


EPOCHS, KEPT, TOLD = 15, 6, (9, 4, 12)
"""How many rates are asked for; after which of them a saved state goes on; epochs that a scheduler is told, if it takes any."""
BY_EPOCH: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "step": ("step", {"step_size": 3, "gamma": 0.5}),
    "multi_step": ("multi_step", {"milestones": (2, 6, 6, 9), "gamma": 0.5}),
    "exponential_epochs": ("exponential", {"gamma": 0.75}),
    "constant": ("constant", {"factor": 0.25, "total_iters": KEPT}),
    "linear": ("linear", {"start_factor": 0.25, "end_factor": 0.75, "total_iters": 8}),
    "linear_down": ("linear", {"start_factor": 0.75, "end_factor": 0.25, "total_iters": 4}),
    "polynomial_epochs": ("polynomial", {"total_iters": 9, "power": 2.0}),
    "cosine_annealing": ("cosine", {"T_max": 5, "eta_min": 0.125}),
    "warm_restarts": ("warm_restarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.125}),
    "one_cycle": ("one_cycle", {"max_lr": 1.5, "total_steps": EPOCHS, "pct_start": 0.4, "div_factor": 5.0,
                                "final_div_factor": 50.0}),
    "one_cycle_in_lines": ("one_cycle", {"max_lr": (1.5, 2.5), "total_steps": EPOCHS, "pct_start": 0.4, "div_factor": 5.0,
                                         "final_div_factor": 50.0, "anneal_strategy": "linear"}),
    "one_cycle_of_three": ("one_cycle", {"max_lr": 1.5, "epochs": 5, "steps_per_epoch": EPOCHS // 5, "pct_start": 0.4,
                                         "div_factor": 5.0, "final_div_factor": 50.0, "three_phase": True}),
    "swa": ("swa", {"swa_lr": 0.25, "anneal_epochs": 8, "anneal_strategy": "cos"}),
    "swa_in_lines": ("swa", {"swa_lr": 0.25, "anneal_epochs": 5, "anneal_strategy": "linear"}),
    "swa_at_once": ("swa", {"swa_lr": 0.25, "anneal_epochs": 0, "anneal_strategy": "cos"}),
    "swa_in_one": ("swa", {"swa_lr": 0.25, "anneal_epochs": 1, "anneal_strategy": "linear"}),
    "cosine_in_one": ("cosine", {"T_max": 1, "eta_min": 0.125}),
    "multi_step_at_once": ("multi_step", {"milestones": (0, 1, 14), "gamma": 0.5}),
    "linear_in_one": ("linear", {"start_factor": 0.25, "end_factor": 0.75, "total_iters": 1}),
    "polynomial_in_one": ("polynomial", {"total_iters": 1, "power": 1.0}),
    "triangular_alike": ("cyclic", {"base_lr": 0.25, "max_lr": 1.5, "step_size_up": 1, "mode": "triangular2"}),
    "plateau_impatient": ("plateau", {"mode": "min", "factor": 0.75, "patience": 0, "threshold": 0.0, "threshold_mode": "rel",
                                      "cooldown": 0, "min_lr": 0.0, "eps": 0.0625}),
    "triangular": ("cyclic", {"base_lr": 0.25, "max_lr": 1.5, "step_size_up": 3, "step_size_down": 2, "mode": "triangular"}),
    "triangular2": ("cyclic", {"base_lr": (0.25, 0.5), "max_lr": (1.5, 2.5), "step_size_up": 3, "step_size_down": 2,
                               "mode": "triangular2"}),
    "exp_range": ("cyclic", {"base_lr": 0.25, "max_lr": 1.5, "step_size_up": 2, "step_size_down": 3, "mode": "exp_range",
                             "gamma": 0.75}),
    "lambda": ("lambda", {}),
    "multiplicative": ("multiplicative", {}),
    "one_after_another": ("one_after_another", {"start_factor": 0.25, "end_factor": 0.5, "total_iters": 4, "milestone": 5,
                                                "gamma": 0.75}),
    "one_at_once": ("one_after_another", {"start_factor": 0.25, "end_factor": 0.5, "total_iters": 4, "milestone": 0,
                                          "gamma": 0.75}),
    "chained": ("chained", {"factor": 0.25, "total_iters": 4, "gamma": 0.75}),
    **{name: (name, {"start_factor": 0.25, "end_factor": 0.5, "milestone": 3, "factor": 0.25, "total_iters": 2, "gamma": 0.75,
                     "change": 6}) for name in ("first_sequence", "first_chain", "later_sequence", "later_chain")},
    "plateau": ("plateau", {"mode": "min", "factor": 0.5, "patience": 1, "threshold": 0.0625, "threshold_mode": "rel",
                            "cooldown": 2, "min_lr": 0.125}),
    "plateau_patient": ("plateau", {"mode": "min", "factor": 0.5, "patience": 3, "threshold": 0.03125, "threshold_mode": "abs",
                                    "cooldown": 0, "min_lr": 0.0}),
    "plateau_of_gains": ("plateau", {"mode": "max", "factor": 0.5, "patience": 2, "threshold": 0.03125, "threshold_mode": "rel",
                                     "cooldown": 1, "min_lr": (0.0, 1.0)}),
    "plateau_of_small_gains": ("plateau", {"mode": "max", "factor": 0.5, "patience": 1, "threshold": 0.0625,
                                           "threshold_mode": "abs", "cooldown": 1, "min_lr": 0.0}),
}
"""Name of a variant -> the scheduler, its options; of which some are of each group of weights."""
MADE_WITH = (0.75, 1.25)
"""The rates of two groups of weights; the second is a tensor."""
SECOND_BETAS = (0.875, 0.75)
"""Of the groups, where the optimizer has betas; the first are their momenta."""


@statement("A scheduler's learning rates, epoch by epoch, are its equation for each group of weights, those that it tells "
           "and those that are used, numbers and tensors, which stay the same ones, also where it and its optimizer go on from "
           "what they saved, and where it is made to go on behind an epoch; what it saves is numbers and words; a cycle's "
           "momentum goes against the rate, and leaves each group its other beta.",
           {"schedule": tuple(BY_EPOCH)}, sparing=0,
           source="PyTorch: torch.optim.lr_scheduler")
def rates_by_epoch_are_their_equations(ask, schedule):
    """Arrays: `rates`, `told`; `again`, of what was saved, `gone_on`, of the optimizer's state and the number of the epoch,
    `joined`, of a group that came later; `jumped`, by numbers of epochs; `momenta`. Facts: `replaced`, whether another tensor is
    in use; `odd`, what more is saved; `betas`, the second of each group, of an optimizer that has betas."""
    kind, options = BY_EPOCH[schedule]
    seen = ask(FunctionRequest("epochs", (("kind", kind), ("options", tuple(options.items())), ("rates", MADE_WITH),
                                          ("epochs", EPOCHS), ("kept", KEPT), ("told", TOLD))))
    due = np.array([epochs.rates(kind, {**options, "group": n}, rate, EPOCHS) for n, rate in enumerate(MADE_WITH)])
    ways = ("rates", "again", "told", *(name for name in ("gone_on", "joined") if name in seen.arrays))
    found = [d for name in ways for d in compare(name, seen[name], due, 1e-9 * due.max())]
    if "jumped" in seen.arrays:
        found += compare("jumped", seen["jumped"], due[:, TOLD], 1e-9 * due.max())
    if seen.facts["replaced"]:
        found.append(Deviation("rates", "the tensor that was given is another one afterwards"))
    found += [Deviation("saved", f"{name}: {what}, expected numbers and words") for name, what in seen.facts["odd"]]
    if (betas := tuple(seen.facts["betas"])) not in ((), SECOND_BETAS):
        found.append(Deviation("betas", f"the second betas are {betas}, and were {SECOND_BETAS}"))
    momenta = epochs.momenta(kind, options, EPOCHS)
    return found + (compare("momenta", seen["momenta"], np.array([momenta] * len(MADE_WITH)), 1e-9) if momenta else [])


@statement("A schedule with restarts that is told an epoch, a part of one too, gives the rate that it has there when it counts.",
           {"first": (1, 3, 10), "longer": (2, 3, 10, 1)}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: CosineAnnealingWarmRestarts.step(epoch); Loshchilov and Hutter 2017")
def restarts_are_where_they_are_told(ask, first, longer):
    restarts = [first * sum(longer**n for n in range(count)) for count in range(7)]
    told = tuple(sorted({float(restart + part) for restart in restarts for part in (-1, 0, 0.5) if restart + part >= 0}))
    options = {"T_0": first, "T_mult": longer, "eta_min": 0.125}
    seen = ask(FunctionRequest("restarts", (("options", tuple(options.items())), ("rate", MADE_WITH[0]), ("told", told))))
    due = np.array([epochs.restarted(options, MADE_WITH[0], epoch) for epoch in told])
    early = sum(epoch < restarts[3] - 1 for epoch in told)
    return [d for name, part in (("rates", slice(early)), ("rates after three restarts", slice(early, None)))
            for d in compare(name, seen["rates"][part], due[part], 1e-9 * due.max())]


RATES, GIVEN, SCALE = (0.5, 0.25), (3.0, 5.0), 8.0
"""By step; the gradients of the steps; what a scaled loss is multiplied by."""


@statement("A step's rate is what a function of the user's gives, asked for it without a word; a schedule that takes the place "
           "of a number leaves no number behind; gradients that are gathered are those of their own weight, though others have "
           "none; a loss is scaled by its scaler alone.", sparing=0,
           source="Keras: Optimizer(learning_rate, gradient_accumulation_steps, loss_scale_factor), LossScaleOptimizer")
def steps_are_of_what_is_given(ask) -> list[Deviation]:
    """Arrays: weights that were zero, after two steps: `function`, of rates by a function; `gathered`, of a mean of both, beside
    a weight without a gradient; `scaled`, of gradients of a scaled loss. Facts: `numbers`, of an optimizer with a schedule, and
    of one that was given it later."""
    seen = ask(FunctionRequest("steps_given", (("rates", RATES), ("gradients", GIVEN), ("scale", SCALE))))
    rate = RATES[0]
    due = {"function": -np.dot(RATES, GIVEN), "gathered": -rate * np.mean(GIVEN), "scaled": -rate * np.sum(GIVEN)}
    found = [d for name, one in due.items() for d in compare(name, seen[name], np.full(2, one), SLACK * abs(one))]
    first, later = seen.facts["numbers"]
    return found if first == later else [*found, Deviation("numbers", f"{later} numbers, expected {first}")]
