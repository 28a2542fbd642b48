"""What PyTorch cannot make modules, optimizers, schedules, averages and sets of rows of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn, ones, optim, zeros
from torch.nn import functional
from torch.optim import lr_scheduler as schedules
from torch.optim import swa_utils
from torch.utils import data

Calls = Mapping[str, Callable[[], Any]]
WIDTH, UNITS = 3, 4


def weight() -> list[nn.Parameter]:
    """One, in a list."""
    return [nn.Parameter(zeros(2))]


def sgd() -> optim.SGD:
    """An optimizer of a weight."""
    return optim.SGD(weight(), 1.0, momentum=0.5)


def modules() -> Calls:
    """What no module is made of."""
    triplet, rows = zeros(2, 3), zeros(2, WIDTH)
    return {
        "no layers": lambda: nn.LSTM(WIDTH, UNITS, 0), "no units": lambda: nn.GRU(WIDTH, 0),
        "a projection below zero": lambda: nn.LSTM(WIDTH, UNITS, proj_size=-1),
        "a projection of a layer that has none": lambda: nn.GRU(WIDTH, UNITS, proj_size=2),
        "an activation that there is not": lambda: nn.RNN(WIDTH, UNITS, nonlinearity="none"),
        "states of three axes": lambda: nn.RNNCell(WIDTH, UNITS)(rows, zeros(1, 2, UNITS)),
        "two states of three axes": lambda: nn.LSTMCell(WIDTH, UNITS)(rows, (zeros(1, 2, UNITS), zeros(1, 2, UNITS))),
        "no heads": lambda: nn.MultiheadAttention(4, 0), "no features to attend": lambda: nn.MultiheadAttention(0, 1),
        "features that heads do not share": lambda: nn.MultiheadAttention(5, 2),
        "an activation of a transformer that there is not": lambda: nn.TransformerEncoderLayer(4, 2, activation="none"),
        "padding beyond the table": lambda: nn.Embedding(3, 2, padding_idx=3),
        "a table of another shape": lambda: nn.Embedding(3, 2, _weight=zeros(2, 2)),
        "a table of three axes": lambda: functional.embedding_bag(torch.tensor([0]), zeros(2, 2, 2), torch.tensor([0])),
        "a rate below zero": lambda: nn.Dropout(-0.5), "channels that groups do not share": lambda: nn.GroupNorm(2, 3),
        "statistics with a negative epsilon": lambda: functional.batch_norm(rows, None, None, training=True, eps=-1e-3),
        "channels that are others": lambda: nn.InstanceNorm1d(3, affine=True)(zeros(2, 4, 5)),
        "bounds that cross": lambda: functional.hardtanh(rows, 1.0, -1.0),
        "clusters out of order": lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 6, [3, 2]),
        "parts of a size": lambda: functional.interpolate(zeros(1, 1, 3), size=[2.5]),
        "a turn that is a word": lambda: nn.HuberLoss(delta="1"),
        "triplets without a margin": lambda: nn.TripletMarginLoss(margin=0.0),
        "distances without a margin": lambda: nn.TripletMarginWithDistanceLoss(margin=0.0),
        "three rows without a margin": lambda: functional.triplet_margin_loss(triplet, triplet, triplet, margin=0.0),
        "three distances without a margin": lambda: functional.triplet_margin_with_distance_loss(
            triplet, triplet, triplet, margin=0.0),
        "several numbers for one": lambda: Counting().load_state_dict({"share": ones(3)})}


class Counting(nn.Module):
    """Holds one number."""

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Parameter(zeros(()))


def optimizers() -> Calls:
    """What no optimizer is made of."""
    named = optim.SGD([("one", weight()[0])], 1.0)
    return {
        "a rate below zero": lambda: optim.SGD(weight(), -1.0), "a rate of two numbers": lambda: optim.SGD(weight(), ones(2)),
        "a mean that keeps all": lambda: optim.Adam(weight(), betas=(1.0, 0.9)),
        "one mean's share a tensor": lambda: optim.Adam(weight(), betas=(0.9, torch.tensor(0.9))),
        "an epsilon below zero": lambda: optim.RMSprop(weight(), eps=-1.0),
        "a decay below zero": lambda: optim.AdamW(weight(), weight_decay=-1.0),
        "steps that never grow": lambda: optim.Rprop(weight(), etas=(0.5, 0.75)),
        "no weights": lambda: optim.SGD([], 1.0), "one tensor for weights": lambda: optim.SGD(weight()[0], 1.0),
        "weights in no order": lambda: optim.SGD([{"params": {*weight()}}], 1.0),
        "names of some weights": lambda: optim.SGD([("one", weight()[0]), weight()[0]], 1.0),
        "a group without names": lambda: named.add_param_group({"params": weight()}),
        "a list for a group": lambda: named.add_param_group(weight()),
        "both together and fused": lambda: optim.SGD(weight(), 1.0, foreach=True, fused=True)}


def of_schedules() -> Calls:
    """What no schedule, and no average, is made of."""
    one = sgd()
    plateau = schedules.ReduceLROnPlateau(one)
    return {
        "a schedule of no optimizer": lambda: schedules.StepLR(weight(), 1),
        "no schedules in a row": lambda: schedules.SequentialLR(one, [], []), "no chain": lambda: schedules.ChainedScheduler([]),
        "a plateau in a row": lambda: schedules.SequentialLR(one, [plateau], []),
        "a plateau in a chain": lambda: schedules.ChainedScheduler([plateau]),
        "a factor that is no function": lambda: schedules.MultiplicativeLR(sgd(), 0.5),
        "factors of other groups": lambda: schedules.MultiplicativeLR(sgd(), [float, float]),
        "a plateau that does not fall": lambda: schedules.ReduceLROnPlateau(one, factor=1.0),
        "a plateau of neither": lambda: schedules.ReduceLROnPlateau(one, mode="none"),
        "least rates of other groups": lambda: schedules.ReduceLROnPlateau(one, min_lr=[0.0, 0.0]),
        "a constant above one": lambda: schedules.ConstantLR(sgd(), factor=2.0),
        "a line from nothing": lambda: schedules.LinearLR(sgd(), start_factor=0.0),
        "restarts after no epochs": lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 0),
        "restarts that come sooner": lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 1, T_mult=0),
        "a cycle without its length": lambda: schedules.OneCycleLR(sgd(), 1.0),
        "a cycle of epochs without steps": lambda: schedules.OneCycleLR(sgd(), 1.0, epochs=2),
        "a way up that there is not": lambda: schedules.OneCycleLR(sgd(), 1.0, total_steps=3, anneal_strategy="none"),
        "a cycle that there is not": lambda: schedules.CyclicLR(sgd(), 0.1, 1.0, mode="none"),
        "a way to the average that there is not": lambda: swa_utils.SWALR(sgd(), 0.1, anneal_strategy="none"),
        "an average that keeps more than all": lambda: swa_utils.get_ema_avg_fn(1.5),
        "averages that keep less than nothing": lambda: swa_utils.get_ema_multi_avg_fn(-0.5),
        "two ways to average": lambda: swa_utils.AveragedModel(nn.Identity(), avg_fn=swa_utils.get_swa_avg_fn(),
                                                               multi_avg_fn=swa_utils.get_swa_multi_avg_fn())}


class Stream(data.IterableDataset):
    """No rows, one after the other."""

    def __iter__(self) -> Any:
        """None."""
        return iter(())


def rows() -> Calls:
    """What no set of rows, and no batch, is made of."""
    few = [1, 2, 3]
    sparse = ones(2).to_sparse()
    return {
        "tensors of other lengths": lambda: data.TensorDataset(zeros(3), zeros(2)),
        "sets of other lengths": lambda: data.StackDataset(few, few[:2]),
        "named sets of other lengths": lambda: data.StackDataset(one=few, two=few[:2]),
        "sets with names and without": lambda: data.StackDataset(few, two=few), "no sets to stack": lambda: data.StackDataset(),
        "no sets to join": lambda: data.ConcatDataset([]), "a stream to join": lambda: data.ConcatDataset([Stream()]),
        "a row before the first": lambda: data.ConcatDataset([few])[-4],
        "parts of other rows": lambda: data.random_split(few, [1, 1]),
        "a share above one": lambda: data.random_split(few, [1.5, -0.5]),
        "batches of nothing": lambda: data.DataLoader(few, 0),
        "fewer workers than none": lambda: data.DataLoader(few, num_workers=-1),
        "an order, and another one": lambda: data.DataLoader(few, shuffle=True, sampler=few),
        "batches, and their size": lambda: data.DataLoader(few, 2, batch_sampler=[few]),
        "a stream in another order": lambda: data.DataLoader(Stream(), shuffle=True),
        "a wait of less than nothing": lambda: data.DataLoader(few, timeout=-1),
        "weights that are none": lambda: data.WeightedRandomSampler([1.0], 0),
        "sparse rows": lambda: data.default_collate([sparse, sparse]),
        "rows of no kind": lambda: data.default_collate([object(), object()])}
