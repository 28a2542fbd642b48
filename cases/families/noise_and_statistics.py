"""Layers between recurrent ones that act in training otherwise than in inference: noise, normalization over a masked batch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from cases.batches import draw_mask, draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES, RATE = 16, 8, 12, 0.25
SURE = 6.0
"""Standard deviations that an honest draw may be off: less than once in 1e8."""
NOISE: Mapping[str, tuple[dict[str, Any], float, float]] = {
    "Dropout": ({"rate": RATE}, RATE / (1 - RATE), 3.0), "SpatialDropout1D": ({"rate": RATE}, RATE / (1 - RATE), 3.0),
    "GaussianDropout": ({"rate": RATE}, RATE / (1 - RATE), 3.0), "GaussianNoise": ({"stddev": RATE}, RATE**2, 3.0),
}
"""Keras' name -> its options, the variance of what it multiplies a number by, or adds to it, and a bound of its kurtosis."""


@statement("Noise in training leaves what it is given, and the mean, has the variance that is documented, is drawn for every "
           "row, and for every step but where whole features are dropped, with a batch or without, and is put in place of what "
           "was given where that is asked for.",
           {"layer": tuple(NOISE)}, sparing=2, eager=2,
           source="Srivastava et al. 2014; Tompson et al. 2015; Keras: Dropout, GaussianDropout, GaussianNoise")
def noise_is_as_documented(ask, layer):
    options, variance, kurtosis = NOISE[layer]
    inputs = np.abs(draw_values(generator("noise", layer), (ROWS, STEPS, FEATURES))) + 0.5
    given = {"layer": layer, "options": options, "inputs": inputs, "mask": np.ones((ROWS, STEPS), bool), "training": True}
    answer = ask(FunctionRequest("between", tuple(given.items())))
    seen = answer["outputs"].astype("float64")
    if seen.shape != inputs.shape or not np.isfinite(seen).all():
        return [Deviation("outputs", f"outputs: not finite, or of shape {seen.shape}")]
    noise = seen - inputs if layer == "GaussianNoise" else seen / inputs
    mean, steps = (0.0 if layer == "GaussianNoise" else 1.0), layer != "SpatialDropout1D"
    draws = ROWS * FEATURES * (STEPS if steps else 1)
    found = equal("given", answer.arrays.get("given", inputs.astype("float32")), inputs.astype("float32"), "after a call")
    found += equal("in_place", answer.arrays.get("in_place", answer["outputs"]), answer["outputs"], "of the same seed")
    found += [Deviation("rows", "all rows share one draw")] if np.allclose(noise, noise[:1], rtol=0, atol=1e-5) else []
    if ((noise - noise[:, :1]).std() > 1e-5) != steps:
        found.append(Deviation("steps", f"noise {'is the same at every step' if steps else 'changes from step to step'}"))
    alone = answer.arrays.get("alone", seen) / inputs  # rows without a batch, where a stack has them
    if layer == "SpatialDropout1D" and (alone - alone[:, :1]).std() > 1e-5:
        found.append(Deviation("alone", "without a batch noise changes from step to step"))
    for name, value, due, spread in (("mean", noise.mean(), mean, np.sqrt(variance / draws)),
                                     ("variance", noise.var(), variance, variance * np.sqrt(kurtosis / draws))):
        if not abs(value - due) <= SURE * spread:
            words = f"{name} of the noise: found {value:.4g}, expected {due:.4g}"
            found.append(Deviation(name, words, float(abs(value - due)), float(SURE * spread)))
    return found


SATURATED = -1.7580993408473766
"""What SELU tends to: minus its scale times its alpha (Klambauer et al. 2017)."""


@statement("Alpha dropout in training puts the value that SELU tends to where it drops, and scales and shifts everything so that "
           "mean and variance stay, in place of what was given where that is asked for.",
           {"rate": (RATE, 0.5)}, usual={"rate": (RATE,)}, sparing=1,
           source="Klambauer et al. 2017, Self-Normalizing Neural Networks; Keras: AlphaDropout; PyTorch: nn.AlphaDropout")
def alpha_dropout_is_its_equation(ask, rate):
    inputs = draw_values(generator("alpha dropout"), (ROWS, STEPS, FEATURES)).astype("float32")
    given = {"layer": "AlphaDropout", "options": {"rate": rate}, "inputs": inputs, "mask": np.ones((ROWS, STEPS), bool),
             "training": True}
    answer = ask(FunctionRequest("between", tuple(given.items())))
    seen = answer["outputs"].astype("float64")
    scale = ((1 - rate) * (1 + rate * SATURATED**2)) ** -0.5
    kept, put = scale * (inputs - SATURATED * rate), scale * SATURATED * (1 - rate)
    if seen.shape != inputs.shape:
        return [Deviation("outputs", f"outputs: found shape {seen.shape}, expected {inputs.shape}")]
    dropped = np.abs(seen - put) < np.abs(seen - kept)
    found = equal("in_place", answer.arrays.get("in_place", answer["outputs"]), answer["outputs"], "of the same seed")
    found += compare("outputs", seen, np.where(dropped, put, kept), 64 * unit_roundoff("float32") * (1 + np.abs(kept)))
    allowed = SURE * float(np.sqrt(rate * (1 - rate) / inputs.size))
    if not abs(dropped.mean() - rate) <= allowed:
        found.append(Deviation("share", f"share that is dropped: found {dropped.mean():.3g}, expected {rate}",
                               float(abs(dropped.mean() - rate)), allowed))
    return found


WHOLE: Mapping[str, tuple[int, bool]] = {
    "dropout": (0, False), "dropout1d": (1, False), "dropout2d": (2, False), "dropout3d": (3, False),
    "alpha_dropout": (0, True), "feature_alpha_dropout": (1, True)}
"""How many axes of what is dropped are dropped as one, and whether to the value that SELU tends to."""


@statement("What drops whole features drops all of their numbers or none, at its rate, and scales the others, or puts the value "
           "that SELU tends to: as a module, as the function of its name, where it is to write in place and of rows alone.",
           sparing=0, source="PyTorch: nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.FeatureAlphaDropout, torch.nn.functional")
def features_are_dropped_whole(ask) -> list[Deviation]:
    """Arrays `KIND/WAY`: what is left of ones."""
    seen, found = ask(FunctionRequest("dropped_features", (("kinds", WHOLE), ("rate", RATE)))), []
    scale = ((1 - RATE) * (1 + RATE * SATURATED**2)) ** -0.5
    for kind, (axes, alpha) in WHOLE.items():
        kept, put = (scale * (1 - SATURATED * RATE), scale * SATURATED * (1 - RATE)) if alpha else (1 / (1 - RATE), 0.0)
        ways = seen.named(kind)
        found += [] if ways else [Deviation(kind, f"{kind}: nothing came")]
        for way, came in ways.items():
            gone = np.abs(came - put) < np.abs(came - kept)
            found += compare(way, came, np.where(gone, put, kept), 64 * unit_roundoff("float32") * max(kept, 1.0))
            each = gone.reshape(*gone.shape[: gone.ndim - axes], -1)
            one, many = each.all(axis=-1), each.any(axis=-1)
            found += [Deviation(way, f"{way}: a feature is dropped in part")] if (one != many).any() else []
            share, allowed = float(many.mean()), SURE * float(np.sqrt(RATE * (1 - RATE) / many.size))
            if not abs(share - RATE) <= allowed:
                found.append(Deviation(way, f"{way}: {share:.3g} are dropped, expected {RATE}", abs(share - RATE), allowed))
    return found


KEPT = 0.99
"""How much of its mean and variance a batch normalization of Keras keeps at each step of training."""


@statement("Batch normalization in training takes mean and variance over the valid steps, whatever stands at the others, of each "
           "step too where that is its axis, and of movies, and moves its own by them; one that is frozen takes its own.",
           {"mask": ("right", "left", "gaps"), "trainable": (True, False), "features": (FEATURES, 1)}, usual={"mask": ("right",)},
           strength=(1, 2, 2), sparing=2, eager=2, source="Ioffe and Szegedy 2015; Keras: BatchNormalization, mask, trainable")
def statistics_are_of_valid_steps(ask, mask, trainable, features):
    random = generator("statistics", mask)
    valid = draw_mask(random, mask, ROWS, STEPS)
    inputs = draw_values(random, (ROWS, STEPS, features)) + np.arange(features) / 4
    mean, variance = (inputs[valid].mean(axis=0), inputs[valid].var(axis=0)) if trainable else (0.0, 1.0)
    due = (inputs - mean) / np.sqrt(variance + 1e-3)  # Keras' epsilon
    slack = 256 * unit_roundoff("float32") * np.abs(due).max()
    found = []
    for options, padding in (({}, inputs), ({"scale": False, "center": False}, np.nan),
                             *(({"axis": 1}, inputs) for _ in range(trainable and features > 1))):
        if "axis" in options:
            kept = np.where(valid[:, :, None], inputs, np.nan)
            mean, variance = (of(kept, axis=(0, 2), keepdims=True) for of in (np.nanmean, np.nanvar))
            due = (inputs - mean) / np.sqrt(variance + 1e-3)
        given = {"layer": "BatchNormalization", "options": options if trainable else {"trainable": False, **options},
                 "inputs": np.where(valid[:, :, None], inputs, padding), "mask": valid, "training": True}
        seen = ask(FunctionRequest("between", tuple(given.items())))
        for name in (name for name in ("outputs", "twice") if name in seen.arrays):
            found += compare(name, np.where(valid[:, :, None], seen[name].astype("float64"), 0.0), np.where(
                valid[:, :, None], due, 0.0), slack)
        for name, start, of in (("moving_mean", 0.0, mean), ("moving_variance", 1.0, variance)):
            moved = np.ravel(KEPT * start + (1 - KEPT) * of) if trainable else np.full(features, start)
            found += compare(name, seen[name], moved, slack) if name in seen.arrays else []
    return found


@statement("Dropout of everything, a rate of 1, leaves zeros in training, seeded or not, and everything in inference.",
           {"layer": ("Dropout", "SpatialDropout1D"), "training": (True, False), "seed": (None, 3)}, strength=(1, 2, 2),
           senseless=((("training", "seed"), lambda training, seed: seed and not training),),
           source="Keras: Dropout, a rate between 0 and 1; PyTorch: nn.Dropout, nn.Dropout1d")
def dropout_of_everything_leaves_zeros(ask, layer, training, seed):
    inputs = np.abs(draw_values(generator("dropout of everything"), (4, 5, FEATURES))).astype("float32")
    options = {"rate": 1.0} | ({} if seed is None else {"seed": seed})
    given = {"layer": layer, "options": options, "inputs": inputs, "mask": np.ones((4, 5), bool), "training": training}
    seen = ask(FunctionRequest("between", tuple(given.items())))
    return equal("outputs", seen["outputs"], 0 * inputs if training else inputs)


@statement("In training a recurrent layer with a dropout rate of 1 gives what it gives for zeros, and zeros that a layer leaves "
           "in half precision are of its dtype.",
           {"part": ("conv_lstm", "simple_rnn", "stack")}, sparing=2, source="Keras: ConvLSTM1D(dropout), a rate between 0 and 1")
def recurrent_dropout_of_everything_leaves_zeros(ask, part):
    inputs = draw_values(generator("drops all", part), (2, 3, 5, 3) if part == "conv_lstm" else (2, 3, 3))
    seen = ask(FunctionRequest("dropped_all", (("part", part), ("inputs", inputs), ("units", 2))))
    found = compare("outputs", seen["outputs"], seen["due"], 64 * unit_roundoff("float32") * (1 + np.abs(seen["due"])))
    dtype = seen.facts["nothing"]
    return found + ([] if dtype == "bfloat16" else [Deviation("dtype", f"zeros of {dtype} are left, expected bfloat16")])


SHARES, PRECISIONS = (0.0, 0.25, 1.0), ("float32", "float64", "float16")
"""Of what is dropped; of what it is dropped from."""


@statement("What dropout keeps it divides by the share that it keeps, of outputs and of gradients the same, in every precision; "
           "where everything is dropped both are zero.", source="Srivastava et al. 2014; Keras: Dropout, a rate between 0 and 1")
def dropout_is_scaled_in_every_precision(ask):
    """Arrays: `outputs/SHARE/PRECISION`, `gradients/SHARE/PRECISION`, of the inputs, of outputs by cotangents, added up."""
    random, found = generator("scaled"), []
    inputs, cotangents = (random.choice([-1.0, 1.0], (ROWS, FEATURES)) * random.uniform(0.5, 2.0, (ROWS, FEATURES))
                          for _ in range(2))
    seen = ask(FunctionRequest("scaled_dropout", (("inputs", inputs), ("cotangents", cotangents), ("shares", SHARES),
                                                  ("precisions", PRECISIONS))))
    for share, dtype in product(SHARES, PRECISIONS):
        outputs, slopes = (seen[f"{name}/{share}/{dtype}"].astype("float64") for name in ("outputs", "gradients"))
        kept = outputs != 0
        if kept.any() != (share < 1) or kept.all() != (share == 0):
            found.append(Deviation("outputs", f"{share} of {dtype} is dropped: {kept.sum()} of {kept.size} are kept"))
        for name, one, of in (("outputs", outputs, inputs), ("gradients", slopes, cotangents)):
            due = of.astype(dtype).astype("float64") * kept / max(1 - share, share)
            found += compare(f"{name}/{share}/{dtype}", one, due, 8 * unit_roundoff(dtype) * np.abs(due))
    return found


SEEDS = (7, 8, 901, 2**31 + 901, 2**32 - 5)
"""Whole numbers that a draw may be seeded with: of up to 32 bits, and different in 31, or divided by 2**31 - 2 (TensorFlow)."""
ALIKE = (("number 7", "number 7 again"), ("generator 1", "twin 1"), ("generator 2", "twin 2"), ("generator 1", "configured 1"),
         ("generator 2", "configured 2"), ("global 1", "global again 1"), ("global 2", "global again 2"),
         ("filled", "filled again"))
"""Draws that are one: by a number each time, by generators of one seed, made of a configuration too, after one global seed;
weights that are filled by initializers whose seed is zero."""


@statement("A draw is told by its seed: by a number it is the same each time, by another number another; a generator of a seed, "
           "or of its configuration, draws what another one of it drew, something else each time; without a seed it is drawn "
           "anew, but after a global seed.", source="Keras: random.SeedGenerator, utils.set_random_seed")
def draws_are_told_by_their_seeds(ask) -> list[Deviation]:
    seen = ask(FunctionRequest("seeds", (("seeds", SEEDS), ("others", 11), ("many", FEATURES))))
    found = [d for one, other in ALIKE for d in equal(other, seen[other], seen[one], f"against {one}")]
    again = {other for _, other in ALIKE}
    own = [name for name in seen.arrays if name not in again]
    found += [Deviation(name, f"{name}: not finite") for name in own if not np.isfinite(seen[name]).all()]
    names = seen.facts["names"]
    found += [] if len({*names}) == 1 else [Deviation("names", f"{names[0]} is {names[1]} once made of its configuration")]
    return found + [Deviation(name, f"{name} and {other} are one draw") for n, name in enumerate(own) for other in own[:n]
                    if np.array_equal(seen[name], seen[other])]


@statement("Generators, and layers, of neighbouring seeds have no draw in common, whichever each has come to.",
           {"part": ("generator", "lstm")}, sparing=1, source="Keras: random.SeedGenerator")
def neighbouring_seeds_draw_apart(ask, part) -> list[Deviation]:
    """Arrays: `one`, `other` (draws, numbers), of a seed and of the next one."""
    seen = ask(FunctionRequest("neighbouring_seeds", (("part", part), ("seed", 11), ("many", 10 * FEATURES), ("draws", 3))))
    return [Deviation("draws", f"draw {n} of seed 11 is draw {m} of seed 12") for n, one in enumerate(seen["one"], 1)
            for m, other in enumerate(seen["other"], 1) if np.array_equal(one, other)]
