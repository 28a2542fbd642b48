"""Weights go to each framework's layout and back; every gate's block lands where the framework keeps that gate."""

import numpy as np
import pytest

from cases.layers import GATES, Layer, draw_weights
from cases.layouts import PYTORCH_GATES, from_keras, from_pytorch, prefixes, reorder, suffix, to_keras, to_pytorch

LAYERS = [
    Layer(cell, 3, 2, layers=layers, direction=direction, bias=bias, reset_after=reset_after)
    for cell in GATES
    for layers in (1, 2)
    for direction in ("forward", "backward", "bidirectional")
    for bias in (True, False)
    for reset_after in ((True, False) if cell == "gru" else (True,))
]
ids = pytest.mark.parametrize("layer", LAYERS, ids=str)


def blocks(array: np.ndarray, units: int, order: str) -> dict[str, np.ndarray]:
    """Gate -> its block along the last axis."""
    return {gate: array[..., n * units : (n + 1) * units] for n, gate in enumerate(order)}


@ids
def test_weights_go_to_pytorch_and_back_unchanged(layer):
    weights = draw_weights(layer)
    back = from_pytorch(layer, to_pytorch(layer, weights))
    assert set(back) == set(weights)
    assert all(np.array_equal(back[name], weights[name]) for name in weights)


@ids
def test_pytorch_has_each_gate_in_its_own_place_and_name(layer):
    weights = draw_weights(layer)
    found = to_pytorch(layer, weights)
    for prefix in prefixes(layer):
        for ours, theirs in (
            ("kernel", "weight_ih"),
            ("recurrent_kernel", "weight_hh"),
            ("bias", "bias_ih"),
            ("recurrent_bias", "bias_hh"),
        ):
            if not layer.bias and "bias" in ours:
                assert not any("bias" in name for name in found)
                continue
            index, direction = prefix.split("/")
            array = found[f"{theirs}_l{index}{'_reverse' if direction == 'backward' else ''}"]
            seen = blocks(array.T, layer.units, PYTORCH_GATES[layer.cell])
            for gate, block in blocks(weights[f"{prefix}/{ours}"], layer.units, layer.gates).items():
                assert np.array_equal(seen[gate], block), (prefix, ours, gate)
    assert len(found) == len(weights)


def test_pytorchs_gate_orders_are_those_of_its_documentation():
    # torch.nn.LSTM: weight_ih_l[k] is (W_ii|W_if|W_ig|W_io), g is our c; torch.nn.GRU: (W_ir|W_iz|W_in), n is our h
    assert PYTORCH_GATES == {"simple_rnn": "h", "lstm": "ifco", "gru": "rzh", "conv_lstm": "ifco"}
    layer = Layer("gru", 1, 1)
    weights = {**draw_weights(layer), "0/forward/kernel": np.array([[1.0, 2.0, 3.0]])}  # z, r, h
    assert to_pytorch(layer, weights)["weight_ih_l0"].ravel().tolist() == [2.0, 1.0, 3.0]  # r, z, n


@ids
def test_keras_keeps_our_blocks_and_one_bias_or_two(layer):
    weights = draw_weights(layer)
    for prefix, arrays in to_keras(layer, weights).items():
        assert np.array_equal(arrays[0], weights[f"{prefix}/kernel"])
        assert np.array_equal(arrays[1], weights[f"{prefix}/recurrent_kernel"])
        assert len(arrays) == (3 if layer.bias else 2)
        if layer.bias:
            given, held = weights[f"{prefix}/bias"], weights[f"{prefix}/recurrent_bias"]
            two = layer.cell == "gru" and layer.reset_after
            assert np.array_equal(arrays[2], np.stack([given, held]) if two else given + held)


@ids
def test_weights_come_back_from_keras_but_a_sum_of_biases_stays_a_sum(layer):
    weights = draw_weights(layer)
    back = from_keras(layer, to_keras(layer, weights))
    summed = layer.bias and not (layer.cell == "gru" and layer.reset_after)
    assert set(back) == {name for name in weights if not (summed and name.endswith("recurrent_bias"))}
    for name, value in back.items():
        if summed and name.endswith("/bias"):
            value = value - weights[name.replace("/bias", "/recurrent_bias")]
        assert np.array_equal(value, weights[name]), name


def test_a_sum_of_two_biases_is_exact_in_float32():
    for cell in GATES:
        layer = Layer(cell, 3, 8, reset_after=False)
        for arrays in to_keras(layer, draw_weights(layer)).values():
            assert np.array_equal(arrays[2], arrays[2].astype(np.float32))


def test_reordering_moves_whole_blocks_and_is_undone_by_the_opposite_order():
    array = np.arange(16).reshape(2, 8)
    moved = reorder(array, 2, "ifco", "iofc")
    assert moved[0].tolist() == [0, 1, 6, 7, 2, 3, 4, 5] and moved[1].tolist() == [8, 9, 14, 15, 10, 11, 12, 13]
    assert np.array_equal(reorder(moved, 2, "iofc", "ifco"), array)
    with pytest.raises(ValueError):
        reorder(array, 2, "ifco", "ifcx")


def test_names_of_directions_and_layers():
    layer = Layer("gru", 1, 1, layers=2, direction="bidirectional")
    assert prefixes(layer) == ["0/forward", "0/backward", "1/forward", "1/backward"]
    assert [suffix(prefix) for prefix in prefixes(layer)] == ["_l0", "_l0_reverse", "_l1", "_l1_reverse"]
