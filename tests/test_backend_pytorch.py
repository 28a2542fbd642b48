"""PyTorch answers as the float64 reference does, says which kernel ran, and declares what it cannot be asked."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from cases.batches import MASKS, BatchPlan, draw_mask, draw_values, rows, steps, with_cotangents, with_padding_content
from cases.layers import GATES, Layer, draw_weights
from cases.models import LOSSES, FunctionRequest, ModelRequest, Training, draw_model_weights, node, sequential
from cases.reference import run, run_model
from cases.requests import Execution, Observation, Refusal, Request, Reset, Unsupported, from_wire, to_wire
from suite.backends import pytorch

pytest.importorskip("torch")
os.environ.update(pytorch.PyTorch.environment)

EVERYTHING = ("outputs", "states", "gradients")
PACKED = ("none", "full", "right")
"""The masks that a packed sequence describes, and none at all."""

STACKS = {
    "one": {}, "stack": {"layers": 2}, "bidirectional": {"direction": "bidirectional", "layers": 2},
    "nobias": {"bias": False}, "backward": {"direction": "backward", "layers": 2}, "last": {"return_sequences": False},
}


@pytest.fixture(scope="module")
def torch_backend():
    return pytorch.PyTorch()


def asked(layer: Layer, plan: BatchPlan, kernel: str = "fused", wants=EVERYTHING, **execution) -> Request:
    return Request(layer, draw_weights(layer), plan.draw(layer), wants=wants, execution=Execution(kernel, **execution))


def assert_same(seen, expected, allowed: float) -> None:
    assert isinstance(seen, Observation), seen
    names = set(expected.arrays) - {"mask"}
    assert set(seen.arrays) == names
    for name in names:
        np.testing.assert_allclose(seen[name], expected[name], rtol=0, atol=allowed, err_msg=name, strict=False)
        assert seen[name].shape == expected[name].shape


ASKED = [
    (kernel, mask, stack) for kernel in ("fused", "generic", "compiled") for mask in MASKS for stack in STACKS
    if kernel == "generic" or (mask in PACKED and stack not in ("backward", "last"))
]


@pytest.mark.parametrize(("kernel", "mask", "stack"), ASKED)
@pytest.mark.parametrize("cell", GATES)
def test_outputs_states_and_gradients_are_the_references(torch_backend, cell, kernel, mask, stack):
    request = asked(Layer(cell, 3, 4, dtype="float64", **STACKS[stack]), BatchPlan(4, 6, mask, states=stack == "stack"), kernel)
    assert_same(torch_backend.observe(request), run(request, padding="zero"), 1e-12)


@pytest.mark.parametrize("kernel", ["fused", "generic", "compiled"])
@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize(("dtype", "allowed"), [("float32", 1e-5), ("bfloat16", 0.2), ("float16", 0.03)])
def test_other_dtypes_are_the_reference_within_their_rounding(torch_backend, cell, kernel, dtype, allowed):
    request = asked(Layer(cell, 3, 4, dtype=dtype, direction="bidirectional"), BatchPlan(4, 6, "right", states=True), kernel)
    seen = torch_backend.observe(request)
    assert_same(seen, run(request, padding="zero"), allowed)
    assert seen.facts["dtype"] == dtype


def test_relu_is_an_activation_of_simple_rnn(torch_backend):
    for kernel in ("fused", "generic"):
        request = asked(Layer("simple_rnn", 3, 4, activation="relu", dtype="float64"), BatchPlan(4, 6, "right"), kernel)
        assert_same(torch_backend.observe(request), run(request, padding="zero"), 1e-12)


@pytest.mark.parametrize("content", [np.nan, np.inf, -1e300])
@pytest.mark.parametrize(
    ("kernel", "mask"), [("fused", "right"), ("compiled", "right"), ("generic", "gaps"), ("generic", "left")]
)
@pytest.mark.parametrize("cell", GATES)
def test_what_stands_in_padding_reaches_nothing(torch_backend, cell, kernel, mask, content):
    request = asked(Layer(cell, 3, 4, layers=2, direction="bidirectional", dtype="float64"), BatchPlan(4, 6, mask), kernel)
    clean, dirty = request, request.but(batch=with_padding_content(request.batch, content))
    one, other = torch_backend.observe(clean), torch_backend.observe(dirty)
    for name in one.arrays:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert not np.any(other["gradients/inputs"][~request.batch.mask])


@pytest.mark.parametrize("kernel", ["fused", "generic", "compiled"])
@pytest.mark.parametrize("cell", GATES)
def test_a_stateful_layer_carries_its_states_until_a_reset(torch_backend, cell, kernel):
    layer = Layer(cell, 3, 4, stateful=True, dtype="float64")
    whole = asked(layer, BatchPlan(4, 7), kernel)
    head, tail = steps(whole.batch, 0, 4), steps(whole.batch, 4, 7)
    full = torch_backend.observe(whole)
    carried = torch_backend.observe(whole.but(batch=tail, before=(head,)))
    np.testing.assert_allclose(carried["outputs"], full["outputs"][:, 4:], rtol=0, atol=1e-14)
    alone = torch_backend.observe(whole.but(batch=tail))
    for before in ((head, Reset()), (Reset(), head, head, Reset())):
        again = torch_backend.observe(whole.but(batch=tail, before=before))
        np.testing.assert_array_equal(again["outputs"], alone["outputs"])
    stateless = torch_backend.observe(whole.but(layer=layer.but(stateful=False), batch=tail, before=(head,)))
    np.testing.assert_array_equal(stateless["outputs"], alone["outputs"])
    assert_same(carried, run(whole.but(batch=tail, before=(head,))), 1e-12)  # gradients stop at the cut


def test_carried_states_of_another_batch_size_are_refused_by_pytorch(torch_backend):
    request = asked(Layer("lstm", 3, 4, stateful=True), BatchPlan(4, 6))
    answer = torch_backend.observe(request.but(batch=rows(request.batch, slice(3)), before=(request.batch,)))
    assert isinstance(answer, Refusal)
    assert answer.moment == "run"
    assert "hidden" in answer.message


@pytest.mark.parametrize("kernel", ["fused", "generic", "compiled"])
@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("way", [{"origin": "reloaded"}, {"origin": "from_config"}, {"entry": "predict"}, {"mode": "training"}])
def test_every_way_to_run_a_layer_gives_the_same(torch_backend, cell, kernel, way):
    layer = Layer(cell, 3, 4, layers=2, direction="bidirectional", dtype="float64")
    plain = asked(layer, BatchPlan(4, 6, "right", states=True), kernel, ("outputs", "states"))
    other = asked(layer, BatchPlan(4, 6, "right", states=True), kernel, ("outputs", "states"), **way)
    assert_same(torch_backend.observe(other), torch_backend.observe(plain), 1e-14)


@pytest.mark.parametrize(("options", "execution", "reason"), [
    ({}, {"kernel": "unrolled"}, "unrolls"),
    ({"cell": "gru", "reset_after": False}, {}, "reset_after"),
    ({"activation": "relu"}, {}, "tanh and sigmoid only"),
    ({"recurrent_activation": "hard_sigmoid"}, {}, "hard_sigmoid"),
    ({"cell": "simple_rnn", "activation": "softsign"}, {}, "tanh and relu only"),
    ({"direction": "bidirectional", "merge": "sum"}, {}, "merge 'sum'"),
    ({"direction": "backward"}, {}, "go_backwards"),
    ({"return_sequences": False}, {}, "always returns the sequence"),
    ({"dropout": 0.5}, {}, "between the layers"),
    ({"recurrent_dropout": 0.5}, {}, "no recurrent dropout"),
    ({"implementation": 1}, {}, "Keras"),
    ({"dtype": "int8"}, {}, "int8"),
    ({}, {"entry": "predict", "mode": "training"}, "predicting is inference"),
    ({}, {"entry": "predict"}, "records no gradients"),
])
def test_what_pytorch_lacks_is_declared_with_its_reason(torch_backend, options, execution, reason):
    layer = Layer(**{"cell": "lstm", "features": 3, "units": 4, **options})
    answer = torch_backend.observe(asked(layer, BatchPlan(4, 6), **execution))
    assert isinstance(answer, Unsupported)
    assert reason in answer.reason


@pytest.mark.parametrize(("mask", "found"), [
    ("left", "before a valid one"), ("gaps", "before a valid one"),
    ("empty_row", "row without any"), ("empty", "row without any"),
])
def test_only_right_padding_is_packed(torch_backend, mask, found):
    request = asked(Layer("gru", 3, 4), BatchPlan(4, 6, mask))
    good = BatchPlan(4, 6, "right").draw(request.layer)
    for asked_for in (request, request.but(batch=good, before=(request.batch,))):
        answer = torch_backend.observe(asked_for)
        assert isinstance(answer, Unsupported)
        assert answer.reason.startswith("packed sequences describe right padding with at least one valid step; this mask")
        assert answer.reason.endswith(found)


@pytest.mark.parametrize(("cell", "dtype", "mask", "kernel", "words"), [
    ("lstm", "float32", "none", "fused", "aten::lstm → aten::mkldnn_rnn_layer (oneDNN)"),
    ("lstm", "float32", "right", "fused", "aten::lstm (native, step by step)"),
    ("lstm", "float64", "none", "fused", "aten::lstm (native, step by step)"),
    ("gru", "float32", "none", "fused", "aten::gru (native, step by step)"),
    ("simple_rnn", "float32", "none", "fused", "aten::rnn_tanh (native, step by step)"),
    ("gru", "float32", "gaps", "generic", "loop over aten::gru_cell (native, step by step)"),
    ("lstm", "float32", "none", "compiled", "TorchScript: aten::lstm → aten::mkldnn_rnn_layer (oneDNN)"),
])
def test_the_kernel_that_ran_is_told(torch_backend, cell, dtype, mask, kernel, words):
    request = asked(Layer(cell, 3, 4, dtype=dtype), BatchPlan(4, 6, mask), kernel)
    for entry, wants in (("direct", EVERYTHING), ("direct", ("outputs",)), ("predict", ("outputs",))):
        again = request.but(wants=wants, execution=request.execution.but(entry=entry))
        assert [torch_backend.observe(again).kernel for _ in range(2)] == [words, words]


def test_without_onednn_the_kernel_told_is_another(torch_backend):
    import torch

    request = asked(Layer("lstm", 3, 5), BatchPlan(4, 6))
    with torch.backends.mkldnn.flags(enabled=False):
        assert torch_backend.observe(request).kernel == "aten::lstm (native, step by step)"


def test_a_layer_passes_no_mask_on_and_the_facts_say_so(torch_backend):
    seen = torch_backend.observe(asked(Layer("lstm", 3, 4), BatchPlan(4, 6, "right"), wants=("outputs", "mask")))
    assert set(seen.arrays) == {"outputs"}
    assert seen.facts["carries_masks"] is False
    assert seen.facts["padding"] == "zero"
    assert not np.any(seen["outputs"][~BatchPlan(4, 6, "right").draw(Layer("lstm", 3, 4)).mask])


def test_states_come_back_only_from_a_layer_that_returns_them(torch_backend):
    seen = torch_backend.observe(asked(Layer("lstm", 3, 4, return_state=False), BatchPlan(4, 6)))
    assert not seen.named("states")
    assert "gradients/inputs" in seen.arrays


def test_nothing_leaks_from_one_request_to_the_next(torch_backend):
    layer = Layer("lstm", 3, 4, stateful=True)
    request = asked(layer, BatchPlan(4, 6))
    other = request.but(weights=draw_weights(layer, seed=1), before=(request.batch,))
    given = {name: array.copy() for name, array in request.weights.items()}
    inputs = request.batch.inputs.copy()
    first = torch_backend.observe(request)
    kept = {name: array.copy() for name, array in first.arrays.items()}
    torch_backend.observe(other)
    for array in first.arrays.values():
        array += 1
    second = torch_backend.observe(request)
    for name, array in kept.items():
        np.testing.assert_array_equal(second[name], array)
    np.testing.assert_array_equal(request.batch.inputs, inputs)
    assert all(np.array_equal(request.weights[name], given[name]) for name in given)


def test_few_modules_are_kept(torch_backend, monkeypatch):
    monkeypatch.setattr(pytorch, "MODULES", 3)
    for units in range(2, 8):
        torch_backend.observe(asked(Layer("gru", 3, units), BatchPlan(2, 3)))
    assert len(torch_backend._modules) == 3


def test_weights_of_another_layer_are_refused_when_it_is_built(torch_backend):
    request = asked(Layer("gru", 3, 4), BatchPlan(2, 3))
    missing = {name: array for name, array in request.weights.items() if not name.endswith("/bias")}
    wide = draw_weights(Layer("gru", 3, 5))
    extra = draw_weights(Layer("gru", 3, 4, layers=2))
    for weights in (missing, wide, extra):
        answer = torch_backend.observe(request.but(weights=weights))
        assert isinstance(answer, Refusal)
        assert answer.moment == "build"


@pytest.mark.parametrize("time", [1, 6])
def test_views_and_read_only_arrays_are_taken(torch_backend, time):
    request = asked(Layer("gru", 3, 4, dtype="float64"), BatchPlan(4, time, "gaps"), "generic")
    flipped = request.batch.but(inputs=request.batch.inputs[:, ::-1], mask=request.batch.mask[:, ::-1])
    flipped = with_cotangents(request.layer, flipped)
    request.batch.inputs.setflags(write=False)
    assert_same(torch_backend.observe(request.but(batch=flipped)), run(request.but(batch=flipped), padding="zero"), 1e-12)
    assert not torch_backend.observe(request).warnings


def test_no_steps_leave_the_states_as_they_are(torch_backend):
    request = asked(Layer("lstm", 3, 4, dtype="float64"), BatchPlan(4, 0), "generic")
    assert_same(torch_backend.observe(request), run(request), 0.0)
    answer = torch_backend.observe(request.but(execution=Execution("fused")))
    assert isinstance(answer, Refusal)
    assert "sequence length" in answer.message


def test_an_observation_travels(torch_backend):
    seen = torch_backend.observe(asked(Layer("lstm", 3, 4), BatchPlan(4, 6, "right")))
    back = from_wire(to_wire(seen))
    assert back.facts == seen.facts
    assert all(np.array_equal(back[name], seen[name]) for name in seen.arrays)


@pytest.mark.parametrize("kernel", ["fused", "generic", "compiled"])
@pytest.mark.parametrize("backward", [False, True])
def test_a_step_is_timed_with_the_kernel_that_an_observation_tells(torch_backend, kernel, backward):
    request = asked(Layer("lstm", 3, 4), BatchPlan(4, 6, "right", states=True), kernel, mode="training")
    step = torch_backend.stepper(request, backward)
    assert {step(), step()} == {torch_backend.observe(request).kernel}
    with pytest.raises(ValueError, match="go_backwards"):
        torch_backend.stepper(asked(Layer("lstm", 3, 4, direction="backward"), BatchPlan(4, 6)), backward)


def test_smoke_passes_and_fails_when_weights_are_not_what_was_set(torch_backend, monkeypatch):
    torch_backend.smoke()
    monkeypatch.setattr(torch_backend.layers, "set_weights", lambda *_: None)
    with pytest.raises(RuntimeError, match="weights read back"):
        torch_backend.smoke()


def test_a_device_that_is_not_there_is_an_error(torch_backend):
    if "gpu" in torch_backend.devices():
        assert pytorch.PyTorch("gpu").place.type == "cuda"
    else:
        with pytest.raises(RuntimeError, match="device 'gpu': not here"):
            pytorch.PyTorch("gpu")


def test_torch_is_imported_when_a_backend_is_made_and_not_before():
    code = "import sys, suite.backends.pytorch as b; print('torch' in sys.modules); b.PyTorch(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True"]


HYPER = {
    "sgd": (("learning_rate", 0.1), ("momentum", 0.9), ("nesterov", True)),
    "rmsprop": (("learning_rate", 0.01), ("rho", 0.9), ("epsilon", 1e-5), ("epsilon_place", "outside")),
    "adam": (("learning_rate", 0.01), ("beta_1", 0.9), ("beta_2", 0.99), ("epsilon", 1e-5), ("epsilon_place", "outside")),
}
LAST = {"categorical_crossentropy": "softmax", "binary_crossentropy": "sigmoid"}


def model_request(
    mask: str = "right", optimizer: str = "sgd", loss: str = "mse", rate: float = 0.0, sequences: bool = False,
    cell: str = "lstm",
    direction: str = "bidirectional", **options,
) -> ModelRequest:
    """Masking, two recurrent nodes, dropout, dense; three steps of training on six sequences of six steps."""
    common = {"return_state": False, "dtype": "float64"}
    first = Layer(cell, 3, 4, direction=direction, **common)
    nodes = [
        node("in", "input", shape=(6, 3)), node("masking", "masking", value=-1.0), node("first", "recurrent", layer=first),
        node("second", "recurrent", layer=Layer("gru", first.width, 4, return_sequences=sequences, **common)),
        node("drop", "dropout", rate=rate), node("dense", "dense", units=3, activation=LAST.get(loss, "linear")),
    ]
    model = sequential("classifier", *nodes)
    random = np.random.default_rng(1)
    inputs, valid = draw_values(random, (6, 6, 3)), draw_mask(random, mask, 6, 6)
    inputs = inputs if valid is None else np.where(valid[:, :, None], inputs, -1.0)
    targets = random.uniform(0.1, 1.0, (6, 6, 3) if sequences else (6, 3))
    targets = targets / targets.sum(axis=-1, keepdims=True)
    training = Training(optimizer, HYPER[optimizer], loss, ((0, 1, 2), (3, 4, 5), (5, 0, 3)))
    given = {"wants": ("predictions", "gradients"), **options}
    return ModelRequest(model, draw_model_weights(model, {"dense": 4}), inputs, None, targets, training, **given)


@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "crf"])
@pytest.mark.parametrize("optimizer", HYPER)
def test_a_model_predicts_and_trains_as_the_reference(torch_backend, optimizer, loss, sequences):
    request = model_request("right", optimizer, loss, sequences=sequences)
    assert_same(torch_backend.observe(request), run_model(request, padding="zero"), 1e-11)


@pytest.mark.parametrize("direction", ["forward", "bidirectional", "backward"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("cell", GATES)
def test_a_model_is_right_under_any_mask(torch_backend, cell, mask, direction):
    request = model_request(mask, cell=cell, direction=direction)
    seen = torch_backend.observe(request)
    assert_same(seen, run_model(request, padding="zero"), 1e-11)
    assert ("loop" in seen.kernel) == (mask not in PACKED or direction == "backward")


def test_a_mask_given_with_the_request_is_used_until_training_ends(torch_backend):
    random = np.random.default_rng(2)
    plain = model_request("none")
    nodes = [n for n in plain.model.nodes if n.op != "masking"]
    for mask in (draw_mask(random, "right", 6, 6), draw_mask(random, "gaps", 6, 6)):
        request = ModelRequest(sequential("unmasked", *nodes), plain.weights, plain.inputs, mask, plain.targets,
                               plain.training, draw_values(random, (2, 9, 3)), plain.wants)
        assert_same(torch_backend.observe(request), run_model(request, padding="zero"), 1e-11)


@pytest.mark.parametrize("way", [{"kernel": "generic"}, {"origin": "reloaded"}, {"entry": "predict"}])
def test_every_way_to_run_a_model_gives_the_same(torch_backend, way):
    request = model_request(execution=Execution(**way))
    assert_same(torch_backend.observe(request), run_model(request, padding="zero"), 1e-11)


def test_an_embedding_masks_its_reserved_id(torch_backend):
    layer = Layer("lstm", 5, 4, return_state=False, dtype="float64")
    model = sequential(
        "ids", node("in", "input", shape=(6,)), node("embedding", "embedding", ids=9, width=5, mask_zero=True),
        node("lstm", "recurrent", layer=layer.but(return_sequences=False)), node("dense", "dense", units=2, activation="tanh"),
    )
    ids = np.array([[3, 1, 8, 0, 0, 0], [2, 2, 7, 5, 1, 4], [6, 0, 0, 0, 0, 0]])
    targets = np.array([[0.5, 0.1], [-0.3, 0.7], [0.2, -0.9]])
    request = ModelRequest(model, draw_model_weights(model, {"dense": 4}), ids, None, targets,
                           Training(batches=((0, 1, 2), (2, 1))), wants=("predictions", "gradients"))
    seen = torch_backend.observe(request)
    assert_same(seen, run_model(request, padding="zero"), 1e-12)
    assert not np.any(seen["gradients/embedding/embeddings"][0])


def test_dropout_acts_in_training_only_and_draws_the_same_again(torch_backend):
    without, request = model_request(rate=0.0, wants=("predictions",)), model_request(rate=0.5, wants=("predictions",))
    plain, seen, again = (torch_backend.observe(r) for r in (without, request, request))
    np.testing.assert_array_equal(seen["predictions"], plain["predictions"])
    assert not np.allclose(seen["losses"], plain["losses"])
    np.testing.assert_array_equal(seen["losses"], again["losses"])


@pytest.mark.parametrize(("change", "reason"), [
    ({"execution": Execution("compiled")}, "compiled is asked of a layer"),
    ({"execution": Execution(origin="from_config")}, "keeps no configuration"),
    ({"training": None}, "give `training`"),
    ({"training": Training("adam", (("learning_rate", 0.1),))}, "without beta_1, beta_2, epsilon"),
    ({"training": Training("sgd", (("learning_rate", 0.1), ("decay", 0.1)))}, "no decay"),
    ({"training": Training("rmsprop", (*HYPER["rmsprop"][:3], ("epsilon_place", "inside")))}, "epsilon_place outside"),
    ({"training": Training(loss="categorical_crossentropy")}, "softmax"),
])
def test_what_a_pytorch_model_lacks_is_declared_with_its_reason(torch_backend, change, reason):
    plain = model_request()
    fields = {name: getattr(plain, name) for name in ModelRequest.__dataclass_fields__}
    answer = torch_backend.observe(ModelRequest(**{**fields, **change}))
    assert isinstance(answer, Unsupported)
    assert reason in answer.reason


def test_weights_that_no_node_has_are_refused_when_the_model_is_built(torch_backend):
    plain = model_request()
    fields = {name: getattr(plain, name) for name in ModelRequest.__dataclass_fields__}
    answer = torch_backend.observe(ModelRequest(**{**fields, "weights": {**plain.weights, "elsewhere/bias": np.ones(3)}}))
    assert isinstance(answer, Refusal)
    assert answer.moment == "build"
    assert "elsewhere/bias" in answer.message


def test_pad_sequence_answers_with_the_dtype_of_the_first_sequence(torch_backend):
    def padded(*sequences, **options):
        arguments = (("sequences", sequences), *options.items())
        return torch_backend.observe(FunctionRequest("pad_sequence", arguments))

    seen = padded((1.5, 2.0), (3.0,), padding_side="left", padding_value=-1.0)
    np.testing.assert_array_equal(seen["result"], [[1.5, 2.0], [-1.0, 3.0]])
    assert seen.facts["dtype"] == "float32"
    assert padded((1, 2), (3,)).facts["dtype"] == "int64"
    answer = padded((1, 2), (3,), padding_side="pre")
    assert isinstance(answer, Refusal)
    assert "padding_side" in answer.message


def test_sequences_packed_and_unpacked_come_back_padded_with_their_lengths(torch_backend):
    sequences = ((1.5, 2.0), (3.0, 4.0, 5.0))
    seen = torch_backend.observe(FunctionRequest("pack_unpack", (("sequences", sequences), ("total_length", 4))))
    np.testing.assert_array_equal(seen["result"], [[1.5, 2, 0, 0], [3, 4, 5, 0]])
    np.testing.assert_array_equal(seen["lengths"], [2, 3])
    sorted_first = torch_backend.observe(FunctionRequest("pack_unpack", (("sequences", sequences), ("enforce_sorted", True))))
    assert isinstance(sorted_first, Refusal)


def test_a_function_of_another_framework_is_unsupported(torch_backend):
    assert isinstance(torch_backend.observe(FunctionRequest("pad_sequences", ())), Unsupported)
