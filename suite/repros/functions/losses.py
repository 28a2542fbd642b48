"""Scripts of losses and embeddings: masked steps, ignored and weighted classes, probabilities; tables and their gradients."""

from __future__ import annotations

import numpy as np

from suite.repros import keras as in_keras
from suite.repros.finding import NoScript
from suite.repros.functions.gradients import MODULES, slope
from suite.repros.functions.told import DRAW, Told, compared, drawn, head, mask_line, number, numpy, whole
from suite.repros.functions.weights import ALL

LOSSES = {"mse": ("MeanSquaredError", "((y - targets) ** 2).mean(axis=-1)"),
          "mae": ("MeanAbsoluteError", "np.abs(y - targets).mean(axis=-1)")}
REDUCED = {"sum": "1", "sum_over_batch_size": "mask.sum()", "mean_with_sample_weight": "w[mask].sum()"}


def masked_loss(told: Told) -> list[str]:
    """Loss or metric of evaluating a layer on masked sequences, by hand: whatever targets hold at masked steps."""
    layer, batch, targets, weight = (told.options[n] for n in ("layer", "batch", "targets", "sample_weight"))
    name = told.named("loss", "metric", "plain", "outputs", "gradients", "weights") or "loss"
    kind, reduction = told.options["loss"], told.options["reduction"]
    masked = batch.mask is not None
    every = [dict(each.request.arguments)["targets"] for each in told.asked] or [targets]
    hidden = every[-1][~batch.valid] if masked else np.zeros(0)
    fill = "np.nan" if np.isnan(hidden).any() else f"{float(hidden.flat[0]):g}" if hidden.size else ""
    shape = batch.inputs.shape
    first = [*head(told.backend, *([MODULES[told.engine]] if name.startswith("gradients") else [])), "", *DRAW, drawn("x", shape),
             *(mask_line(batch.mask) or [f"mask = np.ones({shape[:2]}, bool)"]), drawn("targets", targets.shape),
             *[f"targets[~mask] = {fill}"] * bool(fill)]
    if weight is not None:
        first.append(f"weight = draw({', '.join(map(str, weight.shape))}) + 1.5")
    start, valid = f"start = keras.Input({shape[1:]})", f"valid = keras.Input({shape[1:2]}, dtype=\"bool\")"
    made = in_keras.construct(layer.but(return_state=False), "fused", True)
    asked = [start, *[valid] * masked, f"layer = {made}",
             f"model = keras.Model({'[start, valid]' if masked else 'start'}, layer(start{', mask=valid' * masked}))",
             f"model.compile(loss=keras.losses.{LOSSES[kind][0]}(reduction=\"{reduction}\"),",
             '    metrics=[keras.metrics.MeanSquaredError(name="plain")],',
             '    weighted_metrics=[keras.metrics.MeanSquaredError(name="metric")])',
             "for v in model.trainable_variables:", "    v.assign(draw(*v.shape) / 2)",
             f"given = {'[x, mask]' if masked else 'x'}"]
    weighted = ", sample_weight=weight" * (weight is not None)
    w = "np.ones(mask.shape)" if weight is None else "weight * np.ones(mask.shape)" if weight.ndim == 2 else (
        "weight[:, None] * np.ones(mask.shape)")
    if name.startswith("gradients"):
        place = name.rpartition("/")[2]
        convert = "keras.ops.convert_to_tensor"
        tensors = f"[{convert}(a) for a in given]" if masked else f"{convert}(given)"
        asked += [f"tensors, due = {tensors}, {convert}(targets)", "def loss():",
                  "    return model.compute_loss(x=tensors, y=due, y_pred=model(tensors)"
                  f"{', sample_weight=' + convert + '(weight)' if weight is not None else ''})",
                  *slope(told, f"layer.trainable_variables[{place}]"), "other = found",
                  "due = keras.ops.convert_to_tensor(np.where(mask[..., None], targets, 0.5).astype(\"float32\"))",
                  *[line for line in slope(told, f"layer.trainable_variables[{place}]")],
                  "found, expected = other, found  # other numbers in targets at masked steps"]
        return whole(told, first, asked, compared("1e-6"))
    if name.startswith("weights") and "after the loss" not in told.worst.message:
        raise NoScript("the weights that a loss was given differ after it from call to call: see losses_leave_their_weights")
    if name.startswith("weights"):
        asked += ["before = weight.copy()", "tensor = keras.ops.convert_to_tensor(weight)",
                  "loss = keras.losses.get(model.loss)", "y = model(given)", "loss(targets, y, sample_weight=tensor)"]
        return whole(told, first, [*asked, f"found, expected = {numpy(told, 'tensor')}, before"], compared("0"))
    key = name.removesuffix(" on a batch")
    key = "loss" if key == "outputs" else key
    call = "test_on_batch(given, targets" if name.endswith("batch") else (
        f"evaluate(given, targets, batch_size={shape[0]}, verbose=0")
    asked.append(f"told = model.{call}{weighted}, return_dict=True)")
    values = LOSSES[kind][1] if key == "loss" else LOSSES["mse"][1]
    by = REDUCED[reduction] if key == "loss" else "w[mask].sum()"
    return whole(told, first, asked, [
        "y = model.predict(given, verbose=0).astype(float)", f"w = {w}" if key != "plain" else "w = np.ones(mask.shape)",
        f"expected, found = ({values} * w)[mask].sum() / {by}, told[\"{key}\"]", *number("1e-5 * abs(expected)")])


def probabilities(told: Told) -> list[str]:
    """A cross-entropy of probabilities."""
    where = told.worst.where
    kind = next((k for k in ("categorical", "sparse", "binary") if where.startswith(k)), "categorical")
    nothing = "nothing" in where
    name = {"categorical": "Categorical", "sparse": "SparseCategorical", "binary": "Binary"}[kind]
    count = 2 if kind == "binary" else 3
    first = [*head(told.backend), "", "rng = np.random.default_rng(0)", f"classes = rng.integers(0, {count}, (4, 5))",
             f"p = rng.uniform(0.2, 1, (4, 5, {count}))", "p /= p.sum(axis=-1, keepdims=True)"]
    first += [f"p[0] = np.roll(np.eye({count}), 1, axis=1)[classes[0]]  # nothing for the class that was due"] * nothing
    given = {"categorical": f"np.eye({count})[classes], p", "sparse": "classes, p",
    "binary": "classes[..., None], p[..., 1:]"}[kind]
    dues, ps = given.split(", p")
    asked = [f"loss = keras.losses.{name}Crossentropy(reduction=None)", "to = keras.ops.convert_to_tensor",
             f"found = {numpy(told, f'loss(to({dues}), to((p{ps}).astype({chr(34)}float32{chr(34)})))')}"]
    asked[-1] = asked[-1].replace(f"to({dues})", f'to(({dues}).astype("{"int32" if kind == "sparse" else "float32"}"))')
    then = ["own = np.take_along_axis(p, classes[..., None], axis=2)[..., 0]", "expected = -np.log(np.maximum(own, 1e-7))"]
    if nothing:
        then.append("found = np.where((own == 0) & (np.abs(found - expected) < 0.2), expected, found)  # large, and finite")
    return whole(told, first, asked, [*then, *compared("1e-4")])


def ignored_class(told: Told) -> list[str]:
    """A cross-entropy with ignored and weighted classes and smoothed labels, and its gradient."""
    options = told.options
    ignored, reduction, mask = (options[n] for n in ("ignored", "reduction", "mask"))
    if mask is not None and mask.dtype != bool:
        raise NoScript("a mask of whole numbers: the ledger's own script shows it")
    smoothing, weights = options.get("smoothing", 0.0), options.get("weights")
    name = told.named("loss", "gradients") or "loss"
    behind = name == "gradients"
    first = [*head(told.backend, *([MODULES[told.engine]] if behind and told.keras else [])), "", *DRAW, "logits = draw(4, 5, 3)",
             f"classes = np.array({options['classes'].tolist()})", *mask_line(mask)]
    if told.keras:
        kind = {"mean": '"sum_over_batch_size"', "sum": '"sum"', "none": "None"}[reduction]
        asked = []
        if mask is not None:
            asked += ["class Masked(keras.layers.Layer):  # gives its input a mask", "    def call(self, x):",
                "        return x + 0.0",
                      "    def compute_mask(self, x, previous=None):", "        return keras.ops.convert_to_tensor(mask)", ""]
        given = "Masked()(v.value + 0.0)" if mask is not None else "v.value + 0.0"
        asked += ["v = keras.Variable(logits)", f"entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, "
                  f"ignore_class={ignored}, reduction={kind})", "def loss():",
                  f"    return {'keras.ops.sum(' * behind}entropy(keras.ops.convert_to_tensor(classes), {given}){')' * behind}"]
        asked += slope(told, "v") if behind else ["found = keras.ops.convert_to_numpy(loss())"]
    else:
        more = [f"weight=torch.tensor({list(weights)})"] if weights is not None else []
        more += [f"ignore_index={ignored}", f'reduction="{reduction}"'] + [f"label_smoothing={smoothing}"] * bool(smoothing)
        asked = ["v = torch.tensor(logits, requires_grad=True)", f"entropy = torch.nn.CrossEntropyLoss({', '.join(more)})",
                 "loss = entropy(v.transpose(1, 2), torch.tensor(classes))"]
        asked += ["found = torch.autograd.grad(loss.sum(), v)[0].numpy()"] if behind else ["found = loss.detach().numpy()"]
    own = f"np.array({list(weights)})" if weights is not None else "np.ones(3)"
    then = [f"counts = (classes != {ignored}){' & mask' * (mask is not None)}",
            "p = np.exp(logits.astype(float))", "p /= p.sum(axis=-1, keepdims=True)",
            f"picked, own = np.where(counts, classes, 0), {own}",
            f"due = ({1 - smoothing:g} * np.eye(3)[picked] + {smoothing:g} / 3) * own * counts[..., None]",
            f"by = {'(own[picked] * counts).sum()' if reduction == 'mean' else '1.0'}"]
    if behind:
        then.append("expected = (p * due.sum(axis=-1, keepdims=True) - due) / by")
    else:
        then.append(f"expected = np.array(-(due * np.log(p)).sum(axis={-1 if reduction == 'none' else 'None'}) / by)")
    return whole(told, first, asked, [*then, *compared("1e-5")])


def embedding(told: Told) -> list[str]:
    """PyTorch's nn.Embedding: what is looked up, the table, its gradient, whether it is trained."""
    options = told.options
    padding, origin, longest = options["padding"], options["origin"], options["longest"]
    if origin not in ("fresh", "given", "pretrained") or options.get("norm", 2.0) != 2.0:
        raise NoScript(f"a table that is {origin}, or other norms of it: not written in scripts yet")
    given = [f"{n}={v}" for n, v in (("padding_idx", padding), ("max_norm", longest or None), ("sparse", options["sparse"]),
                                     ("scale_grad_by_freq", options["by_frequency"])) if v is not None and v is not False]
    rows, width = options["table"].shape
    first = [*head(told.backend), "", *DRAW, f"ids = np.array({options['ids'].tolist()})", drawn("table", (rows, width)),
             drawn("k", (*options["ids"].shape, width))]
    if origin == "pretrained":
        asked = [f"module = torch.nn.Embedding.from_pretrained({', '.join(['torch.tensor(table)', *given])})"]
    else:
        asked = [f"module = torch.nn.Embedding({', '.join([str(rows), str(width), *given])})"]
        asked += ['module.load_state_dict({"weight": torch.tensor(table)})'] * (origin == "given")
    reserved = "none" if padding is None else padding % rows
    asked += ["frozen, before = not module.weight.requires_grad, module.weight.detach().numpy().copy()",
              "module.weight.requires_grad_(True)", "outputs = module(torch.tensor(ids))",
              "(outputs * torch.tensor(k)).sum().backward()",
              f"slopes = module.weight.grad{'.to_dense()' * options['sparse']}.numpy()"]
    then = ["due = before.astype(float)"]
    if longest:
        then += ["norms = np.linalg.norm(due, axis=1, keepdims=True)", "used = np.isin(np.arange(len(due)), ids)[:, None]",
                 f"due = np.where(used & (norms > {longest}), due * {longest} / np.maximum(norms, 1e-9), due)"]
    then += ["slope = np.zeros(due.shape)", "np.add.at(slope, ids, k)"]
    then += ["slope /= np.maximum(np.bincount(ids.ravel(), minlength=len(due)), 1)[:, None]"] * options["by_frequency"]
    then += [f"slope[{reserved}] = 0  # padding has no gradient"] * (padding is not None)
    then += ["close = lambda a, b: bool(np.allclose(a, b, rtol=1e-5, atol=1e-5))",
             'found = {"rows of the table": close(outputs.detach().numpy(), due[ids]),',
             '         "the table after the call": close(module.weight.detach().numpy(), due),',
             '         "the gradient": close(slopes, slope),',
             '         "frozen": frozen,' if origin == "pretrained" else '         "trained": not frozen,']
    if origin == "fresh":
        then += [f'         "the row of padding is zero": not before[{reserved}].any(),'] * (padding is not None)
    else:
        then.append('         "the table that was given": bool(np.array_equal(before, table)),')
    return whole(told, first, asked, [*then, "}", *ALL])
