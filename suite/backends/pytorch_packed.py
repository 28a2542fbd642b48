"""PyTorch's packed sequences, cast; its helpers, given sequences in any form; gradients that are clipped; bare modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
)

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import CELLS, LAYERS, named_tensors, read, stack_states, to_numpy


def tensors(arrays: Any) -> list[torch.Tensor]:
    """Copies in float32."""
    return [torch.tensor(np.array(one, "float32")) for one in arrays]


WORDS: dict[str, tuple[Any, dict[str, bool]]] = {
    "copied": ("cpu", {"copy": True}), "copied_as_another": (torch.float64, {"copy": True}),
    "not_waited_for": (torch.float64, {"non_blocking": True}),
}
"""How a packed sequence is cast -> what `to` is given."""


def run_packed_as(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.packed.packed_sequences_are_cast`."""
    options = dict(request.arguments)
    way = options["way"]
    packed = pack_sequence(tensors(options["sequences"]), enforce_sorted=False)
    with moment("run"):
        if way.startswith("to_"):
            cast = packed.to(torch.zeros(1, dtype=torch.float64 if way == "to_other" else torch.float32))
        elif way in WORDS:
            cast = packed.to(WORDS[way][0], **WORDS[way][1])
        elif way == "of_a_pair":
            cast = PackedSequence((packed.data, packed.batch_sizes), sorted_indices=packed.sorted_indices)
        else:
            cast = getattr(packed, way)()
        every = {"cast": cast, "kept": packed, "back": cast.float()}
        parts = ((name, n, one) for name, each in every.items() for n, one in enumerate(unpack_sequence(each)))
        arrays = {f"{name}/{n}": one.double().numpy() for name, n, one in parts}
        places = torch.arange(len(options["sequences"]))
        arrays |= {f"order/{name}": places[one.sorted_indices].numpy() for name, one in every.items()}
        moved = cast.to("meta")
    devices = tuple((name, "nowhere" if one is None else one.device.type) for name, one in zip(moved._fields, moved, strict=True))
    dtypes = tuple((n, str(p.data.dtype).removeprefix("torch.")) for n, p in every.items())
    return Observation(arrays, facts={"dtypes": dtypes, "devices": devices})


def pad_rows(rows: torch.Tensor, batch_first: bool) -> torch.Tensor:
    """What a program holds."""
    return pad_sequence(rows, batch_first)


def run_padded_from(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.packed.sequences_are_taken_in_any_form`."""
    options = dict(request.arguments)
    form, first, given = options["form"], options["batch_first"], tensors(options["sequences"])
    given, slopes = [one.requires_grad_() for one in given], tensors([options["slopes"]])[0]
    with moment("run"):
        if form == "rows_in_a_program":
            found = {"padded": torch.jit.script(pad_rows)(torch.stack(given), first)}
        elif form == "generator":
            found = {"padded": pad_sequence((one for one in given), first)}
        else:
            whole = torch.stack(given) if form == "rows" else tuple(given)
            packed = pad_packed_sequence(pack_sequence(whole, enforce_sorted=False), first)[0]
            found = {"padded": pad_sequence(whole, first), "packed": packed}
        back = {name: torch.autograd.grad((one * slopes).sum(), given, allow_unused=True, materialize_grads=True)
                for name, one in found.items() if one.requires_grad}
    arrays = {f"slopes/{name}/{n}": to_numpy(one) for name, each in back.items() for n, one in enumerate(each)}
    return Observation(arrays | {name: to_numpy(one) for name, one in found.items()})


def run_clipped(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the requests of `cases.families.clipping`; of order zero, each number by itself."""
    options = dict(request.arguments)
    form, most = options["form"], options["most"]
    weights = [torch.nn.Parameter(torch.zeros(array.shape)) for array in options["gradients"]]
    if form == "two_dtypes":
        weights[1] = torch.nn.Parameter(weights[1].double())
    for weight, gradient in zip(weights, tensors(options["gradients"]), strict=True):
        weight.grad = gradient.to(weight.dtype)
    if form == "by_rows":
        weights[0].grad = weights[0].grad.to_sparse(1)
    every = [weights[0], torch.nn.Parameter(torch.zeros(2)), *weights[1:]] if form == "some_without" else weights
    given = (one for one in every) if form == "generator" else weights[0] if form == "alone" else every
    how = {"foreach": False} if form == "one_after_the_other" else {}
    order = "inf" if form in ("list", "two_calls") and np.isinf(options["order"]) else options["order"]
    with moment("run"):
        if not options["order"]:
            clip_grad_value_(given, most, **how)
            norm = torch.zeros(1)
        elif form == "two_calls":
            norm = get_total_norm([one.grad for one in weights], order, options["strict"])
            clip_grads_with_norm_(weights, most, norm)
        else:
            norm = clip_grad_norm_(given, most, norm_type=order, error_if_nonfinite=options["strict"], **how)
    return Observation({"norm": to_numpy(norm), **{
        f"clipped/{n}": to_numpy(w.grad.to_dense() if w.grad.is_sparse else w.grad) for n, w in enumerate(weights)}})


def run_bare(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.bare.sizes_alone_make_the_documented_module`: in training, time first."""
    options = dict(request.arguments)
    layer, batch = options["layer"], options["batch"]
    with moment("build"):
        module = LAYERS[layer.cell](layer.features, layer.units, layer.layers).train()
        module.load_state_dict(named_tensors(layer, options["weights"]))
    with moment("run"):
        inputs = tensors([batch.inputs])[0]
        nobody = read(module, layer, inputs[:0], False)
        return Observation(read(module, layer, inputs, False), facts={
            "padding": "zero", "of_no_rows": tuple((name, array.shape) for name, array in nobody.items())})


def run_packed_by(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.packed.lengths_are_whole_numbers`."""
    options = dict(request.arguments)
    form, first, lengths = options["form"], options["batch_first"], options["lengths"]
    plain = {"list": lengths.tolist(), "tuple": tuple(lengths.tolist()), "array": lengths}
    given = plain[form] if form in plain else torch.tensor(lengths, dtype=getattr(torch, form))
    padded = torch.tensor(options["padded"])
    arrays = {}
    with moment("run"):
        for name, one in (("labels", padded[:, :, 0].long()), ("padded", padded)):
            turned = one if first else one.transpose(0, 1)
            packed = pack_padded_sequence(turned, given, first, enforce_sorted=options["ordered"])
            found, told = pad_packed_sequence(packed, first, total_length=options["total"] or None)
            arrays[name] = to_numpy(found if first else found.transpose(0, 1))
    return Observation({**arrays, "lengths": told.numpy()})


def run_by_position(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.bare.options_have_their_positions`."""
    options = dict(request.arguments)
    layer, batch = options["layer"], options["batch"]
    own = (layer.activation,) if layer.cell == "simple_rnn" else ()
    with moment("build"):
        module = LAYERS[layer.cell](layer.features, layer.units, layer.layers, *own, layer.bias, options["batch_first"], 0.5,
                                    layer.direction == "bidirectional").eval()
        module.load_state_dict(named_tensors(layer, options["weights"]))
    with moment("run"), torch.no_grad():
        states = dict(zip(layer.state_keys(), tensors(batch.initial_states[name] for name in layer.state_keys()), strict=True))
        given = stack_states(layer, states)
        given = list(given) if isinstance(given, tuple) and options["batch_first"] else given
        found = read(module, layer, tensors([batch.inputs])[0], options["batch_first"], given)
        others = [CELLS[layer.cell](layer.features, layer.units, layer.bias, *own)]
        others += [nn.LSTM(3, 4, 1, True, False, 0.0, False, 2)] if layer.cell == "lstm" else []
        plain = repr(LAYERS[layer.cell](3, 4))
    return Observation(found, facts={"padding": "zero", "dropout": module.dropout, "told": repr(module),
                                     "told_of_others": repr(others), "plain": plain[plain.index("(") + 1:-1],
                                     "mode": LAYERS[layer.cell](3, 4, 2, *own).mode})


def run_of_a_dtype(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.bare.modules_are_of_the_dtype_they_are_made_for`."""
    options = dict(request.arguments)
    kind, options_of = MADE[options["kind"]]
    dtype, given = getattr(torch, options["dtype"]), torch.tensor(options["inputs"].astype("float32"))
    with moment("build"):
        cast, made = kind(*options_of).to(dtype), kind(*options_of, dtype=dtype)
        made.load_state_dict(cast.state_dict())

    def called(module: nn.Module) -> np.ndarray:
        if options["kind"] in ("embedding", "bag"):
            return module((given.abs() * 2).long().clamp(max=2)[0]).double().numpy()
        found = module(*([given.to(dtype)] * (3 if options["kind"] == "attention" else 1)))
        while isinstance(found, tuple):
            found = found[0]
        return found.double().numpy()

    if options["kind"].endswith("cell"):
        given = given[0]
    with moment("run"), torch.no_grad():
        arrays = {"cast": called(cast), "made": called(made)}
        results = []
        if isinstance(made, (nn.RNNBase, nn.RNNCellBase)):
            forms = [given.to(dtype), given[0].to(dtype)]
            forms += [pack_padded_sequence(forms[0], [1, 2], enforce_sorted=False)] if isinstance(made, nn.RNNBase) else []
            for form, one in zip(("batch", "bare", "packed"), forms, strict=False):
                results += [(f"{form} {place}", found) for place, found in enumerate(tensors_of(made(one)))]
    named = {"dtypes": (*made.named_parameters(), *made.named_buffers()), "results": results}
    return Observation(arrays, facts={what: tuple((n, str(t.dtype).removeprefix("torch.")) for n, t in each
                                                  if t.is_floating_point())
                                      for what, each in named.items()})


def tensors_of(found: Any) -> list[torch.Tensor]:
    """Those of a module's results, of whole numbers none."""
    parts = found if isinstance(found, (tuple, list)) else (found,)
    every = [one for part in parts for one in (tensors_of(part) if isinstance(part, (tuple, list)) else (part,))]
    return [one for one in every if isinstance(one, torch.Tensor) and one.is_floating_point()]


MADE: dict[str, tuple[Any, tuple]] = {
    "lstm": (nn.LSTM, (3, 3)), "gru": (nn.GRU, (3, 3)), "simple_rnn": (nn.RNN, (3, 3)), "lstm_cell": (nn.LSTMCell, (3, 3)),
    "gru_cell": (nn.GRUCell, (3, 3)), "simple_rnn_cell": (nn.RNNCell, (3, 3)), "embedding": (nn.Embedding, (3, 2)),
    "bag": (nn.EmbeddingBag, (3, 2)), "dense": (nn.Linear, (3, 2)), "normalization": (nn.LayerNorm, (3,)),
    "attention": (nn.MultiheadAttention, (3, 1)), "projected": (nn.LSTM, (3, 3, 1, True, False, 0.0, False, 2)),
    "stack": (nn.GRU, (3, 3, 2, True, False, 0.0, True)), "statistics": (nn.BatchNorm1d, (4,)),
    "convolution": (nn.Conv1d, (4, 2, 2)), "encoder": (nn.TransformerEncoderLayer, (3, 1, 4, 0.0)),
}
"""What is made of which sizes; inputs are of four steps and three features."""
