"""When an error of a Keras model came: while its step was traced, or while it ran.

`fit`, `evaluate`, `predict` and their kin for one batch call the model's `train_step`, `test_step` or `predict_step`. On
TensorFlow and JAX this Python code runs when it is traced alone (tf.function, jax.jit); on torch at every step. Before it comes
`_symbolic_build`, which runs the model on tensors without numbers, on every engine. An error that leaves one of these while
nothing is computed is marked: it came at `trace`. What XLA raises when it compiles or runs a program counts as `run`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

STEPS = ("train_step", "test_step", "predict_step")


def mark_traces(keras: Any, compiling: bool) -> None:
    """Let the errors of Keras' trainers in this process say that they came at `trace`. compiling: whether the engine traces the
    steps of a model that does not ask to run eagerly."""
    for name in (*STEPS, "_symbolic_build") if compiling else ("_symbolic_build",):
        owner = next((kind for kind in keras.Model.__mro__ if name in vars(kind)), None)
        if owner is not None:
            setattr(owner, name, marking(vars(owner)[name]))


def marking(step: Callable) -> Callable:
    """`step`, a method of a model; its errors are marked, unless the model runs eagerly."""

    @functools.wraps(step)
    def marked(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return step(self, *args, **options)
        except Exception as error:
            if step.__name__ not in STEPS or not self.run_eagerly:
                error.came_at = "trace"  # type: ignore[attr-defined]
            raise

    return marked
