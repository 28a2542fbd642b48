"""Scripts of attention: what is read, what scores say, which masks are left."""

from __future__ import annotations

import numpy as np

from suite.repros.functions.told import DRAW, Told, head, mask_line, numpy, whole
from suite.repros.functions.weights import ALL

LAYERS = {"Attention": "Attention()", "AdditiveAttention": "AdditiveAttention()",
          "MultiHeadAttention": "MultiHeadAttention(num_heads=2, key_dim=3)",
          "GroupQueryAttention": "GroupQueryAttention(head_dim=3, num_query_heads=2, num_key_value_heads=1)"}


def attending(told: Told) -> list[str]:
    """One row, and copies of it with one value (or key) changed: what changes with it was read."""
    options = told.options
    kind, causal, own = (options[n] for n in ("layer", "causal", "own"))
    heads = kind in ("MultiHeadAttention", "GroupQueryAttention")
    masks = {n: options[f"{n}_mask"] for n in ("query", "value")}
    queries, values, width = options["query"].shape[1], options["value"].shape[1], options["query"].shape[2]
    keys, where = options["key"] is not None, told.worst.where
    scored = where.startswith("scored")
    first = [*head(told.backend), "", *DRAW]
    for name, mask in masks.items():
        first += mask_line(None if mask is None else np.asarray(mask), f"{name}_mask")
    first += ["class Masked(keras.layers.Layer):  # gives its input a mask, the same for every row",
        "    def __init__(self, mask):",
              "        super().__init__()", "        self.given = mask", "    def call(self, x):", "        return x + 0.0",
              "    def compute_mask(self, x, previous=None):",
              "        return keras.ops.ones((len(x), 1), \"bool\") & self.given", ""
              ] * any(m is not None for m in masks.values())
    shape = f"(1, {queries}, {width}), (1, {values}, {width})"
    asked = [f"layer = keras.layers.{LAYERS[kind]}", f"layer.build({shape})" if heads else
             f"layer.build([{shape}{f', (1, {values}, {width})' * keys}])",
             "layer.set_weights([draw(*w.shape) for w in layer.get_weights()])"]
    tensor = {n: f"Masked({n}_mask)({n})" if m is not None else n for n, m in masks.items()}
    more = ["use_causal_mask=True"] * causal
    own_line = [f"own = np.array({own.astype(int).tolist()}, bool)"] if own is not None else []
    if heads:
        arguments = ["q", "v", *["key=key"] * keys, *["attention_mask=np.tile(own, (len(query), 1, 1))"] * bool(own_line), *more]
    else:
        arguments = [f"[q, v{', key' * keys}]", *more]
    plain = ", ".join([*arguments, "**more"])
    asked += [*own_line, "def call(query, value, key, **more):",
              f"    query, value{', key' * keys} = map(keras.ops.convert_to_tensor, (query, value{', key' * keys}))",
              f"    q, v = {tensor['query']}, {tensor['value']}"]
    rows = [f"q0, v0, k0 = draw(1, {queries}, {width}), draw(1, {values}, {width}), draw(1, {values}, {width})"]
    may = [f"may = np.ones(({queries}, {values}), bool)", *["may &= value_mask"] * (masks["value"] is not None),
           *["may &= np.tri(*may.shape, dtype=bool)"] * causal, *["may &= own"] * bool(own_line),
           f"asks = may.any(axis=1){' & query_mask' * (masks['query'] is not None)}"]
    if where.startswith("kept"):
        name = where.removeprefix("kept/")
        plain = plain.replace(", **more", "")
        asked = [line.replace(", **more", "") for line in asked]
        tensor = "q" if name == "query" else "v"
        asked += [f"    layer({plain})", f"    return keras.src.backend.common.masking.get_keras_mask({tensor})", *rows,
                  "found = call(q0, v0, k0)"]
        return whole(told, first, asked, [
            f"expected = {name}_mask.astype(int).tolist()",
            "found = None if found is None else keras.ops.convert_to_numpy(found)[0].astype(int).tolist()",
            'print("expected", expected)', 'print("found   ", found)', "sys.exit(int(found != expected))"])
    if where in ("sums", "forbidden", "scores") or "read" not in told.worst.message:
        asked += [f"    return layer({plain})", *rows,
                  "results = call(q0, v0, k0), *call(q0, v0, k0, return_attention_scores=True)",
                  f"plain, other, scores = ({numpy(told, 'one')} for one in results)"]
        rows_of = "[:, asks]" if heads else ""
        return whole(told, first, asked, [
            *may, f"scores = scores.reshape(-1, {queries}, {values})[:, asks]",
            'found = {"scores sum to one": bool(np.allclose(scores.sum(axis=-1), 1, atol=1e-5)),',
            '         "zero where nothing may be read": bool(np.allclose(scores * ~may[asks], 0, atol=1e-5)),',
            f'         "the same outputs": bool(np.allclose(plain{rows_of}, other{rows_of}, atol=1e-5))}}', *ALL])
    what = "key" if " key " in told.worst.message else "value"
    if scored:
        plain = plain.replace("**more", "return_attention_scores=True")
    asked = [line.replace(", **more", "") for line in asked]
    plain = plain.replace(", **more", "")
    seen = f"layer({plain}){'[0]' * scored}"
    asked += [f"    return {numpy(told, seen)}", *rows, "plain = call(q0, v0, k0)[0]",
        f"found = np.zeros(({queries}, {values}), bool)",
              f"for n in range({values}):  # another {what} n: who sees it?",
              f"    {what[0]}1 = {what[0]}0.copy()", f"    {what[0]}1[:, n] += draw({width})",
              f"    found[:, n] = np.abs(call(q0, {'v1, k0' if what == 'value' else 'v0, k1'})[0] - plain).max(axis=1) > 1e-4"]
    due = "may[asks]" if what == "value" else "(may & (may.sum(axis=1, keepdims=True) > 1))[asks]"
    return whole(told, first, asked, [
        *may, f"found, expected = found[asks].astype(int), {due}.astype(int)  # queries that are no padding: what each reads",
        'print("expected", expected.tolist())', 'print("found   ", found.tolist())',
        "sys.exit(int(not np.array_equal(found, expected)))"])
