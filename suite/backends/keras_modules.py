"""Keras models on torch, as PyTorch's own tools see them."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment


def run_engine_module(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.engine_modules.models_are_modules_of_their_engine`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if backend.engine_name != "torch":
        return Unsupported("Keras' models are modules of PyTorch alone")
    import torch

    layers, x = keras.layers, engine.tensor(options["inputs"].astype("float32"))

    def built(layer: Any) -> Any:
        layer.build(tuple(x.shape))
        return layer

    def made() -> Any:
        part = {"lstm": lambda: layers.LSTM(3, return_sequences=True), "statistics": layers.BatchNormalization,
                "bidirectional": lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True)),
                "stacked": lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True),
                "alike": lambda: layers.RNN([layers.SimpleRNNCell(2, name="cell") for _ in range(2)], return_sequences=True),
                "remade": lambda: layers.Bidirectional.from_config(built(layers.Bidirectional(layers.RNN(
                    layers.SimpleRNNCell(2), return_sequences=True))).get_config()),
                "adapted": lambda: layers.Dense(3, lora_rank=1)}[options["part"]]()
        model = keras.Sequential([keras.Input(x.shape[1:]), part, layers.Dense(2, name="frozen", trainable=False)])
        model.set_weights([np.random.default_rng(n).uniform(0.2, 0.9, one.shape) for n, one in enumerate(model.get_weights())])
        return model

    def paths(variables: Any) -> list[str]:
        return [names[id(variable)] for variable in variables]

    with moment("build"):
        model, other = made(), made()
        other.set_weights([one * 0 for one in other.get_weights()])
    with moment("run"):
        variables = [v for v in model.variables if "seed" not in v.path]
        names = {id(v.value): f"{n} {v.name}" for n, v in enumerate(variables)}
        parameters = [one for one in model.parameters() if id(one) in names or one.is_floating_point()]
        arrays = {"outputs": engine.numpy(model(x))}
        other.load_state_dict(dict(zip(other.state_dict(), model.state_dict().values(), strict=True)))
        arrays["loaded"] = engine.numpy(other(x))
        twice = {name: 2 * one.detach() for name, one in model.named_parameters() if one.is_floating_point()}
        arrays["called"] = engine.numpy(torch.func.functional_call(model, twice, (x,)))
        other.set_weights([2 * one for one in model.get_weights()])
        arrays["doubled"] = engine.numpy(other(x))
        before = {names[id(v.value)]: np.array(engine.numpy(v.value)) for v in variables}
        model(x, training=True).square().sum().backward()
        graded = [one for one in parameters if one.grad is not None]
        torch.optim.SGD(parameters, 0.5).step()
        state = [one for one in model.state_dict().values() if one.is_floating_point()]
        moved = [v.value for v in model.trainable_variables
                 if not np.array_equal(engine.numpy(v.value), before[names[id(v.value)]])]
    pointers = {v.value.data_ptr(): names[id(v.value)] for v in variables}
    return Observation(arrays, facts={
        "weights": tuple(names.values()), "trained": tuple(paths(v.value for v in model.trainable_variables)),
        "parameters": tuple(names.get(id(one), "?") for one in parameters), "graded": tuple(paths(graded)),
        "moved": tuple(paths(moved)), "state": tuple({pointers.get(one.data_ptr(), "?") for one in state})})


def run_engine_modes(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.engine_modules.modules_train_with_their_model`."""
    keras = backend.keras
    if backend.engine_name != "torch":
        return Unsupported("modules of PyTorch stand in Keras' models on PyTorch alone")
    import torch

    told: dict[str, list[bool]] = {"wrapped": [], "held": []}

    class Telling(torch.nn.Module):
        """Tells whether it trains, wherever numbers are computed."""

        def __init__(self, name: str):
            super().__init__()
            self.told = told[name]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if x.device.type != "meta":
                self.told.append(self.training)
            return x + 0.0

    class Holding(keras.layers.Layer):
        """A layer of one's own that does not look at its mode."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = Telling("held")

        def call(self, x: Any) -> Any:
            return self.inner(x)

    x = np.ones((2, 1), "float32")
    with moment("build"):
        parts = [keras.layers.TorchModuleWrapper(Telling("wrapped")), Holding(), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((1,)), *parts])
        model.compile(keras.optimizers.SGD(0.125), "mse")
        model(x)
    for each in told.values():
        each.clear()
    with moment("run"):
        model.fit(x, x, batch_size=1, epochs=2, validation_data=(x[:1], x[:1]), verbose=0)
        model.evaluate(x, x, verbose=0)
        model.predict(x, verbose=0)
        model(x)
        facts = {name: tuple(each) for name, each in told.items()}
        wrapped = keras.layers.TorchModuleWrapper(torch.nn.GRU(1, 2, batch_first=True), output_shape=(5, 4, 2))
        again = type(wrapped).from_config(wrapped.get_config(), safe_mode=False)
        arrays = {name: one(torch.tensor(x)[:, None])[0].detach().numpy() for name, one in (("made", wrapped), ("again", again))}
        modules = [torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.BatchNorm1d(2)) for _ in range(2)]
        modules[0](torch.tensor([[1.0], [3.0]]))
        with torch.no_grad():  # which is no other one's
            for parameter in modules[0].parameters():
                parameter += 0.5
        models = [keras.Sequential([keras.Input((1,)), keras.layers.TorchModuleWrapper(one)]) for one in modules]

        def state(module: torch.nn.Module) -> np.ndarray:
            return np.concatenate([one.detach().numpy().ravel().astype("float32") for one in module.state_dict().values()])

        frozen = torch.nn.Linear(2, 1)
        frozen.weight.requires_grad_(False)
        trained = [len(np.ravel(w.value.detach())) for w in keras.layers.TorchModuleWrapper(frozen).trainable_weights]
        facts["trained"] = tuple({1: "bias", 2: "kernel"}[size] for size in trained)
        arrays |= {"new": state(modules[1]), "told": np.array(again.compute_output_shape((5, 4, 1)))}
        with tempfile.TemporaryDirectory() as folder:
            models[0].save_weights(path := f"{folder}/module.weights.h5")
            models[1].load_weights(path)
        arrays |= {"written": state(modules[0]), "read": state(modules[1])}
    return Observation(arrays, facts=facts)
