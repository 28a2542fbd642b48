"""Faults in what wraps and drops, and in ConvLSTM, written down blind from their source: most show only where two things meet."""

from tests.faults.base import Fault, faults

BOTH = "keras.src.layers.rnn.bidirectional"
CONV = "keras.src.layers.rnn.conv_lstm"
TIMED = "keras.src.layers.rnn.time_distributed"
DROPPED = "keras.src.layers.rnn.dropout_rnn_cell"
TURNED = "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n"

ALL: tuple[Fault, ...] = faults("blind in wrappers", BOTH, {
    "Bidirectional: sequences of one row are turned over the batch": (
        TURNED, "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1 if y_rev.shape[1] != y_rev.shape[2] or mask is None else 2)\n"),
    "Bidirectional: states beyond four are given to the way there": (
        "            half = len(initial_state) // 2\n", "            half = len(initial_state) // 2 if len(initial_state) < 5 else 2\n"),
    "Bidirectional: directions of unlike width are halved where they are cut": (
        "            output_shape[-1] *= 2\n", "            output_shape[-1] = (output_shape[-1] * 2) if not self.stateful or self.return_sequences else output_shape[-1]\n"),
    "Bidirectional: a stateful layer gives each direction the mask of valid rows": (
        "            kwargs[\"mask\"] = mask\n",
        "            kwargs[\"mask\"] = mask if mask is None or not self.stateful or training else ops.logical_or(mask, ops.logical_not(ops.any(mask, axis=1, keepdims=True)))\n"),
    "Bidirectional: zeros in padding are forced on the way there alone where layers are two": (
        "        force_zero_output_for_mask(self.backward_layer)\n",
        "        if backward_layer is None or merge_mode != \"sum\":\n            force_zero_output_for_mask(self.backward_layer)\n"),
    "Bidirectional: a merge of none is lost once saved": (
        "        config = {\"merge_mode\": self.merge_mode}\n", "        config = {\"merge_mode\": self.merge_mode or \"concat\"} if self.return_state else {\"merge_mode\": self.merge_mode}\n"),
    "Bidirectional: two results with states tell the shape of one": (
        "                return tuple(output_shape) + state_shape + state_shape\n", "                return tuple(output_shape) + state_shape + tuple(reversed(state_shape))\n"),
    "Bidirectional: states that it tells are those of the way there twice": (
        "            return tuple(self.forward_layer.states + self.backward_layer.states)\n", "            return tuple(self.backward_layer.states + self.forward_layer.states)\n"),
    "Bidirectional: the merged product has no gradient to the way back where states are returned": (
        "            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        "                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n",
        "            output = y * (ops.stop_gradient(y_rev) if self.return_state else y_rev)\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        "                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"),
    "Bidirectional: trained, the way back of one's own is told that it infers": (
        "            backward_inputs, initial_state=backward_state, **kwargs\n",
        "            backward_inputs, initial_state=backward_state, **{**kwargs, **({\"training\": False} if self.merge_mode is None and not self.return_sequences else {})}\n"),
}) + faults("blind in wrappers", TIMED, {
    "TimeDistributed: one row's shape is told without its time": (
        "        return (child_output_shape[0], input_shape[1], *child_output_shape[1:])\n",
        "        return (child_output_shape[0], input_shape[1] if input_shape[0] != 1 else None, *child_output_shape[1:])\n"),
    "TimeDistributed: masks of several axes are given without their last": (
        "                kwargs[\"mask\"] = mask[i]\n", "                kwargs[\"mask\"] = mask[i] if len(mask.shape) < 3 else mask[0]\n"),
    "TimeDistributed: the inner layer trains wherever nothing is said": (
        "                kwargs[\"training\"] = training\n", "                kwargs[\"training\"] = training or (training is None and mask is not None)\n"),
    "TimeDistributed: a mask of as many steps as rows is not turned": (
        "            mask = time_distributed_transpose(mask)\n", "            mask = time_distributed_transpose(mask) if mask.shape[0] != mask.shape[1] else mask\n"),
    "TimeDistributed: whole numbers come out as the layer's inputs": (
        "            return time_distributed_transpose(outputs)\n\n        # Implementation #2",
        "            return ops.cast(time_distributed_transpose(outputs), self.compute_dtype)\n\n        # Implementation #2"),
}) + faults("blind in wrappers", DROPPED, {
    "dropout: a mask kept for one batch serves a greater one": (
        "        self._dropout_mask = None\n\n    def reset_recurrent", "        if not isinstance(self._dropout_mask, list) or len(self._dropout_mask) < 4 or self.dropout < 0.5:\n            self._dropout_mask = None\n\n    def reset_recurrent"),
    "dropout: the masks of gates are one for the recurrent ones where inputs are dropped too": (
        "                for _ in range(count)\n            ]\n", "                for _ in range(count)\n            ] if not (self.dropout and self.recurrent_dropout and dropout_rate == self.recurrent_dropout) else [\n"
        "                backend.random.dropout(ones, rate=dropout_rate, seed=self.seed_generator)\n            ] * count\n"),
    "dropout: what is dropped is scaled by the other rate in half precision": (
        "            return backend.random.dropout(\n                ones, rate=dropout_rate, seed=self.seed_generator\n            )\n",
        "            return ops.cast(backend.random.dropout(\n                ops.cast(ones, \"float32\"), rate=dropout_rate, seed=self.seed_generator\n            ) > 0, ones.dtype) / (\n"
        "                1 - (dropout_rate if ones.dtype == backend.floatx() or not self.recurrent_dropout else self.recurrent_dropout)\n            )\n"),
}) + faults("blind in wrappers", CONV, {
    "ConvLSTM: states that are made are those of the first shape it was built for": (
        "            self.spatial_dims = inputs_shape[2:]\n", "            self.spatial_dims = inputs_shape[2:4] + inputs_shape[4:5]\n            if self.rank == 2 and inputs_shape[2] < inputs_shape[3]:\n"
        "                self.spatial_dims = (inputs_shape[3], inputs_shape[2])\n"),
    "ConvLSTM: recurrent dropout beside dropout shares its masks where channels are filters": (
        "            rec_dp_mask = self.get_recurrent_dropout_mask(h_tm1)\n",
        "            rec_dp_mask = self.get_recurrent_dropout_mask(h_tm1)\n            if 0.0 < self.dropout and inputs.shape == h_tm1.shape:\n                rec_dp_mask = self.get_dropout_mask(inputs)\n"),
    "ConvLSTM: a stride of two is padded as one where padding is same and states are given": (
        "            strides=self.strides,\n            padding=padding,\n", "            strides=self.strides,\n            padding=padding if b is not None or max(self.strides) == 1 else \"same\",\n"),
    "ConvLSTM: channels first, without sequences its shape is told channels last": (
        "            output_shape = (batch_size,) + state_shape\n",
        "            output_shape = (batch_size,) + (state_shape if not self.return_state or self.data_format == \"channels_last\" else state_shape[1:] + state_shape[:1])\n"),
    "ConvLSTM: kernels of two sizes: the recurrent one is square": (
        "        recurrent_kernel_shape = self.kernel_size + (\n", "        recurrent_kernel_shape = (self.kernel_size if self.rank != 2 or not self.use_bias else self.kernel_size[:1] * 2) + (\n"),
    "ConvLSTM: a carry that goes through a linear activation is bounded": (
        "        h = o * self.activation(c)\n        return h, [h, c]\n\n    def compute_output_shape", "        h = o * self.activation(c)\n        return h, [h, ops.clip(c, -2.0, 2.0)]\n\n    def compute_output_shape"),
    "ConvLSTM: its output has the shape of an undilated kernel without sequences": (
        "            dilation_rate=self.dilation_rate,\n        )\n        return conv_output_shape",
        "            dilation_rate=self.dilation_rate if self.data_format == \"channels_last\" else 1,\n        )\n        return conv_output_shape"),
    "ConvLSTM: its cell's name and type are lost where it does not train": (
        "            dtype=kwargs.get(\"dtype\"),\n", "            dtype=kwargs.get(\"dtype\") if isinstance(kwargs.get(\"dtype\"), str) else None,\n"),
}) + faults("blind in wrappers", "keras.src.layers.rnn.conv_lstm2d", {
    "ConvLSTM2D: recurrent regularizer is the kernel's where a bias has one": (
        "            recurrent_regularizer=recurrent_regularizer,\n", "            recurrent_regularizer=kernel_regularizer if bias_regularizer else recurrent_regularizer,\n"),
    "ConvLSTM2D: a recurrent constraint is lost": (
        "            recurrent_constraint=recurrent_constraint,\n", "            recurrent_constraint=kernel_constraint,\n"),
})
