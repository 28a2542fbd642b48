"""Convolutions of a ConvLSTM: their places, their axes, and the reference against SciPy and finite differences."""

from itertools import product

import numpy as np
import pytest
from scipy.signal import correlate

from cases.arrays import CONVOLUTIONS, cases
from cases.batches import BatchPlan
from cases.convolutions import Convolution, flat, unflat
from cases.layers import Layer, draw_weights
from cases.layouts import from_pytorch, to_pytorch
from cases.reference import run
from cases.reference.convolution import convolved
from cases.requests import Request, from_wire, to_wire


def layer(of: Convolution, **options) -> Layer:
    return Layer("conv_lstm", 2 * int(np.prod(of.space)), 3 * int(np.prod(of.places)), convolution=of, **options)


@pytest.mark.parametrize(("of", "places", "zeros"), [
    (Convolution((5,), (2,)), (5,), ((0, 1),)),
    (Convolution((5,), (3,), (2,)), (3,), ((1, 1),)),
    (Convolution((6,), (3,), (2,)), (3,), ((0, 1),)),
    (Convolution((7,), (3,), padding="valid", dilation=(2,)), (3,), ((0, 0),)),
    (Convolution((4, 5), (3, 2), (1, 2), "valid"), (2, 2), ((0, 0), (0, 0))),
], ids=str)
def test_places_and_zeros_are_those_of_keras(of, places, zeros):
    assert (of.places, of.zeros) == (places, zeros)


@pytest.mark.parametrize(("data_format", "places"), list(product(("channels_last", "channels_first"), [(4,), (2, 3), (2, 3, 4)])))
def test_axes_are_given_and_taken_away_again(data_format, places):
    of = Convolution(places, (1,) * len(places), data_format=data_format)
    array = np.arange(2 * 3 * 5 * np.prod(places)).reshape(2, 3, -1)
    image = unflat(of, array, places)
    assert image.shape == ((2, 3, *places, 5) if data_format == "channels_last" else (2, 3, 5, *places))
    np.testing.assert_array_equal(flat(of, image), array)
    row = image[1, 2, ..., 4] if data_format == "channels_last" else image[1, 2, 4]
    np.testing.assert_array_equal(row.ravel(), array[1, 2].reshape(5, -1)[4])


def test_what_does_not_fit_is_handed_on():
    array = np.zeros((2, 3, 7))
    assert unflat(Convolution((2, 3), (1, 1)), array, (2, 3)) is array


@pytest.mark.parametrize("of", [of for of in CONVOLUTIONS if of.rank < 3], ids=str)
def test_the_reference_convolves_as_scipy_does(of):
    random = np.random.default_rng(0)
    x, kernel = random.normal(size=(2, 2 * int(np.prod(of.space)))), random.normal(size=(*of.size, 2, 3))
    bias = random.normal(size=3)
    spread = np.zeros((*((k - 1) * d + 1 for k, d in zip(of.size, of.dilation, strict=True)), 2, 3))
    spread[tuple(slice(None, None, d) for d in of.dilation)] = kernel
    images = np.pad(x.reshape(2, 2, *of.space), [(0, 0), (0, 0), *of.zeros])
    every = np.stack([np.stack([
        sum(correlate(image[c], spread[..., c, f], "valid") for c in range(2)) + bias[f] for f in range(3)
    ]) for image in images])
    wanted = every[(slice(None), slice(None), *(slice(None, None, s) for s in of.strides))]
    np.testing.assert_allclose(convolved(of, x, kernel, bias), wanted.reshape(2, -1), atol=1e-12)


@pytest.mark.parametrize("of", CONVOLUTIONS, ids=str)
def test_gradients_are_those_of_finite_differences(of):
    asked = layer(of)
    batch = BatchPlan(2, 3, "gaps", True).draw(asked)
    request = Request(asked, draw_weights(asked), batch, wants=("outputs", "states", "gradients"))
    seen, random = run(request), np.random.default_rng(1)
    for name in asked.weight_shapes():
        move = random.normal(size=request.weights[name].shape)
        ends = [
            run(request.but(weights={**request.weights, name: request.weights[name] + sign * 1e-6 * move}))["loss"]
            for sign in (1, -1)
        ]
        assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(float(np.sum(seen[f"gradients/weights/{name}"] * move)), rel=1e-6)


def test_a_convolution_of_one_place_is_an_lstm():
    of = Convolution((1,), (1,))
    asked, plain = Layer("conv_lstm", 3, 4, convolution=of), Layer("lstm", 3, 4)
    batch, weights = BatchPlan(3, 5, "right", True).draw(plain), draw_weights(plain)
    wide = {n: w if w.ndim == 1 else w[None] for n, w in weights.items()}
    wants = ("outputs", "states", "gradients")
    one, other = run(Request(asked, wide, batch, wants=wants)), run(Request(plain, weights, batch, wants=wants))
    for name, array in other.arrays.items():
        np.testing.assert_allclose(one[name].reshape(array.shape), array, atol=1e-13)


@pytest.mark.parametrize(("problem", "make"), [
    ("a convolutional cell has one", lambda: Layer("conv_lstm", 4, 4)),
    ("a convolutional cell has one", lambda: Layer("lstm", 4, 4, convolution=Convolution((4,), (2,)))),
    ("not whole channels of .4,. places", lambda: Layer("conv_lstm", 6, 4, convolution=Convolution((4,), (2,)))),
    ("keeps its places", lambda: Layer("conv_lstm", 4, 3, 2, convolution=Convolution((4,), (2,), padding="valid"))),
    ("do not fit", lambda: Convolution((4,), (5,), padding="valid")),
    ("expected 2 numbers", lambda: Convolution((4, 4), (3,))),
    ("expected one of same, valid", lambda: Convolution((4,), (3,), padding="full")),
    ("expected one of channels_last", lambda: Convolution((4,), (3,), data_format="last")),
])
def test_contradictions_are_errors(problem, make):
    with pytest.raises(ValueError, match=problem):
        make()


def test_it_travels_and_prints_itself():
    asked = layer(Convolution((3, 4), (2, 3), (2, 1), "valid", data_format="channels_first"))
    assert from_wire(to_wire(asked)) == asked
    assert str(asked) == "conv_lstm_f24_u6_on3x4_k2x3_s2x1_valid_first"


@pytest.mark.parametrize("of", CONVOLUTIONS, ids=str)
def test_layouts_there_and_back(of):
    asked = layer(of, direction="bidirectional", merge="sum")
    weights = draw_weights(asked)
    there = to_pytorch(asked, weights)
    assert there["weight_ih_l0"].shape == (12, 2, *of.size)
    back = from_pytorch(asked, there)
    assert all(np.array_equal(back[name], weights[name]) for name in weights)


def test_the_plan_has_some_at_default_and_the_array_at_full():
    def arrays(depth: str) -> set[str]:
        return {case.array for case in cases(depth) if case.layer.convolution}

    assert arrays("smoke") == set()
    assert arrays("default") == {"convolution"}
    assert arrays("full") == {"convolution", "convolutions"}
    met = {case.layer.convolution for case in cases("full") if case.layer.convolution}
    assert met == set(CONVOLUTIONS)
