"""Faults in what scenarios ask for beyond single layers, each noticed by a claim."""

from dataclasses import replace

import numpy as np
import pytest
from planted import InProcess

from cases.requests import Observation, Refusal
from cases.scenarios import claims
from cases.scenarios.padded_classifier import EPOCHS, question
from cases.scenarios.quadrants import told_ranks
from suite.backends.reference import Reference
from suite.verdicts import judge

CHECKS = {f"{c.scenario}/{c.name}": c for c in claims("default")} | {c.identity: c for c in claims("default")}
CLEAN = InProcess()


class Loading(Reference):
    """The reference; `spoil` changes the arrays of a model's answer."""

    def __init__(self, spoil):
        super().__init__()
        self.spoil = spoil

    def run_model(self, request):
        seen = super().run_model(request)
        if not isinstance(seen, Observation) or "saved" not in seen.arrays:
            return seen
        return Observation({**seen.arrays, **self.spoil(seen.arrays)}, seen.kernel, facts=seen.facts)


@pytest.mark.parametrize(("claim", "spoil"), [
    ("best_checkpoint", lambda arrays: {"loaded": arrays["trained"]}),
    ("best_checkpoint", lambda arrays: {"saved": arrays["trained"], "loaded": arrays["trained"]}),
    ("best_checkpoint", lambda arrays: {"loaded": arrays["saved"] * np.nan}),
    ("history", lambda arrays: {"losses": arrays["losses"][:-1]}),
    ("history", lambda arrays: {"validation": arrays["validation"][:1]}),
    ("history", lambda arrays: {"validation": arrays["validation"] * np.nan}),
], ids=["the last is loaded", "the last is saved", "NaN is loaded", "a loss is lost", "one epoch is recorded", "NaN is recorded"])
def test_a_wrong_checkpoint_or_history_is_noticed(claim, spoil):
    check = CHECKS[f"padded-classifier/{claim}"]
    assert judge(check, InProcess()).verdict == "pass"
    assert judge(check, InProcess(Loading(spoil))).verdict == "fail"


class Joining(Reference):
    """Joins sequences of any lengths: by cutting them, or with an error that says nothing."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def run_function(self, request):
        return self.answer(dict(request.arguments)["sequences"]) if request.name == "batch" else super().run_function(request)


def cut(sequences):
    return Observation({"result": np.stack([one[:3] for one in sequences])})


def dumb(sequences):
    if len({len(one) for one in sequences}) > 1:
        raise Mute("something went wrong")
    return Observation({"result": np.stack(sequences)})


class Mute(Exception):
    pass


def test_mixed_lengths_that_are_joined_or_refused_without_a_word_are_noticed():
    check = CHECKS["one-model-many-lengths/mixed_lengths"]
    passing = judge(check, InProcess())
    assert passing.verdict == "pass" and "same shape" in str(passing.notes[0].value)
    assert "no error was raised" in judge(check, InProcess(Joining(cut))).message

    class Refusing(InProcess):
        def answer(self, request):
            try:
                return super().answer(request)
            except Mute as error:
                return Refusal("Mute", str(error))

    assert "no shape or length" in judge(check, Refusing(Joining(dumb))).message


def test_memory_that_is_reserved_is_noticed_and_a_cpu_has_none():
    check = CHECKS["gpu-memory-growth/not_the_whole_card"]
    assert judge(check, InProcess()).verdict == "unsupported"

    class Greedy(Reference):
        taken = 0.75

        def run_function(self, request):
            return Observation({"before": np.array(1e9), "after": np.array(1e9 + self.taken * 80e9), "total": np.array(80e9)})

    assert judge(check, InProcess(Greedy())).verdict == "fail"
    Greedy.taken = 0.01
    assert judge(check, InProcess(Greedy())).verdict == "pass"


class Asked(Reference):
    """The reference; requests of one name are answered by these arrays, or by what is raised."""

    def __init__(self, name, arrays):
        super().__init__()
        self.asked, self.arrays = name, arrays

    def run_function(self, request):
        if request.name != self.asked:
            return super().run_function(request)
        return Observation(self.arrays(request, super().run_function), facts={"padding": "hold"})


def fit(**changes):
    """What `fit` would say, some of it changed."""
    losses = CLEAN.answer(question())["losses"].reshape(-1, 2)
    right = {"told": np.stack([losses[:, 0], losses.mean(axis=1)], axis=1).ravel(),
             "validation": np.resize([3.0, 1.0, 2.0], EPOCHS) + np.arange(EPOCHS) / 100, "away": np.ones(EPOCHS)}
    right["away"][1] = 0.0
    return lambda request, usual: {**right, **{name: change(right[name]) for name, change in changes.items()}}


def last_kept(away):
    return np.where(np.arange(len(away)) == len(away) - 1, 0.0, 1.0)


@pytest.mark.parametrize(("claim", "changes"), [
    ("callbacks", {"told": lambda told: told[:-1]}),
    ("callbacks", {"told": lambda told: told[::-1]}),
    ("callbacks", {"told": lambda told: 2 * told - np.repeat(told[::2], 2)}),
    ("callbacks", {"validation": lambda losses: losses[:3]}),
    ("checkpoint_of_fit", {"away": last_kept}),
    ("checkpoint_of_fit", {"away": np.ones_like}),
    ("checkpoint_of_fit", {"away": np.zeros_like}),
    ("checkpoint_of_fit", {"validation": np.sort, "away": last_kept}),
], ids=["a batch is missing", "backwards", "the batch's loss, not the mean", "epochs are missing", "the last is kept",
        "none is kept", "every epoch alike", "another epoch was the best"])
def test_wrong_words_to_a_callback_and_a_wrong_file_are_noticed(claim, changes):
    check = CHECKS[f"padded-classifier/{claim}"]
    assert judge(check, InProcess()).verdict == "unsupported"
    assert judge(check, InProcess(Asked("fit", fit()))).verdict == "pass"
    assert judge(check, InProcess(Asked("fit", fit(**changes)))).verdict == "fail"


@pytest.mark.parametrize("passed", ["detached", "attached"])
def test_states_that_are_cut_off_where_they_should_not_be_are_noticed(passed):
    check = CHECKS[f"stateful-chunks/gradients_stop_only_if_detached-lstm-{passed}"]
    assert judge(check, InProcess()).verdict == "pass"

    def turned(request, usual):
        arguments = tuple((n, not v if n == "detached" else v) for n, v in request.arguments)
        return usual(replace(request, arguments=arguments)).arrays

    assert judge(check, InProcess(Asked("states_by_hand", turned))).verdict == "fail"


def test_gradients_that_stay_finite_under_a_mask_of_nan_are_noticed():
    check = CHECKS["nan-as-padding/masking_nan_gradients-gru"]
    assert judge(check, InProcess()).verdict == "pass"

    class Cleaning(Reference):
        def run_model(self, request):
            seen = super().run_model(request)
            return replace(seen, arrays={name: np.nan_to_num(array) for name, array in seen.arrays.items()})

    assert judge(check, InProcess(Cleaning())).verdict == "fail"


def test_a_mask_that_does_nothing_is_noticed():
    check = CHECKS["nan-as-padding/masking_number"]
    assert judge(check, InProcess()).verdict == "pass"

    class Unmasked(Reference):
        def run_model(self, request):
            nodes = tuple(replace(n, options=(("value", 12.5),)) if n.op == "masking" else n for n in request.model.nodes)
            return super().run_model(replace(request, model=replace(request.model, nodes=nodes)))

    assert judge(check, InProcess(Unmasked())).verdict == "fail"


@pytest.mark.parametrize(("message", "ranks"), [
    ("expected ndim=3, found ndim=2. Full shape received: (None, 4160)", {3, 2}),
    ("received kernel of shape (3, 3, 1, 32) and input of shape (None, 4, 56, 14, 1).", {4, 5}),
    ("Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [1, 1, 4, 56, 14]", {3, 4, 5}),
    ("wrong input of conv2d in lstm_3", set()),
])
def test_ranks_are_read_from_words_and_from_shapes(message, ranks):
    assert told_ranks(message) == ranks


def padded(cut=True, front=True):
    """pad_sequences, which cuts numbers to integers unless told a dtype, and pads in front; or does not."""

    def answer(request, usual):
        options = dict(request.arguments)
        rows = []
        for one in options["sequences"]:
            array = np.trunc(one) if cut and "dtype" not in options else np.array(one)
            zeros = np.zeros(options["maxlen"] - len(array))
            rows.append(np.concatenate([zeros, array] if front else [array, zeros]))
        return {"result": np.stack(rows)}

    return Asked("pad_sequences", answer)


def test_a_1_5_that_is_not_cut_and_zeros_at_the_end_are_noticed():
    cut, side = (CHECKS[f"pre-padded-regression/{name}"] for name in ("prediction_of_1_5", "padded_to_15"))
    assert judge(cut, InProcess(padded())).verdict == judge(side, InProcess(padded())).verdict == "pass"
    assert judge(cut, InProcess(padded(cut=False))).verdict == "fail"
    assert judge(side, InProcess(padded(front=False))).verdict == "fail"


def test_weights_that_grow_with_the_length_are_noticed():
    check = CHECKS["one-model-many-lengths/parameters"]
    assert judge(check, InProcess()).verdict == "pass"

    class Growing(Reference):
        def run_model(self, request):
            seen = super().run_model(request)
            time = request.model.nodes[0]["shape"][0]
            shapes = {name: (*shape[:-1], shape[-1] + (time or 0)) for name, shape in seen.facts["weight_shapes"].items()}
            return replace(seen, facts={**seen.facts, "weight_shapes": shapes})

    assert judge(check, InProcess(Growing())).verdict == "fail"


def test_rows_that_fit_another_declared_size_and_a_size_that_is_not_named_are_noticed():
    check = CHECKS["stateful-chunks/another_batch_size-lstm"]

    class Sized(InProcess):
        words = "of 3 rows the states, of 2 the batch"

        def answer(self, request):
            return Refusal("ValueError", self.words)

    assert judge(check, Sized()).verdict == "pass"
    Sized.words = "lstm_2 has the states of 3 rows"
    assert "does not name 2" in judge(check, Sized()).message


def test_quadrants_in_another_order_are_noticed():
    check = CHECKS["cnn-lstm-quadrants/quadrants"]
    assert judge(check, InProcess()).verdict == "pass"

    class Turned(Reference):
        def run_model(self, request):
            return super().run_model(replace(request, inputs=request.inputs[:, ::-1]))

    assert judge(check, InProcess(Turned())).verdict == "fail"


class Ranked(Reference):
    """Trains by a curve instead of a model: each optimizer reaches the line at a step of its own."""

    def __init__(self, reaches, length=2000, bad=()):
        super().__init__()
        self.reaches, self.length, self.bad = reaches, length, bad

    def run_model(self, request):
        name = request.training.optimizer
        losses = 20 * np.exp(-5 * np.arange(self.length) / self.reaches.get(name, 100))
        losses = losses[::-1] if name in self.bad else losses
        return Observation({"losses": losses}, facts={"stack": "keras"})


class Unremembered(InProcess):
    """Hashes no request: those of 2 000 steps are large."""

    def answer(self, request):
        return self.backend.observe(request)


AS_MEASURED = {"rmsprop": 10, "nadam": 22, "adagrad": 250, "sgd": 1200, "adadelta": 1100}


@pytest.mark.parametrize(("verdict", "reaches", "more"), [
    ("pass", AS_MEASURED, {}), ("fail", AS_MEASURED | {"adadelta": 5}, {}), ("fail", AS_MEASURED | {"adam": 1500}, {}),
    ("fail", AS_MEASURED | {"adam": 1e6, "sgd": 1e6}, {}), ("fail", AS_MEASURED, {"length": 1000}),
    ("fail", AS_MEASURED, {"bad": ("adamax",)}),
], ids=["as measured", "Adadelta is first", "Adam is last", "Adam never arrives", "half of the steps", "a loss rises"])
def test_another_ranking_of_optimizers_is_noticed(verdict, reaches, more):
    check = next(c for c in claims("full") if c.identity == "lstm-regression-optimizers/ranking-common")
    assert judge(check, Unremembered(Ranked(reaches, **more))).verdict == verdict


@pytest.mark.parametrize(("step", "verdict", "told"), [
    (None, "pass", "for all"), (8, "pass", "for 8 steps; then off by"), (1, "fail", "for 1 step"),
])
def test_where_losses_part_is_told_and_among_the_first_it_is_a_failure(step, verdict, told):
    check = next(c for c in claims("full") if c.identity == "imdb-cnn-lstm/parts")

    class Parting(Reference):
        def run_model(self, request):
            seen = super().run_model(request)
            losses = seen["losses"].copy()
            losses[step if step is not None else len(losses):] *= 1.01
            return replace(seen, arrays={**seen.arrays, "losses": losses})

    outcome = judge(check, InProcess(Parting()))
    assert outcome.verdict == verdict and outcome.notes[0].value.startswith(told)
