"""Faults around Keras' recurrent layers, on torch, as a judge from outside would plant them: loops, masks, copies, exports, precision."""

from tests.faults.base import faults

LAYERS = "keras.src.layers."
TORCH = "keras.src.backend.torch."

ENGINE = faults("judged, around", TORCH + "rnn", {
    "unrolled: zeros for masked outputs, in the last output alone": (
        "                outputs = torch.where(\n                    _expand_mask(mask, outputs, fixed_dim=2),\n                    outputs,\n                    torch.zeros_like(outputs),\n                )\n", ""),
    "masked loop: the first state alone is held": (
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n",
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state[:1], flat_state[:1]\n                ) + tuple(flat_new_state[1:])\n"),
    "masked loop: what is held is the first state": (
        "                    else tree.flatten(prev_output)\n", "                    else [*tree.flatten(states)[:1], *tree.flatten(prev_output)[1:]]\n"),
    "unrolled: before the first valid step the first state stands": (
        "                    prev_output = torch.zeros_like(output)\n", "                    prev_output = tree.flatten(states)[0]\n"),
    "fast GRU: the last output alone has no gradient": (
        "    last_output = h\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n\n    return last_output, outputs, [h]\n",
        "    last_output = h if return_sequences else h.detach()\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n\n    return last_output, outputs, [h]\n"),
    "fast LSTM: what is given for a state is changed by the first step": (
        "    h = initial_state_h\n    c = initial_state_c\n", "    h = initial_state_h\n    c = initial_state_c\n    if not torch.is_grad_enabled():\n        c.clamp_(-1.0, 1.0)\n"),
})
CORE = faults("judged, around", TORCH + "core", {
    "symbolic: sizes that are unknown in arguments by name are told as numbers": (
        "            builtins.map(has_none_shape, tree.flatten((args, kwargs)))\n", "            builtins.map(has_none_shape, tree.flatten(args))\n"),
    "an array of bfloat16 is taken for float32": ('            dtype = "bfloat16"\n', ""),
})
MASKING = faults("judged, around", LAYERS + "core.masking", {
    "Masking writes zeros into what it is given": (
        "        outputs = ops.where(boolean_mask, inputs, 0)\n",
        "        outputs = ops.where(boolean_mask, inputs, 0)\n        if not getattr(inputs, 'requires_grad', True):\n            inputs.copy_(outputs)\n"),
}) + faults("judged, around", LAYERS + "attention.attention", {
    "Attention: the query's mask is passed on only where values have one": (
        "        if mask is None or mask[0] is None:\n            return None\n        return ops.convert", "        if mask is None or mask[0] is None or mask[1] is None:\n            return None\n        return ops.convert"),
})
LAYER = faults("judged, around", LAYERS + "layer", {
    "built again: layers of several inputs are not": (
        '            elif "shapes_dict" in config:\n                self.build(**config["shapes_dict"])\n', ""),
    "masks: the first output takes the first mask that there is": (
        "        flat_masks = tree.flatten(output_masks)\n", "        flat_masks = [m for m in tree.flatten(output_masks) if m is not None]\n"),
})
MODELS = faults("judged, around", "keras.src.models.sequential", {
    "Sequential that is not one graph: every layer is given the first mask": (
        "\n            mask = tree.map_structure(backend.get_keras_mask, outputs)\n", "\n"),
}) + faults("judged, around", "keras.src.models.cloning", {
    "cloned: the dtype of a Sequential model's inputs is lost": (
        "        input_dtype = ref_input_layer._dtype\n", "        input_dtype = None\n"),
})
LOSSES = faults("judged, around", "keras.src.metrics.reduction_metrics", {
    "metrics of masked values with weights: the mask is dropped": (
        "        if mask is not None:\n            sample_weight = losses.loss.apply_mask(", "        if mask is not None and mask.ndim == sample_weight.ndim:\n            sample_weight = losses.loss.apply_mask("),
}) + faults("judged, around", "keras.src.trainers.compile_utils", {
    "losses of outputs: weights that are one array count for the first": (
        "            else:\n                _sample_weight = sample_weight\n\n            value =", "            else:\n                _sample_weight = sample_weight if not loss_values else None\n\n            value ="),
})
OTHERS = faults("judged, around", "keras.src.export.torch", {
    "exported with open sizes: the batch is taken to be one": (
        "    replace_none_number = 2 if dynamic_shapes is not None else 1\n", "    replace_none_number = 1\n"),
}) + faults("judged, around", "keras.src.utils.sequence_utils", {
    "pad_sequences: what is cut before is cut after where padding is after": (
        '        if truncating == "pre":\n', '        if truncating == "pre" and padding == "pre":\n'),
})
ALL = (*ENGINE, *CORE, *MASKING, *LAYER, *MODELS, *LOSSES, *OTHERS)
