"""Faults around the layer: what enters from padding, is carried between calls, ways to run, axes, what is returned."""

from planted import faults

BEGIN = "layer, batch = request.layer, request.batch"
GIVEN = "given = given or (lambda array: onp.asarray(array, dtype))"
CARRIED = "carried = {} if isinstance(call, Reset) else _after(layer, weights, call, carried, padding, given)"
FIXED = "fixed = _initial_states(layer, batch, carried, given)"
VARIABLES = 'variables["inputs"] = _clean_inputs(layer, batch, given)'
RESULTS = 'results.update({f"states/{name}": value for name, value in found.states.items()})'
ARRAYS = "arrays.update({name: onp.asarray(getval(value)) for name, value in results.items()})"
MASK = 'arrays["mask"] = _mask(found.valid, batch)'
BACK = "gradients = back(onp.ones_like(value))"
GRADIENTS = 'arrays.update({f"gradients/{name}": onp.asarray(g) for name, g in gradients.items()})'
STATEFUL = "if not layer.stateful:"
STATES_AFTER = "initial = _initial_states(layer, batch, carried, given)\n    return forward("
AFTER = "padding\n    ).states"
OWN = "states[name] = given(own[name])"
CARRIED_IN = "states[name] = carried[name]"
CLEAN = "return given(onp.where(batch.valid[:, :, None], batch.inputs, 0.0))"
STEPS = "return [part(inputs, (Ellipsis, t, slice(None))) for t in range(inputs.shape[-2])]"
STACKED = "return np.stack(value, axis=-2)"
VALID = "return None if batch.mask is None else [batch.mask[:, t, None].astype(bool) for t in range(batch.time)]"
ANSWER = (
    'return Observation({name: value for name, value in arrays.items() if _wanted(request, name)}, kernel="reference")'
)


def asked(condition: str, *then: str) -> tuple[str, str]:
    """Something is done where the request is of a kind."""
    return BEGIN, "\n        ".join((f"{BEGIN}\n    if {condition}:", *then))


def before_answer(*lines: str) -> tuple[str, str]:
    return ANSWER, "\n    ".join((*lines, ANSWER))


NO_MASK = "batch = batch.but(mask=None)"
SWAPPED_BIASES = (
    'swap = {"bias": "recurrent_bias", "recurrent_bias": "bias"}',
    'names = {n: n.rsplit("/", 1) for n in request.weights}',
    'request = request.but(weights={n: request.weights[f"{a}/{swap.get(b, b)}"] for n, (a, b) in names.items()})',
)

FAULTS = (
    *faults(
        "answer",
        "padding",
        {
            "what stands there is multiplied by zero": (CLEAN, "return given(batch.inputs * batch.valid[:, :, None])"),
            "what stands there is read, and its results are not": (CLEAN, "return given(batch.inputs)"),
            "what stands there is added, times zero": (
                CLEAN,
                CLEAN[:-1] + " + 0.0 * batch.inputs.sum(axis=1, keepdims=True))",
            ),
            "the largest number of the batch counts, in padding too": (
                CLEAN,
                CLEAN[:-1] + " * onp.minimum(1.0, 20.0 / onp.abs(batch.inputs).max(initial=1.0)))",
            ),
            "the largest number of the row counts, in padding too": (
                CLEAN,
                CLEAN[:-1]
                + " * onp.minimum(1.0, 20.0 / onp.abs(batch.inputs).max(axis=(1, 2), keepdims=True, initial=1.0)))",
            ),
            "large numbers there are data": (
                CLEAN,
                CLEAN.replace("batch.valid[:, :, None]", "batch.valid[:, :, None] | (batch.inputs > 1e5)"),
            ),
            "infinity there is data": (
                CLEAN,
                CLEAN.replace("batch.valid[:, :, None]", "batch.valid[:, :, None] | onp.isinf(batch.inputs)"),
            ),
            "NaN is replaced, infinity is not": (
                CLEAN,
                CLEAN[:-1] + " + 0.0 * onp.where(onp.isnan(batch.inputs), 0.0, batch.inputs))",
            ),
            "the mask is made again from what is zero": (
                VALID,
                "return None if batch.mask is None else [(batch.inputs[:, t] != 0.0).any(axis=-1)[:, None] "
                "| batch.mask[:, t, None].astype(bool) for t in range(batch.time)]",
            ),
            "the gradient there is one": (
                GRADIENTS,
                GRADIENTS
                + '\n        arrays["gradients/inputs"] = arrays["gradients/inputs"] + ~batch.valid[:, :, None]',
            ),
            "the gradient there is tiny": (
                GRADIENTS,
                GRADIENTS + '\n        arrays["gradients/inputs"] = '
                'arrays["gradients/inputs"] + 1e-30 * ~batch.valid[:, :, None]',
            ),
            "the gradient there is that of the last valid step": (
                GRADIENTS,
                GRADIENTS + '\n        g = arrays["gradients/inputs"]\n'
                '        arrays["gradients/inputs"] = onp.where(batch.valid[:, :, None], g, onp.roll(g, 1, axis=1))',
            ),
            "its share of the sequence counts": (
                CLEAN,
                CLEAN[:-1] + " * (1.0 + 1e-3 * (batch.mask is not None) * (batch.time - 6)))",
            ),
        },
    ),
    *faults(
        "answer",
        "carried state",
        {
            "by a layer that is not stateful": (STATEFUL, "if False:"),
            "by no layer": (STATEFUL, "if True:"),
            "by no layer with a mask": (STATEFUL, "if not layer.stateful or batch.mask is not None:"),
            "a reset resets nothing": (CARRIED, CARRIED.replace("{} if", "carried if")),
            "a reset forgets h alone": (
                CARRIED,
                CARRIED.replace("{} if", '{n: s for n, s in carried.items() if n.endswith("/c")} if'),
            ),
            "c is lost between calls": (
                CARRIED,
                CARRIED + '\n        carried = {n: s for n, s in carried.items() if not n.endswith("/c")}',
            ),
            "the second layer's is lost between calls": (
                CARRIED,
                CARRIED + '\n        carried = {n: s for n, s in carried.items() if n.startswith("0/")}',
            ),
            "the backward half's is lost between calls": (
                CARRIED,
                CARRIED + '\n        carried = {n: s for n, s in carried.items() if "backward" not in n}',
            ),
            "its directions are swapped between calls": (
                CARRIED,
                CARRIED + '\n        if layer.direction == "bidirectional":'
                '\n            swap = lambda n: n.replace("forward", "x").replace("backward", "forward")'
                '\n            carried = {swap(n).replace("x", "backward"): s for n, s in carried.items()}',
            ),
            "from the first call on for ever": (CARRIED, CARRIED.replace("_after(", "carried or _after(")),
            "goes before states that are given": (OWN, "states[name] = carried.get(name, given(own[name]))"),
            "is added to states that are given": (OWN, "states[name] = given(own[name]) + carried.get(name, 0.0)"),
            "the first row's for all rows": (
                CARRIED_IN,
                "states[name] = carried[name] * 0.0 + carried[name][..., :1, :]",
            ),
            "of the last step, masked or not": (
                AFTER,
                "padding\n    ).states if batch.mask is None else "
                "forward(layer, weights, _steps(given(batch.inputs)), None, initial, padding).states",
            ),
            "in float16": (CARRIED_IN, 'states[name] = coarse(carried[name], "float16")'),
            "the mask of the call before is kept": (
                CARRIED,
                CARRIED + "\n        if not isinstance(call, Reset) and call.mask is not None "
                "and call.mask.shape == batch.inputs.shape[:2]:\n"
                "            batch = batch.but(mask=call.mask)",
            ),
            "a call changes the weights": (
                CARRIED,
                CARRIED + "\n        weights = {n: w * 1.001 for n, w in weights.items()}",
            ),
            "after two calls the initial states are those of the first": (
                FIXED,
                FIXED.replace(
                    "batch,",
                    "batch if len(request.before) < 2 or isinstance(request.before[-1], Reset) "
                    "or not batch.initial_states else batch.but(initial_states=request.before[0].initial_states),",
                ),
            ),
        },
    ),
    *faults(
        "answer",
        "ways to run",
        {
            "reloaded: the activation is lost": asked(
                'request.execution.origin == "reloaded"', 'layer = layer.but(activation="tanh")'
            ),
            "reloaded: the recurrent activation is lost": asked(
                'request.execution.origin == "reloaded"', 'layer = layer.but(recurrent_activation="sigmoid")'
            ),
            "reloaded: the biases are swapped": asked('request.execution.origin == "reloaded"', *SWAPPED_BIASES),
            "reloaded: weights in float16": asked(
                'request.execution.origin == "reloaded"',
                'request = request.but(weights={n: rounded_to(w, "float16") for n, w in request.weights.items()})',
            ),
            "from its configuration: reset_after is lost": asked(
                'request.execution.origin == "from_config"', "layer = layer.but(reset_after=True)"
            ),
            "from its configuration: ave becomes sum": asked(
                'request.execution.origin == "from_config" and layer.merge == "ave"', 'layer = layer.but(merge="sum")'
            ),
            "from its configuration: zeros in padding are lost": asked(
                'request.execution.origin == "from_config"',
                'layer, padding = layer.but(padding_output="default"), "hold"',
            ),
            "predict: the mask is lost": asked('request.execution.entry == "predict"', NO_MASK),
            "predict: the initial states are lost": asked(
                'request.execution.entry == "predict"', "batch = batch.but(initial_states=None)"
            ),
            "training mode: the mask is lost": asked('request.execution.mode == "training"', NO_MASK),
            "training mode: a thousandth too much": asked(
                'request.execution.mode == "training"', "batch = batch.but(inputs=batch.inputs * 1.001)"
            ),
            "compiled: the mask is taken as all true": asked('request.execution.kernel == "compiled"', NO_MASK),
            "compiled: the gradient is halved": (
                BACK,
                'gradients = back(onp.ones_like(value) * (0.5 if request.execution.kernel == "compiled" else 1.0))',
            ),
            "compiled: implementation 1 loses the initial states": asked(
                'request.execution.kernel == "compiled" and layer.implementation == 1',
                "batch = batch.but(initial_states=None)",
            ),
            "unrolled: the mask is lost": asked('request.execution.kernel == "unrolled"', NO_MASK),
            "unrolled: the reset gate is always after the product": asked(
                'request.execution.kernel == "unrolled"', "layer = layer.but(reset_after=True)"
            ),
            "generic: zeros in padding are not given": asked(
                'request.execution.kernel == "generic"', 'layer, padding = layer.but(padding_output="default"), "hold"'
            ),
            "fused: activations are tanh, whatever is asked": asked(
                'request.execution.kernel == "fused"', 'layer = layer.but(activation="tanh")'
            ),
            "fused: the mask is taken for lengths": asked(
                'request.execution.kernel == "fused" and batch.mask is not None',
                "batch = batch.but(mask=onp.arange(batch.time)[None] < batch.lengths[:, None])",
            ),
            "fused: weights in TF32": asked(
                'request.execution.kernel == "fused" and layer.dtype == "float32"',
                'request = request.but(weights={n: rounded_to(w, "float16") for n, w in request.weights.items()})',
            ),
            "dropout acts in inference": asked(
                "layer.dropout", "batch = batch.but(inputs=batch.inputs * (1.0 - layer.dropout))"
            ),
            "recurrent dropout acts in inference": asked(
                "layer.recurrent_dropout",
                "kept = {n: w * (1.0 - 0.3 * n.endswith('recurrent_kernel')) for n, w in request.weights.items()}",
                "request = request.but(weights=kept)",
            ),
            "without return_state the mask is lost": asked("not layer.return_state", NO_MASK),
            "outputs differ where gradients are wanted": (
                ARRAYS,
                ARRAYS + '\n        if "gradients" in request.wants and "outputs" in request.wants:\n'
                '            outputs = {n: a for n, a in arrays.items() if n.startswith("outputs")}\n'
                "            arrays.update({n: a * a.dtype.type(1.001) for n, a in outputs.items()})",
            ),
            "a loss on few rows is averaged": (
                BACK,
                "read = [c.reshape(batch.size, -1).any(axis=1).sum() for c in batch.cotangents.values()]\n"
                "        rows = int(max(read, default=0))\n"
                "        gradients = back(onp.ones_like(value) * (batch.size / max(rows, 1)))",
            ),
        },
    ),
    *faults(
        "answer",
        "axes",
        {
            "time and batch are swapped where equal": (
                STEPS,
                STEPS.replace(
                    "(Ellipsis, t, slice(None))",
                    "(Ellipsis, t, slice(None), slice(None)) if inputs.shape[-2] == inputs.shape[-3] "
                    "else (Ellipsis, t, slice(None))",
                ),
            ),
            "time and features are swapped where equal": (
                STEPS,
                STEPS.replace(
                    "(Ellipsis, t, slice(None))",
                    "(Ellipsis, t) if inputs.shape[-2] == inputs.shape[-1] else (Ellipsis, t, slice(None))",
                ),
            ),
            "the mask is transposed where it is square": (
                VALID,
                VALID.replace(
                    "batch.mask[:, t, None]", "(batch.mask.T if batch.size == batch.time else batch.mask)[:, t, None]"
                ),
            ),
            "states are transposed where they are square": (
                OWN,
                "states[name] = given(own[name].T if batch.size == layer.units else own[name])",
            ),
            "outputs lie with time first": (STACKED, "return np.stack(value, axis=-3)"),
            "states of one row lack the axis of the batch": before_answer(
                'arrays.update({n: a[0] for n, a in arrays.items() if n.startswith("states") and len(a) == 1})'
            ),
            "outputs of one step lack the axis of time": before_answer(
                'whole = {n: a for n, a in arrays.items() if n.startswith("outputs") and a.ndim == 3}',
                "arrays.update({n: a[:, 0] for n, a in whole.items() if a.shape[1] == 1})",
            ),
        },
    ),
    *faults(
        "answer",
        "what is returned",
        {
            "gradients are averaged over the batch": (BACK, "gradients = back(onp.ones_like(value) / batch.size)"),
            "gradients are clipped to one": (GRADIENTS, GRADIENTS.replace("onp.asarray(g)", "onp.clip(g, -1.0, 1.0)")),
            "gradients in bfloat16": (
                GRADIENTS,
                GRADIENTS.replace("onp.asarray(g)", 'rounded_to(g, "bfloat16").astype(g.dtype)'),
            ),
            "gradients of the biases are swapped": (
                GRADIENTS,
                GRADIENTS + '\n        for n in [n for n in arrays if n.endswith("/bias")]:\n'
                '            m = n.replace("/bias", "/recurrent_bias")\n'
                "            arrays[n], arrays[m] = arrays[m], arrays[n]",
            ),
            "gradients of states are missing": (
                GRADIENTS,
                GRADIENTS.replace("in gradients.items()", 'in gradients.items() if not name.startswith("states")'),
            ),
            "gradients have the wrong sign": (BACK, "gradients = back(-onp.ones_like(value))"),
            "gradients of the call before are added": (
                BACK,
                "gradients = back(onp.ones_like(value) * (1 + len(request.before)))",
            ),
            "gradients of a stateful layer are halved": (
                BACK,
                "gradients = back(onp.ones_like(value) * (0.5 if request.layer.stateful else 1.0))",
            ),
            "gradients of a stateful layer's later runs are lost": (
                BACK,
                "gradients = back(onp.ones_like(value) * (not (request.layer.stateful and request.before)))",
            ),
            "one gradient is NaN": (GRADIENTS, GRADIENTS + '\n        arrays["gradients/inputs"].flat[:1] = onp.nan'),
            "one state is NaN": before_answer(
                'for n in [n for n in arrays if n.startswith("states")][:1]:', "    arrays[n] = arrays[n] * onp.nan"
            ),
            "outputs in float64, whatever is asked": before_answer(
                'arrays.update({n: a.astype("float64") for n, a in arrays.items() if n.startswith("outputs")})'
            ),
            "states in float32, whatever is asked": before_answer(
                'arrays.update({n: a.astype("float32") for n, a in arrays.items() if n.startswith("states")})'
            ),
            "the cell state is missing": before_answer(
                'for n in [n for n in arrays if n.endswith("/c")]:', "    arrays.pop(n)"
            ),
            "the mask passed on is inverted": (MASK, MASK.replace("_mask(", "~_mask(")),
            "the mask passed on is short by a step": (MASK, MASK + "[:, 1:]"),
            "everything is rounded to TF32 on the way in": (
                GIVEN,
                'given = given or (lambda array: rounded_to(onp.asarray(array), "float16").astype(dtype))',
            ),
            "in a layer of float64 everything is rounded to float32 on the way out": before_answer(
                'arrays.update({n: a.astype("float32").astype(a.dtype) for n, a in arrays.items() if n != "mask"})'
            ),
        },
    ),
)
