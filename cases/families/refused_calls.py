"""Models after a call that was refused: they answer the next one as if they had never been asked."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

ROWS, STEPS, FEATURES, UNITS = 3, 4, 3, 2
PARTS = ("lstm", "gru", "simple_rnn", "loop", "stack", "bidirectional", "conv_lstm", "dense")
"""What reads the sequences. loop: a cell in a loop; stack: two of them above each other; dense: no recurrent layer at all."""
ENTRIES = ("training", "inference", "predict", "evaluate", "fit")
"""How the model is asked what it refuses. training, inference: it is called."""


@statement("After a call that was refused, for its number of features, a model is called, trained and asked to predict as if "
           "nothing had been, with dropout too; and no other layer is told to train.",
           {"entry": ENTRIES, "part": PARTS, "dropout": (True, False)}, strength=(1, 2, 3), sparing=3, costly=True,
           usual={"part": ("stack", "dense", "gru"), "entry": ("predict", "training", "fit")},
           senseless=((("part", "dropout"), lambda part, dropout: part == "dense" and dropout),),
           source="Keras: Layer.__call__, Model.predict, Model.fit")
def refused_calls_leave_nothing(ask, entry, part, dropout) -> list[Deviation]:
    random = generator("refused calls", part)
    shape = (ROWS, STEPS, 5, FEATURES) if part == "conv_lstm" else (ROWS, STEPS, FEATURES)
    given, wrong = draw_values(random, shape), draw_values(random, (ROWS - 1, *shape[1:-1], FEATURES + 1))
    seen = ask(FunctionRequest("refused_call", (("entry", entry), ("part", part), ("rate", 0.5 if dropout else 0.0),
                                                ("units", UNITS), ("inputs", given), ("wrong", wrong))))
    if seen.facts["taken"]:
        return [Deviation("refusal", f"{part}, {entry}: {FEATURES + 1} features were taken, where {FEATURES} are due")]
    found = [] if np.isfinite(seen["trained"]).all() else [Deviation("trained", "outputs in training that are not finite")]
    found += equal("bystander", seen["bystander"], np.ones(shape), "dropout elsewhere, in inference")
    return found + equal("outputs", seen["after"], seen["before"], f"after {entry} was refused")
