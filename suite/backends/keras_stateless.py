"""Keras' optimizers and metrics by calls that are given their state, and give the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def advanced(keras: Any, optimizer: Any, state: Sequence[Any], gradients: Sequence[Any], weights: Sequence[Any]) -> tuple:
    """The weights and the state after a step, of copies: on torch it writes into what it is given."""
    return optimizer.stateless_apply(*([keras.ops.copy(each) for each in some] for some in (state, gradients, weights)))


def result(metric: Any, batches: Iterable[Sequence[Any]]) -> Any:
    """What a metric comes to over batches of what it reads."""
    state = metric.stateless_reset_state()
    for batch in batches:
        state = metric.stateless_update_state(state, *batch)
    return metric.stateless_result(state)
