"""A question as a script asks it: the names it has there."""

from __future__ import annotations

from dataclasses import dataclass

from cases.batches import Batch
from cases.requests import Request


@dataclass(frozen=True)
class Question:
    """One request, and the names of its layer, its function and its data in the script.

    function(x, mask, states) gives the list of results, gradient(x, mask, states) a gradient; `parameters` are those of
    the three that some call gives; `sometimes_states`: whether some other call gives no states.
    """

    request: Request
    layer: str
    function: str
    gradient: str
    masked: bool
    given_states: bool
    sometimes_states: bool

    @property
    def parameters(self) -> list[str]:
        """The parameters of the function."""
        return ["x", *["mask"] * self.masked, *["states"] * self.given_states]

    @property
    def batches(self) -> list[Batch]:
        """The batches of all calls, in order."""
        return calls(self.request)

    @property
    def first_size(self) -> int:
        """The batch size of the first call: what a stateful layer is bound to."""
        return self.batches[0].size


def calls(request: Request) -> list[Batch]:
    """The batches of all calls, in order."""
    return [batch for batch in (*request.before, request.batch) if isinstance(batch, Batch)]


def question(request: Request, number: int, by_hand: bool = False) -> Question:
    """The request, named as the first or as a further one of its script. `by_hand`: states are carried by who calls."""
    suffix = "" if number == 0 else "_too"
    batches = calls(request)
    name = ("layers" if request.layer.layers > 1 else "layer") + suffix
    return Question(
        request, name, f"run{suffix}", f"gradient{suffix}", any(b.mask is not None for b in batches),
        by_hand or any(b.initial_states is not None for b in batches),
        by_hand or len({b.initial_states is None for b in batches}) > 1,
    )
