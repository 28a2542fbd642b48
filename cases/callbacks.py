"""The documented rules of callbacks that watch a number from epoch to epoch, as functions of what they are told.

`told` holds a number an epoch. Epochs are counted from 0 here, as the callbacks count them; weights are named by the epoch at
whose end they stood, counted from 1, so that 0 says none. Sources: Keras' documentation of EarlyStopping, ReduceLROnPlateau,
ModelCheckpoint and LearningRateScheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


def better(mode: str, min_delta: float = 0.0) -> Callable[[float, float | None], bool]:
    """Whether a number is better than another one by more than `min_delta`; any is better than none."""
    sign = 1.0 if mode == "max" else -1.0
    return lambda one, other: other is None or sign * (one - other) > min_delta


def stopping(told: Sequence[float], patience: int = 0, min_delta: float = 0.0, mode: str = "min", baseline: float | None = None,
             restore_best_weights: bool = False, start_from_epoch: int = 0) -> tuple[list[float], list[float], list[float]]:
    """EarlyStopping: after each epoch that comes to be, the weights there are; at the end, those that are left; and the epoch, as
    it is counted, at which it stopped, 0 where it did not.

    It stops after `patience` watched epochs of which none was better than the best one and than the baseline.
    """
    improves, best, kept, waited, stopped = better(mode, min_delta), None, 0, 0, 0
    weights: list[float] = []
    for epoch, value in enumerate(told):
        weights.append(epoch + 1)
        if epoch < start_from_epoch:
            continue
        waited += 1
        kept = kept or epoch + 1
        if improves(value, best):
            best, kept = value, epoch + 1
            waited = 0 if baseline is None or improves(value, baseline) else waited
        elif waited >= patience and epoch:
            stopped = epoch
            break
    return weights, [kept if restore_best_weights and kept else weights[-1]], [stopped]


def plateau(told: Sequence[float], rate: float, factor: float = 0.1, patience: int = 10, min_delta: float = 1e-4,
            mode: str = "min", cooldown: int = 0, min_lr: float = 0.0) -> list[float]:
    """ReduceLROnPlateau: the rate after each epoch. The last epoch of a cooldown counts again."""
    improves, best, waited, cooling, rates = better(mode, min_delta), None, 0, 0, []
    for value in told:
        if cooling:
            cooling, waited = cooling - 1, 0
        if improves(value, best):
            best, waited = value, 0
        elif not cooling:
            waited += 1
            if waited >= patience and rate > min_lr:
                rate, waited, cooling = max(rate * factor, min_lr), 0, cooldown
        rates.append(rate)
    return rates


def saved(told: Sequence[float], save_best_only: bool = False, mode: str = "min",
          initial_value_threshold: float | None = None) -> list[float]:
    """ModelCheckpoint: of which epoch the weights in the file are, after each epoch; 0 where there is no file."""
    improves, best, held, found = better(mode), initial_value_threshold, 0, []
    for epoch, value in enumerate(told):
        if not save_best_only or improves(value, best):
            held, best = epoch + 1, value
        found.append(held)
    return found


def scheduled(epoch: int, rate: float) -> float:
    """The user's own rule that LearningRateScheduler is given: the rate of an epoch from that of the one before."""
    return rate * 0.5 if epoch % 2 else rate + 0.125


def alone(epoch: int) -> float:
    """Another one, which is told the epoch alone."""
    return 1.0 / (epoch + 2)


def part_of(epoch: int, batch: int, batches: int) -> float:
    """What the weights are after a batch: how many epochs, and which part of one, are done. After the last one the epoch is not
    over yet."""
    return epoch + (batch + 1) / (batches + 1)


def by_batches(epochs: int, batches: int, every: int, at_once: int = 1) -> list[float]:
    """ModelCheckpoint and BackupAndRestore with a number as `save_freq`: which weights are in the file after so many batches
    `at_once` (`steps_per_execution`), 0 where there is none. Batches count on from epoch to epoch."""
    found, since, held = [], 0, 0.0
    for epoch in range(epochs):
        for batch in range(at_once - 1, batches, at_once):
            since += at_once
            if since >= every:
                since, held = 0, part_of(epoch, batch, batches)
            found.append(held)
    return found
