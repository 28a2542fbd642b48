"""Gradients in scripts: that of the framework, and central differences of the same loss in float64."""

from __future__ import annotations

from suite.repros.functions.told import Told

MODULES = {"jax": "import jax", "torch": "import torch", "tensorflow": "import tensorflow as tf"}


def slope(told: Told, source: str) -> list[str]:
    """`found`: the gradient of `loss()` by a variable; the loss itself where there is none. In Keras `source` is a
    `keras.Variable` that the loss reads by `.value`."""
    if not source:
        return [f"found = np.array({'keras.ops.convert_to_numpy(loss())' if told.keras else 'loss().detach().numpy()'})"]
    if not told.keras:
        return [f"found = torch.autograd.grad(loss(), [{source}], materialize_grads=True)[0].numpy()"]
    if told.engine == "torch":
        return [f"found = torch.autograd.grad(loss(), [{source}.value], materialize_grads=True)[0].numpy()"]
    if told.engine == "tensorflow":
        return ["with tf.GradientTape() as tape:", f"    tape.watch({source}.value)", "    value = loss()",
                f'found = tape.gradient(value, {source}.value, unconnected_gradients="zero").numpy()']
    return ["def at(value):", f"    with keras.StatelessScope([({source}, value)]):", "        return loss()",
            f"found = np.array(jax.grad(at)({source}.value))"]


def central(target: str, loss: str) -> list[str]:
    """`expected`: the gradient of `loss64()`, an expression of it, by the float64 array `target`; the loss itself where there is
    none."""
    lines = ["def loss64():", f"    return {loss}"]
    if not target:
        return [*lines, "expected = np.array(loss64())"]
    return [*lines, f"a = {target}", "expected = np.zeros_like(a)", "for i in np.ndindex(a.shape):  # central differences",
            "    here = a[i]", "    a[i] = here + 1e-5", "    more = loss64()", "    a[i] = here - 1e-5",
            "    expected[i] = (more - loss64()) / 2e-5", "    a[i] = here"]
