"""Many questions in one request, each answered by itself: taking the answers apart again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Refusal, cause


def answer_at(seen: Observation, place: int) -> Observation | Refusal:
    """The answer to the question at a place. Arrays of `seen`: PLACE/NAME; facts by place, `raised` where an error came."""
    start, facts = f"{place}/", seen.facts.get(str(place), {})
    if "raised" in facts:
        return Refusal(*facts["raised"])
    arrays = {name.removeprefix(start): array for name, array in seen.arrays.items() if name.startswith(start)}
    return Observation(arrays, facts=facts)


def raised(refusal: Refusal) -> Deviation:
    """That an error came where none is due."""
    return Deviation("error", f"raised {refusal.error} at {refusal.moment}: {cause(refusal.message)}")


def wrong_together(ask: Callable[[FunctionRequest], Observation], name: str, every: Sequence[Any], asked: Callable[[Any], Any],
                   told: Callable[[Any, Observation], Iterable[Deviation]], absent: Sequence[str] = (),
                   **given: Any) -> list[Deviation]:
    """What is wrong with the answers to the function `name`, asked of all of `every` at once, and `given` the rest.

    asked    what of one stands in the request
    told     what is wrong with the answer to one; where an error came instead, it is that error
    absent   an error that says one of these words is none: it is not offered
    """
    seen, found = ask(FunctionRequest(name, (("each", tuple(map(asked, every))), *given.items()))), []
    for place, one in enumerate(every):
        mine = answer_at(seen, place)
        if not isinstance(mine, Refusal):
            wrong = told(one, mine)
        else:
            wrong = [] if any(word in mine.message.lower() for word in absent) else [raised(mine)]
        found += [replace(each, message=f"{one}: {each.message}") for each in wrong]
    return found
