"""Faults along the scan: steps lost or doubled, gradients cut off or leaking, few bits, rows that are mixed."""

from faults_in_stack import ALL, BEGIN, HELD, LAST, LOOP, PASS, PUT, STEP, STEPS
from planted import faults

FAULTS = (
    *faults(
        "stack",
        "time",
        {
            "the last step is not read": (STEP, STEP.replace("x,", "steps[min(index, max(len(steps) - 2, 0))],")),
            "steps after the sixteenth are the sixteenth": (STEP, STEP.replace("x,", "steps[min(index, 15)],")),
            "steps after the thirtieth are the thirtieth": (STEP, STEP.replace("x,", "steps[min(index, 29)],")),
            "the last step of more than 30 is not taken": (
                ALL,
                "if index >= 30 and index == len(steps) - 1:\n            outputs.append(last)\n        el" + ALL,
            ),
            "the first step is taken twice": (
                STEP,
                STEP + "\n        new = step(layer, weights, x, new) if index == 0 else new",
            ),
            "the only step is taken twice": (
                STEP,
                STEP + "\n        new = step(layer, weights, x, new) if len(steps) == 1 else new",
            ),
            "the state is lost at step 32": (
                LOOP,
                LOOP + "\n        states = {n: v * 0.0 for n, v in states.items()} if index == 32 else states",
            ),
            "the cell state is lost at step 16": (
                LOOP,
                LOOP + '\n        if index == 16:\n            states = {n: v * (n != "c") for n, v in states.items()}',
            ),
            "the first two steps are swapped": (
                STEP,
                STEP.replace("x,", "steps[1 - index if index < 2 and len(steps) > 1 else index],"),
            ),
        },
    ),
    *faults(
        "stack",
        "gradients",
        {
            "none through time": (
                STEP,
                STEP.replace("states)", "{n: detached(s) for n, s in states.items()} if index else states)"),
            ),
            "none through time beyond 16 steps": (
                LOOP,
                LOOP + "\n        states = {n: detached(s) for n, s in states.items()} if index == 16 else states",
            ),
            "none through time beyond 32 steps": (
                LOOP,
                LOOP + "\n        states = {n: detached(s) for n, s in states.items()} if index == 32 else states",
            ),
            "none to the first step": (STEP, STEP.replace("x,", "x if index else detached(x),")),
            "none to the last step": (STEP, STEP.replace("x,", "x if index < len(steps) - 1 else detached(x),")),
            "none to the initial h": (BEGIN, BEGIN + '\n    states["h"] = detached(states["h"])'),
            "none to the initial c": (
                BEGIN,
                BEGIN + '\n    if "c" in states:\n        states["c"] = detached(states["c"])',
            ),
            "none through a state that is held": (HELD, HELD.replace("states[name])", "detached(states[name]))")),
            "none through an output that is held": (
                PUT,
                PUT.replace("last if", "np.where(here, last, detached(last)) if"),
            ),
            "some from an output that is zero": (PUT, PUT.replace("nothing)", "leak(last))")),
            "some from a masked step to its input": (LAST, LAST + ' + 0.01 * leak(new["h"])'),
            "none to the backward half's inputs": (
                STEPS,
                '[detached(x) if direction == "backward" else x for x in steps[order]],',
            ),
            "none from the final state": (
                PASS,
                "return Pass(outputs, last, {n: detached(s) for n, s in states.items()})",
            ),
            "none from the final c": (
                PASS,
                'return Pass(outputs, last, {n: detached(s) if n == "c" else s for n, s in states.items()})',
            ),
            "none to the last row": (
                STEP,
                STEP.replace("x,", "np.concatenate([x[..., :-1, :], detached(x[..., -1:, :])], axis=-2),"),
            ),
            "some from other rows": (STEP, STEP.replace("x,", "x + 0.01 * leak(np.mean(x, axis=-2, keepdims=True)),")),
            "some from later steps": (STEP, STEP.replace("x,", "x + 0.01 * leak(steps[-1]),")),
        },
    ),
    *faults(
        "stack",
        "precision",
        {
            "bfloat16 in sequences of more than 16 steps": (
                STEP,
                STEP.replace("x,", 'coarse(x, "bfloat16") if len(steps) > 16 else x,'),
            ),
            "h in float16 between steps": (
                LOOP,
                LOOP + '\n        states = {**states, "h": coarse(states["h"], "float16")}',
            ),
            "final states in float16": (
                PASS,
                'return Pass(outputs, last, {n: coarse(s, "float16") for n, s in states.items()})',
            ),
            "final states in float32 in a layer of float64": (
                PASS,
                'return Pass(outputs, last, {n: coarse(s, "float32") for n, s in states.items()})',
            ),
            "masked steps round the state to bfloat16": (
                HELD,
                HELD.replace("states[name])", 'coarse(states[name], "bfloat16"))'),
            ),
        },
    ),
    *faults(
        "stack",
        "rows",
        {
            "the mean of the batch is taken off": (STEP, STEP.replace("x,", "x - np.mean(x, axis=-2, keepdims=True),")),
            "a thousandth of the next row is mixed in": (
                STEP,
                STEP.replace("x,", "x + 0.001 * np.roll(x, 1, axis=-2),"),
            ),
            "the last row of a batch of four is the third": (
                STEP,
                STEP.replace(
                    "x,", "x if x.shape[-2] != 4 else np.concatenate([x[..., :3, :], x[..., 2:3, :]], axis=-2),"
                ),
            ),
            "even rows are computed in bfloat16": (
                STEP,
                STEP.replace("x,", 'np.where(onp.arange(x.shape[-2])[:, None] % 2 == 0, coarse(x, "bfloat16"), x),'),
            ),
        },
    ),
)
