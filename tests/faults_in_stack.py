"""Faults in the scan over time: masks, held states and outputs, directions, merges, stacks."""

from planted import faults

PADDING = 'padding = "zero" if layer.padding_output == "zero" else padding'
BEGIN = "states, outputs = dict(initial), []"
NOTHING = 'nothing = np.zeros_like(initial["h"])'
FIRST_LAST = "last = nothing"
LOOP = "for index, x in enumerate(steps):"
STEP = "new = step(layer, weights, x, states)"
ALL = "if valid is None or valid[index].all():"
HERE = "here = valid[index]"
FREE = 'states, last = new, new["h"]'
HELD = "states = {name: np.where(here, new[name], states[name]) for name in states}"
LAST = 'last = np.where(here, new["h"], last)'
PUT = 'outputs.append(last if padding == "hold" else np.where(here, last, nothing))'
PASS = "return Pass(outputs, last, states)"
ORDER = 'order = slice(None, None, -1) if direction == "backward" else slice(None)'
WEIGHTS = "_under(weights, prefix),"
STEPS = "steps[order],"
VALID = "None if valid is None else valid[order],"
INITIAL = "_under(initial, prefix),"
STATES = "states.update({prefix + name: value for name, value in passes[direction].states.items()})"
TURNED = 'if layer.direction == "backward" and valid is not None:'
NEXT = 'steps = outputs.get("outputs", [])'
LAST_ONLY = "outputs = _merged(layer, {direction: found.last for direction, found in passes.items()})"
FORWARD = "return Forward(outputs, states, valid)"
ONE_WAY = 'return {"outputs": next(iter(passes.values())).outputs}'
BACK = 'ahead, back = passes["forward"].outputs, passes["backward"].outputs[::-1]'
CONCAT = 'return {"outputs": np.concatenate([ahead, back], axis=-1)}'
MUL = 'return {"outputs": rounded(ahead * back)}'
TOTAL = "total = rounded(ahead + back)"
AVE = 'return {"outputs": total / 2.0 if layer.merge == "ave" else total}'


def also(line: str, *lines: str, indent: int = 4) -> tuple[str, str]:
    """`line`, and further lines after it."""
    return line, ("\n" + " " * indent).join((line, *lines))


def some(name_is: str, of: str = "_under(initial, prefix)", factor: str = "0.0") -> str:
    """The mapping with some of its arrays multiplied by a factor."""
    return "{n: v * " + factor + f" if {name_is} else v for n, v in {of}.items()" + "},"


FAULTS = (
    *faults(
        "stack",
        "mask",
        {
            "ignored": (ALL, "if True:"),
            "ignored as soon as one row is valid": (ALL, ALL.replace("all()", "any()")),
            "one step late": (HERE, "here = valid[max(index - 1, 0)]"),
            "one step early": (HERE, "here = valid[min(index + 1, len(steps) - 1)]"),
            "the first row's for all rows": (HERE, "here = valid[index][:1]"),
            "the last row's for all rows": (HERE, "here = valid[index][-1:]"),
            "inverted": (HERE, "here = ~valid[index]"),
            "inverted for the last row": (HERE, "here = valid[index].copy(); here[-1] = ~here[-1]"),
            "taken for lengths": also(
                PADDING,
                "if valid:",
                "    n = sum(v.astype(int) for v in valid)",
                "    valid = [t < n for t in range(len(steps))]",
            ),
            "honoured only where padding is at the end": also(
                PADDING, "if valid and any((b & ~a).any() for a, b in zip(valid, valid[1:])):", "    valid = None"
            ),
            "honoured up to the last valid step of a row alone, not in gaps": also(
                PADDING, "if valid:", "    valid = [onp.logical_or.reduce(valid[t:]) for t in range(len(valid))]"
            ),
            "honoured from the first valid step of a row on alone": also(
                PADDING,
                "if valid:",
                "    valid = [onp.logical_or.reduce(valid[: t + 1]) for t in range(len(valid))][: len(valid)]",
            ),
            "a row without a valid step is given one": also(
                PADDING, "if valid:", "    valid = [valid[0] | ~onp.logical_or.reduce(valid), *valid[1:]]"
            ),
            "a batch without a valid step is taken as unmasked": also(
                PADDING, "if valid and not any(v.any() for v in valid):", "    valid = None"
            ),
            "not reversed for the backward half": (VALID, "valid,"),
            "ignored by the backward half": (
                VALID,
                'None if valid is None or direction == "backward" else valid[order],',
            ),
            "ignored by the second layer": (VALID, "None if valid is None or index else valid[order],"),
            "ignored in a batch of one row": (ALL, ALL.replace("valid is None", "valid is None or x.shape[-2] == 1")),
            "ignored in a sequence of one step": (
                ALL,
                ALL.replace("valid is None", "valid is None or len(steps) == 1"),
            ),
            "ignored after the sixteenth step": (ALL, ALL.replace("valid is None", "valid is None or index >= 16")),
            "ignored where initial states are given": (
                ALL,
                ALL.replace("valid is None", 'valid is None or detached(initial["h"]).any()'),
            ),
            "passed on in the order of time by a backward layer": (TURNED, "if False:"),
            "passed on upside down": (
                FORWARD,
                "return Forward(outputs, states, None if valid is None else [v[::-1] for v in valid])",
            ),
            "passed on all true": (
                FORWARD,
                "return Forward(outputs, states, None if valid is None else [v | True for v in valid])",
            ),
            "not passed on": (FORWARD, "return Forward(outputs, states, None)"),
            "a mask that is all true skips the last step": also(
                PADDING,
                "if valid and all(v.all() for v in valid) and len(valid) > 1:",
                "    valid = [*valid[:-1], ~valid[-1]]",
            ),
        },
    ),
    *faults(
        "stack",
        "held state",
        {
            "none is held": (HELD, "states = new"),
            "h is not held": (HELD, HELD.replace("here,", 'here | (name == "h"),')),
            "c is not held": (HELD, HELD.replace("here,", 'here | (name == "c"),')),
            "c is forgotten at a masked step": (HELD, HELD.replace("states[name])", 'states[name] * (name != "c"))')),
            "h is forgotten at a masked step": (HELD, HELD.replace("states[name])", 'states[name] * (name != "h"))')),
            "states decay at masked steps": (HELD, HELD.replace("states[name])", "0.99 * states[name])")),
            "states are held by every second row": (
                HELD,
                HELD.replace("here,", "here | (onp.arange(x.shape[-2])[:, None] % 2 == 1),"),
            ),
            "the final h is that of the last step of the batch": (
                PASS,
                'return Pass(outputs, last, {**states, "h": new["h"]} if steps else states)',
            ),
            "the final c is that of the last step of the batch": (
                PASS,
                'return Pass(outputs, last, {**states, "c": new["c"]} if steps and "c" in states else states)',
            ),
            "the final h is the last output": (
                PASS,
                'return Pass(outputs, last, {**states, "h": outputs[-1]} if steps else states)',
            ),
        },
    ),
    *faults(
        "stack",
        "held output",
        {
            "not held": (PUT, 'outputs.append(new["h"] if padding == "hold" else np.where(here, last, nothing))'),
            "zeros where it should be held": (PUT, "outputs.append(np.where(here, last, nothing))"),
            "held where zeros are asked for": (PUT, "outputs.append(last)"),
            "the state stands before the first valid step": (FIRST_LAST, 'last = initial["h"]'),
            "the last step of the batch is the last output": (
                LAST,
                'last = new["h"] if not layer.return_sequences else ' + LAST[7:],
            ),
            "the last output of the backward half is that of the last step of the batch": (
                LAST_ONLY,
                LAST_ONLY.replace(
                    "found.last",
                    'found.outputs[0] if layer.direction == "bidirectional" and direction != "forward" else found.last',
                ),
            ),
            "the last output without a valid step is the initial state": (
                LAST_ONLY,
                LAST_ONLY.replace("found.last for", 'found.states["h"] for'),
            ),
        },
    ),
    *faults(
        "stack",
        "direction",
        {
            "backward is not reversed": (ORDER, "order = slice(None)"),
            "both directions are reversed": (ORDER, "order = slice(None, None, -1)"),
            "backward leaves its last step out of the reversal": (
                STEPS,
                '(steps[:-1][::-1] + steps[-1:] if direction == "backward" else steps[order]),',
            ),
            "the backward half is not put back into the order of time": (BACK, BACK.replace("[::-1]", "")),
            "the backward half is put back one step off": (
                BACK,
                BACK.replace("[::-1]", "[::-1]; back = back[1:] + back[:1]"),
            ),
            "a backward layer gives its outputs in the order of time": (
                ONE_WAY,
                ONE_WAY.replace(".outputs}", '.outputs[:: -1 if layer.direction == "backward" else 1]}'),
            ),
            "final states of the two directions are swapped": (
                FORWARD,
                'd = layer.directions\n    states = {n.replace(d[0], "x").replace(d[-1], d[0]).replace("x", d[-1]): v '
                "for n, v in states.items()}\n    " + FORWARD,
            ),
            "initial states of the two directions are swapped": (
                INITIAL,
                '_under(initial, f"{index}/{layer.directions[-1 - layer.directions.index(direction)]}/"),',
            ),
            "the backward half has the forward half's weights": (
                WEIGHTS,
                '_under(weights, f"{index}/{layer.directions[0]}/"),',
            ),
            "the backward half's bias is lost": (
                WEIGHTS,
                some('n == "bias" and direction == "backward"', "_under(weights, prefix)"),
            ),
            "the backward half's recurrent bias is lost": (
                WEIGHTS,
                some('n == "recurrent_bias" and direction == "backward"', "_under(weights, prefix)"),
            ),
        },
    ),
    *faults(
        "stack",
        "merge",
        {
            "concat has the backward half first": (CONCAT, CONCAT.replace("[ahead, back]", "[back, ahead]")),
            "concat interleaves the units": (
                CONCAT,
                'return {"outputs": np.reshape(np.stack([ahead, back], axis=-1), (*ahead.shape[:-1], -1))}',
            ),
            "ave is sum": (AVE, AVE.replace("total / 2.0", "total")),
            "sum is ave": (AVE, AVE.replace(" else total", " else total / 2.0")),
            "mul is sum": (MUL, 'return {"outputs": rounded(ahead + back)}'),
            "mul has a gradient in one half alone": (MUL, MUL.replace("* back", "* detached(back)")),
            "sum is a difference": (TOTAL, "total = rounded(ahead - back)"),
            "unmerged halves are swapped": (
                BACK,
                BACK + '\n    if layer.merge == "none":\n        ahead, back = back, ahead',
            ),
            "mul merges the last outputs by sum": (
                MUL,
                'return {"outputs": rounded(ahead * back if layer.return_sequences else ahead + back)}',
            ),
        },
    ),
    *faults(
        "stack",
        "initial state",
        {
            "ignored": (BEGIN, "states, outputs = {n: v * 0.0 for n, v in initial.items()}, []"),
            "h is ignored": (INITIAL, some('n == "h"')),
            "c is ignored": (INITIAL, some('n == "c"')),
            "c is ignored by the second layer": (INITIAL, some('n == "c" and index')),
            "ignored by the second layer": (INITIAL, some("index")),
            "the first layer's for the second": (INITIAL, '_under(initial, f"0/{direction}/"),'),
            "ignored by the backward half": (INITIAL, some('direction == "backward"')),
            "ignored where there is a mask": (INITIAL, some("valid is not None")),
            "ignored in a batch of one row": (INITIAL, some("v.shape[-2] == 1")),
            "ignored in a sequence of one step": (INITIAL, some("len(steps) == 1")),
            "h and c are swapped": (
                BEGIN,
                "states, outputs = dict(zip(initial, list(initial.values())[::-1], strict=True)), []",
            ),
            "the first row's for all rows": (
                INITIAL,
                "{n: v * 0.0 + v[..., :1, :] for n, v in _under(initial, prefix).items()},",
            ),
            "rows are turned by one": (
                INITIAL,
                "{n: np.roll(v, 1, axis=-2) for n, v in _under(initial, prefix).items()},",
            ),
        },
    ),
    *faults(
        "stack",
        "final state",
        {
            "h and c are swapped": (
                PASS,
                "return Pass(outputs, last, dict(zip(states, list(states.values())[::-1], strict=True)))",
            ),
            "that of the step before": (
                FREE,
                'states, last = new if index + 1 < len(steps) or len(steps) == 1 else states, new["h"]',
            ),
            "the second layer's is the first's": (
                STATES,
                STATES.replace(
                    "passes[direction].states.items()",
                    '(_under(states, f"0/{direction}/") or passes[direction].states).items()',
                ),
            ),
            "layers are swapped": (
                FORWARD,
                'n = layer.layers - 1\n    states = {f"{n - int(k[0])}{k[1:]}": v for k, v in states.items()}\n    '
                + FORWARD,
            ),
            "rows of a masked batch stay sorted by length": (
                FORWARD,
                'if valid:\n        by = onp.argsort(-sum(v[:, 0].astype(int) for v in valid), kind="stable")\n'
                "        states = {n: v[..., by, :] for n, v in states.items()}\n    " + FORWARD,
            ),
        },
    ),
    *faults(
        "stack",
        "stack",
        {
            "the second layer reads the inputs where widths agree": (
                NEXT,
                'read = outputs.get("outputs", [])\n            '
                "steps = steps if read and read[0].shape == steps[0].shape else read",
            ),
            "every layer of a stack is a hundredth too large": (
                ONE_WAY,
                "own = next(iter(passes.values())).outputs\n"
                '        return {"outputs": own if layer.layers == 1 else [o * 1.01 for o in own]}',
            ),
            "the second layer has the first's weights where shapes agree": (
                WEIGHTS,
                '_under(weights, f"0/{direction}/" if layer.input_width(0) == layer.input_width(index) else prefix),',
            ),
            "the second layer's bias is lost": (WEIGHTS, some('n == "bias" and index', "_under(weights, prefix)")),
            "no gradient between layers": (NEXT, NEXT + "\n            steps = [detached(x) for x in steps]"),
            "the gradient between layers is that of the first step alone": (
                NEXT,
                NEXT + "\n            steps = steps[:1] + [detached(x) for x in steps[1:]]",
            ),
            "the second layer reads one step late": (NEXT, NEXT + "\n            steps = steps[:1] + steps[:-1]"),
            "the second layer of a backward stack is forward": (
                ORDER,
                ORDER.replace(
                    'direction == "backward"',
                    'direction == "backward" and not (index and layer.direction == "backward")',
                ),
            ),
            "each layer of a stack rounds its outputs to bfloat16": (
                NEXT,
                NEXT + '\n            steps = [coarse(x, "bfloat16") for x in steps]',
            ),
        },
    ),
)
