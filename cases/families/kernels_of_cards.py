"""What layers hand to a card's fused kernel, and make of its answer: asked without a card, of the kernel's twin on the CPU."""

from __future__ import annotations

from dataclasses import replace

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.families.configurations import losses_are_of_the_last_call
from cases.families.halves import halves_are_their_layers, halves_may_change_places
from cases.invariants.base import EVERYTHING, FORWARD, against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Observation, Refusal, Request, Unsupported

HOW = {
    "forward": {}, "backward": {"direction": "backward"}, "concat": {"direction": "bidirectional"},
    **{merge: {"direction": "bidirectional", "merge": merge} for merge in ("sum", "ave", "mul", "none")},
}
"""The direction of a layer, or how both of them are merged."""
LAYERS = tuple(f"{cell}_{how}" for how in HOW for cell in ("lstm", "gru"))
OPTIONS = {
    "usual": {}, "no_state": {"return_state": False},
    "stateful": {"stateful": True, "return_state": False}, "two_layers": {"layers": 2}, "half": {"dtype": "mixed_bfloat16"},
    "no_bias": {"bias": False}, "relu": {"activation": "relu"}, "hard": {"recurrent_activation": "hard_sigmoid"},
    "before": {"reset_after": False},
}
BATCHES = {"one_step": {"time": 1}, "one_row": {"batch": 1}, "right": {"mask": "right"}, "gaps": {"mask": "gaps"}}
REFUSED = ("no_bias", "relu", "hard", "before")
"""Options that the documented conditions of the fused kernel leave out."""
ALONE_IN_LOOPS = (*REFUSED, "stateful")
"""Those with which both directions, or each of them, run as loops."""


@statement("What a layer hands to a card's fused kernel is right, and so is what it makes of its answer: with that kernel's twin "
           "on the CPU it gives the reference's numbers, and it calls it where the documented conditions hold.",
           {"layer": LAYERS, "option": tuple(OPTIONS), "batch": tuple(BATCHES), "wants": ("gradients", "values")},
           senseless=((("layer", "option"), lambda layer, option: option == "before" and layer.startswith("lstm")
                       or option == "two_layers" and layer.endswith("none")),
                      (("option", "wants"), lambda option, wants: option == "stateful" and wants == "gradients"),
                      (("layer", "option", "batch"), lambda layer, option, batch: layer.endswith("backward")
                       and option == "two_layers" and batch in ("right", "gaps"))),  # no kernel turns the mask that is handed on
           strength=(1, 1, 2), sparing=3, eager=1,
           dear={"option": ("stateful", "two_layers", "half", *REFUSED)},
           source="Keras: LSTM, GRU (use_cudnn); NVIDIA cuDNN: cudnnRNNMode_t")
def kernels_of_cards_are_given_right(ask, layer, option, batch, wants):
    cell, _, how = layer.partition("_")
    one, wanted = Layer(cell, 3, 4, **{**HOW[how], **OPTIONS[option]}), EVERYTHING if wants == "gradients" else FORWARD
    found, calls = without_card(ask, one, BatchPlan(3, 5, states=option != "stateful"), wanted)
    if option in ALONE_IN_LOOPS:  # what holds of the kernel is asked without it
        one = Layer(cell, 3, 4, **HOW[how])
        more, calls = without_card(ask, one, BatchPlan(3, 5, states=True), wanted)
        found += more
    if not calls:
        found.append(Deviation("kernel", "the fused kernel was never called, and nothing stands in its way"))
    found += without_card(ask, one, BatchPlan(**{"batch": 3, "time": 5, **BATCHES[batch]}), FORWARD)[0]
    return found + without_card(ask, one.but(return_sequences=False), BatchPlan(3, 5), FORWARD)[0]


@statement("A card's fused kernel gives sequences in the order of time in which the loop gives them, backwards and in both "
           "directions, and of layers that carry their states.",
           {"direction": ("forward", "backward", "bidirectional"), "stateful": (False, True)}, strength=(1, 1, 2), sparing=3,
           source="Keras: LSTM(go_backwards), Bidirectional")
def kernels_of_cards_keep_the_order(ask, direction, stateful):
    layer = Layer("lstm", 3, 4, direction=direction, stateful=stateful, return_state=False)
    return without_card(ask, layer, BatchPlan(3, 5, states=not stateful), FORWARD)[0]


LEFT_OUT = {
    "lstm": ({"bias": False}, {"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}),
    "gru": ({"bias": False}, {"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"reset_after": False}),
}
"""What the documented conditions of the fused kernel leave out, one after another; an unrolled layer, too."""


@statement("A layer that the documented conditions of a card's fused kernel leave out gives the reference's numbers and never "
           "calls it; backwards, padded rows that it may take begin at their last valid step.",
           {"cell": tuple(LEFT_OUT)}, strength=(1, 1, 1), sparing=1, eager=1, source="Keras: LSTM, GRU (use_cudnn)")
def kernels_of_cards_keep_to_their_conditions(ask, cell):
    layer, plan = Layer(cell, 2, 3), BatchPlan(2, 3, states=True)
    found, _ = without_card(ask, layer.but(direction="backward"), BatchPlan(2, 3, "right", True), FORWARD)
    for option in (*LEFT_OUT[cell], {}):
        one, way = layer.but(**option), "fused" if option else "unrolled"
        wrong, calls = without_card(ask, one, plan, FORWARD, way)
        found += [replace(each, message=f"{one}-{way}: {each.message}") for each in wrong]
        if calls:
            found.append(Deviation("kernel", f"{one}-{way}: the fused kernel was called, which has none of this"))
    return found


ALONE = {
    "places": halves_may_change_places,
    "activity": lambda ask, cell: losses_are_of_the_last_call(ask, cell, "both"),
    "activations": lambda ask, cell: halves_are_their_layers(
        ask, "lstm_activation" if cell == "lstm" else "gru_resets", "concat", "none", False, True, "built", "float32"),
}
"""What is asked of two layers, one a direction."""


@statement("Where a card's fused kernel runs both directions at once their layers are what they are without it: one that runs "
           "backwards does, each has its own activations, and the activity of each counts.",
           {"question": tuple(ALONE), "cell": ("lstm", "gru")}, strength=(1, 2, 2), sparing=0, eager=1,
           source="Keras: Bidirectional(layer, backward_layer), activity_regularizer")
def kernels_of_cards_leave_layers_alone(ask, question, cell):
    return ALONE[question](OnCard(ask), cell)


class OnCard:
    """Asks of layers that believe that they are on a card."""

    def __init__(self, ask):
        self.ask = ask

    def __call__(self, request: Request | FunctionRequest) -> Observation:
        """The observation. Raises what the other `ask` raises."""
        return self.ask(FunctionRequest("without_card", (("request", request),)))

    def answer(self, request: Request | FunctionRequest) -> Observation | Refusal | Unsupported:
        """Whatever came back."""
        return self.ask.answer(FunctionRequest("without_card", (("request", request),)))


def without_card(ask, layer: Layer, plan: BatchPlan, wants: tuple[str, ...],
                 kernel: str = "fused") -> tuple[list[Deviation], int]:
    """What deviates from the reference on such a layer, and how often it called the kernel."""
    request = Request(layer, draw_weights(layer), plan.draw(layer), wants=wants, execution=Execution(kernel),
                      before=(plan.draw(layer, seed=1).but(cotangents=None),) if layer.stateful else ())
    seen = OnCard(ask)(request)
    return against_reference(seen, request, "outputs", "states", "gradients"), seen.facts["calls"]
