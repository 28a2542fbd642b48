"""What callbacks do of what they are told: when they stop, lower the rate, save and restore, by their documented rules.

Each is told of epochs by hand. Before an epoch ends every weight of a small model becomes the number of the epoch, counted
from 1, so that weights say where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases import callbacks
from cases.families.base import equal, statement
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

TOLD: Mapping[str, tuple[float, ...]] = {
    "wavy": (5.0, 3.0, 4.0, 2.75, 3.5, 3.25, 3.75, 2.5, 4.5, 4.25, 1.0, 6.0),
    "worse": (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1.0, 9.5, 9.75, 9.875),
    "better": (9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.0625, 0.25),
}
"""Numbers an epoch; none stands exactly at the edge of a rule below. The last of `better` is not the best."""
HALTED = "halted"
"""A series after whose last epoch something else stops the training."""
RATE = 0.75
KINDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "stop": ("stop", {"patience": 2}), "stop_at_once": ("stop", {}),
    "stop_restores": ("stop", {"patience": 3, "restore_best_weights": True}),
    "stop_delta": ("stop", {"patience": 2, "min_delta": 0.375}),
    "stop_late": ("stop", {"patience": 2, "start_from_epoch": 3, "restore_best_weights": True}),
    "stop_baseline": ("stop", {"patience": 3, "baseline": 1.875}),
    "stop_upward": ("stop", {"patience": 2, "mode": "max", "restore_best_weights": True}),
    "stop_upward_delta": ("stop", {"patience": 1, "mode": "max", "min_delta": 1.25}),
    "plateau": ("plateau", {"factor": 0.5, "patience": 2}),
    "plateau_least": ("plateau", {"factor": 0.25, "patience": 1, "min_lr": 0.125}),
    "plateau_cools": ("plateau", {"factor": 0.5, "patience": 1, "cooldown": 3}),
    "plateau_delta": ("plateau", {"factor": 0.5, "patience": 2, "min_delta": 0.375}),
    "plateau_upward": ("plateau", {"factor": 0.5, "patience": 2, "mode": "max"}),
    "plateau_upward_delta": ("plateau", {"factor": 0.5, "patience": 1, "mode": "max", "min_delta": 1.25}),
    "save": ("save", {}), "save_best": ("save", {"save_best_only": True}),
    "save_best_upward": ("save", {"save_best_only": True, "mode": "max"}),
    "save_better_than": ("save", {"save_best_only": True, "initial_value_threshold": 3.125}),
    "schedule": ("schedule", {}), "schedule_alone": ("schedule", {"alone": True}),
}
"""Name of a variant -> the callback, its options."""
USUAL = ("stop_late", "stop_delta", "stop_baseline", "stop_upward", "stop_upward_delta", "plateau_least", "plateau_cools",
         "plateau_delta", "save_best", "save_better_than", "schedule", "schedule_alone")


def due(kind: str, told: tuple[float, ...], options: Mapping[str, Any]) -> dict[str, list[float]]:
    """What is due by the callback's rule: `epochs`, the weights after each of them, `left` at the end, and the epoch at
    which it `stopped`; `rates` after each epoch; `files`, the weights in the file after each epoch."""
    if kind == "stop":
        return dict(zip(("epochs", "left", "stopped"), callbacks.stopping(told, **options), strict=True))
    if kind == "save":
        return {"files": callbacks.saved(told, **options)}
    if kind == "plateau":
        return {"rates": callbacks.plateau(told, RATE, **options)}
    rates = [RATE]
    for epoch in range(len(told)):
        rates.append(callbacks.alone(epoch) if options.get("alone") else callbacks.scheduled(epoch, rates[-1]))
    return {"rates": rates[1:]}


@statement("A callback that watches a number stops, restores, lowers the rate and saves after the epochs at which its documented "
           "rule says so, and no others; used a second time it begins anew.", {"kind": tuple(KINDS)}, sparing=1,
           usual={"kind": USUAL}, source="Keras: EarlyStopping, ReduceLROnPlateau, ModelCheckpoint, LearningRateScheduler")
def watchers_follow_their_rules(ask, kind):
    name, options = KINDS[kind]
    series = (*TOLD.items(), (HALTED, TOLD["better"]), ("short", TOLD["worse"][:2])) if name != "save" else (
        tuple(TOLD.items())[:2])
    seen = ask(FunctionRequest("watching", (("kind", name), ("options", tuple(options.items())), ("told", series),
                                            ("rate", RATE))))
    found = []
    for told, values in series:
        for what, wanted in due(name, values, options).items():
            key, exact = f"{told}/{what}", np.array(wanted, "float64")
            if key not in seen.arrays or seen[key].shape != exact.shape:
                got = seen[key].tolist() if key in seen.arrays else None
                found.append(Deviation(key, f"{key}: found {got}, expected {wanted}"))
            else:
                found += compare(key, seen[key], exact, 64 * unit_roundoff("float32") * np.abs(exact))
    return found


@statement("Training stops after the batch at which a callback says so, and that epoch ends; what was interrupted and backed up "
           "goes on with the epoch that was interrupted, from the weights and rates of the end of the one before; a training "
           "after that begins with the first epoch; callbacks are told how many epochs and batches there are.",
           {"cell": ("simple_rnn", "lstm", "gru")}, usual={"cell": ("simple_rnn",)}, sparing=0,
           source="Keras: Model.stop_training, BackupAndRestore")
def interrupted_training_goes_on(ask, cell):
    seen = ask(FunctionRequest("interrupted", (("cell", cell),)))
    found = []
    for name, wanted in (("epochs before", (0, 1, 2)), ("epochs after", (2, 3)), ("stopped epochs", (0, 1)),
                         ("stopped batches", (0, 1, 2, 0)), ("ended epochs", (0, 1)), ("epochs again", (0,)), ("told", (4, 3))):
        found += equal(name, seen[name], np.array(wanted))
    found += compare("weights", seen["weights after"], seen["weights due"], 0.0)
    if np.array_equal(seen["weights before"], seen["weights after"]):
        found.append(Deviation("weights", "training changed nothing: nothing was to be kept"))
    return found


EPOCHS, BATCHES, EVERY = 2, 3, 2
"""Of a training that is saved after every so many batches; the last batch of an epoch is saved the second time alone."""
LOGGED = (("loss", "val_loss"), ((5.5, 0.25), (3.0, 4.75), (1.5, 2.0)), 2)
"""Names, their numbers by epoch; how many epochs the first training has."""
AGAIN = ("epoch,val_after", "0,1.0")
"""The file of a logger whose second training has another name than its first."""
LATE = ("epoch,late,val_late", "0,1.0,NA", "1,2.0,3.0")
"""The file of one whose model is validated from the second epoch on."""
LOSSES = (1.5, float("nan"), float("inf"), -float("inf"))
"""Of the last batch; whether training is to stop."""
WATCHED = {"accuracy": "max", "mean_absolute_error": "min", "huber": "min"}
"""Metric, the last one a loss that serves as one -> where it is better."""
OWN, AVERAGE = (2.0, 4.0), (7.0, 8.0)
"""Every weight, and every average of one, by epoch."""
EVENTS = {"averaged": (("epoch_begin", 0), ("test_begin", None), ("test_end", None), ("epoch_end", 0), ("predict_begin", None),
                       ("predict_end", None), ("test_begin", None), ("test_end", None)),
          "averaged_by_epoch": (("epoch_begin", 0), ("test_begin", None), ("test_end", None), ("epoch_end", 0),
                                ("epoch_begin", 1), ("epoch_end", 1))}
"""What a callback is told of that puts averages in the place of weights."""


def in_place(kind: str) -> dict[str, list[float]]:
    """After each event: `weights`, what each of the model's is, and `averages`, what the optimizer keeps of it. The averages are
    there while the model is tested or predicts, or between epochs; after the last epoch they have no more to go back to."""
    found: dict[str, list[float]] = {}
    done = 0
    for place, (event, epoch) in enumerate(EVENTS[kind]):
        done = epoch if event == "epoch_end" else done
        weight, average = OWN[done], AVERAGE[done]
        there = event in ("test_begin", "predict_begin") or kind == "averaged_by_epoch" and event == "epoch_end"
        last = there and done == EPOCHS - 1
        found[f"{place} {event}"] = [average if there else weight, average if last or not there else weight]
    return found


def kept(kind: str) -> dict[str, Any]:
    """What is due of a callback of this kind."""
    if kind == "logged":
        _, rows, first = LOGGED
        return {"lines": [(n if n < first else n - first, *row) for n, row in enumerate(rows)]}
    if kind == "not_a_number":
        stops = [float(not np.isfinite(loss)) for loss in LOSSES]
        return {"stops": stops, "raises": stops}
    if kind == "by_metrics":
        return {name: callbacks.stopping(TOLD["wavy"], patience=1, mode=mode)[0] for name, mode in WATCHED.items()}
    if kind in EVENTS:
        return in_place(kind)
    if kind == "told_further":
        rates = [float(np.float32(callbacks.alone(epoch))) for epoch in range(EPOCHS)]
        return {"learning_rate": rates, "own": list(range(EPOCHS)), "seen": rates}
    if kind == "counted":
        files = callbacks.by_batches(SINGLE, 1, EVERY)
        ends = [divmod(n, BATCHES) for n in range(EVERY - 1, EPOCHS * BATCHES, EVERY)]
        pairs = np.float32(callbacks.by_batches(EPOCHS, PAIRS, EVERY, 2)).tolist()
        return {"files": files, "files of pairs": pairs, "backed up": files, "backed up in pairs": pairs,
                "named": [(epoch + 1, batch + 1) for epoch, batch in ends],
                "epochs": list(range(EPOCHS, SINGLE))}
    files = callbacks.by_batches(EPOCHS, BATCHES, EVERY)
    if kind == "by_batches":
        return {"files": files}
    ends = [callbacks.part_of(epoch, BATCHES - 1, BATCHES) for epoch in range(EPOCHS)]
    return {"restored": [ends[-1], EPOCHS - 1], "restored of the one before": [ends[-2], EPOCHS - 2], "stay": [1, 0]}


SINGLE, PAIRS = 5, 4
"""Epochs of one batch each; batches of an epoch that are run two at once."""
KEPT = ("logged", "not_a_number", "by_metrics", "averaged", "averaged_by_epoch", "by_batches", "backed_up", "told_further",
        "counted")
"""What they do: write what they are told into a file, over two trainings; stop at a loss that is no number; know of a metric
which way is better; put averages in the place of weights; save after so many batches; go on from there, also where the last file
is broken; add to what is told of an epoch, which those behind them see, and the history holds; count epochs of one batch, call
files by epoch and batch, and number the epochs of a training that begins late."""


@statement("Callbacks log what they are told, stop at what is no number, know in which direction a metric is better, put "
           "averages into the model where they are to be and take them out again, and save after every so many batches, from "
           "epoch to epoch; what was saved so is where an interrupted training goes on, and stays after the last one where it "
           "is to; what they add to the logs of an epoch is told those behind them, and the history.", {"kind": KEPT},
           strength=(1, 1, 1), sparing=0, eager=5,
           source="Keras: CSVLogger, TerminateOnNaN, EarlyStopping, SwapEMAWeights, ModelCheckpoint, BackupAndRestore")
def callbacks_keep_to_their_word(ask, kind):
    seen, due = ask(FunctionRequest("kept_word", (("kind", kind),))), kept(kind)
    header = ("epoch", *LOGGED[0]) if kind == "logged" else None
    told = [] if seen.facts.get("header") == header else [
        Deviation("header", f"the file begins with {seen.facts.get('header')}, expected {header}")]
    if kind == "logged" and seen.facts.get("again") != AGAIN:
        told.append(Deviation("again", f"after another training with other names: {seen.facts.get('again')}, expected {AGAIN}"))
    if kind == "logged" and seen.facts.get("late") != LATE:
        told.append(Deviation("late", f"where validation comes later: {seen.facts.get('late')}, expected {LATE}"))
    for name, wanted in due.items():
        came = seen.arrays.get(name, np.array(np.nan))
        told += equal(name, came, np.array(wanted, "float64"))
    return told
