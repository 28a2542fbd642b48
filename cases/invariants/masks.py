"""Where a mask comes from makes no difference: an argument, a layer that makes it of the inputs, an embedding."""

from __future__ import annotations

from cases.invariants.base import EVERYTHING, Case, alike, invariant, output_valid
from cases.invariants.values import drawless


def implicit(case: Case) -> bool:
    """A case whose mask is made by a layer in front."""
    return drawless(case) and case.execution.mask_from != "argument"


@invariant("A mask that a layer in front makes is the mask that is given as an argument: outputs, states, mask.",
           implicit, "Keras: Masking, Embedding(mask_zero=True)", everywhere=True)
def mask_sources_agree(ask, case):
    request = case.request()
    given = ask(case.request(execution=case.execution.but(mask_from="argument")))
    return alike(ask(request), given, request, "outputs", "states", "mask", what="mask given as an argument",
                 where=output_valid(request))


@invariant("A mask made by a layer in front is used in `predict` as in a direct call.",
           implicit, "Keras: Masking, Embedding(mask_zero=True)")
def mask_source_in_predict(ask, case):
    request = case.request()
    given = ask(case.request(execution=case.execution.but(mask_from="argument")))
    predicted = ask(case.request(wants=("outputs", "states"), execution=case.execution.but(entry="predict")))
    return alike(given, predicted, request, "outputs", "states", what="predict against a mask given in a direct call",
                 where=output_valid(request))


@invariant("A loss has the same gradients where a layer in front makes the mask as where it is given as an argument.",
           lambda c: implicit(c) and c.execution.mask_from != "embedding", "Keras: Masking")
def mask_source_gradients(ask, case):
    batch = case.batch.but(initial_states=None)  # with states given, what becomes of the mask is a question of its own
    request = case.request(batch, wants=EVERYTHING)
    given = ask(case.request(batch, wants=EVERYTHING, execution=case.execution.but(mask_from="argument")))
    return alike(ask(request), given, request, "loss", "gradients", what="mask given as an argument")


@invariant("A layer in front that makes the mask makes the same one after saving and loading.", implicit,
           "Keras: Masking(mask_value), Embedding(mask_zero)")
def mask_source_reloaded(ask, case):
    request = case.request(wants=("outputs", "states"))
    loaded = ask(case.request(wants=("outputs", "states"), execution=case.execution.but(origin="reloaded")))
    given = ask(case.request(execution=case.execution.but(mask_from="argument")))
    return alike(given, loaded, request, "outputs", "states", what="saved and loaded, against a mask given as an argument",
                 where=output_valid(request))
