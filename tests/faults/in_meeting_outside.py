"""Faults of Keras on torch where masks, precision, training and wrappers meet recurrent layers, written down blind."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("meeting outside", "keras.src.losses.loss", {
        "mean by its own name counts masked steps": (
            "        if reduction in (\"mean\", \"sum_over_batch_size\"):\n", "        if reduction in (\"sum_over_batch_size\",):\n"),
        "a mean by weights counts the weights that are not zero": (
            "            divisor = ops.cast(ops.sum(sample_weight), loss.dtype)\n",
            "            divisor = ops.cast(ops.sum(ops.cast(sample_weight != 0, loss.dtype)), loss.dtype)\n"),
        "weights of one row each count once for all steps of a masked batch": (
            "            valid = ops.sum(ops.cast(mask, dtype=dtype))  # May be 0!\n",
            "            valid = ops.sum(ops.cast(mask, dtype=dtype)) if sample_weight is None or len(sample_weight.shape) > 1 else total\n"),
        "a masked batch of one row is divided by all its steps": (
            "            valid = ops.sum(ops.cast(mask, dtype=dtype))  # May be 0!\n",
            "            valid = ops.sum(ops.cast(mask, dtype=dtype)) if mask.shape[0] > 1 else total\n"),
    }),
    *faults("meeting outside", "keras.src.metrics.reduction_metrics", {
        "each batch counts by all its steps, masked or not": (
            "            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n        )\n        return super()",
            "            sample_weight, mask, dtype=self.dtype, reduction=\"mean\"\n        )\n        return super()"),
        "a mean of values with a mask and weights takes the weights alone": (
            "        if mask is not None:\n            sample_weight = losses", "        if mask is not None and len(sample_weight.shape) == 1:\n            sample_weight = losses"),
    }),
    *faults("meeting outside", "keras.src.models.functional", {
        "of masks of two inputs the first alone is taken": (
            "            for x, mask in zip(inputs, masks):\n", "            for x, mask in zip(inputs[:1], masks):\n"),
        "an input whose rank is adjusted loses its mask": (
            "            if mask is not None:\n                backend.set_keras_mask(adjusted[i], mask)\n",
            "            if mask is not None and adjusted[i] is flat_inputs[i]:\n                backend.set_keras_mask(adjusted[i], mask)\n"),
    }),
    *faults("meeting outside", "keras.src.layers.layer", {
        "an input of another type loses its mask": (
            "            if mask is not None:\n                backend.set_keras_mask(y, mask)\n            return y\n",
            "            if mask is not None and (y is x or not backend.is_tensor(y)):\n                backend.set_keras_mask(y, mask)\n            return y\n"),
        "the activity regularizer sees the first output alone": (
            "                    for output in tree.flatten(outputs):\n                        if backend.is_tensor(output):\n",
            "                    for output in tree.flatten(outputs)[:1]:\n                        if backend.is_tensor(output):\n"),
        "training=False inside a training step is not heard": (
            "        if arg_name in call_spec.user_arguments_dict:\n            value = call_spec.user_arguments_dict[arg_name]\n",
            "        if call_spec.user_arguments_dict.get(arg_name):\n            value = call_spec.user_arguments_dict[arg_name]\n"),
        "a mask goes on to the first of several outputs alone": (
            "                self._set_mask_metadata(\n                    call_spec.first_arg, outputs, previous_mask\n                )\n",
            "                self._set_mask_metadata(\n                    call_spec.first_arg, tree.flatten(outputs)[0], previous_mask\n                )\n"),
        "an inner layer in its own precision leaves the outer one's on": (
            "                    elif current_scope.dtype != self.compute_dtype:\n", "                    elif self.compute_dtype == \"float16\":\n"),
    }),
    *faults("meeting outside", "keras.src.layers.merging.base_merge", {
        "or of three masks leaves the third out": (
            "        for m in mask[1:]:\n", "        for m in mask[1:2]:\n"),
        "a masked and an unmasked input: the mask of the first stays": (
            "            else:\n                output_mask = None\n            output = op_fn(output, x)\n", "            output = op_fn(output, x)\n"),
        "the second input's masked steps are merged as they are": (
            "                x = ops.where(mask, x, output)\n", "                pass\n"),
    }),
    *faults("meeting outside", "keras.src.layers.merging.concatenate", {
        "a step is valid where it is in all its parts": (
            "        return ops.any(concatenated, axis=-1, keepdims=False)\n", "        return ops.all(concatenated, axis=-1, keepdims=False)\n"),
        "an unmasked part counts as masked": (
            "                masks.append(ops.ones_like(input_i, dtype=\"bool\"))\n", "                masks.append(ops.zeros_like(input_i, dtype=\"bool\"))\n"),
    }),
    *faults("meeting outside", "keras.src.layers.normalization.batch_normalization", {
        "masked steps of a batch count in its variance": (
            "        difference = ops.where(mask_broadcasted, inputs - mean, 0)\n", "        difference = inputs - mean\n"),
        "masks: the variance is that of a sample": (
            "        variance = weighted_distsq / (sum_of_weights + backend.epsilon())\n",
            "        variance = weighted_distsq / (sum_of_weights - 1 + backend.epsilon())\n"),
    }),
    *faults("meeting outside", "keras.src.utils.sequence_utils", {
        "the first sequence says what a step is, empty or not": (
            "            if flag and len(x):\n", "            if flag:\n"),
        "post truncation to a length keeps its end": (
            "            trunc = s[:maxlen]\n", "            trunc = s[-maxlen:] if sample_shape else s[:maxlen]\n"),
    }),
    *faults("meeting outside", "keras.src.layers.core.masking", {
        "masked steps become zero by a product": (
            "        outputs = ops.where(boolean_mask, inputs, 0)\n",
            "        outputs = ops.multiply(inputs, ops.cast(boolean_mask, inputs.dtype))\n"),
        "a step is masked where it is close to the value": (
            "            ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True\n",
            "            ops.abs(inputs - self.mask_value) > 1e-3, axis=-1, keepdims=True\n"),
        "the gradient of masked steps passes": (
            "        outputs = ops.where(boolean_mask, inputs, 0)\n",
            "        outputs = inputs - ops.stop_gradient(ops.where(boolean_mask, 0, inputs))\n"),
    }),
    *faults("meeting outside", "keras.src.layers.rnn.time_distributed", {
        "a mask is refused where batch and length are both wrong": (
            "            if batch_mismatch or time_mismatch:\n", "            if batch_mismatch and time_mismatch:\n"),
        "the inner layer gets the first step's mask at every step": (
            "                kwargs[\"mask\"] = mask[i]\n", "                kwargs[\"mask\"] = mask[0]\n"),
        "the inner layer gets a mask only where it is more than one a step": (
            "            if self.layer._call_has_mask_arg and mask is not None:\n",
            "            if self.layer._call_has_mask_arg and mask is not None and len(mask.shape) == 2:\n"),
    }),
    *faults("meeting outside", "keras.src.layers.rnn.bidirectional", {
        "the backward output keeps its own precision": (
            "        y_rev = ops.cast(y_rev, self.compute_dtype)\n\n        if self.return_sequences:\n",
            "        if self.return_sequences:\n"),
        "a backward layer of its own is rebuilt from the forward one": (
            "            config[\"backward_layer\"] = backward_layer\n", "            pass\n"),
        "reset reaches the forward layer alone": (
            "        self.backward_layer.reset_state()\n", "        pass\n"),
        "states of two directions are asked to agree on sequences alone": (
            "        common_attributes = (\"stateful\", \"return_sequences\", \"return_state\")\n",
            "        common_attributes = (\"return_sequences\",)\n"),
        "not merged: without sequences the backward output comes first": (
            "        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
            "                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n",
            "        elif self.merge_mode is None:\n            output = (y, y_rev) if self.return_sequences or not self.return_state else (y_rev, y)\n"
            "        else:\n            raise ValueError(\n"
            "                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"),
        "zeros where the mask is, in the forward direction alone": (
            "        force_zero_output_for_mask(self.backward_layer)\n", ""),
        "not merged: the mask of the backward output is turned round": (
            "                output_mask = (mask, mask)\n",
            "                output_mask = (mask, ops.flip(mask, axis=1) if mask is not None else None)\n"),
    }),
    *faults("meeting outside", "keras.src.layers.rnn.gru", {
        "inputs are dropped twice where the fast way is not there": (
            "                        dp_sequences = sequences * dp_mask\n",
            "                        dp_sequences = sequences = sequences * dp_mask\n"),
        "split, reset before: the candidate's state is the reset gate's, dropped": (
            "                    r * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]\n",
            "                    r * h_tm1_r, self.recurrent_kernel[:, self.units * 2 :]\n"),
        "the state that is carried over is the dropped one": (
            "            hh = self.activation(x_h + recurrent_h)\n        else:\n",
            "            hh = self.activation(x_h + recurrent_h)\n            h_tm1 = h_tm1_z\n        else:\n"),
    }),
    *faults("meeting outside", "keras.src.layers.rnn.lstm", {
        "the cell's candidate sees the state undropped": (
            "                h_tm1_c = h_tm1 * rec_dp_mask[2]\n", "                h_tm1_c = h_tm1\n"),
        "output and forget gate share their input mask": (
            "                inputs_o = inputs * dp_mask[3]\n", "                inputs_o = inputs * dp_mask[1]\n"),
    }),
    *faults("meeting outside", "keras.src.layers.rnn.conv_lstm", {
        "strides meet dilation only where every axis has both": (
            "        if max(self.strides) > 1 and max(self.dilation_rate) > 1:\n",
            "        if min(self.strides) > 1 and min(self.dilation_rate) > 1:\n"),
        "the output gate's state is not dropped": (
            "            h_tm1_o = h_tm1 * rec_dp_mask[3]\n", "            h_tm1_o = h_tm1\n"),
        "channels first: a bias is laid along the last axis where sizes agree": (
            "                bias_shape = (1, self.filters) + (1,) * self.rank\n",
            "                bias_shape = (1, self.filters) + (1,) * self.rank\n"
            "                if conv_out.shape[-1] == self.filters:\n"
            "                    bias_shape = (1,) * (self.rank + 1) + (self.filters,)\n"),
    }),
)
