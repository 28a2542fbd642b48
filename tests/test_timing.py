"""Timing: what is timed, whether a measurement can be trusted, and what is said of it.

The backends here live in simulated time: a call takes as long as their model says, so thousands of measurements cost
seconds, and what is true is known.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from cases.batches import BatchPlan
from cases.layers import Layer, draw_weights
from cases.requests import Execution, Observation, Request, from_wire, to_wire
from cases.workloads import CELLS, KERNELS, PASSES, WORKLOADS, Timed, Workload, timed
from reports.lines import Timing
from reports.records import read
from reports.statistics import paired_ratio
from suite.backends import Backend, Moment
from suite.timing.agreement import agreement
from suite.timing.clocks import WallClock, clock_of
from suite.timing.judgement import judged, self_pairs
from suite.timing.messages import TimingRequest, TimingResult
from suite.timing.remote import interleaved, measure, prepare, warm_up

ROOT = Path(__file__).resolve().parents[1]
FUSED, GENERIC = Execution("fused"), Execution("generic")
WHAT = Timed(WORKLOADS["latency"], "lstm", "forward")
PLAN = BatchPlan(2, 5)
SMALL = Layer("lstm", 3, 4, return_state=False)


class SimulatedClock:
    """Time that passes only where it is told to."""

    name = "simulated"

    def __init__(self):
        self.now = 0.0

    def time(self, step):
        began = self.now
        kernel = step()
        return self.now - began, kernel

    def wait(self, seconds):
        self.now += seconds


class FusedTwiceAsFast(Backend):
    """A call of the generic kernel takes 2 ms, one of the fused 1 ms. Subclasses differ in `seconds` and `answer`."""

    name = "simulated"
    noise = 0.02
    cost: ClassVar = {"fused": 1e-3, "generic": 2e-3}

    def __init__(self, device="cpu", threads=1, seed=0):
        super().__init__(device, threads)
        self.clock, self.random = SimulatedClock(), np.random.default_rng(seed)
        self.calls = {kernel: 0 for kernel in self.cost}
        self.order, self.all_calls = [], 0

    def versions(self):
        return {"simulated": "1"}

    def padding(self, layer):
        return "hold"

    def supports(self, request):
        return None

    def smoke(self):
        pass

    def answer(self, request):
        """(batch, time, units): any function of inputs and weights will do."""
        weight = request.weights["0/forward/kernel"][:, : request.layer.units]
        return np.tanh(request.batch.inputs @ weight).astype("float32")

    def run(self, request):
        outputs = self.answer(request)
        gradient = np.einsum("btf,btu->fu", request.batch.inputs, outputs).astype("float32")
        return Observation({"outputs": outputs, "gradients/weights/0/forward/kernel": gradient}, self.ran(request))

    def ran(self, request):
        return f"{request.execution.kernel} kernel"

    def seconds(self, kernel):
        return self.cost[kernel] * np.exp(self.noise * self.random.standard_normal())

    def stepper(self, request, backward):
        kernel = request.execution.kernel

        def step():
            self.clock.now += self.seconds(kernel)
            self.calls[kernel] += 1
            self.all_calls += 1
            self.order.append(kernel)
            return self.ran(request)

        return step


class BothTheSame(FusedTwiceAsFast):
    cost: ClassVar = {"fused": 1e-3, "generic": 1e-3}


class FusedTwiceAsSlow(FusedTwiceAsFast):
    cost: ClassVar = {"fused": 2e-3, "generic": 1e-3}


class SlowerAndSlower(BothTheSame):
    """The machine heats up: every call takes 1 % longer than the one before, whichever it is."""

    noise = 0.002

    def seconds(self, kernel):
        return super().seconds(kernel) * 1.01**self.all_calls


class SecondOfAPairCostsMore(BothTheSame):
    """What follows another kernel finds a cold cache: 5 % more."""

    noise = 0.001

    def seconds(self, kernel):
        return super().seconds(kernel) * (1.05 if self.order and self.order[-1] != kernel else 1.0)


class FusedNeverRan(BothTheSame):
    def ran(self, request):
        return "generic rnn loop"


class GenericIsWrong(FusedTwiceAsFast):
    def answer(self, request):
        right = super().answer(request)
        return right + np.float32(1e-3) * (request.execution.kernel == "generic")


class FusedInBfloat16(FusedTwiceAsFast):
    """The product of the fused kernel has 8 bits, hidden one included."""

    bits = 8

    def answer(self, request):
        if request.execution.kernel == "generic":
            return super().answer(request)
        significand, exponent = np.frexp(request.batch.inputs)
        rounded = np.ldexp(np.round(significand * 2**self.bits), exponent - self.bits)
        return super().answer(request.but(batch=request.batch.but(inputs=rounded)))


class FusedInTF32(FusedInBfloat16):
    bits = 11


class FusedSumsInAnotherOrder(FusedTwiceAsFast):
    """Right, but rounded otherwise: in float32 where the generic one rounds once at the end."""

    def answer(self, request):
        if request.execution.kernel == "generic":
            return super().answer(request)
        weight = request.weights["0/forward/kernel"][:, : request.layer.units].astype("float32")
        total = np.zeros((*request.batch.inputs.shape[:2], weight.shape[1]), "float32")
        for feature in reversed(range(weight.shape[0])):
            total += request.batch.inputs[:, :, feature, None].astype("float32") * weight[feature]
        return np.tanh(total)


class GenericGivesNaN(FusedTwiceAsFast):
    def answer(self, request):
        return super().answer(request) * np.float32(np.nan if request.execution.kernel == "generic" else 1)


class WrongAtPaddingOnly(FusedTwiceAsFast):
    def answer(self, request):
        outputs = super().answer(request)
        if request.execution.kernel == "fused":
            outputs[~request.batch.valid] = 0
        return outputs

    def run(self, request):
        return Observation({"outputs": self.answer(request)}, self.ran(request))


class NeedsWarmUp(FusedTwiceAsFast):
    """The first calls compile and allocate: ten times longer at first, half of the excess gone with each call."""

    noise = 0.001

    def seconds(self, kernel):
        return super().seconds(kernel) * (1 + 9 * 0.5 ** self.calls[kernel])


class NeverSettles(FusedTwiceAsFast):
    def seconds(self, kernel):
        return super().seconds(kernel) * 1.5 ** (self.all_calls % 7)


class ClockStandsStillInWaits(FusedTwiceAsFast):
    """A clock that does not see what makes a call slower sees nothing else either."""

    def __init__(self, device="cpu", threads=1, seed=0):
        super().__init__(device, threads, seed)
        self.clock.wait = lambda seconds: None


class FusedIsUnsupported(FusedTwiceAsFast):
    def supports(self, request):
        return "there is no fused kernel here" if request.execution.kernel == "fused" else None


class GenericRaises(FusedTwiceAsFast):
    def run(self, request):
        if request.execution.kernel == "generic":
            raise Moment("trace", ValueError("no such operation"))
        return super().run(request)


class IsNotTimed(FusedTwiceAsFast):
    def stepper(self, request, backward):
        return Backend.stepper(self, request, backward)


class DiesWhenTimed(FusedTwiceAsFast):
    def stepper(self, request, backward):
        import os

        os._exit(3)


def request(plan: BatchPlan = PLAN) -> Request:
    return Request(SMALL, draw_weights(SMALL), plan.draw(SMALL), wants=("outputs", "gradients"))


ASKED = TimingRequest(request(), FUSED, GENERIC, seconds=0.1)


@pytest.fixture
def uncollected(monkeypatch):
    """Nothing real is timed here, and thousands of collections of garbage would take minutes."""
    monkeypatch.setattr("suite.timing.remote.gc.collect", lambda: 0)


def record(kind: type[Backend], seed: int = 0, **changes) -> Timing:
    """The record of one measurement of a backend made with `seed`."""
    return judged("simulated", WHAT, measure(kind(seed=seed), dataclasses.replace(ASKED, **changes)))


@pytest.mark.parametrize("kind, verdict, ratio", [
    (FusedTwiceAsFast, "faster", 2.0), (FusedTwiceAsSlow, "slower", 0.5), (BothTheSame, "equivalent", 1.0),
    (SlowerAndSlower, "equivalent", 1.0), (SecondOfAPairCostsMore, "equivalent", 1.0), (NeedsWarmUp, "faster", 2.0),
])
def test_the_verdict_is_right(kind, verdict, ratio):
    found = record(kind)
    assert found.verdict == verdict, found
    assert found.ratio == pytest.approx(ratio, rel=0.02)
    assert found.low <= ratio * 1.005 and found.high >= ratio * 0.995
    assert found.more["slowed_seen"] and found.more["self_verdict"] == "equivalent"
    assert found.self_ratio == pytest.approx(1.0, abs=0.02)


def test_a_drift_that_both_share_cancels_in_pairs_but_not_in_means():
    """Apart, first all of A and then all of B, the drift of 1 % a call makes B look a third slower and more."""
    result = measure(SlowerAndSlower(), dataclasses.replace(ASKED, most=40))
    assert result.a[-1] > 2 * result.a[0]
    assert paired_ratio(result.a, result.b).ratio == pytest.approx(1.0, abs=0.005)
    clock = SlowerAndSlower()
    steps = [clock.stepper(request().but(execution=e), False) for e in (FUSED, GENERIC)]
    apart = [np.mean([clock.clock.time(step)[0] for _ in range(40)]) for step in steps]
    assert apart[1] / apart[0] > 1.3


def test_rounds_are_interleaved_a_b_b_a():
    backend = FusedTwiceAsFast()
    steps = [backend.stepper(request().but(execution=e), False) for e in (FUSED, GENERIC)]
    a, b, kernels = interleaved(backend.clock, *steps, 4)
    assert backend.order == ["fused", "generic", "generic", "fused"] * 2
    assert kernels == ("fused kernel", "generic kernel")
    assert a == pytest.approx(1e-3, rel=0.1) and b == pytest.approx(2e-3, rel=0.1)


def test_warming_up_goes_on_until_times_settle_and_is_not_counted():
    result = measure(NeedsWarmUp(), ASKED)
    assert result.steady and result.warmup >= 5
    assert result.a.max() < 1.1e-3


def test_warming_up_ends_and_says_so_where_times_never_settle():
    backend = NeverSettles()
    steps = [backend.stepper(request().but(execution=e), False) for e in (FUSED, GENERIC)]
    _, calls, steady = warm_up(backend.clock, *steps, 0.1)
    assert not steady and calls < 200
    assert "not settled" in record(NeverSettles).note


def test_one_call_is_enough_of_a_warm_up_where_it_takes_its_time():
    backend = NeverSettles()
    steps = [backend.stepper(request().but(execution=e), False) for e in (FUSED, GENERIC)]
    assert warm_up(backend.clock, *steps, 0.0, least=1)[1:] == (1, False)


def test_no_false_alarm_in_400_comparisons_of_equal_kernels_under_noise(uncollected):
    """Noise of a busy shared machine: 8 % spread, now and then a call that takes three times as long."""

    class Noisy(BothTheSame):
        noise = 0.08

        def seconds(self, kernel):
            return super().seconds(kernel) * (3.0 if self.random.random() < 0.03 else 1.0)

    found = [record(Noisy, seed) for seed in range(400)]
    assert {each.verdict for each in found} <= {"equivalent", "inconclusive"}
    assert sum(each.more["self_verdict"] in ("faster", "slower") for each in found) <= 4


def test_equal_kernels_on_a_quiet_machine_are_called_equivalent(uncollected):
    found = [record(BothTheSame, seed).verdict for seed in range(200)]
    assert set(found) == {"equivalent"}


@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_the_interval_covers_the_true_ratio_in_95_of_100(noise, uncollected):
    class Known(FusedTwiceAsFast):
        cost: ClassVar = {"fused": 1e-3, "generic": 1.3e-3}

    Known.noise = noise
    found = [record(Known, seed) for seed in range(500)]
    covered = np.mean([each.low <= 1.3 <= each.high for each in found])
    assert 0.92 <= covered <= 0.98


def test_a_slow_down_of_a_quarter_is_seen_on_a_quiet_machine(uncollected):
    assert all(record(BothTheSame, seed).more["slowed_seen"] for seed in range(50))


def test_a_clock_that_sees_no_slow_down_gives_no_verdict():
    found = record(ClockStandsStillInWaits)
    assert found.verdict == "inconclusive" and "was not seen" in found.note
    assert found.ratio == pytest.approx(2.0, rel=0.02)


def test_a_measurement_in_which_the_same_differs_from_itself_gives_no_verdict():
    """Calls are fast and slow by turns, in step with the rounds: A against B is a clean 2.0, and means nothing."""
    a = np.array([1.0, 1.0, 1.3, 1.69, 1.3, 1.0, 1.3, 1.69]) * 1e-3
    b = np.array([1.0, 1.3, 1.69, 1.3, 1.0, 1.3, 1.69, 1.3]) * 2e-3
    even = np.full(8, 1e-3)
    times = TimingResult("timed", "", "x", "y", even, even * 2, even, even * 1.25, 0.25, 5, True, 0.1)
    assert judged("simulated", WHAT, times).verdict == "faster"
    first, second = self_pairs(a, b)
    assert second / first == pytest.approx([1.3] * 4)
    found = judged("simulated", WHAT, dataclasses.replace(times, a=a, b=b))
    assert found.verdict == "inconclusive" and "against itself came out" in found.note


def test_the_pairs_of_the_same_are_neighbours_and_named_in_turn():
    a, b = np.arange(1.0, 10), np.arange(101.0, 110)
    first, second = self_pairs(a, b)
    pairs = list(zip(first, second, strict=True))
    assert pairs == [(101, 102), (2, 3), (104, 103), (5, 4), (105, 106), (6, 7), (108, 107), (9, 8)]


def test_a_fused_kernel_that_never_ran_is_said():
    found = record(FusedNeverRan)
    assert found.note == "fused kernel never ran: both ran generic rnn loop"
    assert found.verdict == "equivalent" and found.kernel_ran_a == found.kernel_ran_b


@pytest.mark.parametrize("kind", [GenericIsWrong, FusedInBfloat16, FusedInTF32, GenericGivesNaN])
def test_what_disagrees_is_not_timed(kind):
    backend = kind()
    found = judged("simulated", WHAT, measure(backend, ASKED))
    assert found.verdict == "not comparable" and found.ratio is None
    assert "differs by up to" in found.note and not backend.all_calls


@pytest.mark.parametrize("kind", [FusedSumsInAnotherOrder, WrongAtPaddingOnly])
def test_rounding_and_what_stands_at_padding_are_no_disagreement(kind):
    assert record(kind, request=request(BatchPlan(4, 6, "right"))).verdict == "faster"


def test_what_is_allowed_is_far_from_both_rounding_and_a_product_of_11_bits():
    layer = Layer("lstm", 128, 64, return_state=False)
    asked = Request(layer, draw_weights(layer), BatchPlan(8, 20).draw(layer), wants=("outputs", "gradients"))
    right = agreement(FusedSumsInAnotherOrder(), asked, FUSED, GENERIC).difference
    wrong = agreement(FusedInTF32(), asked, FUSED, GENERIC).difference
    assert right < 0.25 and wrong > 4


@pytest.mark.parametrize("kind, verdict, words", [
    (FusedIsUnsupported, "unsupported", "fused: there is no fused kernel here"),
    (GenericRaises, "not comparable", "generic raised ValueError at trace: no such operation"),
    (IsNotTimed, "unsupported", "simulated is not timed"),
])
def test_a_reason_stands_where_times_would(kind, verdict, words):
    found = record(kind)
    assert (found.verdict, found.note, found.ratio) == (verdict, words, None)


def test_without_time_the_kernels_are_compared_and_not_timed():
    backend = FusedTwiceAsFast()
    result = measure(backend, dataclasses.replace(ASKED, seconds=0.0))
    assert result.outcome == "agreed" and not backend.all_calls and not result.a.size
    assert judged("s", WHAT, result).verdict == "inconclusive"


@pytest.mark.parametrize("asked", [ASKED, dataclasses.replace(ASKED, seconds=0.0)])
def test_what_was_prepared_is_neither_asked_nor_built_again(asked):
    backend = FusedTwiceAsFast()
    counted = []
    backend.observe = lambda request, observe=backend.observe: counted.append("asked") or observe(request)
    backend.stepper = lambda *given, stepper=backend.stepper: counted.append("built") or stepper(*given)
    prepare(backend, asked)
    before = list(counted)
    found = measure(backend, asked)
    assert counted == before and before.count("built") == (2 if asked.seconds else 0)
    assert found.outcome == ("timed" if asked.seconds else "agreed")
    measure(backend, asked)
    assert counted == before * 2


def test_what_was_prepared_for_another_question_does_not_count():
    backend = FusedTwiceAsFast()
    prepare(backend, dataclasses.replace(ASKED, seconds=0.0))
    assert measure(backend, ASKED).outcome == "timed"


def test_the_time_that_is_given_is_kept():
    backend = FusedTwiceAsFast()
    measure(backend, dataclasses.replace(ASKED, seconds=0.3, most=10_000))
    assert 0.2 < backend.clock.now < 0.6


def test_messages_travel():
    asked = from_wire(to_wire(ASKED))
    assert (asked.a, asked.b, asked.seconds, asked.request.layer) == (FUSED, GENERIC, 0.1, SMALL)
    result = from_wire(to_wire(measure(FusedTwiceAsFast(), ASKED)))
    assert result.outcome == "timed" and result.a.shape == result.b.shape == (len(result.a),)


def test_the_record_survives_its_line():
    found = record(FusedTwiceAsFast)
    again = Timing.from_json(json.loads(found.to_line()))
    assert again == dataclasses.replace(found, more=again.more)
    assert again.more["durations_a"] == found.more["durations_a"] and len(again.more["durations_b"]) == found.rounds


def test_the_wall_clock_sees_what_it_waits():
    clock = clock_of(object())
    assert isinstance(clock, WallClock)
    seconds, kernel = clock.time(lambda: clock.wait(0.02) or "waited")
    assert kernel == "waited" and 0.02 <= seconds < 0.5


def test_on_the_wall_clock_a_kernel_that_waits_twice_as_long_is_half_as_fast():
    class Waits(FusedTwiceAsFast):
        def __init__(self):
            super().__init__()
            self.clock = WallClock()

        def stepper(self, request, backward):
            cost = self.cost[request.execution.kernel]
            return lambda: self.clock.wait(cost) or request.execution.kernel

    found = judged("s", WHAT, measure(Waits(), dataclasses.replace(ASKED, seconds=0.3)))
    assert found.seconds_a >= 1e-3 and found.seconds_b >= 2e-3
    assert 1.2 < found.ratio < 3.5  # this machine may be busy: the order is what is sure


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_a_workload_draws_what_it_says(workload: Workload, cell: str):
    what = Timed(workload, cell, "forward+backward").request()
    assert what.batch.inputs.shape == (workload.batch, workload.time, workload.features)
    assert what.layer.units == workload.units and what.execution.mode == "training"
    assert np.all(what.batch.inputs != 0) and workload.why and workload.source
    assert (what.batch.mask is None) == (workload.typical is None)
    if what.batch.mask is not None:
        assert what.batch.right_padded and what.batch.lengths.max() == workload.time
        assert len(set(what.batch.lengths)) > workload.batch / 3
        assert 0.25 < what.batch.valid.mean() < 0.55


def test_every_depth_times_every_cell_and_pass_and_full_times_everything():
    for depth in ("smoke", "default", "full"):
        chosen = timed(depth)
        assert len(set(map(str, chosen))) == len(chosen)
        assert {t.cell for t in chosen} == set(CELLS) and {t.passing for t in chosen} == set(PASSES)
    assert len(timed("full")) == len(WORKLOADS) * len(CELLS) * len(PASSES)
    assert set(timed("smoke")) <= set(timed("default")) <= set(timed("full"))
    with pytest.raises(ValueError, match="expected one of"):
        timed("deep")
    with pytest.raises(ValueError, match="cell='rnn'"):
        Timed(WORKLOADS["wide"], "rnn", "forward")


def run_suite(tmp_path: Path, kind: type[Backend], *options: str) -> tuple[subprocess.CompletedProcess, list[Timing]]:
    """`pytest suite/benchmarks` on one of the backends above, in an interpreter of its own."""
    command = [sys.executable, "-m", "pytest", "suite/benchmarks", "-p", "no:cacheprovider", "--depth", "smoke",
               "--subject", f"simulated=tests.test_timing:{kind.__name__}", "--record", str(tmp_path / "run"), *options]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
    return done, list(read(tmp_path / "run").timings)


def test_the_suite_shows_real_rounds_and_records_each_comparison_once(tmp_path):
    done, timings = run_suite(tmp_path, FusedTwiceAsFast, f"--benchmark-json={tmp_path / 'benchmark.json'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [t.id for t in timings] == [f"simulated::{t}" for t in timed("smoke")]
    assert {t.verdict for t in timings} == {"faster"}
    shown = json.loads((tmp_path / "benchmark.json").read_text())["benchmarks"]
    assert len(shown) == len(KERNELS) * len(timings)
    for each in shown:
        slow = each["params"]["kernel"] == "generic"
        assert each["stats"]["median"] == pytest.approx(2e-3 if slow else 1e-3, rel=0.05)
        assert each["stats"]["rounds"] == timings[0].rounds and each["extra_info"]["verdict"] == "faster"


def test_disabled_benchmarks_compare_and_do_not_time(tmp_path):
    done, timings = run_suite(tmp_path, FusedTwiceAsFast, "--benchmark-disable")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {t.verdict for t in timings} == {"inconclusive"} and all("not timed" in t.note for t in timings)


def test_skipped_benchmarks_ask_nothing(tmp_path):
    done, timings = run_suite(tmp_path, DiesWhenTimed, "--benchmark-skip")
    assert done.returncode == 0 and not timings and f"{len(KERNELS) * len(timed('smoke'))} skipped" in done.stdout


def test_under_xdist_nothing_is_timed_because_others_would_disturb(tmp_path):
    done, timings = run_suite(tmp_path, FusedTwiceAsFast, "-n", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(timings) == len(timed("smoke")) and {t.ratio for t in timings} == {None}


def test_what_disagrees_is_told_in_the_suite(tmp_path):
    done, timings = run_suite(tmp_path, GenericIsWrong, "-rs")
    assert {t.verdict for t in timings} == {"not comparable"}
    assert "not comparable: outputs: differs by up to" in done.stdout


def test_a_subject_that_dies_while_it_is_timed_fails_and_is_recorded(tmp_path):
    done, timings = run_suite(tmp_path, DiesWhenTimed)
    assert done.returncode == 1
    assert {t.verdict for t in timings} == {"not comparable"} and "exit status 3" in timings[0].note
