"""Movies of squares, the document's numbers, BatchNorm in training by hand, and the picture for the report."""

from dataclasses import replace

import numpy as np
import pytest

from cases.models import ModelRequest, Training, draw_model_weights, node, sequential
from cases.movies import movies
from cases.reference import run_model
from cases.scenarios.conv_lstm import PARAMETERS, model, picture, surprise, whole


def test_a_target_is_the_next_frame_without_noise():
    noisy, targets = movies(np.random.default_rng(0), 3, 5, 12)
    assert noisy.shape == targets.shape == (3, 5, 12, 12, 1)
    assert set(np.unique(targets)) == {0.0, 1.0} and 0.0 <= noisy.min() and noisy.max() <= 1.0
    assert (np.abs(noisy[:, 1:] - targets[:, :-1]) < 0.75).mean() > 0.99
    assert len(np.unique(noisy)) > 2


def test_the_documents_number_of_parameters():
    assert PARAMETERS == 407_001
    weights = draw_model_weights(model(40, 4, 40, 2))
    assert sum(array.size for name, array in weights.items() if not name.endswith("recurrent_bias")) == PARAMETERS
    assert whole().wants == ()


def test_batch_norm_trains_on_the_statistics_of_the_batch_and_moves_towards_them():
    norm = node("norm", "batch_norm", epsilon=1e-3, momentum=0.75)
    made = sequential("small", node("x", "input", shape=(4, 3)), norm)
    random = np.random.default_rng(0)
    x, y, weights = random.normal(size=(5, 4, 3)), random.normal(size=(5, 4, 3)), draw_model_weights(made)
    training = Training("sgd", (("learning_rate", 0.1),), "mse", (tuple(range(5)),))
    asked = ModelRequest(made, weights, x, None, y, training)
    mean, variance = x.mean((0, 1)), x.var((0, 1))
    out = weights["norm/gamma"] * (x - mean) / np.sqrt(variance + 1e-3) + weights["norm/beta"]
    seen = run_model(asked)
    assert seen["losses"] == pytest.approx([np.mean((out - y) ** 2)])
    moved = 0.75 * weights["norm/moving_variance"] + 0.25 * variance
    assert seen["weights/norm/moving_variance"] == pytest.approx(moved)
    assert seen["weights/norm/moving_mean"] == pytest.approx(0.75 * weights["norm/moving_mean"] + 0.25 * mean)
    other = replace(made.nodes[1], options=(*norm.options, ("moving_variance", "unbiased")))
    unbiased = replace(made, nodes=(made.nodes[0], other))
    moved += 0.25 * variance / 19
    assert run_model(replace(asked, model=unbiased))["weights/norm/moving_variance"] == pytest.approx(moved)


def test_the_picture_shows_truth_above_prediction():
    note = picture("two frames", np.zeros((2, 3, 3)), np.full((2, 3, 3), 2.0))
    image = np.array(note.value["image"])
    assert image.shape == (8, 8)
    assert not image[:3, :3].any() and (image[4:7, :3] == 1.0).all() and (image[3] == 1.0).all()


def test_surprise_is_the_cross_entropy():
    assert surprise(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == pytest.approx(np.log(2))
