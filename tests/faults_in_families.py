"""Faults in the reference that only statements of families can notice: chains of cells, graphs around recurrent layers."""

from planted import faults

STATES = "state = {n: np.where(here, new[n], state[n]) for n in state}"
OUTPUT = "last = np.where(here, x, last)"

FAULTS = (
    *faults("chains", "cells in a loop", {
        "an output is taken for a state": ("return rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"])), [p, q]",
                                           "y = rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"]))\n"
                                           "        return y, [p + y.sum() * 1e-3, q]"),
        "the second state is held back a step": ("return rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"])), [p, q]",
                                                 "return rounded(product(p, w[\"O\"]) + product(q, w[\"Q\"])), [p, states[1]]"),
        "masks hold the first cell's states alone": (
            STATES, "state = {n: np.where(here, new[n], state[n]) if '/0/' in n else new[n] for n in state}"),
        "masks do not hold outputs": (OUTPUT, "last = x"),
        "states of a masked step are lost": (STATES, "state = {n: np.where(here, new[n], 0.0 * state[n]) for n in state}"),
        "carried states of the second cell are lost": (
            "elif chain.stateful:", "elif chain.stateful and len(chain.cells) == 1:"),
        "a reset is forgotten": ("            carried = {}\n        elif", "            pass\n        elif"),
        "cells begin with zeros": ("carried.get(name, given(state))", "carried.get(name, given(0.0 * state))"),
        "the projection scales the output alone": ("        return h, [h, c]",
                                                   "        return 0.9 * h, [h, c]"),
        "a layer above reads the backward half in the order of processing": (
            'outputs = outputs[::-1] if direction == "backward" and chain.direction == "bidirectional" else outputs',
            'outputs = outputs[::-1] if direction == "backward" and indices == loops[-1] else outputs'),
        "a layer above reads its halves in the other order": (
            "inputs = np.concatenate(halves, axis=-1) if len(halves) > 1 else halves[0]",
            "inputs = np.concatenate(halves[:: 1 if indices == loops[-1] else -1], axis=-1) if len(halves) > 1 else halves[0]"),
        "layers above start from zeros": (
            'state = {n: variables[f"states/{n}"] for n', 'state = {n: variables[f"states/{n}"] * float(0 in indices) for n'),
        "both directions run forward": ("order = slice(None, None, -1) if direction == \"backward\" else slice(None)",
                                        "order = slice(None)"),
    }),
)

FAULTS += (
    *faults("graphs", "masks around recurrent layers", {
        "a join is valid where both are": (
            "ARITHMETIC[kind](*seen), valid[0] | valid[1]", "ARITHMETIC[kind](*seen), valid[0] & valid[1]"),
        "a join has the mask of the first": (
            "ARITHMETIC[kind](*seen), valid[0] | valid[1]", "ARITHMETIC[kind](*seen), valid[0]"),
        "an average is a sum": ("(a + b) / 2", "a + b"),
        "a product of masked steps is not zero": ('| (kind != "multiply"), outputs, 0.0)', "| True, outputs, 0.0)"),
        "features joined: valid where both are": (
            "np.concatenate(seen, axis=2), valid[0] | valid[1]", "np.concatenate(seen, axis=2), valid[0] & valid[1]"),
        "movies are joined in places": ("outputs[:, :, None] if movies", "outputs.reshape(*outputs.shape[:2], 2, -1) if movies"),
        "times joined: masks swapped": ("np.concatenate(valid, axis=1)", "np.concatenate(valid[::-1], axis=1)"),
        "the mean counts padding": ("/ there.sum(axis=1)", "/ there.shape[1]"),
        "padding is pooled": ("(seen[0] * there).sum(axis=1)", "seen[0].sum(axis=1)"),
        "padding is attended": ("np.broadcast_to(there[:, None, :], scores.shape)", "np.ones(scores.shape, bool)"),
        "masked queries answer": ("np.where(asked[:, :, None], powers", "np.where(True, powers"),
        "the future is attended": ("allowed = allowed & np.tri(", "allowed = allowed | ~np.tri("),
        "masked as soon as one feature is": ("(inputs[0] != value).any(axis=2)", "(inputs[0] != value).all(axis=2)"),
        "word 1 is masked": ("inputs[0] != 0", "inputs[0] > 1"),
        "words get no mask": ("words[:, s], valid[:, s])", "words[:, s], None)"),
        "words get the mask of the first sentence": ("words[:, s], valid[:, s])", "words[:, s], valid[:, 0])"),
        "a model drops its mask": ("answer(layer, weights, inputs[0], masks[0])", "answer(layer, weights, inputs[0], None)"),
    }),
)
