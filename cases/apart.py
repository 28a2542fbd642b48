"""Many questions in one request, each answered by itself: taking the answers apart again."""

from __future__ import annotations

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
