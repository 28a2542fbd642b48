"""PyTorch's recurrent modules in their other forms: time first, without a batch axis, cells by hand, projections."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import nn
from torch._dispatch.python import enable_python_dispatcher
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

from cases.batches import Batch
from cases.chains import Chain
from cases.families.cells import WITH_LENGTHS
from cases.layers import Layer
from cases.layouts import from_pytorch
from cases.models import FunctionRequest
from cases.requests import Observation, Reset, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import (
    CELLS,
    DTYPES,
    LAYERS,
    build,
    name_states,
    named_tensors,
    set_weights,
    stack_states,
    to_numpy,
)


def leaf(array: np.ndarray, dtype: str = "float32") -> torch.Tensor:
    """A tensor of which gradients can be taken."""
    return torch.tensor(np.array(array, dtype), requires_grad=True)


def summed(results: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
    """The loss: the sum over names of result times cotangent."""
    return sum((results[n] * torch.tensor(np.array(c), dtype=results[n].dtype)).sum() for n, c in batch.cotangents.items())


def gradients(results: Mapping[str, torch.Tensor], batch: Batch, leaves: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """`loss`, and `gradients/NAME` of every leaf."""
    loss = summed(results, batch)
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return {"loss": to_numpy(loss), **{f"gradients/{n}": to_numpy(g) for n, g in zip(leaves, found, strict=True)}}


def run_chain(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer a `cases.chains.chain_request`: chains of LSTMs with projections, which nn.LSTM is."""
    return chained(dict(request.arguments))


def run_projected(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.cells.projected_layers_match_reference`."""
    options = dict(request.arguments)
    asked = options.pop("request")
    return chained(dict(asked.arguments), **options)


def come_by(module: nn.Module, mode: str) -> nn.Module:
    """The module in one of `cases.families.cells.MODES`."""
    if mode == "training":
        return module.train()
    return (copy.deepcopy(module) if mode == "inference" else pickle.loads(pickle.dumps(module))).eval()


def lent(module: nn.Module) -> Any:
    """The module as it is called with the projections that it has, while it holds others: twice these."""
    given = {name: parameter.detach().clone() for name, parameter in module.named_parameters() if "_hr" in name}
    with torch.no_grad():
        for name in given:
            module.get_parameter(name).mul_(2.0)
    return lambda *arguments, **named: torch.func.functional_call(module, given, arguments, named)


def recorded(mode: str, views: bool) -> Any:
    """Whether what is computed is recorded for gradients; where it is not, whether `views` of it may be kept all the same."""
    return torch.enable_grad() if mode != "unrecorded" else torch.no_grad() if views else torch.inference_mode()


def chained(options: dict[str, Any], form: str = "batch_first", dtype: str = "float32",
            mode: str = "training", trained: str = "all") -> Observation | Unsupported:
    """A chain, called in a form, dtype and mode, of which some weights are `trained`: see `cases.families.cells`."""
    chain: Chain = options["chain"]
    batch, weights = options["batch"], options["weights"]
    if any(cell.kind != "projected" for cell in chain.cells):
        return Unsupported("PyTorch has no loop around cells: its users write it")
    if options["origin"] != "built" or chain.unroll or chain.direction == "backward" or not chain.return_sequences:
        return Unsupported("nn.LSTM has no configuration, does not unroll, runs forward or both ways, and returns the sequence")
    if chain.direction == "bidirectional" and len(chain.cells) > 1 and chain.around != "layers":
        return Unsupported("in nn.LSTM every layer of a stack reads both directions of the one before it")
    if batch.mask is not None and not (batch.right_padded and batch.lengths.min() > 0):
        return Unsupported("packed sequences describe right padding with at least one valid step")
    cell = chain.cells[0]
    names = [f"{way}/{index}/{k}" for index in range(len(chain.cells)) for way in chain.directions for k in "01"]
    with moment("build"):
        module = nn.LSTM(chain.features, cell.units, len(chain.cells), bias=any(n.endswith("/bias") for n in weights),
                         batch_first=form == "batch_first", proj_size=cell.width, dtype=DTYPES[dtype],
                         bidirectional=chain.direction == "bidirectional")
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                place, which = place_of(name)
                parameter.copy_(torch.tensor(np.array(weights[f"{place}/{which}"].T, dtype, order="C")))  # gates in one order
        module = come_by(module, mode)
        for number, parameter in enumerate(module.parameters()):
            parameter.requires_grad_(trained == "all" or trained == ("odd" if number % 2 else "even"))
        own = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
        every = dict(module.named_parameters())
        spared = tuple("gradients/weights/" + "/".join(place_of(name)) for name in every if name not in own)
    carried, call = None, lent(module) if mode == "unrecorded" else module
    with moment("run"), torch.set_grad_enabled(mode != "unrecorded"):
        for one in options["before"]:
            if isinstance(one, Reset):
                carried = None
                continue
            _, states = _projected(call, torch.tensor(np.array(one.inputs, dtype)), one, carried, form)
            carried = tuple(part.detach() for part in states) if chain.stateful else None
        leaves = {"inputs": leaf(batch.inputs, dtype)}
        if batch.initial_states is not None:
            leaves |= {f"states/{n}": leaf(batch.initial_states[n], dtype) for n in names}
            carried = tuple(torch.stack([leaves[f"states/{n}"] for n in names if n.endswith(f"/{k}")]) for k in "01")
        outputs, states = _projected(call, leaves["inputs"], batch, carried, form)
        results = {"outputs": outputs, **{f"states/{n}": states[k % 2][k // 2] for k, n in enumerate(names)}}
        arrays = {n: to_numpy(value) for n, value in results.items()}
        if options["gradients"]:
            arrays |= gradients(results, batch, leaves | {f"weights/{n}": p for n, p in own.items()})
    for name in own:
        if f"gradients/weights/{name}" in arrays:
            place, which = place_of(name)
            arrays[f"gradients/weights/{place}/{which}"] = arrays.pop(f"gradients/weights/{name}").T
    return Observation(arrays, "aten::lstm, projected", facts={"padding": "zero", "carries_masks": False, "spared": spared})


def _projected(module: Any, x: torch.Tensor, batch: Batch, states: Any, form: str):
    if form == "time_first" or form.startswith("decomposed"):
        with _way(form):
            return _time_first(module, x, batch, states, form)
    if form == "unbatched":
        found = [module(row, hx=_row(states, number)) for number, row in enumerate(x)]
        return torch.stack([outputs for outputs, _ in found]), _joined([last for _, last in found])
    if batch.mask is None:
        return module(x, states)
    packed = pack_padded_sequence(x, torch.tensor(batch.lengths), batch_first=True, enforce_sorted=False)
    result, states = module(packed, states)
    return pad_packed_sequence(result, batch_first=True, total_length=batch.time)[0], states


_WHICH = {"weight_ih": "kernel", "weight_hh": "recurrent_kernel", "bias_ih": "bias", "bias_hh": "recurrent_bias",
          "weight_hr": "projection"}


def place_of(parameter: str) -> tuple[str, str]:
    """PyTorch's name of a parameter -> DIRECTION/INDEX, and our name of it."""
    kind, _, rest = parameter.rpartition("_l")
    direction = "backward" if rest.endswith("_reverse") else "forward"
    return f"{direction}/{rest.removesuffix('_reverse')}", _WHICH[kind]


def run_form(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """A layer in another form: see `cases.families.cells.FORMS`."""
    options = dict(request.arguments)
    asked, form, mode = options["request"], options["form"], options["mode"]
    layer, batch = asked.layer, asked.batch
    weights = named_tensors(layer, asked.weights)
    nonlinear = {"nonlinearity": layer.activation} if layer.cell == "simple_rnn" else {}
    with moment("build"):
        if form.endswith("cell"):
            module = CELLS[layer.cell](layer.features, layer.units, layer.bias, **nonlinear)
            weights = {name.removesuffix("_l0"): value for name, value in weights.items()}
        elif form == "apart":
            module = Apart(layer, **nonlinear)
            weights = {Apart.name_of(name): value for name, value in weights.items()}
        else:
            module = LAYERS[layer.cell](layer.features, layer.units, layer.layers, bias=layer.bias,
                                        batch_first=form.endswith("first") and form != "time_first",
                                        bidirectional=layer.direction == "bidirectional", **nonlinear)
        module = module.to(DTYPES[layer.dtype])
        module.load_state_dict(weights)
        module = come_by(module, mode)
    odd: list[str] = []
    module.register_forward_hook(lambda one, given, came: odd.extend(oddities(one, came)))
    leaves, drawn = {"inputs": leaf(batch.inputs, layer.dtype)}, torch.get_rng_state()
    states = None
    if batch.initial_states is not None:
        leaves |= {f"states/{n}": leaf(batch.initial_states[n], layer.dtype) for n in layer.state_keys()}
        states = stack_states(layer, {n: leaves[f"states/{n}"] for n in layer.state_keys()})
    frozen = mode == "unrecorded" and layer.bias and states is not None
    if frozen:
        module.requires_grad_(False)
        leaves["inputs"].requires_grad_(False)
        states = tuple(s.detach() for s in states) if isinstance(states, tuple) else states.detach()
    with moment("run"), torch.enable_grad() if frozen else recorded(mode, layer.bias):
        if form in (*WITH_LENGTHS, "batch_first"):
            with _way(form):
                outputs, finals = _time_first(module, leaves["inputs"], batch, states, form)
        elif form == "cell":
            outputs, finals = _by_hand(module, layer, leaves["inputs"].transpose(0, 1), states)
        else:
            found = [_one_row(module, layer, leaves["inputs"][row], _row(states, row), form) for row in range(batch.size)]
            outputs = torch.stack([one[0] for one in found])
            finals = _joined([one[1] for one in found])
        results = {"outputs": outputs, **{f"states/{n}": value for n, value in name_states(layer, finals).items()}}
        given = {"inputs": leaves["inputs"], **({} if states is None else {
            f"states/{n}": value for n, value in name_states(layer, states).items()})}
        arrays = {name: to_numpy(value) for name, value in (*results.items(), *((f"given/{n}", v) for n, v in given.items()))}
        if "gradients" in asked.wants:
            own = module.flat() if form == "apart" else dict(module.named_parameters())
            arrays |= gradients(results, batch, leaves | {f"weights/{n}": p for n, p in own.items()})
    own = {n.removeprefix("gradients/weights/"): arrays.pop(n) for n in list(arrays) if n.startswith("gradients/weights/")}
    own = {n if "_l" in n else f"{n}_l0": a for n, a in own.items()}
    arrays.update({f"gradients/weights/{n}": a for n, a in from_pytorch(layer, own).items()})
    drew = not torch.equal(drawn, torch.get_rng_state())
    return Observation(arrays, form, facts={"padding": "zero", "carries_masks": False, "odd": tuple(odd), "drew": drew})


def oddities(module: nn.Module, came: Any) -> list[str]:
    """What of the outputs and states that a module gave is in the way of who uses them: two that lie in one memory, so that who
    writes one changes the other; one that cannot be viewed as layers and directions (batch first, states alone can); and one
    that needs gradients where nothing is recorded, or nothing is trained, or needs none where all is."""
    first, *rest = came if isinstance(came, tuple) else (came,)
    states = rest[0] if rest and isinstance(rest[0], tuple) else rest
    named = {"outputs": first.data if isinstance(first, PackedSequence) else first,
             **{f"states {n}": one for n, one in enumerate(states)}}
    places = {name: one.untyped_storage().data_ptr() for name, one in named.items() if one.numel()}
    found = [f"{a} and {b} lie in one memory" for a, b in combinations(places, 2) if places[a] == places[b]]
    found += [f"{name} cannot be viewed" for name, one in list(named.items())[getattr(module, "batch_first", False):]
              if not one.is_contiguous()]
    records = torch.is_grad_enabled() and any(weight.requires_grad for weight in module.parameters())
    return found + [f"{name} needs {'no gradients' if records else 'gradients'}" for name, one in named.items()
                    if one.requires_grad != records]


def run_stacks(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.cells.stacks_match_reference`."""
    answers = [run_form(backend, each) for each in dict(request.arguments)["each"]]
    named = {f"{place}/{name}": array for place, answer in enumerate(answers) for name, array in answer.arrays.items()}
    return Observation(named, "time_first", facts=answers[0].facts)


class Apart(nn.Module):
    """The layers of a stack, each in a module of its own that reads what the one before gave, packed as it is."""

    def __init__(self, layer: Layer, **options: Any):
        super().__init__()
        self.ways = 2 if layer.direction == "bidirectional" else 1
        widths = [layer.features, *[layer.units * self.ways] * (layer.layers - 1)]
        self.each = nn.ModuleList(LAYERS[layer.cell](width, layer.units, bias=layer.bias, bidirectional=self.ways == 2, **options)
                                  for width in widths)

    @staticmethod
    def name_of(name: str) -> str:
        """The name here of a weight of the stack."""
        kind, place, way = re.fullmatch(r"(\w+)_l(\d+)(\w*)", name).groups()
        return f"each.{place}.{kind}_l0{way}"

    def flat(self) -> dict[str, nn.Parameter]:
        """The weights, by their names in the stack."""
        return {name.replace("_l0", f"_l{place}"): p for place, one in enumerate(self.each) for name, p in one.named_parameters()}

    def forward(self, x: Any, states: Any = None) -> tuple[Any, Any]:
        """As one module: outputs, and the last states of all layers."""
        finals = []
        for place, one in enumerate(self.each):
            here = slice(place * self.ways, (place + 1) * self.ways)
            given = tuple(s[here] for s in states) if isinstance(states, tuple) else None if states is None else states[here]
            x, last = one(x, given)
            finals.append(last)
        return x, tuple(map(torch.cat, zip(*finals, strict=True))) if isinstance(finals[0], tuple) else torch.cat(finals)


@contextmanager
def _way(form: str) -> Iterator[None]:
    """The context in which a layer is called in this form."""
    if form.startswith("decomposed"):
        with enable_python_dispatcher():  # what export and compile trace
            yield
    elif form == "spared":
        with torch.autocast("cpu", torch.bfloat16), torch.autocast("cpu", enabled=False):
            yield
    else:
        yield


def again(module: nn.Module, form: str) -> Any:
    """The module, in a way that keeps nothing of the forward pass but what it was given."""
    if not form.startswith("recomputed"):
        return module
    reentrant = form.endswith("reentrant")

    def run(x: Any, *states: torch.Tensor) -> Any:
        outputs, finals = module(x, states if len(states) > 1 else states[0] if states else None)
        return outputs, *(finals if isinstance(finals, tuple) else (finals,))

    def call(x: Any, states: Any) -> Any:
        given = states if isinstance(states, tuple) else () if states is None else (states,)
        outputs, *finals = checkpoint(run, x, *given, use_reentrant=reentrant)
        return outputs, tuple(finals) if len(finals) > 1 else finals[0]

    return call


def _time_first(module: nn.Module, x: torch.Tensor, batch: Batch, states: Any, form: str):
    """The module with its default, batch_first=False, unless the form is that."""
    first = form == "batch_first"
    x, module = x if first else x.transpose(0, 1), again(module, form)
    if batch.mask is None:
        outputs, finals = module(x, states)
    else:
        falling = bool((np.diff(batch.lengths) <= 0).all())  # then nothing is sorted, and nothing put back
        packed, finals = module(pack_padded_sequence(x, torch.tensor(batch.lengths), first, enforce_sorted=falling), states)
        outputs = pad_packed_sequence(packed, first, total_length=batch.time)[0]
    return outputs if first else outputs.transpose(0, 1), finals


def _by_hand(cell: nn.Module, layer: Layer, steps: torch.Tensor, states: Any):
    """A cell over steps (time, batch, features), or (time, features); outputs (batch, time, units), or (time, units)."""
    if states is not None:
        states = tuple(s[0] for s in states) if layer.cell == "lstm" else states[0]
    outputs = []
    for number, x in enumerate(steps):
        states = cell(x, states) if number else cell(x, hx=states)  # by place, or by name
        outputs.append(states[0] if layer.cell == "lstm" else states)
    finals = tuple(s[None] for s in states) if layer.cell == "lstm" else states[None]
    return torch.stack(outputs, dim=outputs[0].ndim - 1), finals


def _row(states: Any, row: int) -> Any:
    if states is None:
        return None
    return tuple(s[:, row] for s in states) if isinstance(states, tuple) else states[:, row]


def _one_row(module: nn.Module, layer: Layer, x: torch.Tensor, states: Any, form: str):
    """One sequence (time, features), by the module or by its cell."""
    return module(x, hx=states) if form.startswith("unbatched") and "cell" not in form else _by_hand(module, layer, x, states)


def _joined(finals: list[Any]) -> Any:
    if isinstance(finals[0], tuple):
        return tuple(torch.stack([one[k] for one in finals], dim=1) for k in range(len(finals[0])))
    return torch.stack(finals, dim=1)


def run_pack(backend: Any, request: FunctionRequest) -> Observation:
    """Padded sequences packed by their lengths, and what came back as lengths."""
    options = dict(request.arguments)
    inputs = torch.tensor(np.array(options["inputs"], "float32"))
    inputs = inputs if options["batch_first"] else inputs.transpose(0, 1)
    with moment("run"):
        packed = pack_padded_sequence(inputs, torch.tensor(options["lengths"]), options["batch_first"],
                                      **({} if options["enforce_sorted"] else {"enforce_sorted": False}))  # the default is to
        padded, lengths = pad_packed_sequence(packed, options["batch_first"])
    return Observation({"result": to_numpy(padded), "lengths": to_numpy(lengths)})


def run_cell_states(backend: Any, request: FunctionRequest) -> Observation:
    """One step of a cell, from states of any shape."""
    options = dict(request.arguments)
    layer = options["layer"]
    with moment("build"):
        cell = CELLS[layer.cell](layer.features, layer.units)
        tensor = lambda a: torch.tensor(np.array(a, "float32"))  # noqa: E731
        inputs, states = tensor(options["inputs"]), tuple(tensor(a) for a in options["states"])
    with moment("run"):
        answer = cell(inputs, states if len(states) > 1 else states[0])
    return Observation({"outputs": to_numpy(answer[0] if isinstance(answer, tuple) else answer)})


def run_low_inputs(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.precision.low_inputs_are_taken_under_autocast`."""
    options = dict(request.arguments)
    asked = options["request"]
    if reason := backend.supports(asked):
        return Unsupported(reason)
    with moment("build"):
        module = build(asked.layer, "fused", backend.place).eval()
        set_weights(module, asked.layer, asked.weights)
    (x, lengths, states), low = backend._arguments(asked, asked.batch, None)[0], torch.bfloat16
    if options["states"] == "low":
        states = tuple(one.to(low) for one in states) if isinstance(states, tuple) else states.to(low)
    with moment("run"), torch.no_grad(), torch.autocast(backend.place.type, low):
        outputs, last = module(x.to(low), lengths, states)
    named = {"outputs": outputs, **{f"states/{n}": s for n, s in name_states(asked.layer, last).items()}}
    dtypes = tuple((n, str(one.dtype).removeprefix("torch.")) for n, one in named.items())
    return Observation({n: to_numpy(one) for n, one in named.items()}, "fused",
                       facts={"padding": backend.padding(asked.layer), "dtypes": dtypes})
