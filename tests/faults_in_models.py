"""Faults in models and in what trains them: masks between layers, embeddings, TimeDistributed, BatchNorm, losses, optimizers,
checkpoints, and conditional random fields. Claims of the scenarios must notice each."""

from planted import faults

LOSS = "return np.sum(values * predictions.mask, axis=places) / float(max(predictions.mask.sum(), 1))"
LOOKED_UP = "looked_up = table[..., ids, :]"
FOLDED = "inner = compute(node[\"layer\"], name, weights, [source.shaped(rows * time, *rest)], padding)"
CENTRED = 'centred = rounded(source.array - broad(own["moving_mean"]))'
VARIANCE = "variance = rounded(np.mean(rounded(rows - np.expand_dims(mean, -2)) ** 2, axis=-2))"
MOVED = "return tuple(rounded(keep * o + (1 - keep) * b * f) for o, b, f in zip(old, batch, (1.0, unbiased), strict=True))"
TRAINED = 'arrays.update({f"weights/{name}": weight for name, weight in weights.items()})'
STEP = "training.optimizer, hyper, {name: weights[name] for name in trained}, gradients, memory, number, rounded, lead"
UNSEEN = 'arrays["trained"] = onp.asarray(predict(weights, unseen, mask).array)'
KEPT = 'return found._replace(mask=sources[0].mask) if node.op in KEEPS_MASK else found'
FROZEN = 'name for name in weights if name not in training.frozen and "/moving_" not in name'
PATHS = "paths = onp.array(list(tuples(range(tags), repeat=length)))"
SCORES = "scores = part(product(numbers, counts(paths, tags).T), (Ellipsis, 0, slice(None)))"
MOVES = 'moves = onp.einsum("pti,ptj->pij", once[:, :-1], once[:, 1:])'
BEST = "best = paths[onp.asarray(getval(scores)).reshape(-1, len(paths))[0].argmax()]"
LENGTHS = "for index, length in enumerate(mask.sum(axis=1)):"

FAULTS = (
    *faults("nodes", "masks of models", {
        "dense drops the mask": (KEPT, KEPT.replace("in KEEPS_MASK", "in KEEPS_MASK and node.op != \"dense\"")),
        "TimeDistributed drops the mask": (
            "return inner.shaped(rows, time, *inner.shape[1:], mask=source.mask)",
            "return inner.shaped(rows, time, *inner.shape[1:])"),
        "a recurrent node takes its mask for full": (
            "source = sources[0]\n    array = source.array if",
            "source = sources[0]._replace(mask=None)\n    array = source.array if"),
        "sequences joined in time lose their masks": ("if axis == -2 and rank == 3 and", "if axis == -3 and rank == 3 and"),
        "id 1 is masked like id 0": (
            'ids != 0 if options.get("mask_zero")', 'ids > 1 if options.get("mask_zero")'),
    }),
    *faults("nodes", "nodes", {
        "row 0 of an embedding is trained": ('if options.get("padding_idx"):', "if False:"),
        "TimeDistributed reverses time": (
            FOLDED, FOLDED + "\n    inner = inner.shaped(rows, time, *inner.shape[1:])\n"
            "    inner = inner._replace(array=part(inner.array, (Ellipsis, slice(None, None, -1), "
            "*[slice(None)] * (inner.rank - 2)))).shaped(rows * time, *inner.shape[2:])"),
        "the next id is looked up": (LOOKED_UP, "looked_up = table[..., onp.minimum(ids + 1, node[\"ids\"] - 1), :]"),
        "max pooling takes the mean": ("np.max(np.stack(stepped), axis=0)", "np.mean(np.stack(stepped), axis=0)"),
    }),
    *faults("nodes", "BatchNorm", {
        "in training it uses the moving averages": (
            'own |= _moments(sources[0])\n        moments[name] = own["moving_mean"], own["moving_variance"]',
            'found = _moments(sources[0])\n        moments[name] = found["moving_mean"], found["moving_variance"]'),
        "its variance is that around zero": (VARIANCE, "variance = rounded(np.mean(rows ** 2, axis=-2))"),
        "its variance is unbiased": (
            VARIANCE, VARIANCE + "\n    variance = variance * (rows.shape[-2] / (rows.shape[-2] - 1))"),
        "the statistics get no gradient": (
            'return {"moving_mean": mean, "moving_variance": variance}',
            'return {"moving_mean": detached(mean), "moving_variance": detached(variance)}'),
        "its moving averages follow ten times as fast": (MOVED, "keep = 10 * keep - 9\n    " + MOVED),
        "its moving averages stay": (MOVED, "return tuple(old)"),
        "its mean is left out": (CENTRED, "centred = source.array"),
    }),
    *faults("models", "training", {
        "the loss is averaged over padding": (LOSS, "return np.mean(values * predictions.mask, axis=places)"),
        "the optimizer's epsilon is elsewhere": (
            STEP, STEP.replace("hyper,", '{**hyper, **({"epsilon": 1e-3} if "epsilon" in hyper else {})},')),
        "the checkpoint that is predicted with is the one before training": (
            UNSEEN, UNSEEN.replace("weights, unseen", "{name: given(array) for name, array in request.weights.items()}, unseen")),
        "the optimizer forgets at every step": (
            STEP, STEP.replace("memory,", "{name: slots(training.optimizer, weights[name], hyper) for name in trained},")),
        "frozen weights are trained": (FROZEN, "name for name in weights if \"/moving_\" not in name"),
    }),
    *faults("crf", "conditional random field", {
        "paths end a step early": (LENGTHS, "for index, length in enumerate(onp.maximum(mask.sum(axis=1) - 1, 1)):"),
        "padding is scored": (LENGTHS, "for index, length in enumerate(onp.full(len(mask), mask.shape[1])):"),
        "transitions are read backwards": (MOVES, 'moves = onp.einsum("pti,ptj->pji", once[:, :-1], once[:, 1:])'),
        "tags never stay as they are": (
            PATHS, PATHS + "\n    paths = paths[(paths[:, 1:] != paths[:, :-1]).all(axis=1)]"),
        "the worst path is decoded": (BEST, BEST.replace("argmax", "argmin")),
        "scores are summed, not exponentials": (SCORES, SCORES + "\n    scores = 0.5 * scores"),
    }),
)
