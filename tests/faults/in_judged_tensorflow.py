"""Faults as an outside judge would plant them in Keras' TensorFlow engine: half of them ordinary, half where two features meet."""

from __future__ import annotations

from tests.faults.base import faults
from tests.faults.in_sparing_again import TENSORFLOW, common

ALL = (
    *faults("judged: TensorFlow's loop", TENSORFLOW + "rnn", {
        "jt masks get two axes more at most": ("for _ in range(rank_diff):", "for _ in range(min(rank_diff, 2)):"),
        "jt an unrolled layer holds its initial state before the first step": (
            "                    prev_output = tf.zeros_like(output)\n", "                    prev_output = tf.zeros_like(output) + states[0]\n"),
        "jt no gradient through a held output": (
            "                    else tree.flatten(prev_output)",
            "                    else tuple(tf.stop_gradient(o) for o in tree.flatten(prev_output))"),
        "jt unrolled states are masked by the first step where sequences are not returned": (
            "                    _expand_mask(mask_t, s) for s in flat_states\n",
            "                    _expand_mask(mask_t if return_all_outputs else mask_list[0], s) for s in flat_states\n"),
        "jt an open number of steps is that of the mask": (
            "        if input_length is None:\n            max_iterations = time_steps_t",
            "        if input_length is None:\n            max_iterations = time_steps_t if mask is None else tf.reduce_max("
            "tf.reduce_sum(tf.cast(mask, \"int32\"), axis=0))"),
    }),
    *faults("judged: TensorFlow's trainer", TENSORFLOW + "trainer", {
        "jt results of other lengths are put together with the steps' own shape": (
            "        constant_inner_shape = tensors[0].shape[-constant_inner_dimensions:]\n",
            "        constant_inner_shape = tensors[0].shape[1:]\n"),
        "jt predict on batch gives tensors": (
            "        batch_outputs = tree.map_structure(\n            convert_to_np_if_not_ragged, batch_outputs\n        )\n        return batch_outputs",
            "        return batch_outputs"),
        "jt several executions are put together along the last axis": (
            "concat([t1, t2]), outputs, step_outputs", "concat([t1, t2], axis=-1), outputs, step_outputs"),
        "jt logs of single batches are tensors": (
            "        logs = self.train_function(data())\n        logs = pythonify_logs(logs)\n", "        logs = self.train_function(data())\n"),
        "jt validation data of a fit that broke are used again": (
            "        self._eval_epoch_iterator = None\n        if validation_split and", "        if validation_split and"),
    }),
    *faults("judged: TensorFlow's core", TENSORFLOW + "core", {
        "jt variables are handed to TensorFlow in their own dtype": (
            "        return tf.convert_to_tensor(self.value, dtype=dtype, name=name)",
            "        return tf.convert_to_tensor(self._value, dtype=dtype, name=name)"),
        "jt a stopped gradient goes through": ("    return tf.stop_gradient(variable)", "    return tf.identity(variable)"),
        "jt ragged sequences are read without their last step": (
            "    if isinstance(x, tf.RaggedTensor) and ragged is not None and not ragged:\n        x = x.to_tensor()",
            "    if isinstance(x, tf.RaggedTensor) and ragged is not None and not ragged:\n        x = x[:, :-1].to_tensor()"),
        "jt a scan of no arrays makes one step less from the end": (
            "        (n - 1 if reverse else 0, carry_array, ys_array),",
            "        ((n - 1 if xs is not None else n - 2) if reverse else 0, carry_array, ys_array),"),
    }),
    *faults("judged: TensorFlow's functions", TENSORFLOW + "nn", {
        "jt elu has one slope": ("        return tf.where(x > 0, res, alpha * res)", "        return res"),
        "jt logits of classes lie along the last axis": (
            "            labels=target, logits=output, axis=axis\n", "            labels=target, logits=output, axis=-1\n"),
        "jt targets of one step lose their axis": (
            "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:", "    if len(target.shape) > 1 and target.shape[-1] == 1:"),
        "jt kept logits are read as probabilities": (
            "        output_ = output._keras_logits\n        from_logits_ = True", "        output_ = output._keras_logits\n        from_logits_ = from_logits"),
        "jt convolutions know no dilation": ("            dilations=dilation_rate,\n        )\n        result_shape = result.shape", "        )\n        result_shape = result.shape"),
        "jt a causal mask counts from the other side where queries are fewer": (
            "        T, S = logits_shape[2], logits_shape[3]\n        mask = tf.linalg.band_part(tf.ones((T, S), \"bool\"), -1, 0)",
            "        T, S = logits_shape[2], logits_shape[3]\n        mask = tf.linalg.band_part(tf.ones((T, S), \"bool\"), -1, S - T)"),
        "jt pools move by their own size": (
            "    outputs = tf.nn.avg_pool(\n        inputs,\n        pool_size,\n        strides,", "    outputs = tf.nn.avg_pool(\n        inputs,\n        pool_size,\n        pool_size,"),
    }),
    *faults("judged: TensorFlow's arrays", TENSORFLOW + "numpy", {
        "jt means of half precision overflow": (
            "        tf.cast(x, compute_dtype), axis=axis, keepdims=keepdims\n    )\n    return tf.cast(output, result_dtype)\n\n\ndef max(",
            "        tf.cast(x, result_dtype), axis=axis, keepdims=keepdims\n    )\n    return tf.cast(output, result_dtype)\n\n\ndef max("),
        "jt what is told from the end along an axis is counted by rows": (
            "indices + tf.cast(x_shape[static_axis], dtype=indices.dtype),", "indices + tf.cast(x_shape[0], dtype=indices.dtype),"),
        "jt truths are summed as truths": (
            "    if dtype in (\"bool\", \"int8\", \"int16\"):\n        dtype = \"int32\"\n    elif dtype in (\"uint8\", \"uint16\"):\n        dtype = \"uint32\"\n    x = cast(x, dtype)\n    if isinstance(x, tf.SparseTensor):\n        return tf.sparse.reduce_sum(",
            "    if dtype in (\"bool\", \"int8\", \"int16\"):\n        dtype = \"int8\"\n    elif dtype in (\"uint8\", \"uint16\"):\n        dtype = \"uint32\"\n    x = cast(x, dtype)\n    if isinstance(x, tf.SparseTensor):\n        return tf.sparse.reduce_sum("),
    }),
    *faults("judged: what TensorFlow keeps of layers", TENSORFLOW + "trackable", {
        "jt a layer cannot be set twice": ("            overwrite=True,\n", ""),
    }),
    *faults("judged: TensorFlow's draws", TENSORFLOW + "random", {
        "jt a dropped batch keeps its mask's dtype": (
            "    if rate == 1.0:\n        return tf.zeros_like(inputs)", "    if rate == 1.0:\n        return tf.zeros(tf.shape(inputs))"),
    }),
    *common("keras-tensorflow", "export.saved_model_export_archive", {
        "jt the last endpoint is served": (
            "                self._endpoint_names[0]\n", "                self._endpoint_names[-1]\n"),
    }),
    *common("keras-tensorflow", "export.export_utils", {
        "jt exported inputs are single": (
            "            shape, dtype=input_spec.dtype, name=input_spec.name\n", "            shape, dtype=\"float32\", name=input_spec.name\n"),
    }),
    *common("keras-tensorflow", "layers.rnn.rnn", {
        "jt the first cell's dropout mask alone is emptied": (
            "            for c in cell.cells:\n                self._maybe_reset_dropout_masks(c)", "            for c in cell.cells[:1]:\n                self._maybe_reset_dropout_masks(c)"),
        "jt dynamic batches of stateful layers are taken": (
            "                if sequences_shape[0] is None:\n                    raise ValueError(", "                if sequences_shape[1] is None:\n                    raise ValueError("),
    }),
    *common("keras-tensorflow", "layers.core.masking", {
        "jt a mask value that is not a number is compared": (
            "        boolean_mask = ops.any(\n            ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True",
            "        boolean_mask = ops.any(\n            ops.abs(inputs - self.mask_value) > 0, axis=-1, keepdims=True"),
    }),
    *common("keras-tensorflow", "layers.rnn.stacked_rnn_cells", {
        "jt later cells of a stack are not trained as such": (
            "                kwargs[\"training\"] = training\n            else:", "                kwargs[\"training\"] = training and not new_states\n            else:"),
    }),
)
