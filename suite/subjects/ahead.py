"""What forks the interpreters of a subject; and whom the command line names is imported before anything else of the suite.

To import a framework takes longer than all that pytest and the suite do before they ask the first question.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from suite.backends import BACKENDS
from suite.bytecode import ROOT
from suite.subjects.interpreter import variables
from suite.subjects.nursery import Nursery, quiet
from suite.subjects.specification import BadSubject, Specification, backend_class, missing, parse

NEEDED = ("scipy.special",)
"""What the suite itself imports in every interpreter, and takes as long as the rest of it."""
BEGUN: dict[tuple, Nursery] = {}
"""Those that run already, by what they are; each is taken once."""


def nursery_of(specification: Specification, place: str, threads: int, quickly: bool) -> Nursery | None:
    """What forks the interpreters of a subject; None where its backend does not say what may be imported first."""
    kind = backend_class(specification.kind)
    if not kind.imports:
        return None
    environment = {**os.environ, **variables(threads, quickly), **kind.environment}
    if place == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    if specification.path:
        environment["PYTHONPATH"] = os.pathsep.join([*specification.path, *filter(None, [os.environ.get("PYTHONPATH")])])
    modules = [*(f"!{name}" for name in kind.spared), *kind.imports, *NEEDED]
    if kind.adapters:
        modules += [f"+{ROOT}", "suite.subjects.beforehand", *kind.adapters]
    nursery = Nursery(modules, environment, specification.python)
    return BEGUN.pop(key(nursery), nursery)


def key(nursery: Nursery) -> tuple:
    """What a nursery is: the modules, the interpreter, and the variables, but for those that pytest sets meanwhile."""
    return nursery.modules, nursery.python, frozenset(quiet(nursery.environment).items())


def begin(arguments: Sequence[str]) -> None:
    """Start those of the subjects that a command line of pytest names, where they are asked in interpreters of their own. What it
    says that is wrong is left to pytest."""
    try:
        named, _ = parser().parse_known_args(arguments)
    except argparse.ArgumentError:
        return
    if named.elsewhere or named.workers or named.device == "cuda":
        return
    for name in {name for name in named.subject if name in BACKENDS}:
        try:
            subject = parse(name)
            if missing(subject.kind):
                continue
        except BadSubject:
            continue
        if (nursery := nursery_of(subject, "cpu", named.threads, named.depth != "full")) is not None:
            nursery.begin()
            BEGUN[key(nursery)] = nursery


def parser() -> argparse.ArgumentParser:
    """Reads what tells which interpreters a run needs."""
    reads = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    reads.add_argument("--subject", action="append", default=[])
    reads.add_argument("--threads", type=int, default=1)
    reads.add_argument("--depth", default="default")
    reads.add_argument("--device", default="all")
    reads.add_argument("--inline", "--collect-only", "--co", "--help", "-h", "--version", action="store_true", dest="elsewhere")
    reads.add_argument("-n", "--numprocesses", dest="workers")
    return reads


def end() -> None:
    """Stop those that nobody has taken."""
    while BEGUN:
        BEGUN.popitem()[1].stop()
