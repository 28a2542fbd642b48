"""PyTorch's attention of several heads, made and called in any way, beside its equations in elementary operations."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_crossed import RECORDS, SCALE, Numbers, dtype_of, within
from suite.backends.pytorch_layers import to_numpy

Tensor = torch.Tensor
WIDTH = 2
"""Of each head."""


class Attended:
    """One row: a module, and what it is given: (rows, steps, features)."""

    def __init__(self, row: Mapping[str, Any], numbers: Mapping[str, Any], place: int):
        self.row = row
        self.dtype = dtype_of(row)
        take = Numbers(numbers["float64" if row["dtype"] == "float64" else "float32"], place)
        rows, queries, keys = row["sizes"]
        rows, wide = 1 if row["form"] == "bare" else rows, WIDTH * row["heads"]
        others = {"apart": (3, 5), "memory": (3, 3)}.get(row["who"], (wide, wide))
        self.module = nn.MultiheadAttention(
            wide, row["heads"], dropout=0.5 if row["dropout"] == "rests" else 0.0, bias=row["bias"],
            add_bias_kv=row["added"] in ("bias", "both"), add_zero_attn=row["added"] in ("zeros", "both"), kdim=others[0],
            vdim=others[1], batch_first=row["batch_first"], dtype=self.dtype)
        self.weights = {name: SCALE * take(*one.shape) for name, one in self.module.named_parameters()}
        self.given = [take(rows, queries, wide)]
        self.given += [take(rows, keys, size) for size in others[: {"self": 0, "memory": 1, "apart": 2}[row["who"]]]]
        self.slopes, self.scores = take(rows, queries, wide), take(rows * row["heads"] * queries * (keys + 2))
        self.rows, self.records = rows, row["recorded"] in RECORDS
        self.padding = torch.tensor(row["masked"]["padding"])[:rows]
        self.mask = torch.tensor(row["masked"]["heads" if row["mask"].endswith("heads") else "all"])
        if row["mask"] == "hinted":
            self.mask = torch.ones(queries, keys, dtype=torch.bool).triu(1)
        elif row["mask"].endswith("heads"):
            self.mask = self.mask[: rows * row["heads"]]

    def leaves(self, dtype: torch.dtype) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Weights, and what is given, of which gradients are taken."""
        trained = self.row["recorded"] == "all"
        return ({name: one.to(dtype, copy=True).requires_grad_(trained) for name, one in self.weights.items()},
                [one.to(dtype, copy=True).requires_grad_(self.records) for one in self.given])

    def results(self, outputs: Tensor, scores: Tensor | None, weights: Mapping[str, Tensor],
                given: list[Tensor]) -> dict[str, Tensor]:
        """Outputs, weights of keys and gradients, by name."""
        found = {"outputs": outputs} | ({} if scores is None else {"weights": scores})
        if self.records:
            loss = (outputs.double() * self.slopes).sum()
            if scores is not None:
                loss = loss + (scores.double() * self.scores[: scores.numel()].reshape(scores.shape)).sum()
            sources = {f"given/{n}": one for n, one in enumerate(given)} | (weights if self.row["recorded"] == "all" else {})
            slopes = torch.autograd.grad(loss, list(sources.values()), allow_unused=True, materialize_grads=True)
            found |= {f"gradients/{name}": one for name, one in zip(sources, slopes, strict=True)}
        return found

    def due(self) -> dict[str, Tensor]:
        """What the equations give."""
        weights, given = self.leaves(torch.float64)
        with torch.set_grad_enabled(self.records):
            outputs, scores = self.equations(weights, given)
        shown = {"none": None, "averaged": scores.mean(1), "of_heads": scores}[self.row["weights"]]
        return self.results(outputs, shown, weights, given)

    def equations(self, named: Mapping[str, Tensor], given: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Outputs, and the weight of each key (rows, heads, queries, keys)."""
        row, heads = self.row, self.row["heads"]
        x, keys, values = given[0], given[min(1, len(given) - 1)], given[-1]
        into = [named[f"{part}_proj_weight"] for part in "qkv"] if "q_proj_weight" in named else named["in_proj_weight"].chunk(3)
        biases = named["in_proj_bias"].chunk(3) if row["bias"] else [0.0] * 3
        q, k, v = (one @ matrix.T + bias for one, matrix, bias in zip((x, keys, values), into, biases, strict=True))
        blocked = torch.zeros(self.rows, heads, q.shape[1], k.shape[1], dtype=torch.bool)
        if row["padding"] != "none":
            blocked = blocked | self.padding[:, None, None]
        if row["mask"] != "none":
            blocked = blocked | (self.mask.reshape(self.rows, heads, *self.mask.shape[1:]) if self.mask.dim() == 3 else self.mask)
        if row["added"] in ("bias", "both"):
            k, v = (torch.cat([one, named[name].expand(self.rows, 1, -1)], 1) for one, name in ((k, "bias_k"), (v, "bias_v")))
        if row["added"] in ("zeros", "both"):
            k, v = (torch.cat([one, torch.zeros_like(one[:, :1])], 1) for one in (k, v))
        blocked = nn.functional.pad(blocked, (0, k.shape[1] - blocked.shape[3]))
        q, k, v = (one.reshape(self.rows, -1, heads, WIDTH).transpose(1, 2) for one in (q, k, v))
        scores = (q @ k.transpose(2, 3) / math.sqrt(WIDTH)).masked_fill(blocked, float("-inf")).softmax(-1)
        out = (scores @ v).transpose(1, 2).flatten(2) @ named["out_proj.weight"].T
        return out + (named["out_proj.bias"] if row["bias"] else 0.0), scores

    def came(self) -> tuple[dict[str, Tensor], list[str]]:
        """What the module gives, and what is odd about it."""
        row, module = self.row, self.module.train(self.row["training"])
        weights, given = self.leaves(self.dtype)
        module.load_state_dict(weights)
        module = (copy.deepcopy(module) if row["call"] == "copied" else module).requires_grad_(row["recorded"] == "all")
        before = [one.detach().clone() for one in given]
        with within(row):
            if row["call"] == "second":
                module.train(not row["training"])
                self.called(module, [0.5 * one.detach() for one in given])
                module.train(row["training"])
            drawn = torch.get_rng_state()
            outputs, scores = self.called(module, given)
        odd = ["what was given is changed"] * any(not torch.equal(a, b) for a, b in zip(before, given, strict=True))
        odd += ["numbers were drawn"] * (not torch.equal(drawn, torch.get_rng_state()))
        odd += [f"outputs are in {outputs.dtype}"] * (outputs.dtype != self.dtype and row["dtype"] != "autocast")
        odd += ["weights come unasked"] * (scores is not None and row["weights"] == "none")
        return self.results(outputs, scores, dict(module.named_parameters()), given), odd

    def called(self, module: nn.Module, given: list[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Outputs and weights, rows first."""
        row, bare = self.row, self.row["form"] == "bare"
        turned = [one[0] if bare else one if row["batch_first"] else one.transpose(0, 1) for one in given]
        x, keys, values = turned[0], turned[min(1, len(turned) - 1)], turned[-1]
        mask, padding = self.mask, self.padding[0] if bare else self.padding
        low = x.dtype
        if row["mask"].startswith("float"):
            mask = torch.zeros(mask.shape, dtype=low).masked_fill(mask, float("-inf"))
        if row["padding"] == "float":
            padding = torch.zeros(padding.shape, dtype=low).masked_fill(padding, float("-inf"))
        outputs, scores = module(
            x, keys, values, key_padding_mask=None if row["padding"] == "none" else padding,
            need_weights=row["weights"] != "none", attn_mask=None if row["mask"] == "none" else mask,
            average_attn_weights=row["weights"] != "of_heads", is_causal=row["mask"] == "hinted")
        outputs = outputs[None] if bare else outputs if row["batch_first"] else outputs.transpose(0, 1)
        return outputs, scores if scores is None or not bare else scores[None]


def run_crossed_attention(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.crossed_attention`."""
    options, arrays, odd = dict(request.arguments), {}, []
    with moment("run"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of masks of two dtypes
        for place, row in enumerate(options["rows"]):
            asked = Attended(row, options["numbers"], place)
            came, words = asked.came()
            odd += [(place, one) for one in words]
            arrays |= {f"{place}/came/{name}": to_numpy(one) for name, one in came.items()}
            arrays |= {f"{place}/due/{name}": to_numpy(one) for name, one in asked.due().items()}
    return Observation(arrays, facts={"odd": tuple(odd)})
