"""The Keras adapter agrees with the reference on each engine, names the kernel that ran, and leaks nothing.

Keras binds one engine per process, so each engine answers all questions in one interpreter of its own
(`python test_backend_keras.py ENGINE`), and the tests read what it wrote. What Keras itself gets wrong is not asserted
here: that is what the suite is for.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
ENGINES = {"tensorflow": "KerasTensorFlow", "jax": "KerasJax", "torch": "KerasTorch"}
CLOSE = 2e-5

RIGHT = {
    "lstm_right": ("lstm", {}, "right", {}),
    "lstm_generic_left": ("lstm", {}, "left", {"kernel": "generic"}),
    "gru_gaps": ("gru", {}, "gaps", {}),
    "gru_reset_before": ("gru", {"reset_after": False}, "none", {}),
    "simple_rnn_none": ("simple_rnn", {}, "none", {}),
    "simple_rnn_unrolled": ("simple_rnn", {}, "right", {"kernel": "unrolled"}),
    "gru_no_bias_states": ("gru", {"bias": False}, "states", {}),
    "lstm_backward_states": ("lstm", {"direction": "backward"}, "states", {}),
    "lstm_bidirectional_left": ("lstm", {"direction": "bidirectional"}, "left", {}),
    "gru_bidirectional_states": ("gru", {"direction": "bidirectional", "merge": "ave"}, "states", {}),
    "lstm_unmerged": ("lstm", {"direction": "bidirectional", "merge": "none"}, "right", {}),
    "lstm_stack": ("lstm", {"layers": 2}, "right", {}),
    "gru_last_no_state": ("gru", {"return_sequences": False, "return_state": False}, "right", {}),
    "lstm_zero_output": ("lstm", {"padding_output": "zero"}, "left", {}),
    "lstm_float64": ("lstm", {"dtype": "float64"}, "right", {}),
    "lstm_reloaded": ("lstm", {}, "left", {"origin": "reloaded"}),
    "gru_from_config": ("gru", {}, "none", {"origin": "from_config"}),
    "lstm_predict": ("lstm", {}, "right", {"entry": "predict"}),
}
"""Name -> cell, options, the kind of batch, the execution: what every engine answers rightly."""


def requests() -> dict:
    """The requests of RIGHT, and those of one stateful layer with earlier calls."""
    from cases.batches import BatchPlan
    from cases.layers import Layer, draw_weights
    from cases.requests import Execution, Request, Reset

    made = {}
    for name, (cell, options, kind, execution) in RIGHT.items():
        layer = Layer(cell, 3, 5, **options)
        plan = BatchPlan(3, 4, "none", True) if kind == "states" else BatchPlan(3, 4, kind)
        gradients = () if "origin" in execution or "entry" in execution else ("gradients", "mask")
        made[name] = Request(layer, draw_weights(layer), plan.draw(layer), wants=("outputs", "states", *gradients),
                             execution=Execution(**execution))
    layer = Layer("gru", 3, 5, stateful=True)
    first, second = BatchPlan(3, 4).draw(layer, 1), BatchPlan(3, 4).draw(layer, 2)
    carried = Request(layer, draw_weights(layer), second, before=(first,))
    made["stateful_carries"] = carried
    made["stateful_carries_again"] = carried
    made["stateful_reset"] = carried.but(before=(first, Reset()))
    return made


def models() -> dict:
    """A small model with Masking and dropout at rate 0, trained for three steps: whole, and its last layer frozen."""
    from cases.layers import Layer, generator
    from cases.models import ModelRequest, Training, draw_model_weights, node, sequential

    random = generator("test_backend_keras")
    layer = Layer("lstm", 3, 4, return_sequences=False, return_state=False, bias=False)
    model = sequential("small", node("x", "input", shape=(5, 3)), node("masking", "masking", value=0.0),
                       node("lstm", "recurrent", layer=layer), node("dropout", "dropout", rate=0.0),
                       node("y", "dense", units=2, activation="linear"))
    inputs = random.normal(size=(6, 5, 3))
    inputs[0, 3:] = inputs[4, 1:] = 0
    training = Training("sgd", (("learning_rate", 0.1), ("momentum", 0.9)), "mse", ((0, 1, 2), (3, 4, 5), (1, 3, 5)))
    weights, targets = draw_model_weights(model, {"y": 4}), random.normal(size=(6, 2))
    wants = ("predictions", "gradients")
    trained = ModelRequest(model, weights, inputs, targets=targets, training=training, wants=wants)
    frozen = replace(training, frozen=("y/kernel", "y/bias"))
    return {"trained": trained, "frozen": replace(trained, training=frozen, wants=("predictions",))}


def answer_all(engine: str) -> None:
    """Run in the engine's interpreter: answer everything, write it as one JSON document to the file named last."""
    import suite.backends.keras as adapter
    from cases.batches import BatchPlan, with_padding_content
    from cases.layers import Layer, draw_weights
    from cases.models import FunctionRequest
    from cases.requests import Execution, Observation, Request

    backend = getattr(adapter, ENGINES[engine])()
    backend.smoke()
    told: dict = {"versions": backend.versions(), "devices": backend.devices(), "answers": {}}

    def ask(name: str, request) -> None:
        found = backend.observe(request)
        if isinstance(found, Observation):
            told["answers"][name] = {
                "kernel": found.kernel, "facts": dict(found.facts),
                "arrays": {key: array.astype(float).tolist() for key, array in found.arrays.items()},
            }
        else:
            told["answers"][name] = {"refused": repr(found)}

    for name, request in {**requests(), **models()}.items():
        ask(name, request)
    layer = Layer("lstm", 3, 5)
    weights = draw_weights(layer)
    masked = BatchPlan(3, 4, "right").draw(layer)
    ask("nan_padding", Request(layer, weights, with_padding_content(masked, np.nan)))
    ask("zero_padding", Request(layer, weights, with_padding_content(masked, 0.0)))
    ask("compiled", Request(layer, weights, masked, execution=Execution("compiled")))
    ask("wrong_features", Request(layer, weights, BatchPlan(3, 4).draw(Layer("lstm", 4, 5))))
    through_predict = Execution(entry="predict")
    ask("gradient_of_predict", Request(layer, weights, masked, wants=("gradients",), execution=through_predict))
    dropped = Layer("lstm", 3, 5, dropout=0.5, recurrent_dropout=0.5)
    for name, mode in (("dropout", "training"), ("dropout_again", "training"), ("no_dropout", "inference")):
        ask(name, Request(dropped, weights, masked, execution=Execution(mode=mode)))
    trained = models()["trained"]
    ask("targets_of_another_shape", replace(trained, targets=np.ones((6, 3)), wants=()))
    x, masking, lstm, *others = trained.model.nodes
    bound = (replace(x, options=(*x.options, ("rows", 4))), masking,
             replace(lstm, options=(("layer", lstm["layer"].but(stateful=True)),)), *others)
    ask("rows_of_another_number", replace(trained, model=replace(trained.model, nodes=bound), training=None,
                                          wants=("predictions",)))
    ask("pad_sequences", FunctionRequest("pad_sequences", (("sequences", ((1.5,), (2, 5))), ("maxlen", 3))))
    told["stepped"] = backend.stepper(Request(layer, weights, masked), True)()
    Path(sys.argv[2]).write_text(json.dumps(told))


@pytest.fixture(scope="module", params=list(ENGINES))
def told(request) -> dict:
    """What one engine answered, compiling as users do, whatever other tests have asked of this process."""
    from suite.backends.xla import COMPILE

    if importlib.util.find_spec("keras") is None or importlib.util.find_spec(request.param) is None:
        pytest.skip(f"keras or {request.param} is not installed here")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "told.json"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": request.param, COMPILE: ""}
        ran = subprocess.run([sys.executable, __file__, request.param, str(path)], env=environment, cwd=ROOT,
                             capture_output=True, text=True, timeout=600)
        assert ran.returncode == 0, ran.stderr[-3000:]
        return {"engine": request.param, **json.loads(path.read_text())}


def arrays(told: dict, name: str) -> dict[str, np.ndarray]:
    """The arrays of one answer, which must be an observation."""
    assert "arrays" in told["answers"][name], told["answers"][name]
    return {key: np.array(value) for key, value in told["answers"][name]["arrays"].items()}


def deviations(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> dict[str, float]:
    """Name -> the largest difference, where it is over CLOSE. Keras keeps the sum of two biases alone."""
    wanted = {key: array for key, array in wanted.items() if key in found or not key.endswith("recurrent_bias")}
    assert set(found) == set(wanted)
    worst = {key: float(np.max(np.abs(found[key] - wanted[key]))) for key in wanted}
    return {key: value for key, value in worst.items() if not value <= CLOSE}


@pytest.mark.parametrize("name", [*RIGHT, "stateful_carries", "stateful_reset"])
def test_an_answer_is_that_of_the_reference(told, name):
    from cases.reference import run

    request = requests()[name]
    wanted = run(request, padding=told["answers"][name].get("facts", {}).get("padding", "hold"))
    assert not deviations(arrays(told, name), dict(wanted.arrays))


@pytest.mark.parametrize("name", ["trained", "frozen"])
def test_a_trained_model_follows_the_reference(told, name):
    from cases.reference import run_model

    assert not deviations(arrays(told, name), dict(run_model(models()[name]).arrays))


def test_frozen_weights_stay_as_they_are(told):
    after, before = arrays(told, "frozen"), models()["frozen"].weights
    assert np.array_equal(after["weights/y/kernel"], before["y/kernel"].astype("float32"))
    assert not np.allclose(after["weights/lstm/0/forward/kernel"], before["lstm/0/forward/kernel"])


def test_a_kept_layer_carries_nothing_into_the_next_request(told):
    again = arrays(told, "stateful_carries_again")
    assert all(np.array_equal(array, again[key]) for key, array in arrays(told, "stateful_carries").items())
    assert not np.allclose(again["outputs"], arrays(told, "stateful_reset")["outputs"])


def test_dropout_acts_in_training_only_and_repeats_between_requests(told):
    dropped, again, none = (arrays(told, name)["outputs"] for name in ("dropout", "dropout_again", "no_dropout"))
    assert np.array_equal(dropped, again)
    assert not np.allclose(dropped, none)


def test_padding_content_reaches_the_framework_and_not_the_outputs(told):
    assert not deviations(arrays(told, "nan_padding"), arrays(told, "zero_padding"))


def test_the_kernel_that_ran_is_named(told):
    kernel = {name: told["answers"][name]["kernel"] for name in RIGHT}
    assert kernel["lstm_generic_left"].startswith("generic rnn loop")
    assert kernel["simple_rnn_unrolled"].startswith("unrolled rnn loop")
    own = {"torch": "layer-specific loop (keras.src.backend.torch.rnn._fallback_gru)",
           "jax": "layer-specific loop (keras.src.backend.jax.rnn.gru)", "tensorflow": "generic rnn loop"}
    version = tuple(int(part) for part in told["versions"]["keras"].split(".")[:2])
    if version >= (3, 15):
        assert kernel["gru_no_bias_states"].startswith(own[told["engine"]])
    assert told["stepped"]


def test_what_cannot_be_asked_is_said_with_a_reason(told):
    assert "Unsupported" in told["answers"]["gradient_of_predict"]["refused"]
    compiled = told["answers"]["compiled"]
    if told["engine"] == "torch":
        assert "Unsupported" in compiled["refused"]
    else:
        assert compiled["kernel"].endswith({"jax": "in jax.jit", "tensorflow": "in tf.function"}[told["engine"]])


def test_an_error_of_the_framework_is_a_refusal(told):
    assert told["answers"]["wrong_features"]["refused"].startswith("Refusal(")


def test_an_error_that_comes_before_any_number_is_computed_came_at_trace(told):
    """On torch a step computes at once; only the symbolic run of a model that has not been trained yet comes before."""
    for name, moments in (("targets_of_another_shape", ("trace", "trace")), ("rows_of_another_number", ("trace", "run"))):
        assert f"moment='{moments[told['engine'] == 'torch']}'" in told["answers"][name]["refused"], name


def test_pad_sequences_is_called_as_users_call_it(told):
    found = told["answers"]["pad_sequences"]
    assert found["arrays"]["result"] == [[0, 0, 1], [0, 2, 5]]
    assert found["facts"]["dtype"] == "int32"


def test_an_engine_that_keras_is_not_bound_to_is_an_error():
    if importlib.util.find_spec("keras") is None or importlib.util.find_spec("torch") is None:
        pytest.skip("keras and torch are not installed here")
    script = "from suite.backends.keras import KerasJax; KerasJax()"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": "torch"}, timeout=300)
    assert ran.returncode != 0
    assert "keras-jax needs KERAS_BACKEND=jax, but Keras is bound to torch" in ran.stderr


@pytest.mark.parametrize("version, cell, kernel, implementation, known", [
    ("3.3.3", "gru", "fused", 1, False), ("3.3.3", "gru", "generic", 1, True), ("3.3.3", "lstm", "fused", 1, True),
    ("3.3.3", "gru", "fused", 2, True), ("3.4.0", "gru", "fused", 1, True), ("3.15.1", "gru", "unrolled", 1, True),
])
def test_an_option_that_a_release_does_not_have_yet_is_declared(version, cell, kernel, implementation, known):
    from cases.layers import Layer
    from suite.backends.keras_layers import unknown_option

    layer = Layer(cell, 3, 5, implementation=implementation)
    reason = unknown_option(SimpleNamespace(__version__=version), layer, kernel)
    assert reason is None if known else "from Keras 3.4 on" in reason


if __name__ == "__main__":
    answer_all(sys.argv[1])
