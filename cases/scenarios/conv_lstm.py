"""`conv-lstm` (document 3): the next frame of movies of moving squares.

Frames (None, None, 40, 40, 1); 4 × [ConvLSTM2D(40, 3×3, same, sequences) + BatchNorm]; Conv3D(1, 3×3×3, sigmoid) → 1;
binary cross-entropy, Adadelta in the document; Adam here, for it to learn in few steps. Movies of 3 to 7 moving squares
(`cases.movies`), noise added to the input, the target is the next frame; after training, from 7 frames the following ones
are predicted and drawn against the true ones. PyTorch has no ConvLSTM: its side is written from cells.

At default depth one such layer with few filters on small frames; the document's size is checked for its shapes, and
trained at full depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from cases.convolutions import Convolution
from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Node, Training, draw_model_weights, named_inputs, node, sequential
from cases.movies import movies
from cases.requests import Deviation, Note, Observation
from cases.scenarios.base import (
    ADAM,
    as_claimed,
    beginning,
    built,
    claim,
    curve,
    differentiated,
    falls,
    followed,
    minibatches,
    predicted,
    shaped,
)
from cases.tolerance import compare, expect_model

NAME = "conv-lstm"
GIVEN = 7
ROWS, SIZE, STEPS = 6, 6, 9
FIRST = 3
MOMENTUM = 0.8
LAYERS = 1


def model(size: int, layers: int, filters: int, frames: int | None, momentum: float = 0.99) -> Model:
    """`layers` × [ConvLSTM2D + BatchNorm] and a Conv3D, on frames of `size` × `size`. momentum: that of BatchNorm, 0.99 in
    the document; less where there are few steps."""
    chain: list[Node] = [node("frames", "input", shape=(frames, size, size, 1))]
    for index in range(layers):
        channels = filters if index else 1
        layer = Layer("conv_lstm", channels * size**2, filters * size**2, return_state=False,
                      convolution=Convolution((size, size), (3, 3)))
        chain += [node(f"lstm{index}", "recurrent", layer=layer),
                  node(f"norm{index}", "batch_norm", epsilon=1e-3, momentum=momentum)]
    chain.append(node("out", "conv3d", filters=1, size=(3, 3, 3), padding="same", activation="sigmoid"))
    return sequential(NAME, *chain)


@lru_cache(maxsize=1)
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Small movies and their next frames, to learn from; and unseen ones, longer."""
    few = {"squares": (1, 2), "half": (1, 2)}
    seen = movies(generator(NAME), ROWS, GIVEN, SIZE, **few)
    return *seen, *movies(generator(NAME, "unseen"), ROWS, 2 * GIVEN - 2, SIZE, **few)


@lru_cache(maxsize=1)
def question() -> ModelRequest:
    """The small model, trained; it then predicts from the first frames of unseen movies."""
    made, (frames, targets, unseen, _) = model(SIZE, LAYERS, 3, GIVEN, MOMENTUM), data()
    hyper = tuple({**dict(ADAM), "learning_rate": 0.03}.items())
    training = Training("adam", hyper, "binary_crossentropy", minibatches(NAME, ROWS, 3, STEPS))
    return ModelRequest(made, draw_model_weights(made), frames, None, targets, training, unseen[:, :GIVEN])


def with_statistics(request: ModelRequest, seen: Observation) -> ModelRequest:
    """The request, its batch_norm nodes keeping the variance that the stack declares."""
    kept = (("moving_variance", seen.facts["moving_variance"]),)
    nodes = tuple(replace(n, options=n.options + kept) if n.op == "batch_norm" else n for n in request.model.nodes)
    return replace(request, model=replace(request.model, nodes=nodes))


@lru_cache(maxsize=2)
def whole(rows: int = 1, frames: int = 2) -> ModelRequest:
    """The document's model, time open, and movies of some frames."""
    made = model(40, 4, 40, None)
    inputs, targets = movies(generator(NAME, "whole"), rows, frames, 40)
    return ModelRequest(made, draw_model_weights(made), inputs, None, targets, wants=())


TABLE = {
    "frames": (None, 40, 40, 1), **{f"{name}{index}": (None, 40, 40, 40) for index in range(4) for name in ("lstm", "norm")},
    "out": (None, 40, 40, 1),
}
"""Time is open: a stack that knows shapes before it runs says None, one that does not says how many frames it was given."""
PARAMETERS = 4 * (9 * (1 + 40) * 40 + 40) + 3 * 4 * (9 * (40 + 40) * 40 + 40) + 4 * 4 * 40 + 27 * 40 + 1
"""407 001: Keras counts the moving averages, and has one bias a gate."""


@claim(NAME, "Every layer has the shape of the document's table.", says="It prints a table of the shapes.")
def shapes(ask):
    knows = ask(built(whole())).facts["shapes"]["out"][0] is None
    frames = named_inputs(whole().model, whole().inputs)["frames"].shape[1]
    return shaped(ask, whole(), TABLE if knows else {name: (frames, *shape[1:]) for name, shape in TABLE.items()})


@claim(NAME, "The same model reads 2 frames, and 5: the predictions are those of the equations.",
       [{"frames": 2}, {"frames": 5}], says="Frames (None, None, 40, 40, 1): any number of frames.", sparing=())
def any_number_of_frames(ask, frames):
    made = model(SIZE, LAYERS, 3, None, MOMENTUM)
    return predicted(ask, ModelRequest(made, draw_model_weights(made), data()[0][:, :frames]))


@claim(NAME, "The document's model has 407 001 numbers: weights and moving averages, one bias a gate.",
       says="The table has the number of parameters of each layer.")
def parameters(ask):
    seen = ask(whole()).facts
    due = PARAMETERS + (0 if seen["one_bias"] else 4 * 4 * 40)  # PyTorch users have a second bias in each cell
    if seen["parameters"] == due:
        return []
    return [Deviation("parameters", f"found {seen['parameters']}, expected {due}", abs(seen["parameters"] - due))]


@claim(NAME, "From equal weights the predictions are those of the equations.")
def values(ask):
    return predicted(ask, question())


@claim(NAME, f"From equal weights the first {FIRST} losses of training are those of the equations, BatchNorm with the "
             "statistics of each batch.")
def trajectory(ask):
    return followed(ask, question(), FIRST)


@claim(NAME, "After one step of training BatchNorm's moving averages are those of the equations.", sparing=())
def moving_averages(ask):
    request = beginning(question(), 1)
    seen = ask(request)
    due = expect_model(as_claimed(with_statistics(request, seen), seen), seen.facts["padding"])
    kept = [name for name in due if "/moving_" in name]
    found = [] if kept else [Deviation("weights", "the model keeps no moving averages: nothing is told")]
    return found + [d for name in kept for d in compare(name, seen[name], due[name].value, due[name].allowed)]


@claim(NAME, "From equal weights the gradients of the loss are those of the equations.", depth="full")
def gradients(ask):
    training = replace(question().training, batches=())
    return differentiated(ask, replace(question(), training=training, unseen=None, wants=("predictions", "gradients")))


@claim(NAME, "After two steps BatchNorm's moving mean and variance are those of the equations, the variance as the stack "
             "declares it.", depth="full")
def statistics(ask):
    few = replace(question(), training=replace(question().training, batches=question().training.batches[:2]), unseen=None)
    seen = ask(few)
    expected = expect_model(as_claimed(with_statistics(few, seen), seen), seen.facts["padding"])
    moving = [name for name in expected if "/moving_" in name]
    return [d for name in moving for d in compare(name, seen[name], expected[name].value, expected[name].allowed)]


@claim(NAME, "It trains: the loss falls below 0.7 of what it was.",
       says="It is trained on movies of 3 to 7 moving squares, with noise.")
def it_trains(ask):
    losses = ask(question())["losses"]
    return [*falls(losses, 0.7), curve("loss", losses, "Loss of each step of training")]


def surprise(predictions: np.ndarray, truth: np.ndarray) -> float:
    """The mean binary cross-entropy."""
    sure = np.clip(predictions, 1e-7, 1 - 1e-7)
    return float(-np.mean(truth * np.log(sure) + (1 - truth) * np.log(1 - sure)))


def picture(name: str, truth: np.ndarray, predictions: np.ndarray) -> Note:
    """Frames (n, size, size) side by side, a line between them: the true ones above, the predicted ones below."""
    def row(frames: np.ndarray) -> np.ndarray:
        return np.concatenate([np.pad(frame, ((0, 1), (0, 1)), constant_values=1.0) for frame in frames], axis=1)

    image = np.concatenate([row(truth), row(np.clip(predictions, 0.0, 1.0))])
    return Note(name, {"image": np.round(image, 3).tolist()})


@claim(NAME, "The next frames of unseen movies are predicted better than by any constant.",
       says="The target is the next frame.")
def next_frame(ask):
    predictions, truth = ask(question())["trained"][..., 0], data()[3][:, :GIVEN, :, :, 0]
    found, constant = surprise(predictions, truth), surprise(np.full(truth.shape, truth.mean()), truth)
    notes = [picture(f"each frame's next, of movie {row}: true above, predicted below", truth[row], predictions[row])
             for row in range(2)]
    notes.append(Note("binary cross-entropy on unseen movies, and of the best constant", f"{found:.3f}, {constant:.3f}"))
    if found < constant:
        return notes
    words = f"cross-entropy {found:.3f}, of the best constant {constant:.3f}"
    return [*notes, Deviation("trained", words, found - constant)]


def as_weights(request: ModelRequest, trained: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Trained weights as those of a request. A bias that a stack does not keep apart is zero: its sum is in the other."""
    return {name: trained.get(name, np.zeros_like(array)) for name, array in request.weights.items()}


@claim(NAME, "From 7 frames the following ones are predicted, each from those before it, and all stay in [0, 1].",
       says="From 7 frames the following ones are predicted, and drawn beside the true ones.", sparing=())
def following_frames(ask):
    request = question()
    seen = ask(request)
    weights = as_weights(request, {n.removeprefix("weights/"): a for n, a in seen.named("weights").items()})
    _, _, noisy, true = data()
    frames, found = noisy[:, :GIVEN], []
    for _ in range(5):
        made = model(SIZE, LAYERS, 3, frames.shape[1], MOMENTUM)
        last = ask(ModelRequest(made, weights, frames))["predictions"][:, -1:]
        if not (np.isfinite(last).all() and last.min() >= 0 and last.max() <= 1):
            found.append(Deviation("predictions", f"frame {frames.shape[1]}: from {last.min():.3g} to {last.max():.3g}"))
        frames = np.concatenate([frames, last], axis=1)
    drawn = slice(GIVEN - 1, GIVEN + 4)
    ahead = frames[:, GIVEN:, :, :, 0]
    return [*found, *(picture(f"the frames after the seventh, of movie {row}: true above, predicted below",
                              true[row, drawn, :, :, 0], ahead[row]) for row in range(2))]


@claim(NAME, "At the document's size it trains: losses are finite, and the last is below the first.", depth="full")
def whole_trains(ask):
    request = whole(2, 4)
    training = Training("adam", ADAM, "binary_crossentropy", ((0, 1),) * 3)
    losses = ask(replace(request, training=training, wants=("predictions",)))["losses"]
    if np.isfinite(losses).all() and losses[-1] < losses[0]:
        return []
    return [Deviation("losses", "found " + ", ".join(f"{loss:.4g}" for loss in losses))]
