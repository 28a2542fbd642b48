"""Scripts of layers in their other forms: time first, without a batch axis, a cell step by step; and of cells' states that do not
fit."""

from __future__ import annotations

from cases.layers import Layer
from cases.requests import Request
from suite.repros import keras as in_keras
from suite.repros import pytorch as in_torch
from suite.repros.finding import NoScript
from suite.repros.functions.told import DRAW, Told, by_equations, compared, equal, head, mask_line, numpy, refused, sizes, whole


def cell_states(told: Told) -> list[str]:
    """States that do not fit, taken in silence; or outputs of another shape, of states that fit."""
    layer, inputs, states = (told.options[name] for name in ("layer", "inputs", "states"))
    given = ", ".join(f"draw({sizes(one.shape)})" for one in states)
    if told.keras:
        asked = [f"cell = {made_cell(told, layer)}", f"cell.build((None, {layer.features}))",
                 f"outputs, _ = cell(draw({sizes(inputs.shape)}), [{given}])"]
    else:
        given = ", ".join(f"torch.as_tensor(draw({sizes(one.shape)}))" for one in states)
        given = f"({given})" if len(states) > 1 else given
        one = "[0]" if len(states) > 1 else ""
        asked = [f"cell = {made_cell(told, layer)}",
                 f"outputs = cell(torch.as_tensor(draw({sizes(inputs.shape)})), {given}){one}"]
    first, fitting = [*head(told.backend), "", *DRAW], (*inputs.shape[:-1], layer.units)
    if inputs.ndim == 2 and states[0].shape == fitting:
        return whole(told, first, asked, [f"expected, found = {fitting}, tuple(outputs.shape)", *equal()])
    due = f"states of shape {states[0].shape} for inputs of shape {inputs.shape}"
    return refused(told, first, asked, due)


def made_cell(told: Told, layer: Layer) -> str:
    """The constructor of the layer's cell."""
    if not told.keras:
        return in_torch.construct(layer.but(layers=1), "generic", "cpu").replace("nn.", "torch.nn.")
    made = in_keras.construct(layer, "generic", True)
    return made.removeprefix("keras.layers.RNN(").partition(")")[0] + ")"


def form(told: Told) -> list[str]:
    """A layer in another form, against the equations."""
    asked: Request = told.options["request"]
    layer, batch, shape = asked.layer, asked.batch, told.options["form"]
    name = told.named("outputs", "states")
    if not name and not told.raised:
        raise NoScript("a gradient of a layer in another form: not written in scripts yet")
    if told.keras and shape != "cell":
        raise NoScript("Keras' layers read batches, and nothing else")
    masked, given, lstm = batch.mask is not None, batch.initial_states is not None, layer.cell == "lstm"
    keys = layer.state_keys()
    more = ["from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"] * masked
    first = [*head(told.backend, *more), "", *DRAW, f"x = draw({sizes(batch.inputs.shape)})", *mask_line(batch.mask)]
    if given:
        first.append(f"states = [draw({batch.size}, {layer.units}) for _ in range({len(keys)})]")
    by_cell = shape.endswith("cell")
    if by_cell:
        lines = [f"cell = {made_cell(told, layer)}"]
    else:
        made = in_torch.construct(layer, "fused", "cpu").replace("batch_first=True, ", "").replace(", batch_first=True", "")
        lines = [f"layer = torch.{made}"]
    lines += [f"cell.build((None, {layer.features}))", "for v in cell.trainable_variables:",
              "    v.assign(draw(*v.shape) / 2)"] if told.keras else [
        f"for p in {'cell' if by_cell else 'layer'}.parameters():", "    p.data = torch.as_tensor(draw(*p.shape) / 2)"]
    order = ["outputs", *(f"states/{key}" for key in keys)]
    place = order.index(name) if name in order else 0
    zeros = f"[np.zeros(({batch.size}, {layer.units}), \"float32\")] * {len(keys)}"
    if told.keras:
        lines += [f"s, ys = {'states' if given else zeros}, []", f"for t in range({batch.time}):",
                  "    y, s = cell(x[:, t], s)", "    ys.append(y)",
                  f"found = {numpy(told, f'[keras.ops.stack(ys, 1), *s][{place}]')}"]
    elif by_cell:
        lines += by_hand(shape, layer, batch.time, given, zeros, place)
    else:
        start = ["s = [torch.as_tensor(s) for s in states]",
                 f"start = {'(torch.stack(s[0::2]), torch.stack(s[1::2]))' if lstm else 'torch.stack(s)'}"] * given
        lines += ["", *start]
        if shape == "time_first":
            lines.append("inputs = torch.as_tensor(x).transpose(0, 1)  # (time, batch, features)")
            if masked:
                lines.append("inputs = pack_padded_sequence(inputs, torch.as_tensor(mask.sum(1)), enforce_sorted=False)")
            lines.append(f"y, end = layer(inputs{', start' * given})")
            if masked:
                lines.append(f"y, _ = pad_packed_sequence(y, total_length={batch.time})")
            lines += ["y = y.transpose(0, 1)", "h = [s for pair in zip(*end) for s in pair]" if lstm else "h = list(end)"]
        else:
            part = ", (start[0][:, row], start[1][:, row])" if lstm else ", start[:, row]"
            lines += [f"rows = [layer(torch.as_tensor(x[row]){part * given}) for row in range({batch.size})]  # one at a time",
                      "y = torch.stack([y for y, _ in rows])"]
            lines += ["end = [torch.stack([s[k] for _, s in rows], 1) for k in range(2)]",
                      "h = [s for pair in zip(*end) for s in pair]"] if lstm else [
                "h = list(torch.stack([s for _, s in rows], 1))"]
        lines.append(f"found = [y, *h][{place}].detach().numpy()")
    weights = f"{'cell' if by_cell else 'layer'}.{'trainable_variables' if told.keras else 'parameters()'}"
    padding = "hold" if told.keras else "zero"
    then = by_equations(told, layer.but(return_state=True), weights, masked, padding, place, "states" if given else "")
    return whole(told, first, lines, [*then, *compared(told.tolerance)])


def by_hand(shape: str, layer: Layer, time: int, given: bool, zeros: str, place: int) -> list[str]:
    """A cell of PyTorch over all rows, or row by row."""
    lstm = layer.cell == "lstm"
    row = "[row]" if shape == "unbatched_cell" else ""
    start = f"[torch.as_tensor(s{row}) for s in {'states' if given else zeros}]"
    step = "x[row, t]" if row else "x[:, t]"
    called = f"cell(torch.as_tensor({step}), {'tuple(s)' if lstm else 's[0]'})"
    inside = [f"s, ys = {start}, []", f"for t in range({time}):", f"    s = {called if lstm else f'[{called}]'}",
              "    ys.append(s[0])"]
    if not row:
        return [*inside, f"found = [torch.stack(ys, 1), *s][{place}].detach().numpy()"]
    return ["rows = []", "for row in range(len(x)):  # one at a time", *(f"    {line}" for line in inside),
            f"    rows.append([torch.stack(ys), *s][{place}])", "found = torch.stack(rows).detach().numpy()"]
