"""Modules of which every axis may be one long: a row by itself, a step, a feature, a unit, and a sequence without a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

SLACK = 64 * unit_roundoff("float32")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Alone:
    """A module by its name, what it is made of and with.

    given     shapes of what it takes of one row, without an axis of rows; a `class` or id, `classes`, one of each step
    gives     shapes of what comes of a row
    given_at  where the axis of rows is in what is given, one for all
    gives_at  and in what comes, of each
    bare      whether it takes what has no axis of rows
    """

    name: str
    sizes: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    given: tuple[Shape | str, ...] = ((1, 1),)
    gives: tuple[Shape, ...] = ((1, 1),)
    given_at: tuple[int, ...] = (0, 0, 0, 0)
    gives_at: tuple[int, ...] = (0, 1, 1)
    bare: bool = True


FIRST, EACH = {"batch_first": True}, {"reduction": "none"}
TURNED = {"given_at": (1, 1, 1, 1), "gives_at": (1, 1, 1)}
"""Time comes first."""
VECTOR, SCALAR = (1,), ()
ALONE = (
    Alone("LSTM", (1, 1), FIRST, gives=((1, 1),) * 3), Alone("LSTM", (1, 1), {}, gives=((1, 1),) * 3, **TURNED),
    Alone("LSTM", (1, 2, 2), FIRST | {"proj_size": 1, "bidirectional": True}, gives=((1, 2), (4, 1), (4, 2))),
    *(Alone(name, (1, 1), FIRST, gives=((1, 1),) * 2) for name in ("GRU", "RNN")),
    *(Alone(name, (1, 1, 2), {"bidirectional": True, "bias": False}, gives=((1, 2), (4, 1)), **TURNED)
      for name in ("GRU", "RNN")),
    Alone("RNN", (1, 1), {"nonlinearity": "relu"}, gives=((1, 1),) * 2, **TURNED),
    Alone("LSTMCell", (1, 1), given=(VECTOR,), gives=(VECTOR, VECTOR), gives_at=(0, 0)),
    *(Alone(name, (1, 1), given=(VECTOR,), gives=(VECTOR,)) for name in ("GRUCell", "RNNCell", "Linear")),
    *(Alone(name, (1,), given=(VECTOR,), gives=(VECTOR,)) for name in ("LayerNorm", "RMSNorm")),
    Alone("Bilinear", (1, 1, 1), given=(VECTOR, VECTOR), gives=(VECTOR,)),
    Alone("Embedding", (2, 1), given=("class",), gives=(VECTOR,)), Alone("Embedding", (2, 1), given=("classes",)),
    Alone("EmbeddingBag", (2, 1), given=("classes",), gives=(VECTOR,), bare=False),
    *(Alone(name, (1, 1, 1)) for name in ("Conv1d", "ConvTranspose1d")),
    *(Alone(name, (1,)) for name in ("MaxPool1d", "AvgPool1d", "AdaptiveAvgPool1d", "AdaptiveMaxPool1d", "Dropout1d")),
    Alone("LPPool1d", (2, 1)), Alone("BatchNorm1d", (1,), bare=False),
    Alone("BatchNorm1d", (1,), given=(VECTOR,), gives=(VECTOR,), bare=False),
    Alone("InstanceNorm1d", (1,), {"affine": True}, given=((1, 2),), gives=((1, 2),)),
    Alone("InstanceNorm1d", (1,), {"track_running_stats": True}), Alone("GroupNorm", (1, 1), given=((1, 2),), gives=((1, 2),),
                                                                       bare=False),
    Alone("MultiheadAttention", (1, 1), FIRST, given=((1, 1),) * 3, gives=((1, 1), (1, 1)), gives_at=(0, 0)),
    Alone("MultiheadAttention", (1, 1), {"kdim": 2, "vdim": 1}, given=((1, 1), (1, 2), (1, 1)), gives=((1, 1), (1, 1)),
          given_at=(1, 1, 1), gives_at=(1, 0)),
    Alone("TransformerEncoderLayer", (1, 1, 1), FIRST), Alone("TransformerDecoderLayer", (1, 1, 1), FIRST, given=((1, 1),) * 2),
    Alone("TransformerEncoderLayer", (1, 1, 1), **TURNED),
    Alone("Transformer", (1, 1, 1, 1, 1), given=((1, 1),) * 2, **TURNED),
    Alone("GLU", (), {"dim": -1}, given=((2,),), gives=(VECTOR,)), Alone("Softmax", (-1,), given=(VECTOR,), gives=(VECTOR,)),
    Alone("CosineSimilarity", (-1,), given=(VECTOR, VECTOR), gives=(SCALAR,)),
    Alone("PairwiseDistance", given=(VECTOR, VECTOR), gives=(SCALAR,)),
    *(Alone(name, (), EACH, given=((2,), "class"), gives=(SCALAR,))
      for name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss")),
    *(Alone(name, (), EACH, given=(VECTOR, VECTOR), gives=(VECTOR,)) for name in ("MSELoss", "L1Loss", "HuberLoss",
                                                                                "BCEWithLogitsLoss", "PoissonNLLLoss")),
    Alone("TripletMarginLoss", (), EACH, given=(VECTOR,) * 3, gives=(SCALAR,)),
    Alone("MultiLabelSoftMarginLoss", (), EACH, given=(VECTOR, VECTOR), gives=(SCALAR,), bare=False),
    Alone("CTCLoss", (), EACH, given=((1, 2), "classes", "class", "class"), gives=(SCALAR,), given_at=(1, 0, 0, 0)),
    Alone("AdaptiveLogSoftmaxWithLoss", (2, 3, [1]), given=((2,), "class"), gives=(SCALAR,)),
)


@statement("A row by itself is the first of two like it, and what has no axis of rows is that row, also where each axis is one "
           "long; no other axis is lost.", sparing=0, source="PyTorch: torch.nn, Shape")
def axes_of_one_stay(ask) -> Iterator[Deviation]:
    """Arrays `PLACE/WAY/NUMBER` of each result: `one`, of a row; `two`, the first of two rows that are alike; `bare`."""
    seen, found = ask(FunctionRequest("one_of_each", (("modules", tuple(vars(one) for one in ALONE)),))), []
    for place, one in enumerate(ALONE):
        for number, shape in enumerate(one.gives):
            came = {way: seen.arrays.get(f"{place}/{way}/{number}", np.full(2, np.nan)) for way in ("one", "two", "bare")}
            if not one.bare:
                del came["bare"]
            for way, array in came.items():
                told = f"{one.name}{one.sizes}, {dict(one.options)}, {way}"
                due = came["two"].reshape(shape) if came["two"].size == int(np.prod(shape)) else np.full(shape, np.nan)
                found += [Deviation(one.name, f"{told}: {d.message}", d.deviation, d.allowed)
                          for d in compare(str(number), array, due, SLACK * (1 + np.abs(due)))]
    return found
