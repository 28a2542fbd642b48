"""The conditional random field of the reference: two small fields by hand, and enumeration against the forward algorithm."""

from math import exp, log

import numpy as np
import pytest
from autograd import grad

from cases.reference.crf import NAMES, forward, log_likelihoods, run_crf
from cases.scenarios.bilstm_crf import padded, short


def test_one_step_is_a_softmax():
    given = {"emissions": np.array([[[1.0, 2.0]]]), "transitions": np.ones((2, 2)), "start": np.array([0.5, 0.0]),
             "end": np.array([0.0, 0.25]), "mask": np.ones((1, 1), bool), "tags": np.array([[0]])}
    seen = run_crf(given)
    assert seen["log_likelihood"] == pytest.approx([1.5 - log(exp(1.5) + exp(2.25))])
    assert seen["path"].tolist() == [[1]]


def test_a_transition_decides_between_two_paths():
    given = {"emissions": np.zeros((1, 2, 2)), "transitions": np.array([[0.0, 3.0], [0.0, 0.0]]), "start": np.zeros(2),
             "end": np.zeros(2), "mask": np.ones((1, 2), bool), "tags": np.array([[0, 1]])}
    seen = run_crf(given)
    assert seen["log_likelihood"] == pytest.approx([3.0 - log(exp(3.0) + 3.0)])
    assert seen["path"].tolist() == [[0, 1]]


def test_enumeration_and_the_forward_algorithm_agree():
    given = short()
    assert run_crf(given)["log_likelihood"] == pytest.approx(forward(**given), abs=1e-12)


def test_gradients_are_those_of_finite_differences():
    given, random = short(), np.random.default_rng(0)
    seen = run_crf(given)
    for name in ("emissions", "transitions", "start", "end"):
        move = random.normal(size=given[name].shape)
        ends = [forward(**{**given, name: given[name] + sign * 1e-6 * move}).sum() for sign in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(float(np.sum(seen[f"gradients/{name}"] * move)), rel=1e-6)


def test_the_loss_of_models_is_the_enumeration_with_its_gradients_also_of_copies():
    given = padded(40.0)
    numbers, fixed = [given[name] for name in NAMES], (given["mask"], given["tags"])
    seen = run_crf(given)
    assert log_likelihoods(*numbers, *fixed) == pytest.approx(seen["log_likelihood"], abs=1e-12)
    copies = log_likelihoods(*(np.stack([array, array + 1.0]) for array in numbers), *fixed)
    assert copies.shape == (2, 6) and copies[0] == pytest.approx(seen["log_likelihood"], abs=1e-12)
    slopes = grad(lambda numbers: log_likelihoods(*numbers, *fixed).sum())(numbers)
    for name, slope in zip(NAMES, slopes, strict=True):
        assert slope == pytest.approx(seen[f"gradients/{name}"], abs=1e-12)


def test_padding_takes_no_part():
    plain, other = run_crf(short()), run_crf(padded(40.0))
    for name, array in plain.arrays.items():
        np.testing.assert_array_equal(array, other[name], name)
    assert (plain["path"] == -1).tolist() == (~short()["mask"]).tolist()
    assert not plain["gradients/emissions"][~short()["mask"]].any()
