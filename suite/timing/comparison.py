"""One comparison of two kernels of one subject: what it is, and what is sent to be prepared and to be timed."""

from __future__ import annotations

from dataclasses import dataclass

from cases.workloads import KERNELS, LEAST, SECONDS, Timed
from suite.settings import Settings
from suite.subjects.subject import Subject
from suite.timing.messages import TimingRequest, TimingResult

REQUESTS = 10
"""A measurement may take as long as so many requests may: it asks three, builds two, and then runs rounds."""


@dataclass(frozen=True)
class Comparison:
    """What is timed and of whom. Prints itself as its id."""

    subject: Subject
    timed: Timed

    def __str__(self) -> str:
        return f"{self.subject.name}::{self.timed}"

    def asked(self, settings: Settings, compared_only: bool) -> TimingRequest:
        """What is asked of the subject; `compared_only`: whether both agree, and no time."""
        executions = [self.timed.execution(kernel) for kernel in KERNELS]
        seconds = 0.0 if compared_only else SECONDS[settings.depth]
        return TimingRequest(self.timed.request(settings.seed), *executions, self.timed.backward, seconds, LEAST[settings.depth])

    def measure(self, asked: TimingRequest) -> TimingResult:
        """The measurement. Raises what `Subject.measure` raises."""
        return self.subject.measure(asked, REQUESTS * self.subject.timeout)


@dataclass(frozen=True)
class Preparing:
    """A comparison that is prepared while others run, for its measurement to be of nothing but calls."""

    comparison: Comparison
    compared_only: bool

    @property
    def subject(self) -> Subject:
        """Whose interpreter it is that is timed later."""
        return self.comparison.subject

    def __str__(self) -> str:
        return f"{self.comparison} is prepared"

    def prepare(self, settings: Settings) -> None:
        """Let the subject prepare it. Raises what `Subject.prepare` raises."""
        self.subject.prepare(self.comparison.asked(settings, self.compared_only), REQUESTS * self.subject.timeout)
