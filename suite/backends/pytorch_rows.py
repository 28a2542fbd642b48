"""PyTorch's recurrent modules, given rows of different lengths in every way in which they take them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn
from torch._dispatch.python import enable_python_dispatcher
from torch.autograd import forward_ad
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cases.batches import Batch
from cases.chains import Chain
from cases.layers import Layer
from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends import moment
from suite.backends.pytorch_cells import place_of
from suite.backends.pytorch_layers import DTYPES, LAYERS, build, named_tensors, set_weights, to_numpy

FROZEN = {"frozen_first": lambda number: number % 2 == 0, "frozen_second": lambda number: number % 2 == 1,
          "frozen_matrices": lambda number: number % 4 < 2, "frozen_biases": lambda number: number % 4 > 1}
"""Which weights are frozen, by their number; without biases every second pair has matrices too."""
ONLY = {"only_inputs": 0, "only_outputs": 1, "only_carry": -1}
"""Of which of the inputs and the states that are given gradients are taken: of one; all weights are frozen."""
RATE = 0.4
"""Of dropout between layers, in inference."""


def run_rows_in_every_way(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.rows_in_every_way`."""
    arrays, odd = {}, []
    with moment("run"):
        for place, (one, mode, ways) in enumerate(dict(request.arguments)["each"]):
            asked = Asked(one, mode)
            for way in ways:
                if (found := asked.given(way)) is not None:
                    arrays |= {f"{place}/{way}/{name}": to_numpy(tensor) for name, tensor in found.items()}
                    odd += [f"{way}: {name} is {tensor.dtype}, of a module of {asked.dtype}"
                            for name, tensor in found.items() if tensor.dtype != asked.dtype]
            odd += [f"{what}, {mode}" for what, wrong in (("inputs or states were changed", not asked.as_before()),
                                                          ("numbers were drawn", asked.drew)) if wrong]
    return Observation(arrays, facts={"odd": tuple(odd)})


class Asked:
    """One module, time first and batch first, and what it is given. States are tuples of (layers * directions, rows, size)."""

    def __init__(self, one: Request | FunctionRequest, mode: str):
        self.mode, self.layer = mode, one.layer if isinstance(one, Request) else None
        options = dict(one.arguments) if self.layer is None else {"batch": one.batch, "weights": one.weights}
        self.batch: Batch = options["batch"]
        self.drawn = options["weights"]
        kind, sizes, words, weights = of_layer(self.layer, options["weights"]) if self.layer else of_chain(**options)
        self.dtype = next(iter(weights.values())).dtype
        words |= {"dropout": RATE} if mode != "training" and sizes[2] > 1 else {}
        self.made, self.modules, self.drew = (kind, sizes, words), {}, False
        self.first: dict[int, torch.Tensor] = {}
        self.weights, self.lengths = weights, self.batch.lengths
        self.names = self.layer.state_keys() if self.layer else tuple(
            f"{way}/{index}/{part}" for index in range(sizes[2]) for way in options["chain"].directions for part in "01")
        self.parts = 2 if self.layer is None else len(self.layer.state_names)
        self.x = self.tensor(self.batch.inputs)
        self.states = None if self.batch.initial_states is None else self.stacked(self.batch.initial_states)
        self.leaves = [self.x, *(self.states or ())]
        self.before = [one.clone() for one in self.leaves]
        self.slopes = (self.tensor(self.batch.cotangents["outputs"]), *self.stacked(
            {name: self.batch.cotangents[f"states/{name}"] for name in self.names}))

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.array(array, order="C"), dtype=self.dtype)

    def stacked(self, named: Mapping[str, np.ndarray]) -> tuple[torch.Tensor, ...]:
        return tuple(self.tensor(np.stack([named[name] for name in self.names[part::self.parts]])) for part in range(self.parts))

    def module(self, first: bool) -> nn.Module:
        """The module, batch first or time first."""
        if first not in self.modules:
            kind, sizes, words = self.made
            module = kind(*sizes, **words, batch_first=first).to(self.dtype)
            module.load_state_dict(self.weights)
            self.modules[first] = module.train(self.mode == "training")
        return self.modules[first]

    def loop(self) -> nn.Module:
        """Its cells, called step by step: what a row's steps have ended stays."""
        module = build(self.layer, "generic", self.x.device)
        set_weights(module, self.layer, self.drawn)
        return module

    def as_before(self) -> bool:
        """Whether inputs and states are what they were."""
        return all(torch.equal(a, b) for a, b in zip(self.before, self.leaves, strict=True))

    def is_trained(self, way: str, number: int) -> bool:
        """Whether a gradient is taken of an input, a state or a weight, which are counted in this order."""
        leaves = len(self.leaves)
        if (own := ONLY.get(way.removeprefix("cells_").removeprefix("bare_"))) is not None:
            return number == own % leaves
        return way not in FROZEN or number < leaves or not FROZEN[way](number - leaves)

    def given(self, way: str) -> dict[str, torch.Tensor] | None:
        """What came in this way, the outputs being zeros at padding; None where rows cannot be given so."""
        looped, what = way.startswith("cells"), way.removeprefix("cells_").removeprefix("bare_")
        if (way.startswith("whole") and len(set(self.lengths)) > 1 or looped and self.layer is None
                or what in FROZEN | ONLY | {"forward_mode": ()} and self.mode == "unrecorded"
                or what in ("only_outputs", "only_carry") and not self.states or self.made[0] is nn.LSTM and (
                    what == "mapped" or way == "forward_mode" and self.dtype == torch.float32)):  # which are not offered
            return None
        module = self.loop() if looped else self.module(not way.endswith("time_first"))
        parameters = list(module.parameters())
        sources = [*self.leaves, *parameters]
        trained = [number for number in range(len(sources)) if self.is_trained(way, number)]
        for number, source in enumerate(sources):
            source.requires_grad_(number in trained and (self.mode != "unrecorded" or number >= len(self.leaves)))
        if what == "forward_mode":
            return forward_mode(self, module, stepped if looped else apart)
        drawn = torch.get_rng_state()
        program = enable_python_dispatcher if "decomposed" in way else nullcontext
        with torch.set_grad_enabled(self.mode != "unrecorded"), program():
            if looped:
                outputs, states = (mapped if what == "mapped" else stepped)(self, module)
            elif way.startswith("bare") or "alone" in way or way == "traced":
                outputs, states = apart(self, module, way)
            else:
                outputs, states = together(self, module, way)
            self.drew |= not torch.equal(drawn, torch.get_rng_state())
            found = {"outputs": outputs, "states": torch.cat([one.flatten() for one in states])}
            if self.mode != "unrecorded":
                loss = sum((a * b).sum() for a, b in zip((outputs, *states), self.slopes, strict=True))
                taken = [sources[number] for number in trained]
                slopes = torch.autograd.grad(loss, taken, allow_unused=True, materialize_grads=True)
                slopes = dict(zip(trained, slopes, strict=True))
                self.first = self.first or slopes
                slope, *others = ({**self.first, **slopes}[number] for number in range(len(sources)))
                own, weights = others[: len(self.leaves) - 1], others[len(self.leaves) - 1:]
                found |= {"gradients/inputs": slope, "gradients/weights": torch.cat([g.flatten() for g in weights])}
                found |= {"gradients/states": torch.cat([g.flatten() for g in own])} if own else {}
                if way == "packed":
                    found["along"] = sum((a * along(b)).sum() for a, b in zip((slope, *others), sources, strict=True))
        return found


def as_given(states: tuple[torch.Tensor, ...] | None) -> Any:
    """States as a module takes them."""
    return states if states is None or len(states) > 1 else states[0]


def as_tuple(states: Any) -> tuple[torch.Tensor, ...]:
    """States as a module gives them, in one form."""
    return states if isinstance(states, tuple) else (states,)


def together(asked: Asked, module: nn.Module, way: str) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """All rows in one call."""
    first, x, states = module.batch_first, asked.x, asked.states
    lengths = torch.tensor(asked.lengths)
    order = lengths.argsort(descending=True) if way.startswith("sorted") else torch.arange(len(lengths))
    x, states = x[order], None if states is None else tuple(one[:, order] for one in states)
    x = x if first else x.transpose(0, 1)
    if way.startswith("whole"):
        outputs, last = module(x, as_given(states))
    else:
        packed = pack_padded_sequence(x, lengths[order], first, enforce_sorted=way.startswith("sorted"))
        found, last = module(packed, as_given(states))
        outputs, _ = pad_packed_sequence(found, first, total_length=asked.batch.time)
    back = order.argsort()
    return (outputs if first else outputs.transpose(0, 1))[back], tuple(one[:, back] for one in as_tuple(last))


def apart(asked: Asked, module: nn.Module, way: str,
          weights: Mapping[str, torch.Tensor] | None = None) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Each row in a call of its own: a batch of one, packed or not, or without a batch axis; with weights of the call."""
    first, bare, every, lasts = module.batch_first, way.startswith("bare"), [], []
    call = traced(asked, module) if way == "traced" else module
    for row, length in enumerate(asked.lengths):
        x = asked.x[row, :length]
        states = None if asked.states is None else tuple(one[:, row] if bare else one[:, row : row + 1] for one in asked.states)
        x = x if bare else x[None] if first else x[:, None]
        if way == "packed_alone":
            found, last = module(pack_padded_sequence(x, [int(length)], first), as_given(states))
            outputs = pad_packed_sequence(found, first)[0]
        else:
            arguments = (x,) if states is None else (x, as_given(states))
            outputs, last = functional_call(module, weights, arguments) if weights else call(*arguments)
        outputs = outputs if bare else outputs[0] if first else outputs[:, 0]
        every.append(nn.functional.pad(outputs, (0, 0, 0, asked.batch.time - len(outputs))))
        lasts.append([one if bare else one[:, 0] for one in as_tuple(last)])
    return torch.stack(every), tuple(torch.stack(part, dim=1) for part in zip(*lasts, strict=True))


def stepped(asked: Asked, module: nn.Module, *_: Any, weights: Any = None) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Cells called step by step."""
    given = asked.x, torch.tensor(asked.batch.valid), as_given(asked.states)
    outputs, last = functional_call(module, weights, given) if weights else module(*given)
    return outputs, as_tuple(last)


def mapped(asked: Asked, module: nn.Module) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """The same of one row, mapped over all of them."""
    def one(x: torch.Tensor, valid: torch.Tensor, states: Any) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        given = None if states is None else as_given(tuple(each[:, None] for each in states))
        outputs, last = module(x[None], valid[None], given)
        return outputs[0], tuple(each[:, 0] for each in as_tuple(last))

    states = asked.states
    return torch.vmap(one, (0, 0, None if states is None else 1), (0, 1))(asked.x, torch.tensor(asked.batch.valid), states)


def traced(asked: Asked, module: nn.Module) -> Any:
    """A program of it, traced of the first row's inputs in another order, and of other states."""
    x = asked.x[:1].detach().flip(1)
    given = [] if asked.states is None else [as_given(tuple(0.5 * one[:, :1].detach() for one in asked.states))]
    return torch.jit.trace(module, (x if module.batch_first else x.transpose(0, 1), *given), check_trace=False)


def along(one: torch.Tensor) -> torch.Tensor:
    """A direction in which it moves: its own numbers, in another order."""
    return one.detach().flip(tuple(range(one.ndim)))


def forward_mode(asked: Asked, module: nn.Module, called: Any) -> dict[str, torch.Tensor]:
    """The derivative of the loss along a direction of all that is given, each row by itself or step by step."""
    with forward_ad.dual_level():
        moved = [forward_ad.make_dual(one.detach(), along(one)) for one in (*asked.leaves, *module.parameters())]
        other, leaves = copy.copy(asked), len(asked.leaves)
        other.x, other.states = moved[0], tuple(moved[1:leaves]) or None
        weights = dict(zip((name for name, _ in module.named_parameters()), moved[leaves:], strict=True))
        outputs, states = called(other, module, "alone", weights=weights)
        loss = sum((a * b).sum() for a, b in zip((outputs, *states), asked.slopes, strict=True))
        tangent = forward_ad.unpack_dual(loss).tangent
    return {"along": torch.zeros_like(loss) if tangent is None else tangent}


def of_layer(layer: Layer, weights: Mapping[str, np.ndarray]) -> tuple:
    """The module of a layer: its class, sizes, options and weights."""
    words = {"bias": layer.bias, "bidirectional": layer.direction == "bidirectional"}
    words |= {"nonlinearity": layer.activation} if layer.cell == "simple_rnn" else {}
    return LAYERS[layer.cell], (layer.features, layer.units, layer.layers), words, named_tensors(layer, weights)


def of_chain(chain: Chain, weights: Mapping[str, np.ndarray], **others: Any) -> tuple:
    """The same of cells with projections."""
    cell = chain.cells[0]
    words = {"bias": any(name.endswith("/bias") for name in weights), "bidirectional": chain.direction == "bidirectional",
             "proj_size": cell.width}
    named = nn.LSTM(chain.features, cell.units, len(chain.cells), **words, device="meta").state_dict()
    for name in named:
        place, which = place_of(name)
        named[name] = torch.tensor(np.array(weights[f"{place}/{which}"].T, order="C"), dtype=DTYPES["float32"])
    return nn.LSTM, (chain.features, cell.units, len(chain.cells)), words, named
