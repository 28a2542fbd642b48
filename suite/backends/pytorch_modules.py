"""PyTorch's modules around recurrent layers: hooks, weights that do not fit, layers that stand twice, gradients that are kept,
weights that are computed or quantized."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint_sequential

from cases.families.modules import FROZEN, frozen
from cases.layers import Layer
from cases.layouts import from_pytorch, to_pytorch
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Unsupported
from suite.backends import moment
from suite.backends import pytorch_layers as layers
from suite.backends.pytorch_cells import leaf, summed
from suite.backends.pytorch_given import Half


class Named(nn.Module):
    """A recurrent module that is called with sequences, lengths or None, and states by their name."""

    def __init__(self, layer: Layer, weights: Any = None):
        super().__init__()
        self.inner = layers.build(layer, "fused", torch.device("cpu"))
        if weights is not None:
            layers.set_weights(self.inner, layer, weights)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None, states: Any = None) -> Any:
        """As the module within, states apart: a hook sees tensors at the top alone."""
        outputs, last = self.inner(x, lengths, states)
        return outputs, *(last if isinstance(last, tuple) else (last,))


def given(request: Request) -> tuple[dict[str, torch.Tensor], torch.Tensor | None, Any]:
    """The leaves by name, lengths or None, and the states stacked."""
    layer, batch = request.layer, request.batch
    leaves = {"inputs": leaf(batch.inputs)}
    leaves |= {f"states/{name}": leaf(batch.initial_states[name]) for name in layer.state_keys() if batch.initial_states}
    states = {name: leaves[f"states/{name}"] for name in layer.state_keys()} if batch.initial_states else None
    lengths = None if batch.mask is None else torch.tensor(batch.lengths)
    return leaves, lengths, None if states is None else layers.stack_states(layer, states)


def named(layer: Layer, found: Any) -> dict[str, torch.Tensor]:
    """Outputs and states by their names, of what a `Named` gives."""
    outputs, *last = found
    return {"outputs": outputs, **{f"states/{n}": s for n, s in layers.name_states(
        layer, tuple(last) if len(last) > 1 else last[0]).items()}}


def run_hooked(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.modules.hooks_change_what_they_say`."""
    options = dict(request.arguments)
    asked, hook, part = options["request"], options["hook"], options["part"]
    layer = asked.layer
    with moment("build"):
        module = Named(layer, asked.weights)
    calls: list[str] = []
    order: list[str] = []

    def first(given: tuple) -> tuple:
        calls.append(hook)
        order.append("the hook")
        return (given[0] * part, *given[1:])

    def keywords(_: Any, args: tuple, kwargs: dict) -> tuple:
        calls.append(hook)
        scaled = kwargs["states"]
        scaled = tuple(s * part for s in scaled) if isinstance(scaled, tuple) else scaled * part
        return args, {**kwargs, "states": scaled}

    def note(*_: Any) -> None:
        calls.append(hook)

    register: dict[str, Callable] = {
        "pre": lambda: module.register_forward_pre_hook(lambda m, args: first(args)),
        "pre_with_keywords": lambda: module.register_forward_pre_hook(keywords, with_kwargs=True),
        "forward": lambda: module.register_forward_hook(lambda m, args, result: first(result)),
        "forward_with_keywords": lambda: module.register_forward_hook(lambda m, a, k, result: first(result), with_kwargs=True),
        "backward_pre": lambda: module.register_full_backward_pre_hook(lambda m, slopes: first(slopes)),
        "backward": lambda: module.register_full_backward_hook(lambda m, ours, theirs: first(ours)),
        "failing": lambda: module.register_forward_hook(note, always_call=True),
        "pre_of_all": lambda: register_module_forward_pre_hook(lambda m, args: first(args) if m is module else None),
        "forward_of_all": lambda: register_module_forward_hook(
            lambda m, a, kwargs, result: first(result) if m is module and "states" in kwargs else None, with_kwargs=True),
    }
    leaves, lengths, states = given(asked)
    with moment("run"):
        for name in register if hook == "removed" else (hook,):
            handle = register[name]()
            if hook == "removed":
                handle.remove()
        earlier = {"pre": module.register_forward_pre_hook, "forward": module.register_forward_hook,
                   "backward_pre": module.register_full_backward_pre_hook, "backward": module.register_full_backward_hook}
        if hook in earlier:
            earlier[hook](lambda *_: order.append("the one put before it"), prepend=True)
        if hook == "failing":
            try:
                module(leaves["inputs"][:, :, :1], lengths, states=states)
            except RuntimeError:
                pass
        results = named(layer, module(leaves["inputs"], lengths, states=states))
        own = layers.parameters(module.inner)
        slopes = torch.autograd.grad(summed(results, asked.batch), [*leaves.values(), *own.values()])
        if hook.endswith("of_all"):
            handle.remove()
    arrays = {name: layers.to_numpy(tensor) for name, tensor in results.items()}
    arrays |= {f"gradients/{n}": layers.to_numpy(g) for n, g in zip(leaves, slopes, strict=False)}
    weights = {n: layers.to_numpy(g) for n, g in zip(own, slopes[len(leaves):], strict=True)}
    arrays |= {f"gradients/weights/{n}": a for n, a in from_pytorch(layer, weights).items()}
    return Observation(arrays, facts={"padding": "zero", "calls": len(calls), "order": tuple(order)})


def run_wrong_weights(backend: Any, request: FunctionRequest) -> Observation:
    """`load_state_dict`, of a layer in a model."""
    options = dict(request.arguments)
    wrong = options["wrong"]
    with moment("build"):
        module, other = (nn.Sequential(nn.Identity(), Named(options[layer], options[weights]).inner)
                         for layer, weights in (("layer", "weights"), ("other", "others")))
    state = dict((other if wrong.startswith("wider") or wrong == "another_layer" else module).state_dict())
    if wrong == "missing":
        state.pop(list(state)[-1])
    elif wrong.startswith("unknown"):
        state["1.rnn.weight_ih_l7" if wrong == "unknown" else "1.head.weight"] = torch.zeros(2)
    elif wrong.endswith("axes"):
        first = next(iter(state))
        state[first] = state[first][:, 0] if wrong == "fewer_axes" else state[first][:, :, None]
    with moment("run"):
        module.load_state_dict(state, strict=wrong != "wider_not_strict")
    return Observation({name: layers.to_numpy(value) for name, value in module.state_dict().items()})


class Twice(nn.Module):
    """A layer, and the same one again; or another one that is given the first one's parameters."""

    def __init__(self, layer: Layer, weights: Any, tied: bool):
        super().__init__()
        self.first = Named(layer, weights)
        self.second = Named(layer) if tied else self.first
        for name, parameter in self.first.inner.rnn.named_parameters():
            setattr(self.second.inner.rnn, name, parameter)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Outputs (batch, time, units)."""
        return self.second(self.first(x, lengths)[0], lengths)[0]


def run_twice(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.modules.layers_that_stand_twice`."""
    options = dict(request.arguments)
    layer, batch, called = options["layer"], options["batch"], options["way"].startswith("called_with")
    with moment("build"):
        module = Twice(layer, options["others"] if called else options["weights"], options["way"].endswith("tied"))
    lengths = None if batch.mask is None else torch.tensor(batch.lengths)
    x = torch.tensor(np.array(batch.inputs, "float32"))
    with moment("run"):
        own = dict(module.named_parameters())
        if called:
            fresh = to_pytorch(layer, options["weights"])
            own = {name: leaf(fresh[name.rsplit(".", 1)[1]]) for name in own}
            outputs = torch.func.functional_call(module, own, x if lengths is None else (x, lengths))
        else:
            outputs = module(x, lengths)
        loss = summed({"outputs": outputs}, batch)
        slopes = torch.autograd.grad(loss, list(own.values()))
    found = {n.rsplit(".", 1)[1]: layers.to_numpy(g) for n, g in zip(own, slopes, strict=True)}
    arrays = {f"gradients/weights/{n}": a for n, a in from_pytorch(layer, found).items()}
    return Observation({**arrays, "outputs": layers.to_numpy(outputs)},
                       facts={"listed": len(list(module.parameters())), "held": len(layers.parameters(module.first.inner))})


class First(nn.Module):
    """A layer of a stack, of which the outputs are handed on."""

    def __init__(self, layer: Layer, weights: Any):
        super().__init__()
        self.named = Named(layer, weights)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs (batch, time, units)."""
        return self.named(x, None)[0]


def run_segments(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.modules.segments_are_the_stack`."""
    options = dict(request.arguments)
    asked = options["request"]
    one, count = asked.layer.but(layers=1), asked.layer.layers
    with moment("build"):
        stack = nn.Sequential(*(First(one, {f"0{n.removeprefix(str(k))}": a for n, a in asked.weights.items()
                                            if n.startswith(f"{k}/")}) for k in range(count)))
    x = leaf(asked.batch.inputs)
    with moment("run"):
        outputs = checkpoint_sequential(stack, options["segments"], x, use_reentrant=False)
        own = [layers.parameters(each.named.inner) for each in stack]
        slopes = iter(torch.autograd.grad(summed({"outputs": outputs}, asked.batch), [x, *(p for o in own for p in o.values())]))
        dropping = nn.Sequential(*(part for each in stack for part in (each, nn.Dropout(0.5))))
        drawn = {"plainly": lambda: dropping(x),
                 "dropped": lambda: checkpoint_sequential(dropping, options["segments"], x, use_reentrant=False)}
        arrays = {}
        for name, call in drawn.items():
            with torch.random.fork_rng():
                torch.manual_seed(5)
                found = call().square().sum()
                torch.rand(7)  # whoever draws again backward must go back for it
                arrays[name] = layers.to_numpy(torch.autograd.grad(found, x)[0])
    arrays |= {"outputs": layers.to_numpy(outputs), "gradients/inputs": layers.to_numpy(next(slopes))}
    for k, each in enumerate(own):
        found = from_pytorch(one, {name: layers.to_numpy(next(slopes)) for name in each})
        arrays |= {f"gradients/weights/{k}{n[1:]}": a for n, a in found.items()}
    return Observation(arrays, facts={"padding": "zero"})


def run_kept_gradients(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.modules.gradients_are_kept`."""
    options = dict(request.arguments)
    asked, way = options["request"], options["way"]
    others: list[nn.Parameter] = []
    with moment("build"):
        module = Named(asked.layer, asked.weights)
        own = layers.parameters(module.inner)
        if way == "shared":
            module.inner.rnn.weight_hh_l0_reverse = own["weight_hh_l0_reverse"] = own["weight_hh_l0"]
        if way in FROZEN:
            trained = {n: np.full(a.shape, not frozen(way, n)) for n, a in asked.weights.items()}
            for name, flags in to_pytorch(asked.layer, trained).items():
                own[name].requires_grad_(bool(flags.all()))
    with moment("run"):
        for number in range(2 if way in ("added", "frozen") else 1):
            leaves, lengths, states = given(asked)
            results = named(asked.layer, module(leaves["inputs"], lengths, states))
            summed(results, asked.batch).backward()
            if way == "frozen" and not number:
                module.requires_grad_(False)
        if way.startswith("cast"):
            module.double()
        if way == "cast_back":
            module.float()
        for number, one in enumerate(own.values()) if way.startswith("zeroed") else ():
            one.requires_grad_(bool(number % 2))  # what is frozen meanwhile is set to zero too
        if way == "zeroed":
            module.zero_grad(set_to_none=False)
        if way == "zeroed_by_optimizer":
            others = [nn.Parameter(torch.ones(2, dtype=dtype)) for dtype in (torch.float64, torch.bfloat16)]
            for one in others:
                one.grad = torch.ones_like(one)
            every = [others[0], *module.parameters(), others[1]]
            torch.optim.SGD(every, 0.1, momentum=0.5, foreach=True).zero_grad(set_to_none=False)
    spared = {n for n, p in own.items() if way in FROZEN and not p.requires_grad}
    wrong = tuple((n, "no gradient is kept" if p.grad is None else f"{p.grad.dtype} beside weights of {p.dtype}")
                  for n, p in own.items() if n not in spared and (p.grad is None or p.grad.dtype != p.dtype))
    kept = {n: layers.to_numpy(torch.zeros_like(p) if p.grad is None else p.grad) for n, p in own.items()}
    wrong += tuple((f"a weight in {one.dtype}", "its gradient is not zero") for one in others if one.grad.any())
    module.zero_grad()
    wrong += tuple((n, "a gradient is there after zero_grad()") for n, p in own.items() if p.grad is not None)
    arrays = {f"gradients/weights/{n}": a for n, a in from_pytorch(asked.layer, kept).items()}
    arrays |= {name: layers.to_numpy(one) for name, one in results.items()}
    arrays |= {f"gradients/{name}": layers.to_numpy(one.grad) for name, one in leaves.items()}
    return Observation(arrays, facts={"wrong": wrong, "padding": "zero"})


def run_computed_weights(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.modules.computed_weights_rest_in_inference`."""
    options = dict(request.arguments)
    layer, way = options["layer"], options["way"]
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(3)
        module = Named(layer, options["weights"])
        recurrent = module.inner.rnn
        for name in [n for n, _ in recurrent.named_parameters() if n.startswith("weight")]:
            if way == "half":
                parametrize.register_parametrization(recurrent, name, Half())
            elif way == "pruned":
                prune.l1_unstructured(recurrent, name, 0.25)
            elif way.endswith("by_hook"):
                (weight_norm if way.startswith("normed") else spectral_norm)(recurrent, name)
            else:
                make = {"normed": "weight_norm", "spectral": "spectral_norm"}.get(way, way)
                getattr(parametrizations, make)(recurrent, name)
    x = torch.tensor(np.array(options["batch"].inputs, "float32"))

    def outputs(training: bool) -> np.ndarray:
        return layers.to_numpy(module.train(training)(x, None)[0])

    with moment("run"), torch.no_grad():
        outputs(True)
        held = {n: layers.to_numpy(t) for n, t in (*module.named_parameters(), *module.named_buffers())}
        arrays = {"first/outputs": outputs(False), "again/outputs": outputs(False)}
        arrays |= {f"before/{n}": a for n, a in held.items()}
        arrays |= {f"after/{n}": layers.to_numpy(t) for n, t in (*module.named_parameters(), *module.named_buffers())}
        for parameter in module.parameters():
            parameter.mul_(0.75 + 0.5 * torch.rand_like(parameter))
        arrays["moved/outputs"] = outputs(False)
        arrays["trained/outputs"] = outputs(True)
    return Observation(arrays)


def run_halved(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """`quantize_dynamic` to float16, which keeps weights in half precision and computes in float32."""
    options = dict(request.arguments)
    asked, first = options["request"], options["batch_first"]
    layer, batch = asked.layer, asked.batch
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        return Unsupported("PyTorch has no fbgemm here: no layer is quantized to float16 without")
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = layers.LAYERS[layer.cell](layer.features, layer.units, layer.layers, batch_first=first,
                                           bidirectional=layer.direction == "bidirectional",
                                           dropout=0.5 if layer.layers > 1 else 0.0)
        module.load_state_dict(layers.named_tensors(layer, asked.weights))
        whole = nn.Sequential(module).eval()
        module = torch.ao.quantization.quantize_dynamic(whole, {type(module)}, dtype=torch.float16)[0]
    leaves, lengths, states = given(asked)
    x = leaves["inputs"] if first else leaves["inputs"].transpose(0, 1)
    with moment("run"), torch.no_grad():
        if lengths is None:
            outputs, last = module(x, states)
        else:
            packed, last = module(pack_padded_sequence(x, lengths, first, enforce_sorted=False), states)
            outputs = pad_packed_sequence(packed, first, total_length=batch.time)[0]
    outputs = outputs if first else outputs.transpose(0, 1)
    results = {"outputs": outputs, **{f"states/{n}": s for n, s in layers.name_states(layer, last).items()}}
    return Observation({n: layers.to_numpy(t) for n, t in results.items()}, type(module).__module__, facts={"padding": "zero"})
