"""PyTorch's optimizers by their rules, and what is called around their steps and states."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import optimizer as optimizers

from cases.families.optimizer_rules import ONE_WAY, SPARSE
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_steps_by_rule(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.optimizer_rules.rarer_optimizers_are_their_rules`: each weight has its first gradient
    a step behind the one before it, and is told from that step on; those that go up are a group of their own."""
    options = dict(request.arguments)
    weights = [nn.Parameter(torch.tensor(np.array(one))) for one in options["weights"]]
    how = {} if options["rule"] in ONE_WAY else {"foreach": options["foreach"]}
    up, more = options["maximize"], dict(options["options"])
    groups = [{"params": [weights[n] for n, one in enumerate(up) if one == way], **({"maximize": True} if way else {})}
              for way in sorted(set(up))]
    with moment("build"):
        optimizer = getattr(torch.optim, options["kind"])(groups, **more, **how)
    path: list[list[np.ndarray]] = [[] for _ in weights]
    with moment("run"):
        for number, slopes in enumerate(options["slopes"], start=1):
            for weight, slope in zip(weights[:number], slopes, strict=False):
                dense = torch.tensor(np.array(slope))
                if options["rule"] in SPARSE:
                    weight.grad = dense.to_sparse(1)
                elif weight.grad is None:
                    weight.grad = dense
                else:  # as zero_grad(set_to_none=False) and backward(): what an optimizer keeps must be its own
                    weight.grad.copy_(dense)
            optimizer.step()
            for weight, steps in zip(weights[:number], path, strict=False):
                beside = optimizer.state[weight].get("ax")
                now = weight.detach() if beside is None else torch.stack([weight.detach(), beside])
                steps.append(now.numpy().copy())
    return Observation({f"weight/{n}": np.stack(steps) for n, steps in enumerate(path)}, facts={"told": repr(optimizer)})


def run_lbfgs(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.optimizer_rules.lbfgs_goes_by_its_rule`."""
    options = dict(request.arguments)
    matrix, target = (torch.tensor(np.array(options[name])) for name in ("matrix", "target"))
    x = nn.Parameter(torch.tensor(np.array(options["start"])))
    more = {"max_eval": 50, "line_search_fn": options["search"]} if options["search"] else {}
    least, asked = {"history_size": options["kept"], "tolerance_grad": 0.0, "tolerance_change": 0.0}, []
    optimizer = torch.optim.LBFGS([x], lr=options["lr"], max_iter=options["each"], **least, **more)
    hasty = torch.optim.LBFGS([x], lr=2.0**-10, max_iter=20, **least, **{**more, "max_eval": options["most"]})

    def closure() -> torch.Tensor:
        asked.append(1)
        optimizer.zero_grad()
        loss = x @ matrix @ x / 2 - target @ x
        loss.backward()
        return loss

    path = []
    with moment("run"):
        for _ in range(options["calls"]):
            optimizer.step(closure)
            path.append(x.detach().numpy().copy())
        asked.clear()
        with torch.no_grad():
            x.copy_(torch.tensor(np.array(options["start"])))
        hasty.step(closure)
    return Observation({"path": np.stack(path)}, facts={"asked": len(asked)})


def run_optimizer_hooks(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.optimizer_rules.hooks_of_optimizers_are_called`."""
    weight, called, rates = nn.Parameter(torch.ones(2)), [], []
    with moment("build"):
        optimizer = torch.optim.SGD([weight], 1.0, momentum=0.5)

    def note(what: str) -> Any:
        return lambda *_: called.append(what)

    def halved(what: str) -> Any:
        def change(_: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
            called.append(what)
            groups = [{**group, "lr": group["lr"] / 2} for group in state["param_groups"]]
            rates.append(groups[0]["lr"])
            return {**state, "param_groups": groups}

        return change

    handles = [optimizers.register_optimizer_step_pre_hook(note("before every step")),
               optimizers.register_optimizer_step_post_hook(note("after every step"))]
    try:
        handles += [optimizer.register_step_pre_hook(note("before a step")),
                    optimizer.register_step_post_hook(note("after a step")),
                    optimizer.register_state_dict_pre_hook(note("before saving")),
                    optimizer.register_state_dict_post_hook(halved("after saving")),
                    optimizer.register_load_state_dict_pre_hook(halved("before loading")),
                    optimizer.register_load_state_dict_post_hook(note("after loading"))]
        with moment("run"):
            weight.grad = torch.ones(2)
            optimizer.step()
            optimizer.load_state_dict({**optimizer.state_dict()})
            optimizer.param_groups[0]["lr"] /= 2
            rates.append(optimizer.param_groups[0]["lr"])
    finally:
        for handle in handles:
            handle.remove()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    return Observation({"rates": np.array(rates)}, facts={"called": tuple(called)})
