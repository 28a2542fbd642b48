"""Whether a run may pass, measured against another: one exit status and the reasons."""

from __future__ import annotations

from dataclasses import dataclass

from reports.compare import Comparison, TimeChange
from reports.findings import several
from reports.statistics import MARGIN

PASS, REGRESSION, UNJUDGED = 0, 1, 3


@dataclass(frozen=True)
class Gate:
    """The exit status (0 nothing got worse · 1 a regression · 3 nothing could be judged), a sentence for each reason,
    and what a reader should know that decides nothing."""

    status: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


def gate(comparison: Comparison, only_common: bool = False) -> Gate:
    """Judge a comparison.

    A regression is a check that newly fails (also as a known failure: what worked does not), a check that passed and
    is now unsupported, a check of the base that the new run does not hold (unless `only_common`), or a kernel that lost
    its lead (see `_slower`). A cut-off run, or one without a check that both sides answer, cannot be judged; a
    regression that is seen all the same counts.
    """
    reasons = [
        f"{each.check} newly fails ({each.base.verdict} -> {each.new.verdict})" for each in comparison.newly_failing
    ]
    reasons += [
        f"{each.check} passed and is now unsupported: {each.new.message or 'no reason given'}"
        for each in comparison.changed if each.base.verdict in ("pass", "fixed") and each.new.verdict == "unsupported"
    ]
    notes: list[str] = []
    if comparison.common and comparison.only_base and not comparison.new.run.cut_off:
        gone = f"{several(len(comparison.only_base), 'check')} of the base gone, first {comparison.only_base[0]}"
        (notes if only_common else reasons).append(gone)
    for each in comparison.times:
        (reasons if _slower(each, comparison) else notes).append(
            f"{each.check}: {each.new.a} is {each.new.ratio:.2f} times faster than {each.new.b}, "
            f"was {each.base.ratio:.2f}"
        )
    if reasons:
        return Gate(REGRESSION, tuple(reasons), tuple(notes))
    if not comparison.judged:
        return Gate(UNJUDGED, tuple(_unjudged(comparison)), tuple(notes))
    return Gate(PASS, (f"{several(comparison.common, 'common check')}: nothing got worse.",), tuple(notes))


def _slower(each: TimeChange, comparison: Comparison) -> bool:
    """Whether kernel `a` itself got slower: its lead over `b` fell, and so did its own speed on the same machine.

    A lead also falls when `b` gets faster, which is no regression; and seconds of two machines do not compare.
    """
    if comparison.base.run.header.machine != comparison.new.run.header.machine:
        return False
    if each.changed >= 1 or each.base.seconds_a is None or each.new.seconds_a is None:
        return False
    return each.new.seconds_a > each.base.seconds_a * (1 + MARGIN)


def _unjudged(comparison: Comparison) -> list[str]:
    told = [f"{each.name}: the run was cut off." for each in (comparison.base, comparison.new) if each.run.cut_off]
    if not comparison.common:
        told.append("The two sides have no check in common.")
    elif not comparison.answered:
        told.append("None of the common checks was answered by both sides.")
    return told
