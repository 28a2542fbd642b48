"""PyTorch's attention of several heads, with weights that are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from cases.families.heads import SIZE
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def tensor(array: np.ndarray) -> torch.Tensor:
    """A copy in float32."""
    return torch.tensor(np.array(array, "float32"))


def made(options: dict[str, Any]) -> nn.MultiheadAttention:
    """The module in inference, with dropout that it does not draw then."""
    count, weights = options["heads"][0], options["weights"]
    width = count * SIZE
    other = {"kdim": len(weights["key/kernel"]), "vdim": len(weights["value/kernel"])} if options["reads"] == "others" else {}
    further = ("drawn" in options["further"], "zero" in options["further"])
    module = nn.MultiheadAttention(width, count, 0.4, options["bias"], *further, batch_first=not options["time_first"], **other)
    kernels = {name: tensor(weights[f"{name}/kernel"]).flatten(1).T for name in ("query", "key", "value")}
    state = {"out_proj.weight": tensor(weights["output/kernel"]).flatten(0, 1).T}
    if other:
        state |= {f"{name[0]}_proj_weight": kernel for name, kernel in kernels.items()}
    else:
        state["in_proj_weight"] = torch.cat(list(kernels.values()))
    if options["bias"]:
        state["in_proj_bias"] = torch.cat([tensor(weights[f"{name}/bias"]).flatten() for name in kernels])
        state["out_proj.bias"] = tensor(weights["output/bias"])
    if "drawn" in options["further"]:
        state |= {f"bias_{name[0]}": tensor(weights[f"further/{name}"]).reshape(1, 1, width) for name in ("key", "value")}
    module.load_state_dict(state)
    return module.eval()


def mask(may: torch.Tensor, numbers: torch.Tensor | None) -> torch.Tensor:
    """What is given for what may be read: truth values of what may not, or numbers that are added."""
    return ~may if numbers is None else numbers.masked_fill(~may, float("-inf"))


def run_heads(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.heads.heads_are_their_equation`."""
    options = dict(request.arguments)
    if options["heads"][0] != options["heads"][1]:
        return Unsupported("the heads of nn.MultiheadAttention have each their own keys and values")
    if options["gated"]:
        return Unsupported("nn.MultiheadAttention has no gates")
    if options["window"]:
        return Unsupported("nn.MultiheadAttention has no window but masks")
    with moment("build"):
        module = made(options)
    axes = 0 if options["bare"] else 1 if options["time_first"] else None

    def arranged(found: torch.Tensor) -> torch.Tensor:
        return found if axes is None else found[0] if axes == 0 else found.transpose(0, 1)

    query, key, value = (arranged(tensor(options["given"][name])) for name in ("query", "key", "value"))
    if options["reads"] == "itself":
        key = value = query
    numbers = [tensor(one) for one in options["numbers"]] or [None, None]
    valid, said = (None if options[name] is None else mask(torch.tensor(options[name]), number)
                   for name, number in zip(("valid", "said"), numbers, strict=True))
    said = None if said is None else said.repeat_interleave(options["heads"][0], dim=0)
    if said is not None and (options["bare"] or (said == said[:1]).all()):
        said = said[0]  # one for all
    with moment("run"), torch.set_grad_enabled(options["gradients"]):
        outputs, scores = module(query, key, value, key_padding_mask=valid if valid is None or not options["bare"] else valid[0],
                                 need_weights=options["scores"] != "none", attn_mask=said,
                                 average_attn_weights=options["scores"] != "each")
        hinted = []
        if said is not None and options["causal"] and torch.equal(said, torch.ones_like(said).triu(1)):
            heads = said.expand(len(options["given"]["query"]) * options["heads"][0], *said.shape[-2:])
            hinted = [module(query, key, value, key_padding_mask=valid if valid is None or not options["bare"] else valid[0],
                             need_weights=options["scores"] != "none", attn_mask=one, is_causal=True)[0] for one in (said, heads)]
    rows_first = [one[None] if options["bare"] else one.transpose(0, 1) if options["time_first"] else one
                  for one in (outputs, *hinted)]
    scores = scores if scores is None or not options["bare"] else scores[None]
    arrays = {name: to_numpy(one) for name, one in zip(("outputs", "hinted", "hinted/heads"), rows_first, strict=False)}
    return Observation(arrays | ({} if scores is None else {"scores": to_numpy(scores)}))


def run_dropped_scores(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.heads.attention_drops_its_share`."""
    options = dict(request.arguments)
    if options["layer"] != "MultiHeadAttention":
        return Unsupported(f"PyTorch has no {options['layer']}")
    rows, steps = options["sizes"]
    with moment("build"):
        module = nn.MultiheadAttention(steps, 1, options["rate"], bias=False, batch_first=True).train()
        one, zero = torch.eye(steps), torch.zeros(steps, steps)
        module.load_state_dict({"in_proj_weight": torch.cat([zero, zero, one]), "out_proj.weight": one})
    values = torch.eye(steps).repeat(rows, 1, 1)
    with moment("run"), torch.random.fork_rng():
        torch.manual_seed(3)
        asked = {"first": values, "second": values, "single": values[:, :1]}
        found = {name: module(query, values, values, need_weights=options["scored"])[0] for name, query in asked.items()}
    return Observation({name: to_numpy(one) for name, one in found.items()})
