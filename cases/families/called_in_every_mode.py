"""Modules of every kind, called where gradients are recorded and where they are not, in training and in inference, as they were
made and as copies of themselves: what is computed, drawn and counted is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

Array = np.ndarray
ROWS, STEPS, WIDTH, WORDS = 3, 4, 4, 6
LENGTHS = (2, 4, 1)
WAYS = ("recorded", "unrecorded", "inference", "frozen", "leaves", "copied", "pickled", "loaded", "copied_called_with",
        "pickled_called_with")
"""With gradients of the weights; under `no_grad`; under `inference_mode`; of frozen weights; of the inputs, too; of a deep copy;
of one that was pickled; of another one with the same state; of a copy whose weights are zeros, called with those of the first.
Of each kind three are asked, the last seven go round."""
TURNED = "turned"
"""In training where the others are in inference, or the other way round: asked of each kind that is steady."""
SLACK = 64 * unit_roundoff("float32")


@dataclass(frozen=True)
class Kind:
    """A module by its name, what it is made of and with, and what it is given.

    given   names of tensors: `steps` (rows, time, features), `channels` (rows, features, time), `rows` (rows, features), `words`
            (rows, time), `shares`, a number for each of them; `none`, nothing; `padding` and `causal`, masks as attention takes
            them; `packed`: steps of different lengths; `state`, `states`: one or two of cells
    """

    name: str
    sizes: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    given: tuple[str, ...] = ("steps",)

    @property
    def is_steady(self) -> bool:
        """Whether it neither drops nor counts, so that training and inference are the same to it."""
        drops = self.options.get("dropout", 0.1 * self.name.startswith("Transformer")) or "Dropout" in self.name
        return not drops and self.name not in ("RReLU", "BatchNorm1d") and not self.options.get("track_running_stats")


STACK = {"num_layers": 2, "dropout": 0.5}
HEADS = {"dropout": 0.25, "batch_first": True}
STILL = {"dropout": 0.0, "batch_first": True}
KINDS: tuple[Kind, ...] = (
    *(Kind(name, (WIDTH, 3), STACK | {"bidirectional": way, "batch_first": first}, (given,))
      for name in ("LSTM", "GRU", "RNN") for way, first, given in ((False, True, "steps"), (True, False, "packed"))),
    Kind("LSTM", (WIDTH, 3), STACK | {"proj_size": 2, "bidirectional": True}),
    Kind("RNN", (WIDTH, 3), STACK | {"nonlinearity": "relu", "bias": False}),
    Kind("LSTM", (WIDTH, 3), STACK | {"bias": False}, ("packed",)), Kind("GRU", (WIDTH, 3), STACK, ("bare",)),
    Kind("LSTMCell", (WIDTH, 3), given=("rows",)), Kind("GRUCell", (WIDTH, 3), given=("rows", "state")),
    Kind("LSTMCell", (WIDTH, 3), {"bias": False}, ("rows", "states")), Kind("GRUCell", (WIDTH, 3), {"bias": False}, ("rows",)),
    Kind("RNNCell", (WIDTH, 3), {"nonlinearity": "relu"}, ("rows", "state")), Kind("RNNCell", (WIDTH, 3), {}, ("rows",)),
    Kind("Linear", (WIDTH, 3)), Kind("Linear", (WIDTH, 3), {"bias": False}),
    Kind("Embedding", (WORDS, 3), {"max_norm": 1.0, "padding_idx": 0}, ("words",)),
    Kind("EmbeddingBag", (WORDS, 3), {"max_norm": 1.0, "mode": "sum"}, ("words",)),
    Kind("EmbeddingBag", (WORDS, 3), {"padding_idx": 1, "mode": "max"}, ("words",)),
    Kind("EmbeddingBag", (WORDS, 3), {"mode": "sum"}, ("words", "none", "shares")),
    Kind("LSTM", (WIDTH, 3, 2), {"bidirectional": True}), Kind("GRU", (WIDTH, 3), {"batch_first": True}, ("packed",)),
    Kind("RNN", (WIDTH, 3, 2), {"bias": False}, ("bare",)), Kind("LSTM", (WIDTH, 3), {"proj_size": 2}, ("packed",)),
    *(Kind(name, (0.4,), {}, ("channels",)) for name in ("Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout")),
    Kind("Dropout1d", (0.4,), {}, ("bare",)),
    *(Kind(name, (0.4,), {}, ("frames",)) for name in ("Dropout2d", "Dropout3d")),
    Kind("RReLU", (0.1, 0.9)), Kind("Dropout", (1.0,)), Kind("Dropout", (0.0,)),
    Kind("BatchNorm1d", (WIDTH,), {"momentum": None}, ("channels",)), Kind("BatchNorm1d", (WIDTH,), {}, ("rows",)),
    Kind("BatchNorm1d", (WIDTH,), {"track_running_stats": False, "affine": False}, ("channels",)),
    Kind("InstanceNorm1d", (WIDTH,), {"track_running_stats": True, "affine": True}, ("channels",)),
    Kind("InstanceNorm1d", (WIDTH,), {"eps": 0.25}, ("channels",)),
    Kind("LayerNorm", (WIDTH,), {"eps": 0.25}), Kind("LayerNorm", (WIDTH,), {"bias": False}),
    Kind("RMSNorm", (WIDTH,), {"eps": 0.25}), Kind("GroupNorm", (2, WIDTH), {"eps": 0.25}, ("channels",)),
    Kind("Conv1d", (WIDTH, 3, 2), {}, ("channels",)),
    Kind("ConvTranspose1d", (WIDTH, 3, 2), {}, ("channels",)), Kind("PReLU"),
    Kind("Bilinear", (WIDTH, WIDTH, 2), {}, ("rows", "rows")),
    Kind("MultiheadAttention", (WIDTH, 2), HEADS, ("steps", "steps", "steps")),
    Kind("MultiheadAttention", (WIDTH, 2), HEADS, ("steps", "steps", "steps", "padding")),
    Kind("MultiheadAttention", (WIDTH, 2), HEADS | {"add_zero_attn": True, "add_bias_kv": True, "bias": False},
         ("steps", "steps", "steps", "padding")),
    Kind("TransformerEncoderLayer", (WIDTH, 2, 5), HEADS, ("steps", "causal", "padding")),
    Kind("TransformerEncoderLayer", (WIDTH, 2, 5), HEADS | {"norm_first": True, "activation": "gelu"}, ("steps", "causal")),
    Kind("TransformerDecoderLayer", (WIDTH, 2, 5), HEADS, ("steps", "steps", "causal")),
    Kind("MultiheadAttention", (WIDTH, 2), STILL, ("steps", "steps", "steps", "padding")),
    Kind("TransformerEncoderLayer", (WIDTH, 2, 5), STILL, ("steps", "causal", "padding")),
    Kind("TransformerDecoderLayer", (WIDTH, 2, 5), STILL | {"norm_first": True}, ("steps", "steps", "causal")),
)


def drawn() -> dict[str, Any]:
    """Every tensor that is given, by name."""
    random = generator("called in every mode")
    steps = draw_values(random, (ROWS, STEPS, WIDTH))
    valid = np.arange(STEPS) < np.array(LENGTHS)[:, None]
    states = tuple(draw_values(random, (ROWS, 3)) for _ in range(2))
    return {"steps": steps, "packed": steps, "bare": steps[0], "rows": steps[:, 0], "channels": steps.swapaxes(1, 2),
            "none": None, "shares": np.abs(steps[..., 0]),
            "frames": draw_values(random, (ROWS, WIDTH, 2, 2, 2)), "words": random.integers(0, WORDS, (ROWS, STEPS)),
            "padding": ~valid, "causal": np.triu(np.ones((STEPS, STEPS), bool), 1), "state": states[0], "states": states}


@statement("A module computes, draws and counts the same whether gradients are recorded, of its weights, of its inputs or of "
           "neither, and so do its copies, in training and in inference; what neither drops nor counts is the same in both.",
           {"training": (True, False)}, sparing=0, strength=(1, 1, 1),
           source="PyTorch: torch.no_grad, torch.inference_mode, copy.deepcopy, pickle, Module.load_state_dict")
def calls_do_not_depend_on_recording(ask, training) -> list[Deviation]:
    """Arrays: `PLACE/WAY/NAME`, NAME being a result or, once it is called, a weight or a count of the module."""
    ways = [(WAYS[0], WAYS[1 + (place + training) % 2], WAYS[3 + (place + 3 * training) % 7]) for place in range(len(KINDS))]
    ways = [own + (TURNED,) * kind.is_steady for kind, own in zip(KINDS, ways, strict=True)]
    kinds = tuple((kind.name, kind.sizes, dict(kind.options), kind.given, own) for kind, own in zip(KINDS, ways, strict=True))
    arguments = {"kinds": kinds, "given": drawn(), "lengths": LENGTHS, "training": training}
    seen = ask(FunctionRequest("called_in_every_mode", tuple(arguments.items())))
    found = [Deviation("numbers drawn", f"{KINDS[place].name}, {way}: others are drawn than where gradients are recorded")
             for place, way in seen.facts["drew"]]
    found += [Deviation("given", f"{KINDS[place].name}, {way}: what is given is changed") for place, way in seen.facts["changed"]]
    for place, kind in enumerate(KINDS):
        first = seen.named(f"{place}/{WAYS[0]}")
        for way in ways[place][1:]:
            for name, due in first.items():
                if way.endswith("called_with") and not name.rpartition("/")[2].isdigit():
                    continue  # what it holds is zeros
                other = name.replace(f"/{WAYS[0]}/", f"/{way}/", 1)
                slack = SLACK * max(1.0, float(np.abs(due).max(initial=0.0)))
                array = seen.arrays.get(other, np.zeros(0))
                found += [Deviation(name, f"{kind.name}({kind.options}) of {', '.join(kind.given)}, {way}: {d.message}",
                                    d.deviation, d.allowed) for d in compare(name, array, due, slack)]
    return found
