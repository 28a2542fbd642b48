"""Many questions in one request, each answered by itself: taking the answers apart again."""

from __future__ import annotations

from cases.requests import Deviation, Observation, Refusal, first_line, uncoloured


def answer_at(seen: Observation, place: int) -> Observation | Refusal:
    """The answer to the question at a place. Arrays of `seen`: PLACE/NAME; facts by place, `raised` where an error came."""
    start, facts = f"{place}/", seen.facts.get(str(place), {})
    if "raised" in facts:
        return Refusal(*facts["raised"])
    arrays = {name.removeprefix(start): array for name, array in seen.arrays.items() if name.startswith(start)}
    return Observation(arrays, facts=facts)


def raised(refusal: Refusal) -> Deviation:
    """That an error came where none is due."""
    lines = [line for line in uncoloured(refusal.message).splitlines() if line.strip()]
    cause = lines[1] if len(lines) > 1 and lines[0].startswith("Exception encountered") else "".join(lines[:1])
    return Deviation("error", f"raised {refusal.error} at {refusal.moment}: {first_line(cause)}")
