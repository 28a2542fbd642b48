"""Cells of every kind in the loop: stacked, listed, of one's own, projected; and layers called in their other forms.

A cell's output need not be its state, and states need not be of one size: where a loop takes one for the other, shapes or
numbers show it, for all sizes differ.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.chains import Cell, Chain, chain_request
from cases.families.base import equal, refused, statement
from cases.invariants.base import against_reference, alike, mergeable
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Request, Reset
from cases.tolerance import compare, expect_chain, unit_roundoff

CHAINS: dict[str, tuple[tuple[Cell, ...], str]] = {
    "uneven": ((Cell("uneven", 4, 5, 2),), "cell"),
    "uneven_listed": ((Cell("uneven", 4, 5, 2),), "list"),
    "one_lstm": ((Cell("lstm", 4),), "stacked"),
    "one_gru": ((Cell("gru", 4),), "list"),
    "lstm_gru": ((Cell("lstm", 5), Cell("gru", 4)), "stacked"),
    "gru_lstm": ((Cell("gru", 5), Cell("lstm", 4)), "list"),
    "rnn_rnn": ((Cell("simple_rnn", 4), Cell("simple_rnn", 5)), "stacked"),
    "three": ((Cell("lstm", 2), Cell("simple_rnn", 5), Cell("lstm", 4)), "stacked"),
    "uneven_lstm": ((Cell("uneven", 4, 5, 2), Cell("lstm", 5)), "stacked"),
    "lstm_uneven": ((Cell("lstm", 3), Cell("uneven", 4, 5, 2)), "stacked"),
    "uneven_between": ((Cell("lstm", 4), Cell("uneven", 4, 5, 2), Cell("lstm", 4)), "stacked"),
    "alike": ((Cell("lstm", 4), Cell("lstm", 4), Cell("lstm", 4)), "stacked"),
    "started": ((Cell("started", 4, 5, 2),), "cell"),
    "gru_started": ((Cell("gru", 5), Cell("started", 4, 5, 2)), "stacked"),
    "projected": ((Cell("projected", 5, width=3),), "cell"),
    "projected_twice": ((Cell("projected", 5, width=3), Cell("projected", 5, width=3)), "stacked"),
}
"""Name -> cells, and what is around them."""
FEATURES, ROWS, STEPS = 3, 4, 5
ALL = {
    "chain": tuple(CHAINS), "mask": ("right", "none", "gaps"), "states": (True, False),
    "direction": ("forward", "bidirectional", "backward"), "return_sequences": (True, False), "unroll": (False, True),
    "padding_output": ("default", "zero"), "gradients": (False, True),
}
USUAL = {"chain": ("uneven_between", "lstm_uneven", "three", "started", "projected"), "mask": ("right", "none", "gaps"),
         "unroll": (False,), "direction": ("forward", "bidirectional"), "padding_output": ("default",),
         "gradients": (False, True)}
"""What is asked below `full`: a program costs a compiling framework a second."""
SENSELESS = (
    (("padding_output", "mask"), lambda output, mask: output == "zero" and mask == "none"),
    (("padding_output", "return_sequences"), lambda output, sequences: output == "zero" and not sequences),
    (("padding_output", "direction"), lambda output, direction: output == "zero" and direction == "bidirectional"),
)


def made(chain: str, direction: str = "forward", **options) -> Chain:
    """A chain by its name."""
    cells, around = CHAINS[chain]
    return Chain(cells, FEATURES, around, direction, **options)


def against(seen: Observation, request: FunctionRequest, *prefixes: str, dtype: str = "float32") -> list[Deviation]:
    """Deviations from the equations, at valid steps and masked ones alike."""
    found = []
    for name, due in expect_chain(request, seen.facts.get("padding", "hold"), dtype).items():
        if not name.startswith(prefixes):
            continue
        if name in seen.arrays:
            found += compare(name, seen[name], due.value, due.allowed)
        elif not mergeable(name, seen.arrays) and not (name == "mask" and not seen.facts.get("carries_masks", True)):
            found.append(Deviation(name, f"{name}: nothing came back where the reference has a value"))
    return found


@statement("Cells in a loop give the outputs, final states, mask and gradients, these in training, of the equations, "
           "whatever the sizes of their states and outputs.", ALL, usual=USUAL, senseless=SENSELESS, strength=(1, 1, 2),
           dense=2, sparing=9, eager=4, source="Keras: RNN(cell), StackedRNNCells; Sak et al. 2014 (proj_size)")
def cells_match_reference(ask, chain, mask, states, direction, return_sequences, unroll, padding_output, gradients):
    one = made(chain, direction, return_sequences=return_sequences, unroll=unroll, padding_output=padding_output)
    request = chain_request(one, one.draw_weights(), one.draw_batch(ROWS, STEPS, mask, states), gradients)
    seen = ask(request)
    found = against(seen, request, "outputs", "states", "loss", "gradients")
    if mask != "none" and return_sequences and seen.facts.get("carries_masks", True):
        valid = expect_chain(request)["mask"].value.astype(bool)
        if "mask" not in seen.arrays or not np.array_equal(seen["mask"], valid):
            found.append(Deviation("mask", f"mask: found {seen.arrays.get('mask')}, expected {valid.tolist()}"))
    return found


RUNS = {"forward": ("gaps", "forward", False, STEPS, "zero"),
        "unrolled_backward": ("right", "backward", True, STEPS, "default"),
        "backward": ("left", "backward", False, STEPS, "default"),
        "bidirectional": ("gaps", "bidirectional", False, STEPS, "default"),
        "unrolled": ("left", "forward", True, STEPS, "default"), "one_step": ("none", "backward", False, 1, "default"),
        "learning": ("none", "backward", True, FEATURES, "default")}
"""How cells run over masked steps, over one, or where their states are given and gradients wanted, of as many steps as
features -> mask, direction, whether their loop is unrolled, steps, what it gives at masked ones. Backwards, padding on the
right comes first."""
RUN_OF = {"learning": "alike"}
"""What runs so, where the sizes of the cells are not of three kinds."""


@statement("Three cells above each other hold, at masked steps, what the last of them gave, or give zeros there, and hold every "
           "state of each; after one step, backwards, too, where the last output alone is asked for; and unrolled have "
           "gradients, of given states too.",
           {"run": tuple(RUNS)}, usual={"run": ("forward", "unrolled_backward", "unrolled", "one_step", "learning")},
           dear={"run": ("unrolled", "one_step", "learning")}, source="Keras: RNN, StackedRNNCells")
def three_masked_cells_match_reference(ask, run):
    mask, direction, unroll, steps, padding = RUNS[run]
    one = made(RUN_OF.get(run, "three"), direction, unroll=unroll, return_sequences=steps > 1, padding_output=padding)
    learning = run == "learning"
    request = chain_request(one, one.draw_weights(), one.draw_batch(ROWS, steps, mask, learning), learning)
    return against(ask(request), request, "outputs", "states", *(("loss", "gradients") if learning else ()))


MODES = ("training", "inference", "unrecorded")
"""Of a module: in training as it was made; in inference a deep copy; in inference one that was pickled, and nothing is kept for
gradients; with projections it is given these with each call, and holds others."""


@statement("LSTMs with projections, in one layer or several above each other, forward or both ways, give the outputs, final "
           "states and gradients of the equations, batch first, time first, without a batch or decomposed, in either dtype and "
           "every mode.",
           {"layers": (2, 1, 3), "direction": ("bidirectional", "forward"), "mask": ("right", "none"), "states": (True, False),
            "bias": (True, False), "steps": (STEPS, ROWS, 1),
            "form": ("batch_first", "time_first", "unbatched", "decomposed", "decomposed_packed"),
            "dtype": ("float32", "float64"), "mode": MODES, "trained": ("all", "odd", "even")},
           usual={"layers": (3, 1)}, strength=(1, 2, 3), sparing=0,
           source="PyTorch: nn.LSTM(proj_size); Sak et al. 2014", senseless=(
               (("form", "mask"), lambda form, mask: mask != "none" and form in ("unbatched", "decomposed")
                or mask == "none" and form == "decomposed_packed"),
               (("form", "layers"), lambda form, layers: form.startswith("decomposed") and layers > 1),
               (("steps", "mask"), lambda steps, mask: steps == 1 and mask != "none")))
def projected_layers_match_reference(ask, layers, direction, mask, states, bias, steps, form, dtype, mode, trained):
    """trained: all weights, or every second one, the others being frozen. Decomposed, whole batches and packed ones are two."""
    one = Chain((Cell("projected", 5, width=3),) * layers, FEATURES, "layers", direction)
    weights = {name: array for name, array in one.draw_weights().items() if bias or not name.endswith("bias")}
    request = chain_request(one, weights, one.draw_batch(ROWS, steps, mask, states), mode != "unrecorded")
    seen = ask(FunctionRequest("projected", (("request", request), ("form", form), ("dtype", dtype), ("mode", mode),
                                             ("trained", trained))))
    spared = tuple(seen.facts.get("spared", ()))
    found = against(seen, request, "outputs", "states", "loss", "gradients", dtype=dtype)
    return [d for d in found if not d.where.startswith(spared)] if spared else found


@statement("A loop of cells made again from its own configuration gives the same outputs and states.",
           {"chain": tuple(CHAINS), "direction": ("forward", "bidirectional"), "mask": ("none", "right")},
           depth="full")
def cells_from_configuration(ask, chain, direction, mask):
    one = made(chain, direction)
    weights, batch = one.draw_weights(), one.draw_batch(ROWS, STEPS, mask, True)
    request = chain_request(one, weights, batch, gradients=False, origin="from_config")
    return against(ask(request), request, "outputs", "states")


@statement("A stateful loop of cells goes on from every state of every cell of the run before it.",
           {"chain": tuple(CHAINS), "direction": ("forward", "bidirectional"), "mask": ("none", "right")},
           usual={"chain": ("uneven", "lstm_gru", "started", "projected"), "direction": ("forward",)}, source="stateful-chunks")
def stateful_cells_go_on(ask, chain, direction, mask):
    one = made(chain, direction, stateful=True)
    batch = one.draw_batch(ROWS, STEPS, mask, False)
    first = one.draw_batch(ROWS, STEPS, mask, False, seed=1)
    request = chain_request(one, one.draw_weights(), batch, gradients=False, before=(first,))
    return against(ask(request), request, "outputs", "states")


@statement("After a reset a stateful loop of cells starts as it started first, in every state of every cell: from zeros, or from "
           "what the cell begins with.", {"chain": tuple(CHAINS), "direction": ("forward", "bidirectional")},
           usual={"chain": ("uneven", "lstm_gru", "started", "projected"), "direction": ("forward",)}, source="stateful-chunks")
def reset_forgets_every_state(ask, chain, direction):
    one = made(chain, direction, stateful=True)
    batch, first = one.draw_batch(ROWS, STEPS, "none", False), one.draw_batch(ROWS, STEPS, "none", False, seed=1)
    request = chain_request(one, one.draw_weights(), batch, gradients=False, before=(first, Reset()))
    return against(ask(request), request, "outputs", "states")


SIZES = {"distinct": (4, 6), "batch_is_time": (2, 2), "one_step": (3, 1), "one_row": (1, 4)}
"""Rows and steps."""
LARGE = 8
"""How much larger inputs are where nothing bounds what is made of them."""
FORMS = ("time_first", "unbatched", "cell", "unbatched_cell", "decomposed", "recomputed", "spared", "apart")
"""batch_first=False; a sequence without a batch axis; a cell called step by step by hand; the same without a batch axis; as the
operations that a program of it has, exported or compiled (PyTorch's decompositions); what is computed forward is computed again
backward (gradient checkpointing); autocast, turned off again for this layer; every layer of a stack in a module of its own."""
WITH_LENGTHS = ("time_first", "decomposed", "recomputed", "spared", "apart")


def form_request(request: Request, form: str, mode: str = "training") -> FunctionRequest:
    """A layer run in another form, its answer in the usual one. Without a batch axis each row is given alone. `given/NAME`: what
    was given, after the call."""
    return FunctionRequest("form", (("request", request), ("form", form), ("mode", mode)))


@statement("A layer called in another form gives what it gives on a batch, in either dtype and every mode, and changes nothing "
           "that it is given, draws no numbers, and gives results each of its own, to be viewed as layers and directions, which "
           "need gradients where these are recorded: time first, without a batch axis, cell by cell, "
           "decomposed, computed again, each layer apart.",
           {"form": FORMS, "cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right"), "states": (True, False),
            "direction": ("forward", "bidirectional"), "layers": (1, 3, 2), "bias": (True, False), "activation": ("tanh", "relu"),
            "size": tuple(SIZES), "dtype": ("float32", "float64"), "mode": MODES},
           usual={"form": tuple(form for form in FORMS if form != "cell"), "layers": (1, 3)}, strength=(1, 3, 3),
           sparing=0, source="PyTorch: batch_first, unbatched inputs, nn.LSTMCell; Keras: LSTMCell",
           senseless=((("activation", "cell"), lambda activation, cell: activation == "relu" and cell != "simple_rnn"),
                      (("form", "direction"), lambda form, way: form.endswith("cell") and way != "forward"),
                      (("form", "layers"), lambda form, layers: form.endswith("cell") and layers > 1),
                      (("form", "layers"), lambda form, layers: form == "apart" and layers == 1),
                      (("form", "mode"), lambda form, mode: form.startswith("recomputed") and mode == "unrecorded"),
                      (("form", "mask"), lambda form, mask: form not in WITH_LENGTHS and mask != "none"),
                      (("size", "mask"), lambda size, mask: size == "one_step" and mask != "none")))
def forms_agree(ask, form, cell, mask, states, direction, layers, bias, activation, size, dtype, mode):
    layer = Layer(cell, 3, 5, layers, direction, bias=bias, activation=activation, dtype=dtype)
    batch = BatchPlan(*SIZES[size], mask, states).draw(layer)
    batch = batch.but(inputs=batch.inputs * (LARGE if activation == "relu" else 1))
    more = () if mode == "unrecorded" else ("gradients",)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states", *more))
    seen = ask(form_request(request, form, mode))
    given = {"inputs": batch.inputs, **{f"states/{name}": array for name, array in (batch.initial_states or {}).items()}}
    after = {name.removeprefix("given/"): array for name, array in seen.named("given").items()}
    found = against_reference(seen, request, "outputs", "states", *(("loss", *more) if more else ()))
    found += [Deviation("results", words) for words in dict.fromkeys(seen.facts.get("odd", ()))]
    found += [Deviation("generator", "a layer without dropout drew numbers")] * bool(seen.facts.get("drew"))
    return found + [d for name in after for d in equal(f"given/{name}", after[name], given[name].astype(dtype), "after the call")]


STACKS = tuple((layers, direction, bias) for layers in (2, 3) for direction in ("forward", "bidirectional")
               for bias in (True, False))
"""Layers, direction, biases: all that there are together."""


@statement("Two layers above each other and three are the equations, in outputs, states and every gradient, forward and both "
           "ways, with biases and without, in either dtype, of padded rows and of whole ones, also of one "
           "feature or one unit; and from no states in outputs and states.",
           {"cell": ("lstm", "gru", "simple_rnn")},
           strength=(1, 1, 1), sparing=0, source="PyTorch: nn.LSTM, nn.GRU, nn.RNN; the equations of the cells")
def stacks_match_reference(ask, cell) -> list[Deviation]:
    """Arrays of each stack under its place: `PLACE/outputs` and so on."""
    requests, alone = [], []
    for place, (layers, direction, bias) in enumerate(STACKS):
        activation = "relu" if cell == "simple_rnn" and place % 3 == 1 else "tanh"
        features, units = (1, 3) if place % 4 == 0 else (2, 1) if place % 4 == 3 else (2, 3)
        layer = Layer(cell, features, units, layers, direction, bias=bias, activation=activation,
                      dtype="float64" if place % 3 == 2 else "float32")
        plan = BatchPlan(3, 4 - place % 2, ("none", "right", "right", "full")[place % 4], True)
        requests.append(Request(layer, draw_weights(layer), plan.draw(layer), wants=("outputs", "states", "gradients")))
        if place.bit_count() % 2 != (cell == "gru"):  # half of each kind, and of each pair of kinds
            alone.append(requests[-1].but(batch=replace(plan, states=False).draw(layer), wants=("outputs", "states")))
    requests += alone
    seen = ask(FunctionRequest("stacks", (("each", tuple(
        form_request(request, ("batch_first", "time_first")[place % 2]) for place, request in enumerate(requests))),)))
    found = []
    for place, request in enumerate(requests):
        own = {name.partition("/")[2]: array for name, array in seen.named(str(place)).items()}
        one = Observation(own, facts=seen.facts)
        found += [replace(d, where=f"{place}/{d.where}", message=f"{request.layer}: {d.message}")
                  for d in against_reference(one, request, *request.wants, *(("loss",) if place < len(STACKS) else ()))]
    return found


@statement("A sequence without a batch axis gives a row of the batch, in outputs and states, also of a layer that reads batches "
           "batch first; of a batch whose rows share their initial states.",
           {"cell": ("lstm", "gru", "simple_rnn"), "direction": ("forward", "bidirectional"), "layers": (1, 2),
            "form": ("unbatched", "unbatched_first")}, strength=(1, 2, 2))
def unbatched_is_a_row(ask, cell, direction, layers, form):
    layer = Layer(cell, 3, 5, layers, direction)
    batch = BatchPlan(3, 4, "none", True).draw(layer)
    shared = {name: np.tile(array[:1], (len(array), 1)) for name, array in batch.initial_states.items()}
    request = Request(layer, draw_weights(layer), batch.but(initial_states=shared))
    alone = ask(form_request(request, form))
    return alike(ask(request), alone, request, "outputs", "states", what="row by row")


UNFIT: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {  # of inputs and states, for 3 features and 5 units
    "bare_inputs": ((3,), (5, 5)), "bare_states": ((5, 3), (5,)), "one_row": ((4, 3), (1, 5)), "fewer_rows": ((4, 3), (2, 5)),
    "narrow": ((4, 3), (4, 1)), "third_axis": ((5, 3), (5, 5, 5)),
}


@statement("A cell that is called by hand takes states that fit, and refuses those that do not fit its inputs or units; it takes "
           "none of them in silence.",
           {"unfit": tuple(UNFIT), "cell": ("lstm", "gru", "simple_rnn")}, strength=(1, 2, 2),
           source="https://github.com/pytorch/pytorch/issues/175978")
def cells_refuse_unfit_states(ask, unfit, cell):
    layer, (inputs, states) = Layer(cell, 3, 5), UNFIT[unfit]
    random = generator("unfit", cell, unfit)

    def asked(inputs: tuple[int, ...], states: tuple[int, ...]) -> FunctionRequest:
        return FunctionRequest("cell_states", (
            ("layer", layer), ("weights", draw_weights(layer)), ("inputs", draw_values(random, inputs)),
            ("states", tuple(draw_values(random, states) for _ in layer.state_names))))

    shape = ask(asked((4, 3), (4, 5)))["outputs"].shape
    if shape != (4, 5):
        return [Deviation("outputs", f"states that fit: outputs of shape {shape}, expected (4, 5)")]
    request = asked(inputs, states)
    words = f"states of shape {states} for inputs of shape {inputs}: taken in silence"
    return refused(ask, request, lambda seen: Deviation("error", f"{words}, and {seen['outputs'].shape} came"))


@statement("A cell's own first states are zeros, one for each state that it tells, of its size, in the dtype that it computes "
           "in; called with them, or with one alone, it gives the next ones as these lie in each other, and the same ones: in "
           "inference whatever its rates of dropout, in training of one draw.",
           {"cell": ("simple_rnn", "lstm", "gru", "stacked"), "dtype": ("float64", "mixed_bfloat16")},
           strength=(1, 2, 2), sparing=1, source="Keras: LSTMCell.get_initial_state, dtype")
def first_states_are_zeros(ask, cell, dtype):
    seen = ask(FunctionRequest("first_states", (("cell", cell), ("units", (4, 5)), ("dtype", dtype), ("rows", ROWS))))
    sizes = {"lstm": (4, 4), "stacked": (4, 4, 5, 5, 5, 3)}.get(cell, (4,))
    found = []
    for number, size in enumerate(sizes):
        state = seen.arrays.get(f"states/{number}", np.ones(0))
        found += equal(f"states/{number}", state, np.zeros((ROWS, size)))
    plain = seen["next/plain"]
    for name, one in seen.named("next").items():  # sums of three products, in another order
        found += compare(name, one, plain, 16 * unit_roundoff(dtype.removeprefix("mixed_")) * np.maximum(1.0, np.abs(plain)))
    for name, one in seen.named("trained").items():
        found += equal(name, one, seen["trained/listed"], "in training, of one draw, as with a list")
    told, due = seen.facts["dtypes"], dtype.removeprefix("mixed_")
    found += [Deviation("states", f"{given} was given, and {came} came") for given, came in seen.facts["nests"] if came != given]
    return found + [Deviation("dtype", f"the dtypes are {told}, expected {due}")] * (set(told) != {due})
