"""What no layer, function, optimizer or callback of Keras can be: it is refused where it is made; and inputs that do not fit what
a layer says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

Options = Mapping[str, Any]
MADE: tuple[tuple[str, Options, Options], ...] = (
    *(("layers." + name, right, wrong) for name, right, every in (
        ("Dense", {"units": 2}, ({"units": 0}, {"units": -1}, {"units": 2, "activation": "nothing"},
                                 {"units": 2, "kernel_initializer": "nothing"}, {"units": 2, "further": 1})),
        ("LSTM", {"units": 2}, ({"units": 0}, {"units": 2, "use_cudnn": "never"},
                                 {"units": 2, "recurrent_activation": "nothing"})),
        ("GRUCell", {"units": 2}, ({"units": 0}, {"units": 2, "kernel_regularizer": "nothing"})),
        ("RepeatVector", {"n": 2}, ({"n": 0}, {"n": 1.5}, {"n": True})),
        ("Permute", {"dims": (2, 1)}, ({"dims": (0, 1)}, {"dims": (1, 3)}, {"dims": (1, 1)})),
        ("Reshape", {"target_shape": (-1, 2)}, ({"target_shape": (-1, -1)},)),
        ("UpSampling1D", {"size": 2}, ({"size": 0}, {"size": 1.5})),
        ("Cropping1D", {"cropping": (1, 0)}, ({"cropping": (-1, 0)}, {"cropping": (1, 0, 1)})),
        ("ZeroPadding1D", {"padding": (1, 0)}, ({"padding": (-1, 0)}, {"padding": (1, 0), "data_format": "sideways"})),
        ("Dropout", {"rate": 0.5}, ({"rate": 1.5}, {"rate": -0.5})),
        ("GaussianDropout", {"rate": 0.5}, ({"rate": 1.5}, {"rate": -0.5})),
        ("GaussianNoise", {"stddev": 0.5}, ({"stddev": 1.5}, {"stddev": -0.5})),
        ("AlphaDropout", {"rate": 0.5}, ({"rate": 1.5},)),
        ("ReLU", {"threshold": 0.5}, ({"threshold": -0.5}, {"negative_slope": -0.5}, {"max_value": -0.5})),
        ("LeakyReLU", {"negative_slope": 0.5}, ({"negative_slope": None},)),
        ("Attention", {"score_mode": "dot"}, ({"score_mode": "none"},)),
        ("Bidirectional", {}, ({"merge_mode": "none"},)),
        ("UnitNormalization", {"axis": 1}, ({"axis": "steps"},)),
        ("Conv1D", {"filters": 2, "kernel_size": 2}, (
            {"filters": 0, "kernel_size": 2}, {"filters": 2, "kernel_size": 0}, {"filters": 2, "kernel_size": (2, 2)},
            {"filters": 2, "kernel_size": 2, "padding": "none"},
            {"filters": 2, "kernel_size": 2, "strides": 2, "dilation_rate": 2}, {"filters": 3, "kernel_size": 2, "groups": 2})),
        ("CategoryEncoding", {"num_tokens": 3}, ({"num_tokens": 0}, {"num_tokens": 3, "output_mode": "none"}, {})),
        ("Discretization", {"bin_boundaries": [0.5]}, ({"bin_boundaries": [0.5], "num_bins": 2}, {"num_bins": -1}, {})),
        ("Dot", {"axes": 1}, ({"axes": "steps"}, {"axes": (1, 1, 1)}, {"axes": (1, 1.5)})),
    ) for wrong in every),
    *(("optimizers." + name, right, wrong) for name, right, every in (
        ("SGD", {"momentum": 0.5}, ({"momentum": 1.5}, {"momentum": -0.5}, {"clipnorm": 1.0, "clipvalue": 1.0},
                                    {"use_ema": True, "ema_momentum": 1.5}, {"gradient_accumulation_steps": 1},
                                    {"learning_rate": "fast"}, {"use_ema": True, "ema_overwrite_frequency": 0.5})),
        ("Adam", {}, ({"further": 1},)),
        ("schedules.ExponentialDecay", {"initial_learning_rate": 0.5, "decay_steps": 3, "decay_rate": 0.5},
         ({"initial_learning_rate": 0.5, "decay_steps": 0, "decay_rate": 0.5},)),
        ("schedules.PiecewiseConstantDecay", {"boundaries": [2], "values": [0.5, 0.25]}, ({"boundaries": [2], "values": [0.5]},)),
    ) for wrong in every),
    *(("callbacks." + name, right, wrong) for name, right, every in (
        ("ModelCheckpoint", {"filepath": "m.keras"}, (
            {"filepath": "m.txt"}, {"filepath": "m.keras", "save_weights_only": True},
            {"filepath": "m.keras", "save_freq": "batch"})),
        ("BackupAndRestore", {"backup_dir": "there"}, ({"backup_dir": ""}, {"backup_dir": "there", "save_freq": "batch"})),
        ("ReduceLROnPlateau", {"factor": 0.5}, ({"factor": 1.0},)),
    ) for wrong in every),
    *(("losses." + name, right, wrong) for name, right, every in (
        ("MeanSquaredError", {"reduction": "sum"}, ({"reduction": "most"},)),
    ) for wrong in every),
    *(("metrics." + name, right, wrong) for name, right, every in (
        ("Precision", {"thresholds": 0.5}, ({"thresholds": 1.5}, {"thresholds": [0.5, -0.5]})),
        ("AUC", {"num_thresholds": 3}, ({"num_thresholds": 1}, {"curve": "none"})),
        ("FBetaScore", {"beta": 2.0}, ({"beta": 0.0}, {"beta": 2.0, "average": "none"}, {"beta": 2.0, "threshold": 1.5})),
        ("R2Score", {"num_regressors": 1}, ({"num_regressors": -1}, {"class_aggregation": "none"})),
        ("SensitivityAtSpecificity", {"specificity": 0.5}, ({"specificity": 1.5},)),
    ) for wrong in every),
    ("regularizers.L2", {"l2": 0.5}, {"l2": "much"}),
    ("regularizers.OrthogonalRegularizer", {"mode": "rows"}, {"mode": "steps"}),
    ("initializers.VarianceScaling", {"scale": 1.0}, {"scale": -1.0}), ("initializers.VarianceScaling", {}, {"mode": "fan"}),
    ("initializers.VarianceScaling", {}, {"distribution": "none"}),
    ("dtype_policies.DTypePolicy", {"name": "float16"}, {"name": "none"}),
)
"""What; options with which it can be made, and others with which it cannot."""


@statement("What no layer, optimizer, schedule, callback, loss, metric, regularizer or initializer can be is refused where it is "
           "made, by an error that says so.", sparing=0, source="Keras: the documented arguments of each")
def impossible_makings_are_refused(ask) -> list[Deviation]:
    """Facts: `made`, the numbers of those of `MADE` that were made all the same, and `failed`, of those whose right options were
    refused, with what was said."""
    facts = ask(FunctionRequest("refused_makings", (("made", tuple((what, dict(a), dict(b)) for what, a, b in MADE)),))).facts
    made, failed = (facts.get(name, ((-1, "nothing is said"),)) for name in ("made", "failed"))
    found = [Deviation(MADE[n][0], f"{MADE[n][0]}: made with {dict(MADE[n][2])}, and nothing said") for n, _ in made]
    return found + [Deviation(MADE[n][0], f"{MADE[n][0]}: with {dict(MADE[n][1])}: {words}") for n, words in failed]


SPECS: tuple[tuple[Options, tuple[int, ...], tuple[int, ...]], ...] = (
    ({"ndim": 3}, (2, 4, 3), (2, 4)), ({"min_ndim": 3}, (2, 4, 3), (2, 4)), ({"max_ndim": 3}, (2, 4, 3), (2, 4, 3, 1)),
    ({"axes": {-1: 3}}, (2, 4, 3), (2, 4, 2)), ({"axes": {1: 4}}, (2, 4, 3), (2, 3, 3)),
    ({"shape": (None, 4, 3)}, (2, 4, 3), (2, 5, 3)),
    ({"shape": (None, 4, 3)}, (2, 4, 3), (2, 4, 2)), ({"dtype": "float32"}, (2, 4), (2, 4)),
)
"""What a layer says of its input, a shape that fits, and one that does not; of a dtype whole numbers do not."""


@statement("A layer refuses inputs that do not fit what it says of their axes, sizes or numbers, and takes others; so does one "
           "of several inputs, each by its place.", sparing=0,
           source="Keras: InputSpec, Layer.input_spec")
def inputs_that_do_not_fit_are_refused(ask) -> list[Deviation]:
    """Facts: `told`, for each of `SPECS` and way whether what fits was taken, and what does not."""
    told = ask(FunctionRequest("specified", (("specs", tuple((dict(s), a, b) for s, a, b in SPECS)),))).facts.get("told", ())
    found = [] if len(told) == 2 * len(SPECS) else [Deviation("told", f"{len(told)} answers, expected {2 * len(SPECS)}")]
    return found + [Deviation(f"{n}/{way}", f"{dict(SPECS[n][0])}, {way}: " + ("what fits was refused" if not fits else (
        "what does not fit was taken"))) for n, way, fits, other in told if not fits or other]


TRIED = (
    "variable: another size", "variable: a constraint that is no function", "variable: a regularizer that is no function",
    "variable: its truth", "symbol: its truth", "symbol: its parts", "symbol: its numbers", "sequence: a second input",
    "sequence: a second name", "sequence: another shape", "sequence: no layer", "model: other inputs", "model: a layer by number",
    "model: a layer by name", "model: a layer by both", "model: its layers are replaced", "model: trained before it is compiled",
    "model: rows that differ", "model: no outputs", "weights: fewer", "weights: another shape", "weights: of what is not built",
    "optimizer: the rate of a schedule", "optimizer: no gradient", "optimizer: another weight",
    "optimizer: weights before it is built",
    "losses: no number",
)
"""Of what: what cannot be."""


@statement("What cannot be done with a variable, a tensor of a graph, a sequence, a model, weights or an optimizer is refused "
           "where it is tried, by an error that says so.", sparing=0,
           source="Keras: Variable, KerasTensor, Sequential, Model, Layer.set_weights, Optimizer")
def impossible_calls_are_refused(ask) -> list[Deviation]:
    """Facts: `told`, of each of `TRIED` whether an error came."""
    told = dict(ask(FunctionRequest("refused_tries", (("tried", TRIED),))).facts.get("told", ()))
    return [Deviation(what, f"{what}: nothing said" if what in told else f"{what}: not tried") for what in TRIED
            if not told.get(what)]
