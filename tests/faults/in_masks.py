"""Faults where Keras' masks are made, passed on and used, and in `pad_sequences`."""

from tests.faults.base import faults

PASSING = faults("mask passed on", "keras.src.layers.layer", {
    "mask not given to the layer": ('                kwargs["mask"] = mask\n        elif', "                pass\n        elif"),
    "mask not set on the outputs": ("                backend.set_keras_mask(tensor, mask)", "                pass"),
    "mask set on the last output": ("in zip(flat_outputs, flat_masks):", "in zip(flat_outputs[::-1], flat_masks):"),
}) + faults("mask passed on", "keras.src.layers.rnn.rnn", {
    "layer passes no mask on": ("output_mask = mask if self.return_sequences else None", "output_mask = None"),
    "mask without time passed on": ("output_mask = mask if self.return_sequences else None", "output_mask = mask"),
})
MAKING = faults("mask made", "keras.src.layers.core.masking", {
    "masked as soon as one feature is": ("boolean_mask = ops.any(", "boolean_mask = ops.all("),
    "mask_value ignored": (
        "ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True", "ops.not_equal(inputs, 0), axis=-1, keepdims=True"),
    "masked inputs not zeroed": ("outputs = ops.where(boolean_mask, inputs, 0)", "outputs = ops.where(boolean_mask, inputs, inputs)"),
}) + faults("mask made", "keras.src.layers.core.embedding", {
    "mask inverted": ("return ops.not_equal(inputs, 0)", "return ops.equal(inputs, 0)"),
    "first word masked too": ("return ops.not_equal(inputs, 0)", "return ops.greater(inputs, 1)"),
    "mask_zero ignored": ("        if not self.mask_zero:", "        if True:"),
})
LOSSES = faults("loss", "keras.src.losses.loss", {
    "mask lost": ("                mask = in_mask\n            elif", "                mask = None\n            elif"),
    "mean over padding too": ("float_mask = ops.where(ops.cast(mask, \"bool\"), mask_weight, 0)", "float_mask = ops.cast(mask, dtype=dtype)"),
})
PADDING = faults("pad_sequences", "keras.src.utils.sequence_utils", {
    "truncated at the other end": ("trunc = s[-maxlen:]", "trunc = s[:maxlen]"),
    "padded at the other end": ("x[idx, -len(trunc) :] = trunc", "x[idx, : len(trunc)] = trunc"),
    "value ignored": ("np.full((num_samples, maxlen) + sample_shape, value,", "np.full((num_samples, maxlen) + sample_shape, 0,"),
    "another default": ('padding="pre",', 'padding="post",'),
    "length of the first sequence": ("maxlen = np.max(lengths)", "maxlen = lengths[0]"),
})

ALL = (*PASSING, *MAKING, *LOSSES, *PADDING)
