"""Shapes that layers around recurrent ones tell beforehand: joins, convolutions, pooling, attention, tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, MORE_ROWS, STEPS, LONGER, OTHERS, OPEN = 2, 6, 5, 8, 4, -1
"""Of the batch, and of another one, of the first input, of the first input that is longer; of the further ones where they are
joined in time; an axis of open size."""
PAIR = ((STEPS, 3), (STEPS, 3))
PICTURE, VOLUME = (STEPS, 6, 2), (STEPS, 4, 3, 2)
"""Without the batch; channels stand last, or first."""
FIRST = {"data_format": "channels_first"}
LAYERS: Mapping[str, tuple[str, dict[str, Any], tuple[tuple[int, ...], ...], Callable[[int], tuple[int, ...]]]] = {
    "joined": ("Concatenate", {}, ((STEPS, 3), (STEPS, 4)), lambda t: (t, 7)),
    "joined_in_time": ("Concatenate", {"axis": 1}, ((STEPS, 3), (OTHERS, 3)), lambda t: (t + OTHERS, 3)),
    "three_joined_in_time": ("Concatenate", {"axis": -2}, ((STEPS, 3), (OTHERS, 3), (2, 3)), lambda t: (t + OTHERS + 2, 3)),
    **{name.lower(): (name, {}, PAIR, lambda t: (t, 3)) for name in ("Add", "Subtract", "Minimum")},
    "average": ("Average", {}, (*PAIR, (3,)), lambda t: (t, 3)),
    "spread": ("Add", {}, ((STEPS, 3), (1, 3)), lambda t: (t, 3)),
    "multiply": ("Multiply", {}, ((1, 3), (STEPS, 1)), lambda t: (STEPS, 3)),
    "taken_away": ("Subtract", {}, ((STEPS, 3), (1, 3)), lambda t: (t, 3)),
    "spread_over_time": ("Add", {}, ((STEPS, OTHERS, 3), (OTHERS, 3)), lambda t: (t, OTHERS, 3)),
    "maximum": ("Maximum", {}, ((3,), (STEPS, 3)), lambda t: (STEPS, 3)),
    "products": ("Dot", {"axes": 2}, ((STEPS, 3), (OTHERS, 3)), lambda t: (t, OTHERS)),
    "products_from_the_end": ("Dot", {"axes": (-1, 1)}, ((STEPS, 3), (3, 4)), lambda t: (t, 4)),
    "products_of_vectors": ("Dot", {"axes": -1}, ((3,), (3,)), lambda t: (1,)),
    "products_of_pictures": ("Dot", {"axes": (3, 1)}, (PICTURE, (2, 4, 3)), lambda t: (t, 6, 4, 3)),
    "products_of_last_axes": ("Dot", {"axes": -1}, ((STEPS, 3), (OTHERS, 2, 3)), lambda t: (t, OTHERS, 2)),
    "products_over_time": ("Dot", {"axes": 1}, ((STEPS, 3), (STEPS, 2, 4)), lambda t: (3, 2, 4)),
    "same": ("Identity", {}, ((STEPS, 3),), lambda t: (t, 3)),
    "dense": ("Dense", {"units": 7}, ((STEPS, 3),), lambda t: (t, 7)),
    "einsum": ("EinsumDense", {"equation": "btf,fg->btg", "output_shape": (None, 7)}, ((STEPS, 3),), lambda t: (t, 7)),
    "einsum_turned": ("EinsumDense", {"equation": "btf,fg->bgt", "output_shape": (7, None), "bias_axes": "g"}, ((STEPS, 3),),
                      lambda t: (7, t)),
    "einsum_of_steps": ("EinsumDense", {"equation": "bt...,tu->bu...", "output_shape": 7, "bias_axes": "u"},
                        ((STEPS, 3),), lambda t: (7, 3)),
    "einsum_of_pictures": ("EinsumDense", {"equation": "...f,fg->...g", "output_shape": 7}, (PICTURE,), lambda t: (t, 6, 7)),
    "each_frame_by_a_model": ("TimeDistributed", {"layer": ("Sequential", {"layers": [
        ("Input", {"shape": (None, 3)}), ("Conv1D", {"filters": 7, "kernel_size": 2})]})}, ((STEPS, OTHERS, 3),),
        lambda t: (t, OTHERS - 1, 7)),
    "table": ("Embedding", {"input_dim": 9, "output_dim": 7}, ((STEPS,),), lambda t: (t, 7)),
    "masking": ("Masking", {}, ((STEPS, 3),), lambda t: (t, 3)),
    "normalized": ("LayerNormalization", {}, ((STEPS, 3),), lambda t: (t, 3)),
    "dropped": ("SpatialDropout1D", {"rate": 0.5}, ((STEPS, 3),), lambda t: (t, 3)),
    "repeated": ("RepeatVector", {"n": 4}, ((3,),), lambda t: (4, 3)),
    "convolved": ("Conv1D", {"filters": 7, "kernel_size": 3}, ((STEPS, 3),), lambda t: (t - 2, 7)),
    "strided": ("Conv1D", {"filters": 7, "kernel_size": 3, "strides": 2, "padding": "same"}, ((STEPS, 3),),
                lambda t: (-(-t // 2), 7)),
    "causal": ("Conv1D", {"filters": 7, "kernel_size": 3, "dilation_rate": 2, "padding": "causal"}, ((STEPS, 3),),
               lambda t: (t, 7)),
    "separable": ("SeparableConv1D", {"filters": 7, "kernel_size": 2}, ((STEPS, 3),), lambda t: (t - 1, 7)),
    "depthwise": ("DepthwiseConv1D", {"kernel_size": 2, "depth_multiplier": 2}, ((STEPS, 3),), lambda t: (t - 1, 6)),
    "transposed": ("Conv1DTranspose", {"filters": 7, "kernel_size": 3, "strides": 2}, ((STEPS, 3),), lambda t: (2 * t + 1, 7)),
    "transposed_alike": ("Conv1DTranspose", {"filters": 7, "kernel_size": 3, "strides": 2, "padding": "same",
                                             "output_padding": 1}, ((STEPS, 3),), lambda t: (2 * t, 7)),
    "transposed_pictures": ("Conv2DTranspose", {"filters": 7, "kernel_size": (2, 3), "strides": (3, 2), "output_padding": (2, 0)},
                            (PICTURE,), lambda t: (3 * t + 1, 13, 7)),
    "greatest_of_two": ("MaxPooling1D", {"pool_size": 2}, ((STEPS, 3),), lambda t: (t // 2, 3)),
    "mean_of_three": ("AveragePooling1D", {"pool_size": 3, "strides": 1, "padding": "same"}, ((STEPS, 3),), lambda t: (t, 3)),
    "mean_of_four": ("AveragePooling1D", {"pool_size": 4, "strides": 1, "padding": "same"}, ((STEPS, 3),), lambda t: (t, 3)),
    "greatest_of_four": ("MaxPooling1D", {"pool_size": 4, "strides": 2, "padding": "same"}, ((STEPS, 3),),
                         lambda t: (-(-t // 2), 3)),
    "mean": ("GlobalAveragePooling1D", {"data_format": "channels_first"}, ((3, STEPS),), lambda t: (3,)),
    "mean_kept": ("GlobalAveragePooling1D", {"keepdims": True}, ((STEPS, 3),), lambda t: (1, 3)),
    "greatest": ("GlobalMaxPooling1D", {"data_format": "channels_first", "keepdims": True}, ((3, STEPS),), lambda t: (3, 1)),
    "flattened": ("Flatten", {"data_format": "channels_first"}, ((STEPS, 4, 3),), lambda t: (12 * t,)),
    "merged": ("Reshape", {"target_shape": (-1, 4)}, (PICTURE,), lambda t: (3 * t, 4)),
    "parted": ("Reshape", {"target_shape": (-1, 3, 2, 2)}, (PICTURE,), lambda t: (t, 3, 2, 2)),
    "turned": ("Permute", {"dims": (3, 1, 2)}, (PICTURE,), lambda t: (2, t, 6)),
    "cropped": ("Cropping2D", {"cropping": ((1, 0), (0, 2))}, (PICTURE,), lambda t: (t - 1, 4, 2)),
    "cropped_behind": ("Cropping2D", {"cropping": ((0, 1), (1, 0)), **FIRST}, (PICTURE,), lambda t: (t, 5, 1)),
    "cropped_around": ("Cropping3D", {"cropping": ((1, 1), (0, 2), (1, 0))}, (VOLUME,), lambda t: (t - 2, 2, 2, 2)),
    "cropped_volumes": ("Cropping3D", {"cropping": ((2, 0), (0, 0), (0, 1)), **FIRST}, (VOLUME,), lambda t: (t, 2, 3, 1)),
    "padded": ("ZeroPadding2D", {"padding": ((1, 2), (0, 3))}, (PICTURE,), lambda t: (t + 3, 9, 2)),
    "padded_behind": ("ZeroPadding2D", {"padding": (1, 2), **FIRST}, (PICTURE,), lambda t: (t, 8, 6)),
    "padded_around": ("ZeroPadding3D", {"padding": ((1, 2), (0, 3), (2, 0))}, (VOLUME,), lambda t: (t + 3, 7, 5, 2)),
    "padded_volumes": ("ZeroPadding3D", {"padding": (0, 1, 2), **FIRST}, (VOLUME,), lambda t: (t, 4, 5, 6)),
    "enlarged": ("UpSampling2D", {"size": (2, 3)}, (PICTURE,), lambda t: (2 * t, 18, 2)),
    "enlarged_behind": ("UpSampling2D", {"size": (2, 3), **FIRST}, (PICTURE,), lambda t: (t, 12, 6)),
    "enlarged_around": ("UpSampling3D", {"size": (1, 2, 3)}, (VOLUME,), lambda t: (t, 8, 9, 2)),
    "enlarged_volumes": ("UpSampling3D", {"size": (1, 2, 3), **FIRST}, (VOLUME,), lambda t: (t, 4, 6, 6)),
    "mean_of_pictures": ("GlobalAveragePooling2D", {}, (PICTURE,), lambda t: (2,)),
    "mean_of_volumes": ("GlobalAveragePooling3D", {"keepdims": True, **FIRST}, (VOLUME,), lambda t: (t, 1, 1, 1)),
    "greatest_of_pictures": ("GlobalMaxPooling2D", {"keepdims": True, **FIRST}, (PICTURE,), lambda t: (t, 1, 1)),
    "greatest_of_volumes": ("GlobalMaxPooling3D", {}, (VOLUME,), lambda t: (2,)),
    "blocks": ("AdaptiveAveragePooling2D", {"output_size": (1, 3)}, (PICTURE,), lambda t: (1, 3, 2)),
    "blocks_behind": ("AdaptiveMaxPooling2D", {"output_size": (2, 1), **FIRST}, (PICTURE,), lambda t: (t, 2, 1)),
    "greatest_of_blocks": ("MaxPooling3D", {"pool_size": (1, 2, 3)}, (VOLUME,), lambda t: (t, 2, 1, 2)),
    "mean_of_blocks": ("AveragePooling2D", {"pool_size": (1, 2), **FIRST}, (PICTURE,), lambda t: (t, 6, 1)),
    "channels_of_pictures": ("SpatialDropout2D", {"rate": 0.5}, (PICTURE,), lambda t: (t, 6, 2)),
    "channels_of_volumes": ("SpatialDropout3D", {"rate": 0.5, **FIRST}, (VOLUME,), lambda t: (t, 4, 3, 2)),
    "normalized_by_squares": ("RMSNormalization", {"axis": (2, 3)}, (PICTURE,), lambda t: (t, 6, 2)),
    "normalized_to_one": ("UnitNormalization", {"axis": (-1, 1)}, ((STEPS, 3),), lambda t: (t, 3)),
    "normalized_in_groups": ("GroupNormalization", {"groups": 2}, (PICTURE,), lambda t: (t, 6, 2)),
    "shared_slopes": ("PReLU", {"shared_axes": [1]}, ((STEPS, 3),), lambda t: (t, 3)),
    "shares": ("Softmax", {"axis": (1, 2)}, ((STEPS, 3),), lambda t: (t, 3)),
    "bent": ("LeakyReLU", {"negative_slope": 0.25}, ((STEPS, 3),), lambda t: (t, 3)),
    "noisy": ("AlphaDropout", {"rate": 0.5}, ((STEPS, 3),), lambda t: (t, 3)),
    "grouped_heads": ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
                      ((STEPS, 6), (OTHERS, 6)), lambda t: (t, 6)),
    "attended": ("Attention", {}, ((STEPS, 3), (OTHERS, 5), (OTHERS, 3)), lambda t: (t, 5)),
    "attended_in_rows": ("Attention", {}, ((STEPS, 2, 3), (STEPS, OTHERS, 5), (STEPS, OTHERS, 3)), lambda t: (t, 2, 5)),
    "scores": ("Attention", {}, ((STEPS, 3), (OTHERS, 3)), lambda t: (t, OTHERS)),
    "scores_of_heads": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, ((STEPS, 4), (OTHERS, 6)),
                        lambda t: (2, t, OTHERS)),
    "attended_by_sums": ("AdditiveAttention", {}, ((STEPS, 3), (OTHERS, 3)), lambda t: (t, 3)),
    "heads": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "value_dim": 2}, ((STEPS, 4), (OTHERS, 6)), lambda t: (t, 4)),
}
"""Name -> Keras' layer, its options, the shapes of its inputs without the batch, and that of what comes, by the steps of the
first input."""

def joined(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """Inputs joined one after the other; axes that one of them lacks stand behind its batch."""
    def of(*inputs: np.ndarray) -> np.ndarray:
        most = max(one.ndim for one in inputs)
        return reduce(function, [one.reshape(len(one), *(1,) * (most - one.ndim), *one.shape[1:]) for one in inputs])

    return of


def pooled(of: Callable[..., np.ndarray], size: int, strides: int) -> Callable[[np.ndarray], np.ndarray]:
    """Of each window that lies around the steps (batch, time, features), the steps of it that there are: more may lack behind
    than before."""
    def over(x: np.ndarray) -> np.ndarray:
        steps = x.shape[1]
        count = -(-steps // strides)
        begins = strides * np.arange(count) - max((count - 1) * strides + size - steps, 0) // 2
        return np.stack([of(x[:, max(begin, 0):begin + size], axis=1) for begin in begins], axis=1)

    return over


def attended(query: np.ndarray, value: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Each query's mean of the values (…, steps, features), by the products with their keys."""
    powers = np.exp(query @ key.swapaxes(-1, -2))
    return powers / powers.sum(axis=-1, keepdims=True) @ value


def padded(*axes: tuple[int, int]) -> Callable[[np.ndarray], np.ndarray]:
    """Zeros before and behind each axis after the batch."""
    return lambda x: np.pad(x, ((0, 0), *axes))


def enlarged(*times: int) -> Callable[[np.ndarray], np.ndarray]:
    """Each axis after the batch repeated so many times, place by place."""
    return lambda x: reduce(lambda y, one: y.repeat(one[1], axis=one[0]), enumerate(times, 1), x)


EQUATIONS: Mapping[str, Callable[..., np.ndarray]] = {
    "attended": attended, "attended_in_rows": attended, "scores": lambda x, y: attended(x, np.eye(y.shape[1]), y),
    "mean_of_three": pooled(np.mean, 3, 1), "mean_of_four": pooled(np.mean, 4, 1), "greatest_of_four": pooled(np.max, 4, 2),
    "joined": lambda *x: np.concatenate(x, axis=2), "joined_in_time": lambda *x: np.concatenate(x, axis=1),
    "three_joined_in_time": lambda *x: np.concatenate(x, axis=1), "add": joined(np.add), "spread": joined(np.add),
    "subtract": joined(np.subtract), "taken_away": joined(np.subtract),
    "merged": lambda x: x.reshape(len(x), -1, 4), "parted": lambda x: x.reshape(len(x), -1, 3, 2, 2),
    "turned": lambda x: np.moveaxis(x, 3, 1), "minimum": joined(np.minimum), "maximum": joined(np.maximum),
    "multiply": joined(np.multiply), "spread_over_time": joined(np.add), "average": lambda *x: joined(np.add)(*x) / len(x),
    "products": lambda x, y: np.einsum("btf,bsf->bts", x, y), "products_from_the_end": lambda x, y: x @ y,
    "products_of_pictures": lambda x, y: np.einsum("btuf,bfsg->btusg", x, y),
    "products_of_last_axes": lambda x, y: np.einsum("btf,bsgf->btsg", x, y),
    "products_over_time": lambda x, y: np.einsum("btf,btsg->bfsg", x, y),
    "products_of_vectors": lambda x, y: (x * y).sum(axis=1, keepdims=True), "same": lambda x: x,
    "repeated": lambda x: np.repeat(x[:, None], 4, axis=1), "mean": lambda x: x.mean(axis=2),
    "mean_kept": lambda x: x.mean(axis=1, keepdims=True), "greatest": lambda x: x.max(axis=2, keepdims=True),
    "flattened": lambda x: np.moveaxis(x, 1, -1).reshape(len(x), -1),
    "greatest_of_two": lambda x: np.maximum(x[:, 0:-1:2], x[:, 1::2]),
    "cropped": lambda x: x[:, 1:, :-2], "cropped_behind": lambda x: x[:, :, :-1, 1:],
    "cropped_around": lambda x: x[:, 1:-1, :-2, 1:], "cropped_volumes": lambda x: x[:, :, 2:, :, :-1],
    "padded": padded((1, 2), (0, 3), (0, 0)), "padded_behind": padded((0, 0), (1, 1), (2, 2)),
    "padded_around": padded((1, 2), (0, 3), (2, 0), (0, 0)), "padded_volumes": padded((0, 0), (0, 0), (1, 1), (2, 2)),
    "enlarged": enlarged(2, 3, 1), "enlarged_behind": enlarged(1, 2, 3), "enlarged_around": enlarged(1, 2, 3, 1),
    "enlarged_volumes": enlarged(1, 1, 2, 3), "mean_of_pictures": lambda x: x.mean(axis=(1, 2)),
    "mean_of_volumes": lambda x: x.mean(axis=(2, 3, 4), keepdims=True), "greatest_of_volumes": lambda x: x.max(axis=(1, 2, 3)),
    "greatest_of_pictures": lambda x: x.max(axis=(2, 3), keepdims=True),
    "blocks": lambda x: x.reshape(len(x), 1, STEPS, 3, 2, 2).mean(axis=(2, 4)),
    "blocks_behind": lambda x: x.reshape(len(x), STEPS, 2, 3, 1, 2).max(axis=(3, 5)),
    "greatest_of_blocks": lambda x: x.reshape(len(x), STEPS, 2, 2, 1, 3, 2).max(axis=(3, 5)),
    "mean_of_blocks": lambda x: x.mean(axis=3, keepdims=True),
    **dict.fromkeys(("channels_of_pictures", "channels_of_volumes", "shared_slopes", "bent", "noisy"), lambda x: x),
    "normalized_by_squares": lambda x: x / np.sqrt((x**2).mean(axis=(2, 3), keepdims=True) + 1e-6),
    "normalized_to_one": lambda x: x / np.sqrt((x**2).sum(axis=(1, 2), keepdims=True)),
    "normalized_in_groups": lambda x: (x - x.mean(axis=(1, 2), keepdims=True))
    / np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-3),
    "shares": lambda x: np.exp(x) / np.exp(x).sum(axis=(1, 2), keepdims=True),
}
"""What comes, of layers that have no weights."""
SCORED = ("scores", "scores_of_heads")
"""What is called for its scores, and looked at for these."""
APART = ("MultiHeadAttention", "GroupQueryAttention")
"""The layers that take their inputs one by one, not as a list."""
FEATURES_LAST = ("products_from_the_end", "average", "products_of_pictures")
"""Those whose last input has features in the place of its time."""
CLOSED = ("repeated", "mean", "greatest", "multiply", "maximum", "products_of_vectors", "products_over_time",
          "einsum_of_steps")
"""Those whose first input has no axis of time that may be open."""
OPENED = ("einsum", "einsum_turned")
"""Those whose own option leaves time open."""


@statement("Layers around recurrent ones give the shape that is documented, where they have no weights what they say, and tell "
           "the shape beforehand, so does a series of them that is not built: what depends on an axis that is open stays open, "
           "and nothing else; what they are given stays as it was.",
           {"name": tuple(LAYERS), "open": ("nothing", "time", "first")}, usual={"open": ("nothing", "first")},
           strength=(1, 2, 2), sparing=34, dear={"name": ("blocks_behind",)}, senseless=(
    (("name", "open"), lambda name, open: name in CLOSED and open != "nothing"),
    (("name", "open"), lambda name, open: name in FEATURES_LAST and open == "time"),
    (("name", "open"), lambda name, open: name in OPENED and open == "nothing"),
    (("name", "open"), lambda name, open: name in SCORED and open == "nothing"),
    (("name", "open"), lambda name, open: open == "time" and len(LAYERS[name][2]) == 1),
    (("name", "open"), lambda name, open: open == "nothing" and LAYERS[name][2][0] in (PICTURE, VOLUME)),  # as others tell it
), source="Keras: Layer.compute_output_shape, and calls on symbolic tensors")
def layers_tell_their_shapes(ask, name, open):
    layer, options, shapes, due_of = LAYERS[name]
    random = generator("told shapes", name)
    inputs = tuple(3 * np.abs(draw_values(random, (ROWS, *shape))) for shape in shapes)
    opened = {"nothing": 0, "first": 1, "time": len(shapes)}[open]
    given = {"layer": layer, "options": options, "inputs": inputs, "open": opened, "ids": layer == "Embedding",
             "scored": name in SCORED}
    seen = ask(FunctionRequest("told_shapes", (("name", name), *given.items())))
    due = due_of(STEPS)
    came = tuple(int(size) for size in seen["came"])
    found = [] if came == (ROWS, *due) else [Deviation("came", f"outputs: found shape {came}, expected {(ROWS, *due)}")]
    dtype = "int32" if given["ids"] else "float32"
    for number, one in enumerate(inputs):
        found += equal(f"given/{number}", seen[f"given/{number}"], one.astype(dtype), "after the call")
    if name in EQUATIONS:
        values = EQUATIONS[name](*(one.astype("float32").astype("float64") for one in inputs))
        found += compare("outputs", seen["outputs"], values, 64 * unit_roundoff("float32") * (1 + np.abs(values)))
    if name not in SCORED and not open_at_most(again := tuple(int(size) for size in seen["again"]), due):
        found.append(Deviation("again", f"told of {MORE_ROWS} rows once it was called: {again}, expected {(MORE_ROWS, *due)}"))
    series = ("series",) if len(shapes) == 1 else ()
    for how in ("symbolic",) if name in SCORED else ("computed", "listed", "symbolic", *series):
        told, right = tuple(int(size) for size in seen[how]), tellable(name, opened)
        if len(told) != len(right) or any(here not in sizes for here, sizes in zip(told, right, strict=True)):
            words = f"told beforehand ({how}): {told}, with {open} open besides the batch, and {came} came"
            found.append(Deviation(how, words.replace(str(OPEN), "open")))
    return found


def with_open_axes(inputs: Sequence[np.ndarray], opened: int) -> list[tuple[int | None, ...]]:
    """The shapes of inputs (batch, time, …) without the batch; None for the time of so many of them, the first ones."""
    return [(None if place < opened else one.shape[1], *one.shape[2:]) for place, one in enumerate(inputs)]


def open_at_most(told: tuple[int, ...], due: tuple[int, ...]) -> bool:
    """Whether a shape is told of `MORE_ROWS`, and otherwise is this one, where it is not left open."""
    return told[:1] == (MORE_ROWS,) and len(told) == 1 + len(due) and all(
        here in (OPEN, size) for here, size in zip(told[1:], due, strict=True))


def tellable(name: str, opened: int) -> list[tuple[int, ...]]:
    """What may be told of each axis, where so many of the inputs, the first ones, have an axis of open size: that it is open
    where it depends on one of those; its size, too, where an input that is not open tells it."""
    _, _, shapes, due_of = LAYERS[name]
    known, unknown = ({shape[0] for shape in some} for some in (shapes[opened:], shapes[:opened]))

    def of(size: int, longer: int) -> tuple[int, ...]:
        if opened and size != longer:
            return (OPEN, size) if size in known else (OPEN,)
        return (OPEN, size) if size in unknown else (size,)  # it may be that of the other input's time

    return [(OPEN,), *map(of, due_of(STEPS), due_of(LONGER))]


OF_BOTH: tuple[tuple[str, tuple[tuple[int | None, ...], ...], tuple[int | None, ...]], ...] = (
    ("add", ((None, 3), (5, 3)), (5, 3)), ("multiply", ((4, None), (None, 1)), (4, None)),
    ("subtract", ((1, 3), (None, 1)), (None, 3)),
    ("maximum", ((None, 3), (3,)), (None, 3)), ("less", ((None,), (2, 5)), (2, 5)), ("logical_or", ((None, 5), (2, 1)), (2, 5)),
    ("where", ((None, 1), (5, 1), (1, 3)), (5, 3)), ("matmul", ((None, 5, 3), (2, 3, 4)), (2, 5, 4)),
    ("matmul", ((2, None, 3), (3,)), (2, None)), ("power", ((None, None, 3), (2, 1)), (None, 2, 3)),
    ("arctan2", ((5, 1), (None, 3)), (5, 3)), ("divide", ((None, 3), (None, 3)), (None, 3)),
)
"""Function, the shapes of its arguments, of which None is open, and that of what comes: an axis of one is as long as the other,
and so is an open one, where that is known and not one."""


@statement("Of arguments of which some axes are open a function tells what either says: an axis that is known and not one is "
           "known of the result too, and what is open in both, or beside one, stays so.",
           source="Keras: ops on symbolic tensors; NumPy")
def open_axes_are_told_of_all_arguments(ask) -> list[Deviation]:
    """Facts: `told`, by place, the shape that is told of the result."""
    asked = tuple((function, shapes) for function, shapes, _ in OF_BOTH)
    came = ask(FunctionRequest("told_of_both", (("asked", asked),))).facts.get("told", (None,) * len(asked))
    return [Deviation(f"{function} {place}", f"{function} of {shapes}: told {told}, expected {due}")
            for place, ((function, shapes, due), told) in enumerate(zip(OF_BOTH, came, strict=True)) if told != due]
