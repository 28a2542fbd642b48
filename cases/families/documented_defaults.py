"""What PyTorch's modules, optimizers and schedules are where nothing else is asked for: their options, their fresh weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.families.base import equal, statement
from cases.models import FunctionRequest
from cases.requests import Deviation

Options = Mapping[str, Any]
ADAM: Options = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}
RECURRENT: Options = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False, "proj_size": 0}
ATTENDING: Options = {"linear1.out_features": 2048, "dropout.p": 0.1, "dropout1.p": 0.1, "dropout2.p": 0.1, "norm1.eps": 1e-5,
                      "norm2.eps": 1e-5, "norm_first": False, "self_attn.batch_first": False, "self_attn.dropout": 0.1}
NORM: Options = {"eps": 1e-5, "affine": True}
DEFAULTS: Mapping[str, Mapping[str, tuple[tuple, Options]]] = {
    "optim": {
        "SGD": ((), {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False}),
        "Adam": ((), {**ADAM, "amsgrad": False, "maximize": False}),
        "AdamW": ((), {**ADAM, "weight_decay": 1e-2, "amsgrad": False}),
        "NAdam": ((), {**ADAM, "lr": 2e-3, "momentum_decay": 4e-3, "decoupled_weight_decay": False}),
        "RAdam": ((), {**ADAM, "decoupled_weight_decay": False}), "Adamax": ((), {**ADAM, "lr": 2e-3}),
        "Adadelta": ((), {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0}),
        "Adagrad": ((), {"lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10}),
        "RMSprop": ((), {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0, "centered": False}),
        "Rprop": ((), {"lr": 1e-2, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50)}),
        "ASGD": ((), {"lr": 1e-2, "lambd": 1e-4, "alpha": 0.75, "t0": 1e6, "weight_decay": 0}),
        "SparseAdam": ((), {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}),
        "LBFGS": ((), {"lr": 1, "max_iter": 20, "max_eval": 25, "tolerance_grad": 1e-7, "tolerance_change": 1e-9,
                       "history_size": 100, "line_search_fn": None}),
    },
    "optim.lr_scheduler": {
        "StepLR": ((2,), {"gamma": 0.1}), "MultiStepLR": (([2],), {"gamma": 0.1}),
        "ConstantLR": ((), {"factor": 1 / 3, "total_iters": 5}),
        "LinearLR": ((), {"start_factor": 1 / 3, "end_factor": 1.0, "total_iters": 5}),
        "PolynomialLR": ((), {"total_iters": 5, "power": 1.0}), "CosineAnnealingLR": ((2,), {"eta_min": 0.0}),
        "CosineAnnealingWarmRestarts": ((2,), {"T_mult": 1, "eta_min": 0.0}),
        "CyclicLR": ((0.1, 1.0), {"mode": "triangular", "gamma": 1.0, "cycle_momentum": True}),
        "ReduceLROnPlateau": ((), {"mode": "min", "factor": 0.1, "patience": 10, "threshold": 1e-4, "threshold_mode": "rel",
                                   "cooldown": 0, "eps": 1e-8, "min_lrs": [0]}),
    },
    "nn": {
        **{name: ((3, 4), RECURRENT) for name in ("LSTM", "GRU")}, "RNN": ((3, 4), {**RECURRENT, "nonlinearity": "tanh"}),
        "RNNCell": ((3, 4), {"bias": True, "nonlinearity": "tanh"}), "LSTMCell": ((3, 4), {"bias": True}),
        "LayerNorm": ((4,), {"eps": 1e-5, "elementwise_affine": True}), "GroupNorm": ((2, 4), NORM),
        "RMSNorm": ((4,), {"eps": None, "elementwise_affine": True}),
        "BatchNorm1d": ((4,), {**NORM, "momentum": 0.1, "track_running_stats": True}),
        "InstanceNorm1d": ((4,), {**NORM, "affine": False, "momentum": 0.1, "track_running_stats": False}),
        **{name: ((), {"p": 0.5, "inplace": False}) for name in ("Dropout", "Dropout1d", "AlphaDropout")},
        "Embedding": ((3, 4), {"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False,
                               "sparse": False}),
        "EmbeddingBag": ((3, 4), {"mode": "mean", "max_norm": None, "norm_type": 2.0, "padding_idx": None,
                                  "include_last_offset": False, "sparse": False}),
        "MultiheadAttention": ((4, 2), {"dropout": 0.0, "batch_first": False, "bias_k": None, "add_zero_attn": False}),
        "TransformerEncoderLayer": ((4, 2), ATTENDING),
        "TransformerDecoderLayer": ((4, 2), {**ATTENDING, "dropout3.p": 0.1, "norm3.eps": 1e-5, "multihead_attn.dropout": 0.1}),
        "Transformer": ((4, 2, 1, 1, 4), {"batch_first": False, "encoder.norm.eps": 1e-5, "decoder.norm.eps": 1e-5}),
        "Conv1d": ((3, 4, 2), {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 1, "padding_mode": "zeros"}),
        "MaxPool1d": ((3,), {"stride": 3, "padding": 0, "dilation": 1, "ceil_mode": False}),
        "AvgPool1d": ((3,), {"stride": (3,), "padding": (0,), "ceil_mode": False, "count_include_pad": True}),
        "CrossEntropyLoss": ((), {"weight": None, "ignore_index": -100, "reduction": "mean", "label_smoothing": 0.0}),
        "NLLLoss": ((), {"ignore_index": -100, "reduction": "mean"}),
        "KLDivLoss": ((), {"reduction": "mean", "log_target": False}),
        "CTCLoss": ((), {"blank": 0, "reduction": "mean", "zero_infinity": False}), "HuberLoss": ((), {"delta": 1.0}),
        "SmoothL1Loss": ((), {"beta": 1.0}), "GaussianNLLLoss": ((), {"full": False, "eps": 1e-6, "reduction": "mean"}),
        "PoissonNLLLoss": ((), {"log_input": True, "full": False, "eps": 1e-8}), "GELU": ((), {"approximate": "none"}),
        "TripletMarginLoss": ((), {"margin": 1.0, "p": 2.0, "eps": 1e-6, "swap": False}),
        "LeakyReLU": ((), {"negative_slope": 0.01}),
        "ELU": ((), {"alpha": 1.0}), "Softplus": ((), {"beta": 1.0, "threshold": 20.0}),
        "CosineSimilarity": ((), {"dim": 1, "eps": 1e-8}),
        "PairwiseDistance": ((), {"norm": 2.0, "eps": 1e-6, "keepdim": False}), "MarginRankingLoss": ((), {"margin": 0.0}),
        "HingeEmbeddingLoss": ((), {"margin": 1.0}), "CosineEmbeddingLoss": ((), {"margin": 0.0}),
    },
}
"""Where it is -> what is made there -> what it is made with, and the options that it then has, as documented."""


@statement("What is made of no more than it needs has the documented options.", {"place": tuple(DEFAULTS)}, strength=(1, 1, 1),
           sparing=0, source="PyTorch: torch.nn, torch.optim, torch.optim.lr_scheduler")
def defaults_are_as_documented(ask, place) -> list[Deviation]:
    """Array `agree`: 1 where an option is the documented one; fact `told`: what each is."""
    seen = ask(FunctionRequest("defaults_of", (("place", place),)))
    due = [(kind, name, value) for kind, (_, options) in DEFAULTS[place].items() for name, value in options.items()]
    return [Deviation(name, f"{kind}({name}): {told}, expected {value}")
            for (kind, name, value), told, agrees in zip(due, seen.facts["told"], seen["agree"], strict=True) if agrees != 1]


ONES, ZEROS = ("all", 1.0), ("all", 0.0)
FRESH: Mapping[str, tuple[tuple, Mapping[str, tuple]]] = {
    "LayerNorm": ((4,), {"weight": ONES, "bias": ZEROS}), "GroupNorm": ((2, 4), {"weight": ONES, "bias": ZEROS}),
    "RMSNorm": ((4,), {"weight": ONES}), "BatchNorm1d": ((4,), {"weight": ONES, "bias": ZEROS, "running_mean": ZEROS,
                                                              "running_var": ONES, "num_batches_tracked": ZEROS}),
    "PReLU": ((3,), {"weight": ("all", 0.25)}),
    "Linear": ((4, 64), {"weight": ("even", 0.5), "bias": ("even", 0.5)}),
    "Conv1d": ((2, 32, 8), {"weight": ("even", 0.25), "bias": ("even", 0.25)}),
    "Bilinear": ((4, 3, 32), {"weight": ("even", 0.5), "bias": ("even", 0.5)}),
    "Embedding": ((60, 40, 7), {"weight": ("normal", 7)}), "EmbeddingBag": ((60, 40), {"weight": ("normal", None)}),
    "MultiheadAttention": ((16, 2), {"in_proj_weight": ("even", math.sqrt(6 / 64)), "in_proj_bias": ZEROS,
                                     "out_proj.weight": ("even", 0.25), "out_proj.bias": ZEROS}),
    "Transformer": ((8, 2, 1, 1, 16), {
        "encoder.layers.0.linear1.weight": ("even", 0.5), "decoder.layers.0.linear2.weight": ("even", 0.5),
        "decoder.layers.0.multihead_attn.in_proj_weight": ("even", math.sqrt(6 / 32)), "encoder.norm.weight": ONES}),
}
"""A module -> what it is made with, and what its weights are: all one number; drawn evenly between bounds; drawn from the normal
distribution, but for a row of zeros."""


@statement("Fresh weights of the modules around recurrent ones are drawn as documented, or the documented number, and none is "
           "left as memory was.", strength=(1, 1, 1), sparing=0, source="PyTorch: torch.nn, Variables")
def fresh_modules_are_as_documented(ask) -> list[Deviation]:
    seen, found = ask(FunctionRequest("fresh_modules", (("seed", 7),))), []
    for kind, (_, weights) in FRESH.items():
        for name, (way, number) in weights.items():
            array, key = seen[f"{kind}/{name}"].astype("float64"), f"{kind}/{name}"
            if way == "all":
                found += equal(key, array, np.full(array.shape, number))
                continue
            if way == "normal":
                rows = np.arange(len(array)) != (-1 if number is None else number)
                found += equal(key, array[~rows], np.zeros((int((~rows).sum()), array.shape[1])), "of padding")
                spread, most = float(array[rows].std()), float(np.abs(array[rows]).max())
                right = 0.9 < spread < 1.1 and 2.5 < most < 6
            else:
                spread, most = float(array.std()), float(np.abs(array).max())
                right = 0.85 * number < most <= number and 0.8 < spread / (number / math.sqrt(3)) < 1.2
            found += [] if right else [Deviation(key, f"{key}: spread {spread:.3g}, largest {most:.3g}, for {way} {number}")]
    return found
