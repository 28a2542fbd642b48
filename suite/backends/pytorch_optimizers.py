"""PyTorch's optimizers, and what its users do around a step by hand: clipping, and a schedule of the rate."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from cases.optimizers import OPTIMIZERS, definitions, hyper_parameters
from cases.requests import Observation, Unsupported
from cases.steps import GROWTH, OptimizerRequest, Rows
from suite.backends import moment

KINDS: Mapping[str, str] = {
    "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta", "adam": "Adam", "adamax": "Adamax",
    "nadam": "NAdam", "adamw": "AdamW",
}
NAMES: Mapping[str, str] = {
    "learning_rate": "lr", "rho": "alpha", "epsilon": "eps", "initial_accumulator_value": "initial_accumulator_value",
    "momentum": "momentum", "nesterov": "nesterov", "centered": "centered", "amsgrad": "amsgrad",
    "momentum_decay": "momentum_decay", "weight_decay": "weight_decay", "dampening": "dampening", "maximize": "maximize",
}
"""Keras' names of hyper-parameters -> PyTorch's; Adadelta's rho is rho there too, and betas are a pair."""
NEEDED = ("learning_rate", "rho", "beta_1", "beta_2", "epsilon", "momentum_decay", "initial_accumulator_value")
"""What has no neutral value: where it is not given, PyTorch's default would decide."""
BY_HAND = ("decay_rate", "clipvalue", "clipnorm", "global_clipnorm", "dynamic_scale", "loss_scale_factor")
NONE_HERE: Mapping[str, str] = {
    "ema_overwrite_frequency": "no PyTorch optimizer averages the weights: torch.optim.swa_utils does, in a second model",
    "use_ema": "no PyTorch optimizer averages the weights: torch.optim.swa_utils does, in a second model",
    "gradient_accumulation_steps": "PyTorch adds up gradients by further calls of backward(), and no optimizer knows of it",
}
SPARSE = ("sgd", "adagrad")
"""What steps on sparse gradients as on dense ones; SparseAdam is another rule, and the rest raise an error."""


def unsupported(optimizer: str, given: Mapping[str, Any], own: bool = False) -> str | None:
    """None, or why PyTorch's optimizer cannot be made so. With `own`, its defaults may decide what is not given."""
    kind = options_of(optimizer)
    fixed, neutral = definitions("torch", optimizer), hyper_parameters(optimizer, {})
    for name, value in given.items():
        if name == "decay_place" and "decoupled_weight_decay" in kind:
            continue
        if name in fixed:
            if value != fixed[name]:
                return f"PyTorch's {KINDS[optimizer]} has {name} {fixed[name]}, and no option for it"
        elif name in NONE_HERE:
            if value != neutral[name]:
                return NONE_HERE[name]
        elif name == "implementation":
            if value and value not in kind:
                return f"PyTorch's {KINDS[optimizer]} has no {value}"
        elif name not in (*BY_HAND, "undecayed", "beta_1", "beta_2", "ema_momentum") and named(optimizer, name) not in kind:
            return f"PyTorch's {KINDS[optimizer]} has no {name}"
    has = [*map_of(optimizer), *(("beta_1", "beta_2") if "betas" in kind else ())]
    needed = (*NEEDED, "weight_decay") if optimizer == "adamw" else NEEDED
    lacking = sorted(name for name in has if name in needed and name not in given)
    if lacking and not own:
        return f"{optimizer} without {', '.join(lacking)}: PyTorch's default would decide; give it"
    return None


def named(optimizer: str, name: str) -> str:
    """PyTorch's name of a hyper-parameter."""
    return "rho" if (optimizer, name) == ("adadelta", "rho") else NAMES.get(name, name)


def map_of(optimizer: str) -> dict[str, str]:
    """Keras' names -> PyTorch's, of what this optimizer has."""
    kind = options_of(optimizer)
    found = {name: named(optimizer, name) for name in NAMES}
    return {name: theirs for name, theirs in found.items() if theirs in kind}


def options_of(optimizer: str) -> dict[str, Any]:
    """The optimizer's own default options, by PyTorch's names."""
    return getattr(torch.optim, KINDS[optimizer])([torch.nn.Parameter(torch.zeros(1))]).defaults


def own_defaults(optimizer: str) -> dict[str, Any]:
    """The optimizer's own default options, by Keras' names; neutral values of what others have are left out."""
    kind = options_of(optimizer)
    found = {name: kind[theirs] for name, theirs in map_of(optimizer).items()}
    if "betas" in kind:
        found["beta_1"], found["beta_2"] = kind["betas"]
    return found


class Stepper:
    """An optimizer, and what a user does around its step. `step` takes the gradients that stand at the weights, and counts in
    `spoiled` those that the optimizer itself changes; `undecayed` are the weights that do not decay."""

    def __init__(self, optimizer: str, hyper: Mapping[str, Any], weights: Sequence[Tensor], undecayed: Sequence[Tensor] = ()):
        given, self.weights = dict(hyper), list(weights)
        kind = getattr(torch.optim, KINDS[optimizer])
        options = {theirs: given[name] for name, theirs in map_of(optimizer).items() if name in given}
        if "beta_1" in given:
            options["betas"] = (given["beta_1"], given["beta_2"])
        if given.get("implementation"):
            options[given["implementation"]] = True
        if given.get("decay_place") == "weights" and "decoupled_weight_decay" in options_of(optimizer):
            options["decoupled_weight_decay"] = True
        for flag in ("nesterov", "centered", "amsgrad", "maximize"):
            if flag in options:
                options[flag] = bool(options[flag])
        spared = {id(weight) for weight in undecayed}
        groups = [{"params": [w for w in self.weights if id(w) not in spared]}]
        groups += [{"params": list(undecayed), "weight_decay": 0.0}] if spared else []
        self.optimizer = kind(groups, **options)
        self.spoiled = 0
        self.clipping = {name: given[name] for name in ("clipvalue", "clipnorm", "global_clipnorm") if given.get(name)}
        gamma = given.get("decay_rate", 1.0)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, gamma) if gamma != 1.0 else None
        scale, fixed = given.get("dynamic_scale") or given.get("loss_scale_factor", 1.0), not given.get("dynamic_scale")
        self.scaler = torch.amp.GradScaler(self.weights[0].device.type, init_scale=scale, enabled=scale != 1.0,
                                           growth_interval=10**6 if fixed else GROWTH)

    def go_on(self, other: Stepper) -> Stepper:
        """Take over what another one like this remembers."""
        self.optimizer.load_state_dict(copy.deepcopy(other.optimizer.state_dict()))
        if self.schedule is not None:
            self.schedule.load_state_dict(other.schedule.state_dict())
        fresh = copy.deepcopy(self.scaler)
        fresh.load_state_dict(other.scaler.state_dict())
        self.scaler.scale(torch.zeros(1, device=self.weights[0].device))  # one that was used takes what a fresh one took
        self.scaler.load_state_dict(fresh.state_dict())
        return self

    def step(self) -> None:
        self.scaler.unscale_(self.optimizer)
        for name, most in self.clipping.items():
            if name == "clipvalue":
                clip_grad_value_(self.weights, most)
            elif name == "global_clipnorm":
                clip_grad_norm_(self.weights, most)
            else:
                for weight in self.weights:
                    clip_grad_norm_([weight], most)
        given = [weight for weight in self.weights if weight.grad is not None]
        before = [weight.grad.detach().clone() for weight in given]
        self.scaler.step(self.optimizer)
        self.spoiled += sum(not same(kept, weight.grad) for kept, weight in zip(before, given, strict=True))
        self.scaler.update()
        if self.schedule is not None:
            self.schedule.step()


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two gradients have the same numbers, NaN included."""
    one, other = (each.to_dense() if each.is_sparse else each for each in (one, other))
    return torch.allclose(one, other, rtol=0.0, atol=0.0, equal_nan=True)


def run_optimizer(request: OptimizerRequest, device: torch.device) -> Observation | Unsupported:
    """The weights after each step."""
    if request.optimizer not in OPTIMIZERS:
        return Unsupported(f"PyTorch has no {request.optimizer}")
    hyper = dict(request.hyper)
    if reason := unsupported(request.optimizer, hyper, own=True):
        return Unsupported(reason)
    by_rows = any(isinstance(g, Rows) for gradients in request.gradients for g in gradients.values())
    if by_rows and request.optimizer not in SPARSE:
        return Unsupported(f"PyTorch's {KINDS[request.optimizer]} takes no sparse gradients")
    with moment("build"):
        weights = {name: torch.nn.Parameter(tensor(array, device)) for name, array in request.weights.items()}
        spared = [weights[name] for name in hyper.get("undecayed", ()) if name in weights]
        stepper = Stepper(request.optimizer, hyper, list(weights.values()), spared)
    path: dict[str, list[np.ndarray]] = {name: [] for name in weights}
    spoiled, scales = 0, []
    with moment("run"):
        for number, gradients in enumerate(request.gradients, start=1):
            for name in gradients:
                given = gradient(gradients[name], device)
                weights[name].grad = stepper.scaler.scale(given * float("inf") if number == request.broken else given)
            stepper.step()
            spoiled, stepper.spoiled = spoiled + stepper.spoiled, 0
            scales += [stepper.scaler.get_scale()] if hyper.get("dynamic_scale") else []
            if number == request.resumed:  # what is remembered says the rate too: this one is made with another
                other = {**hyper, "learning_rate": 3 * own_defaults(request.optimizer)["learning_rate"]}
                stepper = Stepper(request.optimizer, other, list(weights.values()), spared).go_on(stepper)
            for name, weight in weights.items():
                path[name].append(weight.detach().cpu().numpy().copy())
    arrays = {f"weights/{name}": np.stack(found) for name, found in path.items() if found}
    return Observation(arrays, facts={"stack": "torch", "hyper": own_defaults(request.optimizer) | hyper, "spoiled": spoiled,
                                     "scales": tuple(scales)})


def tensor(array: np.ndarray, device: torch.device) -> Tensor:
    """A copy in float32."""
    return torch.tensor(np.array(array, order="C"), dtype=torch.float32, device=device)


def gradient(given: np.ndarray | Rows, device: torch.device) -> Tensor:
    """A gradient as autograd would leave it: of an embedding with sparse=True, not yet summed over repeated rows."""
    if not isinstance(given, Rows):
        return tensor(given, device)
    indices = torch.tensor(given.indices[None, :], device=device)
    return torch.sparse_coo_tensor(indices, tensor(given.values, device), (given.rows, given.values.shape[1]))
