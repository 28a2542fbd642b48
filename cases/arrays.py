"""Which layer × batch × execution there is at which depth: the covering arrays.

The field's features are factors of covering arrays: at `default` every pair of values of two factors stands together in
some case, at `full` every triple. There are several arrays, so that what only some frameworks offer does not
thin out what all of them do:

    core        what every framework has: cells, kernels, directions, depth, lengths, states
    options     everything a layer can be told
    activations those that no other array has
    precision   the dtypes
    paths       what decides which code runs: a fast kernel is left for the loop by cell, mask and direction together
    loops       how a loop treats padding: by kernel, mask, direction and what is asked for, three at a time
    triples     whatever decides how a loop that is not unrolled runs, in training or not, three at a time, for outputs and final
                states alone: they are cheap where nothing is compiled, and a sparing plan leaves them out
    corners     chosen by hand, and asked in a sparing plan too: what stands at the masked steps of a forward unrolled loop, one
                step that is masked, the activation besides tanh that a fast kernel has, batch and time as long as each other,
                more rows than anything else, a reset before the product where nothing else hinders a fast kernel, the last
                output alone: of a long sequence, and where padding gives zero; an unbounded activation
                that goes on for long; doubles that start from zeros
    sources     where the mask comes from
    refusals    the ways in which something wrong can be asked
    dropout     layers in training, for what dropout does
    convolution, convolutions   ConvLSTM: some cases chosen by hand; and, at full depth, the array
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import prod

from cases.batches import BatchPlan
from cases.convolutions import Convolution
from cases.covering import Row, covering
from cases.invariants import Case
from cases.layers import Layer
from cases.meeting import told
from cases.requests import Execution

STRENGTH = {"smoke": 1, "default": 2, "full": 3}
DEPTHS = tuple(STRENGTH)

SIZES: Mapping[str, tuple[int, int, int, int]] = {  # batch, time, features, units
    "distinct": (4, 5, 3, 6),
    "two_steps": (3, 2, 4, 5),
    "equal": (4, 4, 4, 4),
    "one_row": (1, 4, 3, 5),
    "one_step": (3, 1, 3, 5),
    "long": (2, 33, 3, 5),
    "small": (3, 4, 3, 5),
    "many_rows": (7, 3, 4, 5),
    "one_unit": (4, 5, 1, 1),
}


@dataclass(frozen=True)
class Senseless:
    """Values that mean nothing together: no case has them."""

    factors: tuple[str, ...]
    holds: Callable[..., bool]


SENSELESS = (
    Senseless(("merge", "direction"), lambda merge, direction: merge != "concat" and direction != "bidirectional"),
    Senseless(("merge", "layers"), lambda merge, layers: merge == "none" and layers > 1),
    Senseless(("reset_after", "cell"), lambda reset_after, cell: not reset_after and cell != "gru"),
    Senseless(("recurrent_activation", "cell"), lambda gate, cell: gate != "sigmoid" and cell == "simple_rnn"),
    Senseless(("implementation", "cell"), lambda implementation, cell: implementation == 1 and cell == "simple_rnn"),
    Senseless(("padding_output", "direction"), lambda output, direction: output == "zero" and direction == "bidirectional"),
    Senseless(("padding_output", "return_sequences"), lambda output, sequences: output == "zero" and not sequences),
    Senseless(("padding_output", "mask"), lambda output, mask: output == "zero" and mask in ("none", "full")),
    Senseless(("entry", "kernel"), lambda entry, kernel: entry == "predict" and kernel != "fused"),
    Senseless(("convolution", "layers"), lambda of, layers: layers > 1 and of.places != of.space),
    Senseless(("convolution", "direction", "merge"), lambda of, direction, merge: of.data_format == "channels_first"
              and direction == "bidirectional" and merge == "concat"),
    Senseless(("mask", "size"),
              lambda mask, size: size == "one_step" and mask in ("right", "left", "gaps", "single")),
)


@dataclass(frozen=True)
class Array:
    """One covering array: its factors, name -> values. From `default` on it is of strength `least`, where pairs are too
    few. With `groups`, only invariants of these groups are checked on it, with `names` only these. It is there from `depth`
    on, and of strength `most`, where triples are too many. `rows`, where given, are chosen by hand: they are all there is."""

    name: str
    factors: Mapping[str, tuple] = field(default_factory=dict)
    least: int = 1
    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    depth: str = "smoke"
    most: int = 3
    rows: tuple[Row, ...] = ()

    def covering(self, strength: int) -> list[Row]:
        """Rows in which every `strength` values of different factors that may stand together do."""
        if self.rows:
            return list(self.rows)
        strength = max(strength, self.least) if strength > 1 else strength
        return covering(f"array {self.name}", self.factors, strength, self.senseless)

    @property
    def senseless(self) -> list[tuple[tuple[str, ...], Callable[..., bool]]]:
        """Which of its factors' values mean nothing together."""
        return [(no.factors, no.holds) for no in SENSELESS if set(no.factors) <= set(self.factors)]


CONVOLUTIONS: tuple[Convolution, ...] = (
    Convolution((4, 5), (3, 2)),
    Convolution((4, 3), (2, 3), data_format="channels_first"),  # as many places in a row as filters
    Convolution((5, 6), (2, 3), strides=(2, 1), padding="valid"),
    Convolution((5, 4), (3, 3), strides=(2, 2)),
    Convolution((3, 5), (2, 2), dilation=(1, 2)),
    Convolution((7,), (3,), strides=(2,), padding="valid", data_format="channels_first"),
    Convolution((6,), (3,), padding="valid", dilation=(2,), data_format="channels_first"),
    Convolution((4, 3), (3, 1)),  # as many places in a row as the batch has rows, windows of odd lengths
    Convolution((3, 2, 4), (2, 2, 3)),
)
CHANNELS, FILTERS = 2, 3
OF_CELLS = ("values", "padding", "gradient", "state", "direction", "order", "execution", "extremes", "calls")
"""The groups that ask for nothing but a layer and a batch."""

ARRAYS: tuple[Array, ...] = (
    Array("core", dict(
        cell=("lstm", "gru", "simple_rnn"), mask=("right", "none", "full"), kernel=("fused", "generic", "compiled"),
        direction=("forward", "bidirectional"), layers=(1, 2), states=(True, False), bias=(True, False),
        size=("distinct", "equal", "one_row", "one_step", "long"),
    )),
    Array("options", dict(
        mask=("right", "none", "gaps", "left", "empty_row", "full", "single", "empty"),
        cell=("lstm", "gru", "simple_rnn"), kernel=("fused", "generic", "unrolled", "compiled"),
        direction=("forward", "backward", "bidirectional"), merge=("concat", "sum", "ave", "mul", "none"),
        layers=(1, 2), states=(True, False), bias=(True, False),
        activation=("tanh", "relu", "softsign"), recurrent_activation=("sigmoid", "hard_sigmoid"),
        reset_after=(True, False), implementation=(2, 1), return_sequences=(True, False), padding_output=("default", "zero"),
        size=("distinct", "equal"),
    )),
    Array("activations", dict(
        cell=("lstm", "gru", "simple_rnn"), activation=("linear", "elu", "softplus", "sigmoid", "hard_sigmoid"),
        recurrent_activation=("sigmoid", "softsign", "tanh"), kernel=("fused", "generic"), mask=("none", "right"), states=(True,),
    )),
    Array("precision", dict(
        cell=("lstm", "gru", "simple_rnn"), mask=("right", "none"), dtype=("float64",),
        kernel=("fused", "generic"), direction=("forward", "bidirectional"), states=(True, False),
    )),
    Array("paths", dict(
        cell=("lstm", "gru", "simple_rnn"), mask=("none", "right"), kernel=("fused",),
        direction=("forward", "backward", "bidirectional"), states=(True, False), size=("distinct", "equal"),
    ), least=3),
    Array("loops", dict(
        kernel=("unrolled", "generic", "fused"), mask=("gaps", "none", "left"),
        direction=("forward", "bidirectional", "backward"), padding_output=("default", "zero"),
        return_sequences=(True, False), states=(True, False), cell=("gru", "lstm", "simple_rnn"), merge=("concat", "mul"),
    ), groups=("values",), least=3, depth="default"),
    Array("triples", dict(
        mask=("right", "none", "gaps", "left", "empty_row", "full", "single"), kernel=("fused", "generic"),
        cell=("lstm", "gru", "simple_rnn"), direction=("forward", "backward", "bidirectional"), states=(True, False),
        return_sequences=(True, False), padding_output=("default", "zero"), layers=(1, 2), bias=(True, False),
        implementation=(2, 1), reset_after=(True, False),
        size=("distinct", "equal", "one_row", "two_steps", "one_step", "many_rows", "one_unit"), mode=("inference", "training"),
    ), names=("outputs_match_reference", "states_match_reference"), least=3, depth="default"),
    Array("corners", groups=("values",), depth="default", rows=tuple(
        dict(cell=cell, kernel=kernel, mask=mask, states=states, size=size, **more)
        for cell, kernel, mask, states, size, more in (
            ("lstm", "unrolled", "gaps", True, "distinct", {}),
            ("gru", "unrolled", "gaps", False, "distinct", {}),
            ("simple_rnn", "unrolled", "left", False, "distinct", {}),
            ("lstm", "unrolled", "empty_row", True, "one_step", {}),
            ("simple_rnn", "unrolled", "empty_row", True, "one_step", {}),
            ("simple_rnn", "fused", "none", True, "distinct", {"activation": "relu"}),
            ("simple_rnn", "fused", "right", False, "distinct", {"activation": "relu", "direction": "bidirectional"}),
            ("gru", "fused", "none", True, "equal", {"direction": "backward"}),
            ("lstm", "fused", "left", False, "equal", {"direction": "backward"}),
            ("gru", "fused", "none", True, "long", {"return_sequences": False}),
            ("simple_rnn", "generic", "none", True, "long", {"activation": "relu"}),
            ("lstm", "unrolled", "right", False, "distinct", {"return_sequences": False, "padding_output": "zero"}),
            ("simple_rnn", "unrolled", "left", False, "distinct", {"return_sequences": False, "padding_output": "zero"}),
            ("simple_rnn", "unrolled", "none", True, "two_steps", {"direction": "backward"}),
            ("lstm", "unrolled", "left", True, "two_steps", {"direction": "bidirectional"}),
            ("gru", "fused", "none", True, "distinct", {"reset_after": False}),
            ("gru", "compiled", "right", True, "many_rows", {"direction": "backward"}),
            ("simple_rnn", "fused", "none", False, "distinct", {"dtype": "float64"}),
            ("gru", "fused", "none", False, "distinct", {"dtype": "float64"}),
        )
    )),
    Array("sources", dict(
        mask_from=("masking", "embedding", "masking_number", "masking_inf"), states=(True, False),
        mask=("right", "gaps"), cell=("lstm", "gru"), direction=("forward", "bidirectional"), kernel=("fused",),
    ), groups=("masks",)),
    Array("refusals", dict(
        cell=("lstm", "gru", "simple_rnn"), kernel=("fused", "generic", "compiled"), entry=("direct", "predict"),
        mask=("right", "none"), states=(True,),
    ), groups=("refusals",), least=3),
    Array("dropout", dict(
        cell=("lstm", "gru", "simple_rnn"), direction=("forward", "bidirectional"), implementation=(2, 1), bias=(True, False),
        mode=("training",), kernel=("fused",), mask=("none",), states=(True,),
    ), groups=("dropout",)),
    Array("convolution", groups=("values",), depth="default", rows=tuple(
        dict(cell="conv_lstm", convolution=CONVOLUTIONS[number], size="small", **more) for number, more in (
            (0, dict(mask="gaps", states=True, kernel="fused", recurrent_activation="hard_sigmoid")),
            (5, dict(mask="none", states=True, kernel="fused", direction="backward", bias=False)),
            (6, dict(mask="right", states=False, kernel="fused", bias=False)),
            (1, dict(mask="left", states=True, kernel="unrolled")),
            (2, dict(mask="none", states=True, kernel="fused", direction="bidirectional")),
            (4, dict(mask="none", states=False, kernel="fused", layers=2)),
        )
    )),
    Array("convolutions", dict(
        convolution=CONVOLUTIONS, mask=("none", "right", "gaps", "left", "full", "empty_row", "single"), cell=("conv_lstm",),
        kernel=("fused", "generic", "compiled", "unrolled"), direction=("forward", "backward", "bidirectional"),
        layers=(1, 2), merge=("concat", "sum", "none"), states=(True, False), bias=(True, False),
        activation=("tanh", "relu"), recurrent_activation=("sigmoid", "hard_sigmoid"), return_sequences=(True, False),
        padding_output=("default", "zero"), size=("small",),
    ), groups=OF_CELLS, depth="full", most=2),
)

GROUPS: Mapping[str, tuple[str, ...]] = {array.name: array.groups for array in ARRAYS if array.groups}
"""Name of an array -> the only groups of invariants that are checked on it, where it names some."""

NAMES: Mapping[str, tuple[str, ...]] = {array.name: array.names for array in ARRAYS if array.names}
"""Name of an array -> the only invariants that are checked on it, where it names some."""


def case_of(row: Row, seed: int, array: str) -> Case:
    """The case that a row of an array describes."""
    batch, time, features, units = SIZES[row.get("size", "distinct")]
    options = {name: row[name] for name in Layer.__dataclass_fields__ if name in row}
    if "convolution" in row:
        features, units = CHANNELS * prod(row["convolution"].space), FILTERS * prod(row["convolution"].places)
    return Case(
        Layer(features=features, units=units, **options),
        BatchPlan(batch, time, row["mask"], row["states"]),
        Execution(**{name: row[name] for name in Execution.__dataclass_fields__ if name in row}),
        seed,
        array,
    )


CORNERS = frozenset(str(case_of(row, 0, "corners")) for array in ARRAYS if array.name == "corners" for row in array.rows)
"""What the cases chosen by hand are called, whichever array they are in."""


@lru_cache(maxsize=8)
def cases(depth: str, seed: int = 0) -> tuple[Case, ...]:
    """The cases of a depth, without repetition, in a stable order. Raises ValueError for an unknown depth."""
    if depth not in DEPTHS:
        raise ValueError(f"depth={depth!r}: expected one of {', '.join(DEPTHS)}")
    found: dict[str, Case] = {}
    for name, row in rows_of(depth):
        case = case_of(row, seed, name)
        found.setdefault(str(case), case)
    return tuple(found.values())


def told_cases(seed: int, hidden: Callable[[Case], Collection[str]]) -> tuple[Case, ...]:
    """The cases of `default` for a subject: pairs of values that, of an array's rows, only such hold as have something `hidden`
    are met in further rows, where nothing is, as far as they can. Of the hidden rows those are left that hold what nothing
    else holds, or a finding. Where more than half of an array is hidden, it is not meant for the subject, and stays as it is."""
    made = {(case.array, str(case)): case for case in cases("default", seed)}  # what they have drawn is kept in them
    behind = cache(hidden)
    found: dict[str, Case] = {}
    for array in (array for array in ARRAYS if DEPTHS.index(array.depth) <= DEPTHS.index("default")):
        rows = array.covering(STRENGTH["default"])

        def case(row: Row, of: str = array.name) -> Case:
            one = case_of(row, seed, of)
            return made.setdefault((of, str(one)), one)

        if array.factors and 0 < sum(1 for row in rows if behind(case(row))) <= len(rows) / 2:
            rows = told(array.name, rows, lambda row, case=case: behind(case(row)), array.factors, array.senseless,
                        STRENGTH["default"])
        for one in map(case, rows):
            found.setdefault(str(one), one)
    return tuple(found.values())


def rows_of(depth: str) -> Iterator[tuple[str, Row]]:
    """The rows of a depth, each with the name of its array."""
    return ((array.name, row) for array in ARRAYS if DEPTHS.index(array.depth) <= DEPTHS.index(depth)
            for row in array.covering(min(STRENGTH[depth], array.most)))
