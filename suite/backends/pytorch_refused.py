"""PyTorch's modules, packing, losses and optimizers, called for what they cannot do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import nn, optim, zeros
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_, rnn, vector_to_parameters
from torch.optim import lr_scheduler as schedules

from cases.families.refused_by_modules import NONE, WARNED
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment, said
from suite.backends import pytorch_refused_making as making
from suite.backends.pytorch_refused_making import Calls, weight

DOUBLE = torch.float64
ROWS, STEPS, WIDTH, UNITS = 2, 3, 3, 4


def state(layers: int = 1, rows: int = ROWS, units: int = UNITS, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A state of nn.LSTM or nn.GRU."""
    return zeros(layers, rows, units, dtype=dtype)


def states() -> Calls:
    """What layers cannot read."""
    x, bare = zeros(ROWS, STEPS, WIDTH), zeros(STEPS, WIDTH)
    gru, lstm, two = (kind(WIDTH, UNITS, count, batch_first=True) for kind, count in ((nn.GRU, 1), (nn.LSTM, 1), (nn.LSTM, 2)))
    one, packed = state(), rnn.pack_padded_sequence(x, [STEPS, STEPS - 1], True)
    flat, double = zeros(1, UNITS), state(dtype=DOUBLE)
    return {
        "inputs in another dtype": lambda: gru(x.double()), "whole numbers for inputs": lambda: lstm(x.long()),
        "states in another dtype": lambda: gru(x, double), "a cell state in another dtype": lambda: lstm(x, (one, double)),
        "an output state in another dtype": lambda: lstm(x, (double, one)),
        "states in another dtype, packed": lambda: gru(packed, double),
        "inputs in another dtype, packed": lambda: lstm(packed.double()),
        "inputs of another width, packed": lambda: lstm(rnn.pack_padded_sequence(x[..., :2], [3, 2], True)),
        "inputs of four axes": lambda: gru(x[None]), "inputs of one axis": lambda: lstm(x[0, 0]),
        "bare states for a batch": lambda: gru(x, flat), "states of a batch for bare inputs": lambda: gru(bare, state(1, 1)),
        "a bare cell state for a batch": lambda: lstm(x, (one, flat)),
        "a bare output state for a batch": lambda: lstm(x, (flat, one)),
        "a cell state of a batch for bare inputs": lambda: lstm(bare, (flat, state(1, 1))),
        "an output state of a batch for bare inputs": lambda: lstm(bare, (state(1, 1), flat)),
        "one state of two": lambda: lstm(x, one), "two states of one": lambda: gru(x, (one, one)),
        "three states of two": lambda: lstm(x, (one, one, one)),
        "a cell state of another width": lambda: lstm(x, (one, state(units=3))),
        "an output state as wide as the layer": lambda: nn.LSTM(WIDTH, UNITS, proj_size=2, batch_first=True)(x, (one, one)),
        "a cell state of one row": lambda: lstm(x, (one, state(rows=1))), "states of too few layers": lambda: two(x, (one, one)),
        "one row's states of more layers": lambda: nn.RNN(WIDTH, UNITS, batch_first=True)(x[:1], state(2, rows=1)),
        "one row's states of more layers, bare": lambda: nn.RNN(WIDTH, UNITS, batch_first=True)(x[0], state(2, rows=1)[:, 0]),
        "a cell state of too few layers": lambda: two(x, (state(2), one)),
        "states of more rows, packed": lambda: gru(packed, state(rows=3)),
        "a cell state of more rows, packed": lambda: lstm(packed, (one, state(rows=3))),
        "a cell state of one row, packed": lambda: lstm(packed, (one, state(rows=1))),
        "a cell state of more layers, packed": lambda: lstm(packed, (one, state(2)))}


def cells() -> Calls:
    """What cells cannot read."""
    gru, lstm = nn.GRUCell(WIDTH, UNITS), nn.LSTMCell(WIDTH, UNITS)
    x, h, double = zeros(ROWS, WIDTH), zeros(ROWS, UNITS), zeros(ROWS, UNITS, dtype=DOUBLE)
    return {
        "a batch of sequences": lambda: lstm(x[None]), "inputs of another width": lambda: gru(x[:, :2]),
        "states of more rows": lambda: gru(x, zeros(3, UNITS)), "states of another width": lambda: gru(x, h[:, :3]),
        "inputs in another dtype": lambda: gru(x.double()), "states in another dtype": lambda: gru(x, double),
        "a cell state in another dtype": lambda: lstm(x, (h, double)),
        "a cell state of more rows": lambda: lstm(x, (h, zeros(3, UNITS))),
        "a bare cell state for a batch": lambda: lstm(x, (h, h[0])), "states of three axes": lambda: gru(x, h[None]),
        "an activation that there is not": lambda: nn.RNNCell(WIDTH, UNITS, nonlinearity="none")(x)}


def packing() -> Calls:
    """What cannot be packed or padded."""
    x = zeros(ROWS, STEPS, WIDTH)
    packed = rnn.pack_padded_sequence(x, [3, 2], True)
    return {
        "lengths that are not sorted": lambda: rnn.pack_padded_sequence(x, [2, 3], True),
        "two sequences that are not sorted": lambda: rnn.pack_sequence([zeros(1, 2), zeros(3, 2)]),
        "a sequence without a step to pack": lambda: rnn.pack_sequence([zeros(3, 2), zeros(0, 2)]),
        "sequences without a step to pack, unsorted": lambda: rnn.pack_sequence([zeros(0, 2), zeros(2, 2)], enforce_sorted=False),
        "sequences of other widths to pack": lambda: rnn.pack_sequence([zeros(3, 2), zeros(2, 3)]),
        "no steps for a packed sequence": lambda: rnn.pad_packed_sequence(packed, total_length=0),
        "fewer steps than there are": lambda: rnn.pad_packed_sequence(packed, total_length=STEPS - 1),
        "no sequences": lambda: rnn.pad_sequence([]), "a number for sequences": lambda: rnn.pad_sequence(3),
        "a side that there is not": lambda: rnn.pad_sequence([zeros(1, 2)], padding_side="middle"),
        "sequences of other widths": lambda: rnn.pad_sequence([zeros(1, 2), zeros(2, 3)]),
        "too few lengths to unpad": lambda: rnn.unpad_sequence(x, torch.tensor([3]), True),
        "a tensor to unpack": lambda: rnn.pad_packed_sequence(x),
        "too few lengths": lambda: rnn.pack_padded_sequence(x, [3], True),
        "no batch sizes": lambda: rnn.PackedSequence(zeros(2, 2)), "no sequences to pack": lambda: rnn.pack_sequence([])}


def around() -> Calls:
    """What other modules cannot read."""
    heads, whole = nn.MultiheadAttention(4, 2), nn.Transformer(4, 2, 1, 1, 4)
    steps, table = zeros(3, 2, 4), nn.Embedding(3, 2)
    line = zeros(1, 1, 3)
    return {
        "statistics of one row": lambda: nn.BatchNorm1d(3)(zeros(1, 3)),
        "statistics of one step": lambda: nn.InstanceNorm1d(3)(zeros(2, 3, 1)),
        "statistics of one row of one step": lambda: nn.BatchNorm1d(3)(zeros(1, 3, 1)),
        "statistics of one frame": lambda: nn.BatchNorm2d(3)(zeros(1, 3, 1, 1)),
        "statistics of one row of one step, not tracked": lambda: nn.BatchNorm1d(
            3, track_running_stats=False).eval()(zeros(1, 3, 1)),
        "channels that are others": lambda: nn.BatchNorm1d(3)(zeros(2, 4)),
        "an axis too many": lambda: nn.BatchNorm1d(3)(zeros(2, 3, 2, 2)),
        "features that are others": lambda: nn.LayerNorm(3)(zeros(2, 4)),
        "groups that do not fit": lambda: nn.GroupNorm(2, 4)(zeros(2, 3, 3)),
        "an id beyond the table": lambda: table(torch.tensor([3])),
        "an id below zero": lambda: table(torch.tensor([-1])), "ids that are no whole numbers": lambda: table(zeros(2)),
        "weights for other ids": lambda: functional.embedding_bag(torch.tensor([[0, 1]]), zeros(3, 2), mode="sum",
                                                                  per_sample_weights=zeros(1, 3)),
        "padding of another shape": lambda: heads(steps, steps, steps, key_padding_mask=zeros(3, 2) > 0),
        "a mask of another shape": lambda: heads(steps, steps, steps, attn_mask=zeros(2, 3) > 0),
        "masks of other heads": lambda: heads(steps, steps, steps, attn_mask=zeros(2, 3, 3) > 0),
        "queries of another width": lambda: heads(*[zeros(3, 2, 6)] * 3),
        "causal, and no mask": lambda: heads(steps, steps, steps, is_causal=True),
        "values for other keys": lambda: heads(steps, steps, steps[:2]),
        "a target of another batch": lambda: whole(steps, steps[:, :1]),
        "a target of another width": lambda: whole(steps, steps[..., :3]),
        "an odd number to halve": lambda: functional.glu(zeros(3)),
        "an odd number of edges": lambda: functional.pad(zeros(3), (1, 1, 1)),
        "a rate above one": lambda: functional.dropout(zeros(3), 1.5),
        "no size to bring to": lambda: functional.interpolate(line),
        "two sizes to bring to": lambda: functional.interpolate(line, size=3, scale_factor=2.0)}


def losses() -> Calls:
    """What losses cannot judge."""
    scores, two, classes = zeros(2, 3), zeros(2), torch.tensor([0, 1])
    clusters, steps, labels = nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2]), zeros(3, 2, 4), torch.ones(2, 2, dtype=torch.int64)
    return {
        "a class that there is not": lambda: functional.cross_entropy(scores, torch.tensor([0, 3])),
        "targets of another batch": lambda: functional.cross_entropy(scores, classes[:1]),
        "a reduction that there is not": lambda: functional.cross_entropy(scores, classes, reduction="some"),
        "labels smoothed by more than all": lambda: functional.cross_entropy(scores, classes, label_smoothing=1.5),
        "a reduction of squares that there is not": lambda: functional.mse_loss(two, two, reduction="some"),
        "a share above one": lambda: functional.binary_cross_entropy(two + 2, two),
        "targets of another shape": lambda: functional.binary_cross_entropy(two + 0.5, zeros(3)),
        "logits of another shape": lambda: functional.binary_cross_entropy_with_logits(two, zeros(3)),
        "a variance below zero": lambda: functional.gaussian_nll_loss(two, two, two - 1),
        "variances of another shape": lambda: functional.gaussian_nll_loss(scores, scores, zeros(3, 3)),
        "a turn below zero": lambda: functional.huber_loss(two, two, delta=-1.0),
        "a smooth turn below zero": lambda: functional.smooth_l1_loss(two, two, beta=-1.0),
        "weights for other classes": lambda: functional.nll_loss(scores, classes, weight=two),
        "more steps than there are": lambda: functional.ctc_loss(steps, labels, [4, 3], [2, 2]),
        "a blank that there is not": lambda: functional.ctc_loss(steps, labels, [3, 3], [2, 2], blank=4),
        "signs for each feature": lambda: functional.cosine_embedding_loss(scores, scores, scores),
        "a row for rows": lambda: functional.triplet_margin_loss(scores, scores, scores[0]),
        "one sign for rows": lambda: functional.margin_ranking_loss(scores, scores, two),
        "a class beyond the clusters": lambda: clusters(zeros(2, 4), torch.tensor([0, 6])),
        "classes of another batch": lambda: clusters(zeros(2, 4), classes[:1])}


def sgd(*more: nn.Parameter) -> optim.SGD:
    """An optimizer of a weight, and these."""
    return optim.SGD([*weight(), *more], 1.0, momentum=0.5)


def scaled(*calls: str, dtype: torch.dtype = torch.float32) -> None:
    """Call a scaler of gradients so, one call after the other."""
    own = nn.Parameter(zeros(2, dtype=dtype))
    optimizer, scaler = optim.SGD([own], 1.0), torch.amp.GradScaler("cpu", 2.0)
    scaler.scale(own.sum()).backward()
    for call in calls:
        getattr(scaler, call)(*((optimizer,) if call != "update" else ()))


def training() -> Calls:
    """What optimizers, schedules and modules cannot hold."""
    one, module = sgd(), nn.GRU(WIDTH, UNITS)
    constant = schedules.ConstantLR

    def cycle() -> None:
        optimizer = sgd()
        schedule = schedules.OneCycleLR(optimizer, 1.0, total_steps=2)
        for _ in range(3):
            optimizer.step()
            schedule.step()

    groups = optim.SGD([{"params": weight()}, {"params": weight()}], 1.0)
    return {
        "the same weights again": lambda: one.add_param_group({"params": one.param_groups[0]["params"]}),
        "a state of other groups": lambda: one.load_state_dict(groups.state_dict()),
        "a state of other weights": lambda: one.load_state_dict(sgd(*weight()).state_dict()),
        "more steps than a cycle has": cycle,
        "functions for other groups": lambda: schedules.LambdaLR(one, [float, float]),
        "milestones for other schedules": lambda: schedules.SequentialLR(one, [constant(one), constant(one)], [1, 2]),
        "schedules of two optimizers": lambda: schedules.ChainedScheduler([constant(sgd()), constant(sgd())]),
        "schedules of another optimizer": lambda: schedules.SequentialLR(one, [constant(sgd()), constant(sgd())], [1]),
        "an epoch to go on from": lambda: schedules.StepLR(sgd(), 1, last_epoch=3),
        "groups for one that takes none": lambda: optim.LBFGS([{"params": weight()}, {"params": weight()}]),
        "dampened lookahead": lambda: optim.SGD(weight(), 1.0, momentum=0.5, dampening=0.5, nesterov=True),
        "a result for a weight": lambda: optim.SGD([weight()[0] * 2], 1.0),
        "the same weights in two groups": lambda: optim.SGD([{"params": own}, {"params": own}] if (own := weight()) else [], 1.0),
        "numbers for weights": lambda: vector_to_parameters([1.0, 2.0], weight()),
        "a tensor for a parameter": lambda: setattr(module, "weight_ih_l0", zeros(3 * UNITS, WIDTH)),
        "a name that is taken": lambda: module.register_buffer("weight_ih_l0", zeros(2)),
        "a name of two parts": lambda: module.register_parameter("one.two", None),
        "a number for a module": lambda: module.add_module("one", 3),
        "sizes that do not fit": lambda: nn.Unflatten(1, (2, 2))(zeros(2, 3)),
        "gradients unscaled twice": lambda: scaled("unscale_", "unscale_"),
        "gradients unscaled behind a step": lambda: scaled("step", "unscale_"),
        "two steps of one scale": lambda: scaled("step", "step"), "a scale of no step": lambda: scaled("update"),
        "gradients of halves unscaled": lambda: scaled("unscale_", dtype=torch.float16)}


GROUPS = {"states": states, "cells": cells, "packing": packing, "around": around, "losses": losses, "training": training,
          "modules": making.modules, "optimizers": making.optimizers, "schedules": making.of_schedules, "rows": making.rows}


def run_calls_for_nothing(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.refused_by_modules.calls_for_nothing_are_refused`."""
    with moment("build"):
        calls = GROUPS[dict(request.arguments)["calls"]]()
    with moment("run"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: said(call) for name, call in calls.items()}
    return Observation({"refused": np.array([float(words is not None) for words in found.values()])},
                       facts={"said": tuple((name, words or "") for name, words in found.items())})


def run_warned_of(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.refused_by_modules.likely_mistakes_are_warned_of`."""
    def schedule(steps: int) -> None:
        optimizer = sgd()
        made = schedules.StepLR(optimizer, 2)
        for _ in range(steps):
            optimizer.step()
        made.step()

    calls: Calls = {
        "dropout behind one layer": lambda: nn.GRU(WIDTH, UNITS, dropout=0.5),
        "dropout behind one layer, both ways": lambda: nn.LSTM(WIDTH, UNITS, dropout=0.5, bidirectional=True),
        "a schedule before its optimizer": lambda: schedule(0),
        "gradients of nothing": lambda: clip_grad_norm_((one for one in []), 1.0),
        "dropout behind two layers": lambda: nn.GRU(WIDTH, UNITS, 2, dropout=0.5), "no dropout": lambda: nn.LSTM(WIDTH, UNITS),
        "a schedule behind its optimizer": lambda: schedule(1), "gradients of one": lambda: clip_grad_norm_(iter(weight()), 1.0)}
    warned = []
    with moment("run"):
        for name in (*WARNED, *NONE):
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                calls[name]()
            warned.append(float(bool(heard)))
    return Observation({"warned": np.array(warned)})
