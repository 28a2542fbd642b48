"""Mistakes of past releases of Keras 3, put back: each was mended between 3.0 and 3.15."""

from tests.faults.base import faults

LAYERS, RNN = "keras.src.layers.", "keras.src.layers.rnn."
FAMILY = "past releases"

ALL = faults(FAMILY, RNN + "dropout_rnn_cell", {
    "3.1: the recurrent dropout has the rate of the other": (
        "                step_input, self.recurrent_dropout\n", "                step_input, self.dropout\n"),
}) + faults(FAMILY, RNN + "simple_rnn", {
    "3.0: dropout multiplies its argument in place": ("            sequence = sequence * dp_mask\n", "            sequence *= dp_mask\n"),
    "3.0: recurrent dropout multiplies a state in place": (
        "            prev_output = prev_output * rec_dp_mask\n", "            prev_output *= rec_dp_mask\n"),
}) + faults(FAMILY, RNN + "rnn", {
    "3.0: every stacked cell drops what the first one is given": (
        "                # Replicate the behavior of `StackedRNNCells.call` to compute\n                # the inputs for the next cell.\n"
        "                s = list(s) if tree.is_nested(s) else [s]\n                cell_call_fn = c.__call__ if callable(c) else c.call\n"
        "                input_sequence, _ = cell_call_fn(input_sequence, s)\n", ""),
    "3.2: told states of stacked cells are flat": (
        "            elif isinstance(state_size, (list, tuple)):\n                states_shape.append([(batch_size, s) for s in state_size])\n",
        "            else:\n                states_shape.append((batch_size, state_size))\n"),
    "3.8: stateful steps change states that gradients need": (
        '            if backend.backend() == "torch" and self.stateful:\n                states = tree.map_structure(ops.copy, states)\n', ""),
    "3.11: a stateful layer takes a batch of another size": (
        "                and actual_batch_size != self._expected_batch_size\n", "                and False\n"),
}) + faults(FAMILY, RNN + "bidirectional", {
    "3.11: both directions forget use_cudnn": (
        '        if hasattr(layer, "use_cudnn"):\n', '        if False:\n'),
}) + faults(FAMILY, RNN + "lstm", {
    "3.8: the fused LSTM drops in inference too": ("                    if training and self.dropout:", "                    if self.dropout:"),
    "3.7: recurrent dropout leaves gates in one product": (
        "        if self.recurrent_dropout != 0.0:\n            self.implementation = 1\n", ""),
}) + faults(FAMILY, RNN + "gru", {
    "3.3: GRU takes no implementation": ('            implementation=kwargs.pop("implementation", 2),\n        )\n        super()', "        )\n        super()"),
}) + faults(FAMILY, RNN + "conv_lstm", {
    "3.4: ConvLSTM drops no inputs": ("        if training and 0.0 < self.dropout < 1.0:\n", "        if False:\n"),
    "3.13: ConvLSTM takes strides together with dilation": (
        "        if max(self.strides) > 1 and max(self.dilation_rate) > 1:\n", "        if False:\n"),
}) + faults(FAMILY, LAYERS + "attention.attention", {
    "3.0: attention is told as wide as its query": (
        "        return (*query_shape[:-1], value_shape[-1])\n", "        return tuple(query_shape)\n"),
    "3.14: attention forgets its seed": ('            "seed": self.seed,\n', ""),
    "3.14: a masked query multiplies what it found": (
        "            attention_output = ops.where(q_mask, attention_output, 0)\n",
        "            attention_output *= ops.cast(q_mask, dtype=attention_output.dtype)\n"),
}) + faults(FAMILY, LAYERS + "core.masking", {
    "3.14: Masking multiplies": (
        "ops.where(boolean_mask, inputs, 0)", "inputs * backend.cast(boolean_mask, dtype=inputs.dtype)"),
}) + faults(FAMILY, LAYERS + "pooling.global_average_pooling1d", {
    "3.14: an average over time changes its argument": (
        "            inputs = ops.where(mask_expanded, inputs, 0)\n", "            inputs *= ops.cast(mask_expanded, inputs.dtype)\n"),
}) + faults(FAMILY, LAYERS + "merging.base_merge", {
    "3.3: a join is masked where one of its inputs is": (
        "            output_mask = ops.logical_or(output_mask, m)\n        return output_mask", "            output_mask = ops.logical_and(output_mask, m)\n        return output_mask"),
}) + faults(FAMILY, LAYERS + "merging.concatenate", {
    "3.3: joined features are masked where one input is": (
        "        return ops.any(concatenated, axis=-1, keepdims=False)", "        return ops.all(concatenated, axis=-1, keepdims=False)"),
}) + faults(FAMILY, LAYERS + "merging.maximum", {
    "3.3: a maximum counts masked steps": (
        "        return self._apply_merge_op_and_or_mask(ops.maximum, inputs)\n",
        "        output = inputs[0]\n        for i in range(1, len(inputs)):\n            output = ops.maximum(output, inputs[i])\n        return output\n"),
}) + faults(FAMILY, LAYERS + "merging.multiply", {
    "3.3: a product counts masked steps": (
        "        masks = [backend.get_keras_mask(x) for x in inputs]\n", "        masks = [None for x in inputs]\n"),
}) + faults(FAMILY, LAYERS + "layer", {
    "3.3: an activity regularizer is lost in the configuration": (
        "        if self.activity_regularizer is not None:\n            config[", "        if False:\n            config["),
    "3.1: weights added to a frozen layer are trained": (
        "        if not self.trainable:\n            variable.trainable = False\n", ""),
    "3.7: masks are read after the call": (
        "            if self.supports_masking:\n                self._set_mask_metadata(",
        "            previous_mask = tree.map_structure(backend.get_keras_mask, call_spec.first_arg)\n"
        "            if self.supports_masking:\n                self._set_mask_metadata("),
}) + faults(FAMILY, "keras.src.metrics.accuracy_metrics", {
    "3.3: binary accuracy is a mean before weights": (
        "    y_pred = ops.cast(ops.greater(y_pred, threshold), y_true.dtype)\n    return ops.cast(ops.equal(y_true, y_pred), dtype=backend.floatx())\n",
        "    y_pred = ops.cast(ops.greater(y_pred, threshold), y_true.dtype)\n    return ops.mean(ops.cast(ops.equal(y_true, y_pred), dtype=backend.floatx()), axis=-1)\n"),
}) + faults(FAMILY, "keras.src.backend.torch.trainer", {
    "3.1: the last batch counts as much as the others": (
        "sample_weight=sample_weight, training=True\n        )\n        self._loss_tracker.update_state(\n            loss,\n            sample_weight=next(\n"
        "                i for i in tree.flatten(x) if i is not None\n            ).shape[0],\n        )",
        "sample_weight=sample_weight, training=True\n        )\n        self._loss_tracker.update_state(loss)"),
})
