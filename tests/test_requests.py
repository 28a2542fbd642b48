"""The wire and the digest: what is asked arrives bit by bit, and what differs has another digest."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from cases.batches import BatchPlan
from cases.convolutions import Convolution
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest, Node
from cases.requests import (
    WIRED,
    Deviation,
    Execution,
    Observation,
    Refusal,
    Request,
    Reset,
    Unsupported,
    digest,
    from_bytes,
    from_wire,
    to_bytes,
    to_wire,
)

LAYER = Layer("lstm", 3, 5, direction="bidirectional")


def request(**changes) -> Request:
    return Request(LAYER, draw_weights(LAYER), BatchPlan(mask="gaps", states=True).draw(LAYER)).but(**changes)


def travelled(value):
    """The value after a journey to another interpreter."""
    return from_bytes(to_bytes(value))


NAN_PAYLOADS = np.array([0x7FC00001, 0xFFC12345, 0x7F800001, 0x80000000, 0x00000001], np.uint32).view(np.float32)

ARRAYS = {
    "NaN with payloads, a negative zero, a denormal": NAN_PAYLOADS,
    "zero dimensions": np.array(1.5),
    "zero dimensions, bool": np.array(True),
    "empty": np.empty((0, 3, 4), np.float32),
    "empty, no rows of nothing": np.empty((2, 0), bool),
    "bool": np.array([[True, False], [False, True]]),
    "transposed": np.arange(12.0).reshape(3, 4).T,
    "every other": np.arange(12, dtype=np.int64)[::2],
    "reversed": np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::-1],
    "broadcast": np.broadcast_to(np.float32(2), (3, 2)),
    "big-endian": np.arange(3, dtype=">f4"),
    "half": np.array([1e-7, 65504, np.inf], np.float16),
    "complex": np.array([1 + 2j]),
    "integers": np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max]),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_arrays_travel_bit_by_bit(array):
    arrived = travelled(array)
    assert arrived.dtype == array.dtype and arrived.shape == array.shape
    assert arrived.tobytes() == array.tobytes()


def test_what_arrives_may_be_written_to():
    assert travelled(np.arange(3)).flags.writeable


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        2**40,
        -(2**31),
        -(2**70),
        0.1,
        float("inf"),
        "",
        "h·c → 中",
        b"\0\xff",
        (),
        (1, (2, ())),
        {"a": {"b": None}},
    ],
)
def test_builtins_travel(value):
    arrived = travelled(value)
    assert arrived == value and type(arrived) is type(value)


def test_scalars_of_numpy_arrive_as_python_s():
    assert travelled({"a": np.float64(0.1), "b": np.bool_(True), "c": np.int32(3)}) == {"a": 0.1, "b": True, "c": 3}


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        np.array([None, "a"], object),
        np.array([(1, 2.0)], [("a", "i4"), ("b", "f4")]),
        1j,
    ],
    ids=["object", "set", "array of objects", "records", "complex"],
)
def test_what_does_not_travel_is_refused_where_it_is_sent(value):
    with pytest.raises(TypeError, match="does not travel between interpreters"):
        to_wire(value)


def test_an_unknown_type_is_refused_where_it_arrives():
    with pytest.raises(ValueError, match="Nonsense: not a type that travels; expected one of .*Batch"):
        from_wire({"$": "Nonsense", "fields": {}})


def test_a_request_arrives_whole():
    sent = request(before=(BatchPlan().draw(LAYER), Reset()), wants=("gradients",), execution=Execution("generic"))
    arrived = travelled(sent)
    assert digest(arrived) == digest(sent)
    assert arrived.layer == sent.layer and arrived.execution == sent.execution and arrived.wants == sent.wants
    assert isinstance(arrived.before[1], Reset)
    assert list(arrived.weights) == list(sent.weights)
    for name in sent.weights:
        assert arrived.weights[name].tobytes() == sent.weights[name].tobytes()


@pytest.mark.parametrize(
    "answer",
    [
        Observation({"outputs": np.zeros((1, 2))}, "aten::lstm", ("UserWarning: x",), {"n": 1}, 0.5),
        Refusal("ValueError", "no", "build", 0.1),
        Unsupported("why"),
        Deviation("h", "too far", float("inf"), 0.1),
    ],
)
def test_an_answer_arrives_whole(answer):
    assert digest(travelled(answer)) == digest(answer)


def test_every_type_that_travels_is_frozen_data():
    for name, kind in WIRED.items():
        assert name == kind.__name__ and dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen


def test_equal_requests_have_one_digest():
    assert digest(request()) == digest(request())
    assert len(digest(request())) == 24


def changed(array: np.ndarray) -> np.ndarray:
    """The array with the last bit of one number changed."""
    copy = np.array(array)
    flat = copy.reshape(-1)
    flat[-1] = ~flat[-1] if copy.dtype == bool else np.nextafter(flat[-1], np.inf)
    return copy


def variants():
    """(what differs, a request that differs from `request()` in that alone)."""
    base = request()
    batch = base.batch
    yield "seed of the weights", base.but(weights=draw_weights(LAYER, 1))
    for name in base.weights:
        yield f"last bit of {name}", base.but(weights={**base.weights, name: changed(base.weights[name])})
    first = next(iter(base.weights))
    yield "a weight is gone", base.but(weights={n: w for n, w in base.weights.items() if n != first})
    yield "dtype of a weight", base.but(weights={**base.weights, first: base.weights[first].astype("f4")})
    yield "shape of a weight", base.but(weights={**base.weights, first: base.weights[first].T})
    second = list(base.weights)[4]
    yield (
        "two weights swapped",
        base.but(weights={**base.weights, first: base.weights[second], second: base.weights[first]}),
    )
    for name in ("inputs", "mask"):
        yield f"last bit of {name}", base.but(batch=batch.but(**{name: changed(getattr(batch, name))}))
    yield "no mask", base.but(batch=batch.but(mask=None))
    yield "no states", base.but(batch=batch.but(initial_states=None))
    for group in ("initial_states", "cotangents"):
        named = getattr(batch, group)
        for name in named:
            yield f"{group} {name}", base.but(batch=batch.but(**{group: {**named, name: changed(named[name])}}))
    yield "a NaN for a number", base.but(batch=batch.but(inputs=np.where(batch.inputs > 1, np.nan, batch.inputs)))
    for name, other in dict(
        cell="gru",
        features=4,
        units=6,
        layers=2,
        direction="forward",
        merge="sum",
        return_sequences=False,
        return_state=False,
        stateful=True,
        activation="relu",
        recurrent_activation="hard_sigmoid",
        bias=False,
        reset_after=False,
        implementation=1,
        padding_output="zero",
        dropout=0.5,
        recurrent_dropout=0.5,
        dtype="float64",
    ).items():
        yield f"layer's {name}", base.but(layer=LAYER.but(**{name: other}))
    of = Convolution((3,), (2,))
    convolved = LAYER.but(cell="conv_lstm", features=3, units=3, convolution=of)
    yield "layer's convolution", base.but(layer=convolved)
    others = dict(space=(1,), size=(3,), strides=(3,), padding="valid", dilation=(2,), data_format="channels_first")
    for name, other in others.items():
        yield f"convolution's {name}", base.but(layer=convolved.but(units=6, convolution=replace(of, **{name: other})))
    executions = dict(kernel="generic", mode="training", origin="reloaded", entry="predict", mask_from="masking", layout="sliced",
                      trainable=False)
    for name, other in executions.items():
        yield f"execution's {name}", base.but(execution=Execution().but(**{name: other}))
    yield "what is wanted", base.but(wants=("outputs",))
    yield "a call before", base.but(before=(batch,))
    yield "two calls before", base.but(before=(batch, batch))
    yield "a reset before", base.but(before=(Reset(),))


def test_the_digest_differs_when_anything_differs():
    found = {"nothing": digest(request())}
    for what, other in variants():
        found[what] = digest(other)
    assert len(found) > 50
    assert len(set(found.values())) == len(found), [w for w in found if list(found.values()).count(found[w]) > 1]


def test_every_field_of_a_request_is_varied_here():
    said = " ".join(what for what, _ in variants())
    assert all(f"layer's {field.name}" in said for field in dataclasses.fields(Layer))
    assert all(f"execution's {field.name}" in said for field in dataclasses.fields(Execution))


@pytest.mark.parametrize(
    "one, other",
    [
        ({"x1": 2}, {"x": 12}),
        ((2,), (2, 2)),
        ((1, (2,)), ((1,), 2)),
        ("1", 1),
        (True, 1),
        (None, "None"),
        (0.0, -0.0),
        (b"a", "a"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 1, "c": 2}}),
        (("a", "b"), ("ab",)),
        (("ab", "c"), ("a", "bc")),
        ((1, 23), (12, 3)),
        ((), None),
        ({}, ()),
        ({"a": ()}, {"a": {}}),
        (np.zeros(3), np.zeros(3, "f4")),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(2), np.array([0.0, -0.0])),
        (np.zeros((0, 3)), np.zeros((3, 0))),
        (np.arange(3, dtype="<f4"), np.arange(3, dtype=">f4")),
        (FunctionRequest("pad", (("a", 1),)), FunctionRequest("pad", (("b", 1),))),
        (Node("a", "input"), Node("b", "input")),
        (Unsupported("x"), Deviation("x", "x")),
        ((Reset(),), ()),
    ],
)
def test_near_values_have_different_digests(one, other):
    assert digest(one) != digest(other)


def test_the_order_of_a_mapping_is_no_difference():
    assert digest({"a": 1, "b": np.ones(2)}) == digest({"b": np.ones(2), "a": 1})


def test_memory_order_is_no_difference():
    array = np.arange(6.0).reshape(2, 3)
    assert digest(array) == digest(np.asfortranarray(array)) == digest(np.repeat(array, 2, axis=1)[:, ::2])
