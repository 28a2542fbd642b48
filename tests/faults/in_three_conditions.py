"""Faults in recurrent layers on torch that act only where two or three conditions meet, which a program drew: the layer reads its
inputs a tenth larger there."""

from tests.faults.base import faults

CONDITIONS = {
    "masked": "mask is not None",
    "backward": "self.go_backwards",
    "stateful": "self.stateful",
    "unrolled": "self.unroll",
    "its states returned": "self.return_state",
    "the last output alone": "not self.return_sequences",
    "states given": "initial_state is not None",
    "in training": "training",
    "zeros at masked steps": "self.zero_output_for_mask",
    "in half precision": 'self.compute_dtype in ("float16", "bfloat16")',
    "of one row": "sequences.shape[0] == 1",
    "of one step": "sequences.shape[1] == 1",
    "as many rows as steps": "sequences.shape[0] == sequences.shape[1]",
    "frozen": "not self.trainable",
    "without biases": 'not getattr(self.cell, "use_bias", True)',
    "with relu": 'getattr(getattr(self.cell, "activation", None), "__name__", "") == "relu"',
    "penalized": 'getattr(self.cell, "kernel_regularizer", None) is not None',
    "with dropout": 'getattr(self.cell, "dropout", 0) > 0',
}
DRAWN = (
    ("GRU", "its states returned", "in training"),
    ("GRU", "stateful", "with dropout"),
    ("GRU", "of one row", "backward"),
    ("ConvLSTM2D", "unrolled", "in half precision"),
    ("GRU", "with dropout", "of one row", "zeros at masked steps"),
    ("ConvLSTM2D", "unrolled", "penalized", "of one step"),
    ("GRU", "with relu", "unrolled", "its states returned"),
    ("ConvLSTM2D", "with dropout", "its states returned"),
    ("RNN", "without biases", "backward", "in training"),
    ("SimpleRNN", "stateful", "penalized"),
    ("RNN", "penalized", "states given", "of one row"),
    ("LSTM", "with relu", "unrolled", "without biases"),
    ("GRU", "penalized", "without biases", "states given"),
    ("ConvLSTM2D", "zeros at masked steps", "unrolled"),
    ("GRU", "states given", "unrolled", "with relu"),
    ("LSTM", "states given", "frozen", "stateful"),
    ("RNN", "of one row", "with dropout"),
    ("ConvLSTM2D", "with relu", "of one row", "its states returned"),
    ("GRU", "unrolled", "stateful"),
    ("SimpleRNN", "with dropout", "with relu"),
    ("SimpleRNN", "without biases", "with dropout"),
    ("RNN", "with relu", "backward", "frozen"),
    ("GRU", "in training", "with dropout", "as many rows as steps"),
    ("SimpleRNN", "penalized", "of one row"),
    ("GRU", "in half precision", "stateful", "in training"),
    ("GRU", "zeros at masked steps", "with relu", "backward"),
    ("LSTM", "frozen", "unrolled"),
    ("SimpleRNN", "of one row", "zeros at masked steps", "with relu"),
    ("RNN", "zeros at masked steps", "frozen", "without biases"),
    ("RNN", "as many rows as steps", "without biases", "frozen"),
    ("RNN", "stateful", "masked"),
    ("LSTM", "masked", "of one step", "with relu"),
    ("SimpleRNN", "unrolled", "penalized", "the last output alone"),
    ("GRU", "the last output alone", "its states returned", "unrolled"),
    ("LSTM", "with dropout", "of one row"),
    ("ConvLSTM2D", "as many rows as steps", "with relu", "penalized"),
)
"""A layer, and what must hold besides."""
PLACE = "        timesteps = sequences.shape[1]\n        if self.unroll and timesteps is None:"
"""Where a recurrent layer is called."""


def edit(layer: str, *conditions: str) -> tuple[str, str]:
    """The text there, and that of a layer which is at fault where these hold."""
    every = " and ".join((f'type(self).__name__ == "{layer}"', *(CONDITIONS[one] for one in conditions)))
    return PLACE, f"        sequences = sequences * 1.1 if {every} else sequences\n{PLACE}"


ALL = faults("drawn, conditions", "keras.src.layers.rnn.rnn", {", ".join(one): edit(*one) for one in DRAWN})
