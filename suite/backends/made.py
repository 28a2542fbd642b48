"""What is made of a framework's classes and functions by their places, with options that it should refuse."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from cases.families.options_of_nothing import Made, asked
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import said


def run_options_of_nothing(modules: Mapping[str, Any], request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.options_of_nothing`: what was said of each, None where it was made. `modules`: of the
    stack that is here, its name -> its module."""
    options = dict(request.arguments)
    if options["stack"] not in modules:
        return Unsupported(f"these are options of {options['stack']}")
    told = [said_of(modules[options["stack"]], *one) for one in asked(options["group"])]
    return Observation({"made": np.array([words is None for words in told], "int32")}, facts={"said": [w or "" for w in told]})


def said_of(module: Any, one: Made, name: str, value: Any) -> str | None:
    """What is said where this is made with this option; None where it is made."""
    given = {n: made(module, each) for n, each in one.arguments.items()}
    return said(lambda: attrgetter(one.place)(module)(**given | ({name: made(module, value)} if name else {})))


def made(module: Any, one: Any) -> Any:
    """An argument, itself made where it is described as that."""
    if isinstance(one, Made):
        return attrgetter(one.place)(module)(**{n: made(module, each) for n, each in one.arguments.items()})
    return [made(module, each) for each in one] if isinstance(one, list) else one
