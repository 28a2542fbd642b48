"""Options that mean nothing: words that nobody knows, sizes and rates that cannot be. What is made with one is refused, and what
is made without is not, with numbers of NumPy's too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

WORD = "no such"


class Made(NamedTuple):
    """A class or function by its place in the framework, what it is called with, by name, and options that it must refuse, each
    alone, in place of what it is called with or besides."""

    place: str
    arguments: Mapping[str, Any]
    wrong: Mapping[str, tuple[Any, ...]]


def words(*names: str) -> dict[str, tuple[Any, ...]]:
    """Options that take a word."""
    return dict.fromkeys(names, (WORD,))


def behind(layer: str, **options: Any) -> list[Made]:
    """A layer behind sequences of four steps, of two features."""
    return [Made("Input", {"shape": (4, 2)}, {}), Made(f"layers.{layer}", options, {})]


SIZES = (0, -1)
COUNTS = (*SIZES, 2.5)
RATES = (-0.25, 1.5)
WEIGHTS = words("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "kernel_constraint",
                "bias_constraint", "activation", "dtype")
CELL = {**WEIGHTS, **words("recurrent_initializer", "recurrent_regularizer", "recurrent_constraint")}
GATES = {**CELL, **words("recurrent_activation")}
LSTM_CELL = Made("layers.LSTMCell", {"units": 4}, {})
KERAS: Mapping[str, tuple[Made, ...]] = {
    "layers": (
        Made("layers.LSTM", {"units": 4}, {**GATES, **words("activity_regularizer")}),
        Made("layers.GRU", {"units": 4}, {**GATES, **words("activity_regularizer")}),
        Made("layers.SimpleRNN", {"units": 4}, CELL),
        Made("layers.ConvLSTM1D", {"filters": 4, "kernel_size": 2}, {**GATES, **words("padding", "data_format")}),
    ),
    "cells": (
        Made("layers.LSTMCell", {"units": 4}, {**GATES, "units": SIZES}),
        Made("layers.GRUCell", {"units": 4}, {**GATES, "units": SIZES}),
        Made("layers.SimpleRNNCell", {"units": 4}, {**CELL, "units": SIZES}),
        Made("layers.RNN", {"cell": LSTM_CELL}, {"cell": (3, WORD)}),
        Made("layers.StackedRNNCells", {"cells": [LSTM_CELL]}, {"cells": ([3], [WORD])}),
    ),
    "wrappers": (
        Made("layers.Bidirectional", {"layer": Made("layers.LSTM", {"units": 4}, {})},
             {**words("merge_mode", "dtype"), "layer": (3, WORD)}),
        Made("layers.TimeDistributed", {"layer": Made("layers.Dense", {"units": 4}, {})}, {"layer": (3, WORD)}),
        Made("layers.Attention", {}, words("score_mode", "dtype")),
        Made("layers.MultiHeadAttention", {"num_heads": 2, "key_dim": 3},
             {**words("kernel_initializer", "bias_regularizer", "kernel_constraint"), "num_heads": COUNTS, "key_dim": COUNTS}),
    ),
    "around": (
        Made("layers.Dense", {"units": 4}, {**WEIGHTS, "units": COUNTS, "trainable": (WORD,)}),
        Made("layers.Activation", {"activation": "tanh"}, words("activation")),
        Made("layers.Embedding", {"input_dim": 5, "output_dim": 4},
             {**words("embeddings_initializer", "embeddings_regularizer", "embeddings_constraint"),
              "input_dim": (*COUNTS, True), "output_dim": (*COUNTS, True), "weights": ([1, 2], [[[1.0]]])}),
        Made("layers.Conv1D", {"filters": 4, "kernel_size": 2},
             {**WEIGHTS, **words("padding", "data_format"), "strides": (0,), "kernel_size": (0,), "filters": COUNTS}),
        Made("layers.LayerNormalization", {}, words("gamma_initializer", "beta_regularizer", "dtype")),
        Made("layers.BatchNormalization", {}, words("gamma_initializer", "beta_regularizer", "moving_mean_initializer")),
        Made("layers.GlobalAveragePooling1D", {}, words("data_format")), Made("layers.Flatten", {}, words("data_format")),
        Made("layers.Reshape", {"target_shape": (2, -1)}, {"target_shape": ((-2, 3), (-1, -1))}),
        Made("layers.RepeatVector", {"n": 2}, {"n": COUNTS}), Made("layers.UpSampling1D", {"size": 2}, {"size": COUNTS}),
        Made("layers.MaxPooling1D", {"pool_size": 2}, {"pool_size": COUNTS}),
        Made("layers.Cropping1D", {"cropping": 1}, {"cropping": (-1, 2.5)}),
        Made("layers.ZeroPadding1D", {"padding": 1}, {"padding": (-1, 2.5)}),
        Made("layers.Reshape", {"target_shape": (-1, 2)}, {"target_shape": ((-1, -1, 2),)}),
        Made("layers.Conv1DTranspose", {"filters": 4, "kernel_size": 2, "strides": 2}, {"output_padding": (2,)}),
    ),
    "noise": (
        *(Made(f"layers.{name}", {"rate": 0.5}, {"rate": RATES})
          for name in ("SpatialDropout1D", "GaussianDropout", "AlphaDropout")),
        Made("layers.Dropout", {"rate": 0.5}, {"rate": RATES, "noise_shape": ((None, 0, 1), WORD)}),
        Made("layers.GaussianNoise", {"stddev": 0.5}, {"stddev": RATES}),
    ),
    "training": (
        Made("losses.MeanSquaredError", {}, words("reduction")), Made("losses.get", {"identifier": "mse"}, words("identifier")),
        Made("metrics.get", {"identifier": "mse"}, words("identifier")),
        Made("optimizers.get", {"identifier": "sgd"}, words("identifier")),
        Made("optimizers.SGD", {}, {"momentum": (1.5, -0.5)}),
        Made("optimizers.LossScaleOptimizer", {"inner_optimizer": Made("optimizers.SGD", {}, {})},
             {"clipnorm": (1.0,), "use_ema": (True,), "weight_decay": (0.5,), "gradient_accumulation_steps": (2,)}),
        Made("initializers.get", {"identifier": "zeros"}, words("identifier")),
        Made("initializers.VarianceScaling", {}, words("mode", "distribution")),
        Made("dtype_policies.get", {"identifier": "float32"}, words("identifier")),
    ),
    "bounds": (
        Made("layers.BatchNormalization", {}, {"momentum": RATES}),
        Made("layers.GroupNormalization", {}, {"epsilon": (0.0, -0.5), "groups": (0, -2)}),
        Made("regularizers.L2", {}, {"l2": (-0.5, math.nan, math.inf, True, WORD)}),
    ),
    "behind_four_steps": (Made("Sequential", {"layers": behind("MaxPooling1D", pool_size=2)}, {"layers": (
        behind("MaxPooling1D", pool_size=5), behind("AveragePooling1D", pool_size=6, strides=2),
        behind("Conv1D", filters=2, kernel_size=3, dilation_rate=2), behind("SeparableConv1D", filters=2, kernel_size=5),
        behind("Cropping1D", cropping=(2, 2)), behind("Reshape", target_shape=(3, -1)))}),),
    "numbers": (
        Made("regularizers.L2", {"l2": np.float32(0.25)}, {}), Made("layers.Dropout", {"rate": np.float32(0.25)}, {}),
    ),
    "sequences": (
        Made("utils.pad_sequences", {"sequences": [[1, 2], [3]]}, words("padding")),
        Made("utils.pad_sequences", {"sequences": [[1, 2], [3]], "maxlen": 1}, words("truncating")),
        Made("utils.pad_sequences", {"sequences": [[b"a", b"b"], [b"c"]], "dtype": "S3", "value": "pad"}, words("padding")),
        Made("ops.transpose", {"x": Made("KerasTensor", {"shape": (None, 4, 2)}, {}), "axes": (0, 2, 1)},
             {"axes": ((0, 1, 1), (0, 1, 3), (0, 1))}),
    ),
}
SMALL = {"input_size": 3, "hidden_size": 4}
RECURRENT = {"num_layers": COUNTS, "hidden_size": COUNTS, "input_size": COUNTS, "dropout": (*RATES, True, WORD), **words("bias"),
             "batch_first": (1, WORD)}
WEIGHT = {"params": [Made("nn.Parameter", {"data": Made("zeros", {"size": (2,)}, {})}, {})]}
STEPPED = {"optimizer": Made("optim.SGD", {**WEIGHT, "lr": 1.0, "momentum": 0.5}, {})}
HALF_OPEN = {"betas": ((1.0, 0.5), (0.5, 1.5)), "lr": (-1.0,), "eps": (-1.0,), "weight_decay": (-1.0,)}
SCHEDULE, AVERAGE = "optim.lr_scheduler", "optim.swa_utils"
TORCH: Mapping[str, tuple[Made, ...]] = {
    "modules": (
        Made("nn.LSTM", SMALL, {**RECURRENT, "proj_size": (-1, 4, 5)}), Made("nn.GRU", SMALL, {**RECURRENT, "proj_size": (2,)}),
        Made("nn.RNN", SMALL, {**RECURRENT, **words("nonlinearity")}),
        Made("nn.MultiheadAttention", {"embed_dim": 4, "num_heads": 2}, {"num_heads": (3, 0), "embed_dim": (0, 5)}),
        *(Made(f"nn.{name}", {"p": 0.5}, {"p": RATES}) for name in ("Dropout", "Dropout1d", "AlphaDropout")),
        Made("nn.Embedding", {"num_embeddings": 5, "embedding_dim": 4}, {"padding_idx": (5, -6)}),
        Made("nn.EmbeddingBag", {"num_embeddings": 5, "embedding_dim": 4}, {"padding_idx": (5, -6)}),
        Made("nn.Conv1d", {"in_channels": 3, "out_channels": 4, "kernel_size": 2},
             {**words("padding", "padding_mode"), "groups": (0, 2)}),
        Made("nn.Conv1d", {"in_channels": 3, "out_channels": 4, "kernel_size": 2, "stride": 2}, {"padding": ("same",)}),
        Made("nn.GroupNorm", {"num_groups": 2, "num_channels": 4}, {"num_channels": (3,)}),
        *(Made(f"nn.Transformer{kind}Layer", {"d_model": 4, "nhead": 2, "dim_feedforward": 3},
               {**words("activation"), "nhead": (3,)}) for kind in ("Encoder", "Decoder")),
        Made("nn.Hardtanh", {"min_val": 0.5, "max_val": 1.0}, {"max_val": (0.25,)}),
        Made("nn.AdaptiveLogSoftmaxWithLoss", {"in_features": 4, "n_classes": 6, "cutoffs": [2, 4], "div_value": 1.0},
             {"cutoffs": ([], [4, 2], [2, 2], [0, 3], [2, 6])}),
        Made("nn.MultiMarginLoss", {"p": 2}, {"p": (3,)}), Made("nn.TripletMarginLoss", {"margin": 1.0}, {"margin": (0.0, -1.0)}),
        Made("nn.TripletMarginWithDistanceLoss", {"margin": 1.0}, {"margin": (0.0, -1.0)}),
    ),
    "optimizers": (
        Made("optim.SGD", {**WEIGHT, "lr": 1.0},
             {"params": ([], [3], 3), "lr": (-1.0,), "momentum": (-1.0,), "weight_decay": (-1.0,),
              "nesterov": (True,)}),
        *(Made(f"optim.{name}", WEIGHT, HALF_OPEN) for name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")),
        Made("optim.RMSprop", WEIGHT, {name: (-1.0,) for name in ("lr", "alpha", "eps", "momentum", "weight_decay")}),
        Made("optim.Adagrad", WEIGHT,
             {name: (-1.0,) for name in ("lr", "lr_decay", "eps", "initial_accumulator_value", "weight_decay")}),
        Made("optim.Adadelta", WEIGHT, {"rho": (-0.5, 1.5), "lr": (-1.0,), "eps": (-1.0,), "weight_decay": (-1.0,)}),
        Made("optim.Rprop", WEIGHT, {"etas": ((1.25, 1.5), (0.5, 0.75)), "lr": (-1.0,)}),
        Made("optim.ASGD", WEIGHT, {"lr": (-1.0,), "weight_decay": (-1.0,)}), Made("optim.SparseAdam", WEIGHT, {"lr": (0.0,)}),
        Made(f"{AVERAGE}.get_ema_avg_fn", {"decay": 0.5}, {"decay": RATES}),
    ),
    "schedules": (
        Made(f"{SCHEDULE}.StepLR", {**STEPPED, "step_size": 2}, {"optimizer": (3,)}),
        Made(f"{SCHEDULE}.ReduceLROnPlateau", STEPPED,
             {"factor": (1.0,), **words("mode", "threshold_mode"), "min_lr": ([0.1, 0.2],)}),
        Made(f"{SCHEDULE}.OneCycleLR", {**STEPPED, "max_lr": 1.0, "total_steps": 5},
             {"pct_start": RATES, **words("anneal_strategy"), "total_steps": (0, -1, 2.5, None), "max_lr": ([1.0, 2.0],)}),
        Made(f"{SCHEDULE}.CosineAnnealingWarmRestarts", {**STEPPED, "T_0": 2}, {"T_0": COUNTS, "T_mult": COUNTS}),
        Made(f"{SCHEDULE}.CyclicLR", {**STEPPED, "base_lr": 0.5, "max_lr": 1.0},
             {**words("mode"), "base_lr": ([0.5, 0.5],), "max_lr": ([1.0, 2.0],)}),
        Made(f"{SCHEDULE}.ConstantLR", STEPPED, {"factor": RATES}),
        Made(f"{SCHEDULE}.LinearLR", STEPPED, {"start_factor": (0.0, *RATES), "end_factor": RATES}),
        Made(f"{AVERAGE}.SWALR", {**STEPPED, "swa_lr": 0.5}, {**words("anneal_strategy"), "anneal_epochs": (-1, 2.5)}),
    ),
}
GROUPS = {f"{stack}_{group}": (stack, entries) for stack, named in (("keras", KERAS), ("torch", TORCH))
          for group, entries in named.items()}


@statement("What is made with an option that means nothing is refused when it is made, in words; without that option it is made.",
           {"group": tuple(GROUPS)}, sparing=2, source="Keras and PyTorch: the options that are documented")
def options_of_nothing_are_refused(ask, group):
    seen = ask(FunctionRequest("options_of_nothing", (("stack", GROUPS[group][0]), ("group", group))))
    found = []
    for (made, name, value), came, said in zip(asked(group), seen["made"], seen.facts["said"], strict=True):
        if came != (not name):
            words_of = f"{name}={told(value)}: made, and nothing said" if name else f"is refused: {said}"
            found.append(Deviation("options" if name else "made", f"{made.place} {words_of}"))
        elif name and not said.strip():
            found.append(Deviation("options", f"{made.place} {name}={value!r}: refused without a word"))
    return found


def told(value: Any) -> str:
    """A value in words: what is made as it is called."""
    if isinstance(value, list):
        return f"[{', '.join(map(told, value))}]"
    if not isinstance(value, Made):
        return repr(value)
    return f"{value.place}({', '.join(f'{n}={v!r}' for n, v in value.arguments.items())})"


def asked(group: str) -> list[tuple[Made, str, Any]]:
    """What is made in a group, in order: each without an option that means nothing (its name is empty), then with each."""
    return [(made, name, value) for made in GROUPS[group][1]
            for name, value in (("", None), *((n, v) for n, values in made.wrong.items() for v in values))]
