"""Times: the fused kernel against the generic one, for every subject, on the workloads of the field.

One comparison is two tests, a kernel each, fed by one measurement in the subject's interpreter, on its clock, with both
kernels in turn. pytest-benchmark shows these rounds; what the comparison says (ratio, interval, verdict, what ran)
stands in `extra_info`, and in the run's records. Where pytest-benchmark is disabled (`--benchmark-disable`, or under
xdist, where others would be running meanwhile) the kernels are asked whether they agree, and nothing is timed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cases.workloads import KERNELS, timed
from reports.lines import Timing
from suite.settling import SESSION, session_of
from suite.subjects.interpreter import Broken, Died, TimedOut
from suite.timing.comparison import Comparison
from suite.timing.judgement import judged
from suite.timing.messages import TimingRequest, TimingResult


class SubjectClock:
    """The subject's clock, as pytest-benchmark reads it: it moves by what was measured there."""

    __name__ = "subject_clock"

    def __init__(self):
        self.seconds = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let so much time pass."""
        self.seconds += seconds


CLOCK = SubjectClock()


@dataclass
class Measured:
    """What came of one comparison; `told` once its record has been handed over."""

    record: Timing
    result: TimingResult | None = None
    problem: str = ""
    told: bool = False

    def durations(self, kernel: str) -> list[float]:
        """The rounds of one kernel, in seconds; none where it was not timed."""
        if self.result is None:
            return []
        return [float(s) for s in (self.result.a if kernel == KERNELS[0] else self.result.b)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    comparisons = []
    if SESSION in metafunc.config.stash:
        session = session_of(metafunc.config)
        comparisons = [Comparison(s, t) for s in session.subjects for t in timed(session.settings.depth)]
    metafunc.parametrize("measured", [
        pytest.param(c, id=str(c), marks=pytest.mark.xdist_group(c.subject.name)) for c in comparisons
    ], indirect=True, scope="module")


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest) -> Measured:
    """The measurement of one comparison, made once for both its kernels."""
    comparison: Comparison = request.param
    session, benchmarks = session_of(request.config), request.config._benchmarksession
    if benchmarks.skip:
        pytest.skip("benchmarks are skipped (--benchmark-skip)")
    session.lanes.wait()
    return measure(comparison, comparison.asked(session.settings, benchmarks.disabled))


def measure(comparison: Comparison, asked: TimingRequest) -> Measured:
    """Ask the subject. A crash or a time-out is a problem, and a record like any other outcome."""
    subject, what = comparison.subject, comparison.timed
    problem = ""
    try:
        subject.ready()
        if not subject.broken:
            result = comparison.measure(asked)
            return Measured(judged(subject.name, what, result), result)
        problem = f"crash: {subject.broken}"
    except Died as error:
        problem = f"crash: {error}"
    except TimedOut as error:
        problem = f"timeout: {error}"
    except Broken as error:
        last = str(error).strip().splitlines()[-1]
        problem = f"crash: the adapter failed, which says nothing about the framework: {last}"
    return Measured(judged(subject.name, what, TimingResult("refused", problem)), None, problem)


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel(measured: Measured, kernel: str, benchmark, request: pytest.FixtureRequest) -> None:
    record = measured.record
    if not measured.told:
        measured.told = True
        request.node.user_properties.append(("timing", record.to_line()))
    rounds = measured.durations(kernel)
    if rounds:
        benchmark.group = f"{record.workload} {record.cell} {record.pass_}"
        benchmark.extra_info.update(
            ratio=record.ratio, low=record.low, high=record.high, verdict=record.verdict, self_ratio=record.self_ratio,
            kernel=record.kernel_ran_a if kernel == KERNELS[0] else record.kernel_ran_b, note=record.note,
        )
        left = iter(rounds)
        benchmark.pedantic(lambda: CLOCK.advance(next(left, 0.0)), rounds=len(rounds))
        return
    benchmark.skipped = True
    if measured.problem:
        pytest.fail(measured.problem, pytrace=False)
    if record.verdict in ("unsupported", "not comparable"):
        pytest.skip(f"{record.verdict}: {record.note}")
