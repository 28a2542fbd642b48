"""Scripts of questions that are no recurrent layer and no model: cells in loops, masks, losses, files and refusals, one writer
for each name of a `FunctionRequest`.

A writer gets `Told` and returns the lines of the script, without its docstring; it raises NoScript, with the reason, where it
cannot say what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cases.requests import Deviation, Observation, Refusal
from suite.repros.finding import Asked, NoScript
from suite.repros.functions import attention, calls, cells, chains, losses, made, masks, options, sequences, weights
from suite.repros.functions.told import Told
from suite.repros.functions.transcribed import Again, as_asked

WRITERS: Mapping[str, Callable[[Told], list[str]]] = {
    "chain": chains.chain, "projected": chains.projected, "form": cells.form, "cell_states": cells.cell_states,
    "graph": masks.graph, "between": masks.between, "carried_masks": masks.carried_masks, "wrapped_mask": masks.wrapped_mask,
    "pooled": masks.pooled,
    "given_weights": weights.given_weights, "fresh_weights": weights.fresh_weights, "fresh_parameters": weights.fresh_parameters,
    "read_back": weights.read_back, "step": weights.step,
    "options": options.option, "shared": options.shared, "defaults": options.defaults, "bound": options.bound,
    "bounds": options.bounds, "schedule": options.schedule, "made_convolution": options.made_convolution,
    "other_halves": options.other_halves, "declared_shapes": options.declared_shapes, "chosen_kernel": options.chosen_kernel,
    "other_dtype": options.other_dtype,
    "masked_loss": losses.masked_loss, "probabilities": losses.probabilities, "ignored_class": losses.ignored_class,
    "embedding": losses.embedding, "attending": attention.attending,
    "dropout_between_layers": calls.dropout_between_layers, "dropping": calls.dropping, "typed": calls.typed,
    "halves": calls.halves, "listed_states": calls.listed_states, "activity": calls.activity, "purity": calls.purity,
    "options_of_nothing": made.option_of_nothing, "told_shapes": made.told_shapes,
    "pad_sequences": sequences.pad_sequences, "pad_sequence": sequences.pad_sequence, "pack_unpack": sequences.pack_unpack,
    "unpack": sequences.apart, "unpad": sequences.apart, "pack_padded": sequences.pack_padded,
}
"""Name of a function request -> who writes its script."""


def of_function(
    asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backend: str, again: Again | None = None,
) -> list[str]:
    """The lines of whoever knows to write them; else those that asked, where they may be cut out: `again` is what the check says
    of other answers. Raises NoScript, with the reason."""
    try:
        return by_writer(asked, deviations, verdict, backend)
    except NoScript:
        if again is None:
            raise
        return as_asked(asked, deviations, verdict, backend, again)


def by_writer(asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backend: str) -> list[str]:
    """The lines for the question that is to blame: that which raised an error, or brought the process down; where an error
    was due and none came, the one asked last; else the first that a writer knows. Raises NoScript."""
    known = [each for each in asked if each.request.name in WRITERS]
    if not known:
        raise NoScript(f"{asked[0].request.name}: not written in scripts yet")
    chosen = known[0]
    if verdict in ("crash", "timeout"):
        chosen = known[-1]
    elif deviations and deviations[0].where == "error" and any(isinstance(each.answer, Observation) for each in known):
        chosen = next((each for each in known if isinstance(each.answer, Refusal)), known[-1])
    told = Told(chosen.request, chosen.answer, tuple(deviations), verdict, backend, tuple(known))
    if unwritten(told):
        raise NoScript(f"{chosen.request.name}: in this way not written in scripts yet")
    return WRITERS[chosen.request.name](told)


UNSEEN = {"listed_states": "after", "dropping": "twin", "bounds": "first", "told_shapes": ("outputs", "again", "series")}
"""Name of a function request -> where a deviation may stand of which its script says nothing."""


def unwritten(told: Told) -> bool:
    """Whether a request is of a kind that its writer does not know: Keras' layers asked of PyTorch, a layer in a form of export
    or of training alone, another norm, a loss of one's own; or of what its writer does not look at."""
    name, options = told.request.name, told.options
    where = told.deviations[0].where if told.deviations else ""
    return (
        not told.keras and name in ("attending", "between")
        or name in ("form", "dropout_between_layers") and options["form"].startswith(("decomposed", "recomputed", "spared"))
        or name == "form" and (options["request"].layer.dtype != "float32" or where.startswith("given"))
        or name == "embedding" and options.get("norm", 2.0) != 2.0
        or name == "attending" and "options" in options
        or name == "masked_loss" and options["loss"] == "own"
        or where.startswith(UNSEEN.get(name, "nowhere"))
        or name == "options" and where in ("configuration", "name", "dtype", "trainable")
    )
