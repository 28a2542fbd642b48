"""The conditional random field of the reference: two small fields by hand, and enumeration against the forward algorithm."""

from math import exp, log

import numpy as np
import pytest

from cases.reference.crf import forward, run_crf
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


def test_padding_takes_no_part():
    plain, other = run_crf(short()), run_crf(padded(40.0))
    for name, array in plain.arrays.items():
        np.testing.assert_array_equal(array, other[name], name)
    assert (plain["path"] == -1).tolist() == (~short()["mask"]).tolist()
    assert not plain["gradients/emissions"][~short()["mask"]].any()
