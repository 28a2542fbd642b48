"""Made-up runs that look like real ones, for the tests of `reports` and for looking at its page.

`python tests/synthetic_run.py DIR [CASES]` writes one. Nothing in it was measured.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

from reports.lines import End, Header, Timing, Verdict
from reports.records import Run, Writer

SUBJECTS = {
    "torch": ("torch", {"torch": "2.13.0"}, "zero"),
    "keras-tensorflow": ("keras-tensorflow", {"keras": "3.15.1", "tensorflow": "2.21.0"}, "hold"),
    "keras-jax": ("keras-jax", {"keras": "3.15.1", "jax": "0.10.2"}, "hold"),
    "keras-torch": ("keras-torch", {"keras": "3.15.1", "torch": "2.13.0"}, "hold"),
}
INVARIANTS = {
    "padding": {
        "padding_content": "Whatever stands in the padding changes neither outputs nor states.",
        "padding_amount": "More padding changes nothing at the valid steps.",
        "padding_side": "Left and right padding, masked, give the same final states.",
        "padding_output": "At masked steps the outputs are what the backend declares.",
        "unpadded": "A padded row gives what the same row gives alone, without padding.",
    },
    "state": {
        "final_state": "The final state equals the output at the last valid step.",
        "frozen_state": "Beyond the length the state does not change.",
        "initial_state": "Given initial states are used, and none are the same as zeros.",
        "chunked": "A long sequence fed in parts, its state carried, equals one full run.",
        "reset": "After a reset a stateful layer gives its first answers again.",
        "empty_row": "A row without a valid step keeps its initial state.",
    },
    "direction": {
        "backward": "A backward layer is a forward layer on the reversed valid steps.",
        "bidirectional": "A bidirectional layer is its two halves, merged.",
        "merge": "Each merge mode does what its name says.",
    },
    "gradient": {
        "gradient_inputs": "The gradient of the inputs equals the reference's.",
        "gradient_weights": "The gradient of each weight equals the reference's.",
        "gradient_padding": "The gradient at padded inputs is exactly zero.",
        "gradient_states": "The gradient of the initial states equals the reference's.",
    },
    "equivalence": {
        "outputs": "Outputs and states equal the float64 reference's.",
        "kernels": "The fused and the generic kernel give the same.",
        "saved": "Saved and loaded, a layer gives the same.",
        "batch_order": "The order of the batch does not matter.",
        "batch_mates": "What else is in the batch does not matter.",
        "deterministic": "The same request twice gives the same bits.",
    },
    "refusal": {"wrong_features": "Another number of features than declared is a clear error."},
}
LEDGER = {
    "keras-torch-left-mask": {
        "title": "left-padded masks are ignored by the fused kernel",
        "issue": "https://example.org/keras/1",
        "reason": "The layer takes the fused kernel although the mask is not right padded.",
        "subjects": "keras-torch",
        "versions": "keras>=3.9",
        "condition": "mask=left, kernel=fused",
    },
    "keras-jax-nan-gradient": {
        "title": "a masked NaN reaches the gradient",
        "issue": "",
        "reason": "0 · NaN in the backward pass of a select.",
        "subjects": "keras-jax",
        "versions": "keras>=3.0",
        "condition": "padding content is NaN",
    },
}
SCRIPT = '''"""{id}"""
import numpy as np
import torch

layer = torch.nn.LSTM(3, 5, batch_first=True)
print(layer(torch.from_numpy(np.ones((2, 4, 3), "float32")))[0])
# </script> a script's end inside a string must not end the page
'''


def write(
    folder: Path,
    cases: int = 17,
    seed: int = 0,
    cut: bool = False,
    subjects: tuple[str, ...] = tuple(SUBJECTS),
    broken: tuple[str, ...] = ("keras-torch",),
    versions: dict | None = None,
    extra: int = 0,
) -> Path:
    """Write a run into `folder` and return it: `cases` checks an invariant and subject, timings, scripts, a ledger."""
    draw = random.Random(seed)
    described = [
        {
            "name": name,
            "alias": "",
            "backend": SUBJECTS[name][0],
            "versions": {**SUBJECTS[name][1], **(versions or {})},
            "device": "cpu",
            "threads": 1,
            "python": "3.12.4",
            "padding": SUBJECTS[name][2],
        }
        for name in subjects
    ]
    planned = {}
    with Writer(folder) as writer:
        writer.begin(
            Header(
                "2026-01-20T10:11:12+00:00",
                {"system": "Linux", "processor": "x86_64", "cores": 2, "memory_gib": 8, "accelerator": "none"},
                {"depth": "default", "seed": 0, "device": "cpu", "kernel": "all", "subject": list(subjects)},
                "0123abc",
                described,
                [
                    {"name": "keras-torch-gpu", "reason": "no GPU on this machine"},
                    {"name": "onnxruntime", "reason": "the distribution onnxruntime is not installed"},
                ],
                LEDGER,
            )
        )
        for name in subjects:
            checks = [verdict(folder, name, *check, draw, name in broken) for check in plan(cases, extra)]
            planned[name] = len(checks)
            for check in checks[: len(checks) // 2 if cut and name == subjects[-1] else None]:
                writer.add(check)
            for timing in timings(name, draw):
                writer.add(timing)
        if not cut:
            writer.end(End(planned=planned, seconds=312.4, seconds_frameworks=268.9, seconds_harness=43.5, exit=1))
    return folder


def plan(cases: int, extra: int):
    """(group, invariant, statement, scenario, case) of every check."""
    for group, named in INVARIANTS.items():
        for invariant, statement in named.items():
            for case in range(cases):
                yield group, invariant, statement, None, case
    for scenario in ("dynamic-rnn", "stateful-chunks", "nan-as-padding", "masked-regression", "imdb-lstm"):
        for claim in range(1, 5):
            yield "scenarios", f"{scenario}_claim_{claim}", f"Claim {claim} of the document.", scenario, 0
    for case in range(extra):
        yield "equivalence", "outputs", INVARIANTS["equivalence"]["outputs"], None, cases + case


def verdict(
    folder: Path,
    subject: str,
    group: str,
    invariant: str,
    statement: str,
    scenario: str | None,
    case: int,
    draw: random.Random,
    broken: bool,
) -> Verdict:
    """One check of one subject, with an outcome that follows from what it is and from `draw`."""
    cell = ("lstm", "gru", "simple_rnn")[case % 3]
    mask = ("none", "right", "left", "gaps", "empty_row")[case % 5]
    kernel = ("fused", "generic")[case % 2]
    layer = f"{cell}_f3_u5" + ("_bidirectional" if case % 4 == 3 else "") + (f"_x{case}" if case >= 30 else "")
    batch = f"b4_t6_{mask}"
    rest = f"{invariant}[{scenario or layer}-{batch}-{kernel}]"
    outcome, known, message, deviation = "pass", None, "", abs(draw.gauss(0, 4e-8))
    allowed = 3.1e-7
    chance = draw.random()
    if subject == "keras-torch" and mask == "left" and kernel == "fused" and group in ("padding", "state"):
        outcome, known, deviation = "known", "keras-torch-left-mask", draw.uniform(0.1, 0.9)
        message = "outputs differ from the same rows without padding: the mask took no part"
    elif subject == "keras-jax" and invariant == "gradient_padding" and case % 4 == 1:
        outcome, known, deviation = "known", "keras-jax-nan-gradient", math.nan
        message = "gradients/inputs is NaN at 12 masked steps, first at [0, 3, 0]"
    elif group == "refusal" and subject == "torch" or chance < 0.03:
        outcome, message, deviation, allowed = "unsupported", f"{subject} has no layer with these options", None, None
    elif broken and chance > 0.992:
        outcome, deviation = "fail", 10 ** draw.uniform(-5, -1)
        message = f"states/0/forward/h differs from the last valid output at row 2: {deviation:.3g} > {allowed:.2g}"
    elif broken and chance > 0.9895:
        outcome, message = "crash", "the interpreter ended with signal 11 while it ran the layer"
        deviation, allowed = None, None
    elif subject == "torch" and invariant == "merge" and case == 0:
        outcome, known, message = "fixed", "torch-merge", "the ledger says that this fails, and it passes"
    ident = f"{subject}::{rest}"
    repro = None
    if outcome in ("fail", "known", "crash"):
        repro = f"repros/{subject}-{invariant}-{case}.py"
        (folder / "repros").mkdir(parents=True, exist_ok=True)
        (folder / repro).write_text(SCRIPT.format(id=ident))
    where = {"where": "states/0/forward/h", "message": message, "deviation": deviation, "allowed": allowed}
    backend, versions, _ = SUBJECTS[subject]
    return Verdict(
        ident,
        subject,
        invariant,
        outcome,
        backend,
        next(iter(versions.values())),
        "cpu",
        kernel,
        "oneDNN" if kernel == "fused" else "loop",
        "",
        group,
        statement,
        scenario,
        layer,
        batch,
        {"cell": cell, "mask": mask, "kernel": kernel, "units": 5, "dtype": "float32"},
        deviation,
        allowed,
        message,
        (where,) if repro and deviation is not None else (),
        known,
        repro,
        draw.uniform(0.001, 0.2),
    )


def timings(subject: str, draw):
    """Fused against generic, three cells, three workloads, two passes."""
    for cell in ("lstm", "gru", "simple_rnn"):
        for workload, size in (("b32_t100_u128", 1.0), ("b1_t1000_u256", 1.6), ("b64_t20_u64", 0.6)):
            for pass_ in ("forward", "forward+backward"):
                ident = f"{subject}::timing[{cell}-{workload}-{pass_}]"
                if subject == "keras-jax":
                    yield Timing(
                        ident,
                        subject,
                        workload,
                        cell,
                        "fused",
                        "generic",
                        "unsupported",
                        pass_,
                        note="no fused kernel on a CPU",
                    )
                    continue
                ratio = {"lstm": 3.1, "gru": 2.2, "simple_rnn": 1.0}[cell] * size * draw.uniform(0.9, 1.1)
                spread = draw.choice([1.01, 1.03, 1.15])
                low, high = ratio / spread, ratio * spread
                said = (
                    "faster"
                    if low > 1.05
                    else "slower"
                    if high < 1 / 1.05
                    else ("equivalent" if low > 1 / 1.05 and high < 1.05 else "inconclusive")
                )
                yield Timing(
                    ident,
                    subject,
                    workload,
                    cell,
                    "fused",
                    "generic",
                    said,
                    pass_,
                    "oneDNN",
                    "loop",
                    ratio,
                    low,
                    high,
                    0.004 * size,
                    0.004 * size * ratio,
                    20,
                    draw.uniform(0.98, 1.02),
                )


def small(*verdicts, timings=(), cut=False, subject="torch", machine=None, folder="x", **known) -> Run:
    """A run of one subject: pairs of a check's name and its verdict."""
    records = tuple(
        Verdict(f"{subject}::{name}", subject, name, said, message=f"{name} was {said}", **known)
        for name, said in verdicts
    )
    header = Header("2026", machine or {}, subjects=({"name": subject, "versions": {"torch": "2"}},))
    return Run(Path(folder), header, records, tuple(timings), None if cut else End(planned={subject: len(records)}))


def timing(ratio, seconds=1.0, spread=1.01, subject="torch", name="t") -> Timing:
    return Timing(
        f"{subject}::{name}",
        subject,
        "w",
        "lstm",
        "fused",
        "generic",
        "faster",
        ratio=ratio,
        low=ratio / spread,
        high=ratio * spread,
        seconds_a=seconds,
        seconds_b=seconds * ratio,
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 17)
