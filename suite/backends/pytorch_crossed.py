"""PyTorch's recurrent modules and cells, made, given and called in any way, beside their equations in elementary operations."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy

Tensor = torch.Tensor
KINDS = {"lstm": "LSTM", "projected": "LSTM", "gru": "GRU", "tanh": "RNN", "relu": "RNN"}
SCALE = 0.25
"""Of weights."""
RECORDS = {"all", "inputs", "some", "states", "weights"}


def dtype_of(row: Mapping[str, Any]) -> torch.dtype:
    """Of a module's weights."""
    return getattr(torch, "float32" if row["dtype"] == "autocast" else row["dtype"])


@contextmanager
def within(row: Mapping[str, Any]) -> Iterator[None]:
    """In the precision and the mode of recording that a row says."""
    with ExitStack() as stack:
        if row["dtype"] == "autocast":
            stack.enter_context(torch.autocast("cpu", torch.bfloat16))
        if row["recorded"] not in RECORDS:
            stack.enter_context(torch.inference_mode() if row["recorded"] == "inference" else torch.no_grad())
        yield


class Numbers:
    """Gives tensors of given numbers, others each time."""

    def __init__(self, given: np.ndarray, place: int):
        self.given, self.at = torch.tensor(given), 61 * place

    def __call__(self, *shape: int) -> Tensor:
        count = int(np.prod(shape))
        self.at = 0 if self.at + count > len(self.given) else self.at
        self.at += count
        return self.given[self.at - count : self.at].reshape(shape).clone()


class Asked:
    """One row: what a module is given, and what its equations are given, leaves of float64. Inputs are (rows, steps,
    features), states (layers * directions, rows, size) each."""

    def __init__(self, row: Mapping[str, Any], numbers: Mapping[str, np.ndarray], place: int, cell: bool):
        self.row, self.cell = row, cell
        self.take = Numbers(numbers["float64" if row["dtype"] == "float64" else "float32"], place)
        rows, steps, features, units = row["sizes"]
        self.rows, self.steps = 1 if row["form"] == "bare" else rows, 1 if cell else steps
        self.layers, self.ways = (1, 1) if cell else (row["layers"], 1 + row["both"])
        self.width = units - 1 if row["cell"] == "projected" else units
        self.sizes = [self.width, units] if KINDS[row["cell"]] == "LSTM" else [units]
        self.weights = [SCALE * self.take(*shape) for shape in self.shapes()]
        self.x = self.take(self.rows, self.steps, features)
        count = self.layers * self.ways
        larger = row["large"] if row["states"] == "large" else 1.0
        self.states = None if row["states"] == "none" else [larger * self.take(count, self.rows, size) for size in self.sizes]
        self.slopes = [self.take(self.rows, self.steps, self.width * self.ways),
                       *(self.take(count, self.rows, size) for size in self.sizes)]
        self.lengths = [1] * self.rows if cell else row["lengths"][: self.rows]
        self.valid = torch.arange(self.steps) < torch.tensor(self.lengths)[:, None]
        self.slopes[0] = self.slopes[0] * self.valid[:, :, None]
        if "strange" in row:
            for own, valid, number in zip(self.x, self.valid, row["strange"], strict=False):
                own[1, 0] = number
                own[~valid] = number

    def shapes(self) -> Iterator[tuple[int, ...]]:
        """Of the weights, in their order."""
        _, _, features, units = self.row["sizes"]
        gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[KINDS[self.row["cell"]]] * units
        for layer in range(self.layers):
            for _ in range(self.ways):
                yield from ((gates, self.width * self.ways if layer else features), (gates, self.width))
                yield from ((gates,),) * 2 * self.row["bias"]
                yield from ((self.width, units),) * (self.row["cell"] == "projected")

    def made(self, row: Mapping[str, Any]) -> nn.Module:
        _, _, features, units = self.row["sizes"]
        words = {"nonlinearity": row["cell"]} if row["cell"] in ("tanh", "relu") else {}
        words |= {"bias": row["bias"], "dtype": dtype_of(row)}
        if self.cell:
            return getattr(nn, f"{KINDS[row['cell']]}Cell")(features, units, **words)
        words |= {"proj_size": self.width} if row["cell"] == "projected" else {}
        rate = {"none": 0.0, "rests": 0.5, "all": 1.0}[row["dropout"]]
        return getattr(nn, KINDS[row["cell"]])(features, units, self.layers, batch_first=row["batch_first"], dropout=rate,
                                               bidirectional=row["both"], **words)

    def trained(self, recorded: str) -> list[int]:
        """The numbers of the weights of which gradients are taken."""
        share = {"all": 1, "weights": 1, "some": 2}.get(recorded)
        return [*range(0, len(self.weights), share)] if share else []

    def leaves(self, dtype: torch.dtype, recorded: str) -> tuple[list[Tensor], Tensor, list[Tensor] | None]:
        """Weights, inputs and states, of some of which gradients are taken."""
        trained = self.trained(recorded)
        weights = [one.to(dtype).requires_grad_(number in trained) for number, one in enumerate(self.weights)]
        x = self.x.to(dtype, copy=True).requires_grad_(recorded in ("all", "inputs", "some"))
        graded = recorded in RECORDS - {"weights"}
        return weights, x, self.states and [one.to(dtype, copy=True).requires_grad_(graded) for one in self.states]

    def results(self, outputs: Tensor, states: Sequence[Tensor], weights: list[Tensor], x: Tensor, given: list[Tensor] | None,
                recorded: str) -> dict[str, Tensor]:
        """Outputs, states and gradients, by name."""
        found = {"outputs": outputs, **{f"states/{n}": one for n, one in enumerate(states)}}
        if recorded in RECORDS:
            loss = sum((a.double() * b).sum() for a, b in zip((outputs, *states), self.slopes, strict=True))
            sources = {"inputs": x, **{f"states/{n}": one for n, one in enumerate(given or ())},
                       **{f"weights/{n}": weights[n] for n in self.trained(recorded)}}
            sources = {name: one for name, one in sources.items() if one.requires_grad}
            if not sources:  # of states, and none are given
                return found
            slopes = torch.autograd.grad(loss, list(sources.values()), allow_unused=True, materialize_grads=True)
            found |= {f"gradients/{name}": one for name, one in zip(sources, slopes, strict=True)}
        return found

    def due(self) -> dict[str, Tensor]:
        """What the equations give."""
        recorded = "all" if {self.row["recorded"], *(how["recorded"] for how in self.row["again"])} & RECORDS else "nothing"
        weights, x, given = self.leaves(torch.float64, recorded)
        with torch.set_grad_enabled(recorded == "all"):
            found = equations(self, weights, x, given)
        return self.results(*found, weights, x, given, recorded)

    def came(self, row: Mapping[str, Any]) -> tuple[dict[str, Tensor], list[str]]:
        """What a module gives that is called so, and what is odd about it."""
        module, recorded = self.made(row).train(row["training"]), row["recorded"]
        weights, x, given = self.leaves(dtype_of(row), recorded)
        named = dict(zip((name for name, _ in module.named_parameters()), weights, strict=True))
        call, x_given = row["call"], x.transpose(0, 1).contiguous().transpose(0, 1) if row["call"] == "strided" else x
        if call != "called_with":
            with torch.no_grad():
                torch._foreach_copy_(list(module.parameters()), weights)
        module = copy.deepcopy(module) if call == "copied" else module
        for number, one in enumerate(module.parameters()):
            one.requires_grad_(number in self.trained(recorded))
        weights = weights if call == "called_with" else list(module.parameters())
        before = [one.detach().clone() for one in (x, *(given or ()))]
        with within(row):
            if call == "second":
                module.train(not row["training"])
                self.called(module, row, 0.5 * x.detach(), None)
                module.train(row["training"])
            drawn = torch.get_rng_state()
            way = (lambda *a: functional_call(module, named, a)) if call == "called_with" else module
            outputs, states = self.called(way, row, x_given, given)
        odd = ["what was given is changed"] * any(map(differ, before, (x, *(given or ()))))
        odd += ["numbers were drawn"] * (not torch.equal(drawn, torch.get_rng_state()) and row.get("dropout") != "all")
        odd += [f"a result is in {one.dtype}" for one in (outputs, *states)
                if one.dtype != dtype_of(row) and row["dtype"] != "autocast"]
        odd += ["gradients are recorded"] * (outputs.requires_grad and recorded not in RECORDS)
        return self.results(outputs, states, weights, x, given, recorded), odd

    def called(self, module: Any, row: Mapping[str, Any], x: Tensor,
               given: list[Tensor] | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Outputs, zeros at padding, and states."""
        if self.cell:
            return self.stepped(module, row, x, given)
        first, form = row["batch_first"], row["form"]
        if form in ("bare", "each"):
            return row_by_row(module, x, given)
        order = self.order(form)
        if order != sorted(order):
            x, given = x[order], given and [one[:, order] for one in given]
        x = x if first else x.transpose(0, 1)
        if form != "whole":
            lengths = torch.tensor(self.lengths)[order]
            x = pack_padded_sequence(x, lengths, first, enforce_sorted=form == "sorted")
        outputs, last = given_to(module, x, given)
        outputs = outputs if form == "whole" else pad_packed_sequence(outputs, first, total_length=self.steps)[0]
        outputs, back = outputs if first else outputs.transpose(0, 1), np.argsort(order)
        return outputs[back], tuple(one[:, back] for one in last)

    def order(self, form: str) -> list[int]:
        """In which rows are given."""
        falling = sorted(range(self.rows), key=lambda place: -self.lengths[place])
        return {"sorted": falling, "cycled": falling[1:] + falling[:1], "swapped": falling[1::-1] + falling[2:]}.get(
            form, list(range(self.rows)))

    def stepped(self, cell: Any, row: Mapping[str, Any], x: Tensor,
                given: list[Tensor] | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What a cell gives after its one step."""
        bare, x = row["form"] == "bare", x[:, 0]
        states = [one[0] for one in given or ()]
        x, states = (x[0], [one[0] for one in states]) if bare else (x, states)
        if row["call"] == "mapped":
            last = torch.vmap(lambda x, *own: cell(x, *as_given(own)))(x, *states)
        else:
            last = cell(x, *as_given(states))
        last = last if isinstance(last, tuple) else (last,)
        last = tuple(one[None] if bare else one for one in last)
        return last[0][:, None], tuple(one[None] for one in last)


def differ(one: Tensor, other: Tensor) -> bool:
    """Whether numbers do, NaN being NaN."""
    return not bool(((one == other) | (one != one) & (other != other)).all())


def given_to(module: Any, x: Any, states: Sequence[Tensor] | None) -> tuple[Any, tuple[Tensor, ...]]:
    """What a recurrent module makes of inputs and states, if there are any: outputs and last states."""
    outputs, last = module(x, *as_given(states or ()))
    return outputs, last if isinstance(last, tuple) else (last,)


def row_by_row(module: Any, x: Tensor, states: Sequence[Tensor] | None) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The same of rows, (rows, steps, features), each without an axis of rows."""
    each = [given_to(module, one, states and [state[:, place] for state in states]) for place, one in enumerate(x)]
    return torch.stack([one for one, _ in each]), tuple(
        torch.stack(part, 1) for part in zip(*(last for _, last in each), strict=True))


def as_given(states: Sequence[Tensor]) -> tuple:
    """States as a cell takes them: none, one or a pair."""
    return (tuple(states),) if len(states) > 1 else tuple(states)


def equations(asked: Asked, weights: list[Tensor], x: Tensor, given: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
    """Outputs and final states of the documented equations; a state stays once its row has ended."""
    count, kind = len(weights) // (asked.layers * asked.ways), KINDS[asked.row["cell"]]
    states = given or [torch.zeros(asked.layers * asked.ways, asked.rows, size, dtype=x.dtype) for size in asked.sizes]
    finals: list[list[Tensor]] = []
    whole = bool(asked.valid.all())
    for layer in range(asked.layers):
        if layer and asked.row["dropout"] == "all":
            x = x * 0
        halves = []
        for way in range(asked.ways):
            at = layer * asked.ways + way
            own, state = weights[at * count : (at + 1) * count], [one[at] for one in states]
            into, over = own[0], own[1]
            biases = own[2:4] if asked.row["bias"] else [torch.zeros(len(into), dtype=x.dtype)] * 2
            projection = own[-1] if asked.row["cell"] == "projected" else None
            below, every = x @ into.T + biases[0], [None] * asked.steps
            for step in range(asked.steps)[:: -1 if way else 1]:
                new = stepped(kind, asked.row["cell"], below[:, step], torch.addmm(biases[1], state[0], over.T), state)
                new = [new[0] @ projection.T, new[1]] if projection is not None else new
                if not whole:
                    valid = asked.valid[:, step, None]
                    state, every[step] = [torch.where(valid, a, b) for a, b in zip(new, state, strict=True)], torch.where(
                        valid, new[0], 0.0)
                else:
                    state, every[step] = new, new[0]
            halves.append(torch.stack(every, 1))
            finals.append(state)
        x = torch.cat(halves, -1)
    return x, [torch.stack(part) for part in zip(*finals, strict=True)]


def stepped(kind: str, cell: str, below: Tensor, before: Tensor, state: list[Tensor]) -> list[Tensor]:
    """The states after a step, of what comes from its inputs and from the states before."""
    if kind == "RNN":
        return [torch.tanh(below + before) if cell == "tanh" else torch.relu(below + before)]
    if kind == "LSTM":
        gates = below + before
        i, f, _, o = gates.sigmoid().chunk(4, 1)
        carry = f * state[1] + i * gates.chunk(4, 1)[2].tanh()
        return [o * carry.tanh(), carry]
    (r, z, n), (own_r, own_z, own_n) = below.chunk(3, 1), before.chunk(3, 1)
    update, new = (z + own_z).sigmoid(), (n + (r + own_r).sigmoid() * own_n).tanh()
    return [(1 - update) * new + update * state[0]]


def run_crossed(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the requests of `cases.families.crossed_modules`."""
    options, arrays, odd = dict(request.arguments), {}, []
    with moment("run"):
        for place, row in enumerate(options["rows"]):
            asked = Asked(row, options["numbers"], place, request.name == "crossed_cells")
            for side, how in (("came", row), *((f"again/{time}", one) for time, one in enumerate(row["again"]))):
                came, words = asked.came(how)
                odd += [(place, one) for one in words]
                arrays |= {f"{place}/{side}/{name}": to_numpy(one) for name, one in came.items()}
            arrays |= {f"{place}/due/{name}": to_numpy(one) for name, one in asked.due().items()}
    return Observation(arrays, facts={"odd": tuple(odd), "again": len(options["rows"][0]["again"])})
