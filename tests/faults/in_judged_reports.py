"""Faults that were reported of Keras and tf.keras, third reading: put back where today's code has the same place, or one that does
the same, some of them only where a further condition meets. Each is named after its report."""

from tests.faults.base import Fault, faults

FAMILY = "judged reports"

LOOPS: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.layers.rnn.rnn", {
        "keras 10643: a stateful layer that is built again keeps what it carries": (
            "            if self.states is not None:\n                self.reset_state()\n",
            "            if self.states is not None:\n                pass\n"),
        "keras 17597: states of the second layer of one name are those of the first": (
            "                    name=\"rnn_state\",\n", "                    name=\"kernel\",\n"),
        "tensorflow 42193: a stateful layer starts from zeros, whatever its cell begins with": (
            "                self.get_initial_state(batch_size),\n",
            "                tree.map_structure(ops.zeros_like, self.get_initial_state(batch_size)),\n"),
        "keras 20875: states of a stateful layer are not copied on torch": (
            "                states = tree.map_structure(ops.copy, states)\n", "                states = states\n"),
        "tensorflow 36363: an initial state that is given to a stateful layer is not kept for the next call": (
            "        if self.stateful:\n            for self_state, state in zip(",
            "        if self.stateful and mask is None:\n            for self_state, state in zip("),
        "tensorflow 41157: outputs are told with as many steps as there are features": (
            "            output_shape = (batch_size, length, output_size)\n",
            "            output_shape = (batch_size, length if length is not None else output_size, output_size)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.dropout_rnn_cell", {
        "keras 19395: recurrent dropout drops at the rate of the inputs": (
            "                step_input, self.recurrent_dropout\n", "                step_input, self.dropout or self.recurrent_dropout\n"),
        "tensorflow 60170: the recurrent mask is drawn without the layer's seed": (
            "        ones = ops.ones_like(step_input)\n        if count is None:\n            return backend.random.dropout(\n"
            "                ones, rate=dropout_rate, seed=self.seed_generator\n",
            "        ones = ops.ones_like(step_input)\n        if count is None:\n            return backend.random.dropout(\n"
            "                ones, rate=dropout_rate, seed=None if dropout_rate == self.recurrent_dropout else self.seed_generator\n"),
        "keras 20276: one mask for all gates where there are three": (
            "                for _ in range(count)\n            ]", "                for _ in range(1 if count == 3 else count)\n            ] * (3 if count == 3 else 1)"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.stacked_rnn_cells", {
        "keras-core 924: a state that comes in a list of one is unwrapped": (
            "            if len(states) == 1 and not state_is_list:", "            if len(states) == 1:"),
        "tensorflow 32586: the cell above one without that argument is not told of training": (
            "                kwargs.pop(\"training\", None)\n", "                training = kwargs.pop(\"training\", False)\n"),
        "tensorflow 50724: the cell above is built for the inputs of the one below": (
            "            input_shape = (batch_size, output_dim)\n",
            "            input_shape = (batch_size, output_dim if len(self.cells) < 3 else input_shape[-1])\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
        "tensorflow 38191: states that are given in a tuple reach the forward layer alone": (
            "            backward_state = initial_state[half:]\n",
            "            backward_state = initial_state[half:] if isinstance(initial_state, list) else None\n"),
        "tensorflow 28761: a layer that is wrapped twice has one set of weights": (
            "        self.forward_layer = serialization_lib.deserialize_keras_object(config)\n",
            "        self.forward_layer = layer if layer.built else serialization_lib.deserialize_keras_object(config)\n"),
        "keras 4421: the name of the backward layer is that of the forward one": (
            "                f\"backward_{utils.removeprefix(layer.name, 'backward_')}\"\n",
            "                f\"forward_{utils.removeprefix(layer.name, 'forward_')}\"\n"),
        "keras 22913: sums of both directions are means where the fused kernel runs": (
            "        if mask is not None or self.stateful:\n            return False\n        if initial_state is not None and len(initial_state) != 2:",
            "        if self.stateful:\n            return False\n        if initial_state is not None and len(initial_state) != 2:"),
        "keras-js 84: averages are of outputs in reverse order": (
            "        elif self.merge_mode == \"ave\":\n            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n"
            "            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n"
            "            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"
            "                'Expected",
            "        elif self.merge_mode == \"ave\":\n            output = (y + ops.flip(y_rev, axis=1)) / 2\n        elif self.merge_mode == \"mul\":\n"
            "            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n"
            "            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"
            "                'Expected"),
        "keras 19898: a backward layer that was given is not in the configuration": (
            "        config[\"backward_layer\"] = serialization_lib.serialize_keras_object(\n            self.backward_layer\n        )\n", ""),
        "keras 20588: the choice of a kernel reaches the forward layer alone": (
            "            self.backward_layer.use_cudnn = layer.use_cudnn\n", ""),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.time_distributed", {
        "tensorflow 20452: the axis of features is told as it came": (
            "        return (child_output_shape[0], input_shape[1], *child_output_shape[1:])\n",
            "        return (child_output_shape[0], input_shape[1], *(child_output_shape[1:] if input_shape[0] else input_shape[2:]))\n"),
        "keras 3830: the first step is computed for all where the batch is of one row": (
            "                [step_function(i) for i in range(inputs.shape[0])]\n",
            "                [step_function(i if inputs.shape[1] != 1 else 0) for i in range(inputs.shape[0])]\n"),
        "keras 2426: a layer that is built is built again": (
            "        super().build(child_input_shape)\n", "        self.layer.built = False\n        super().build(child_input_shape)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.conv_lstm", {
        "keras 6135: channels that come first are read along the rows": (
            "            channel_axis = 1\n            self.spatial_dims = inputs_shape[2:]\n",
            "            channel_axis = 1 if self.rank < 2 else 2\n            self.spatial_dims = inputs_shape[2:]\n"),
        "keras 22474: strides besides dilation are taken": (
            "        if max(self.strides) > 1 and max(self.dilation_rate) > 1:\n",
            "        if min(self.strides) > 1 and max(self.dilation_rate) > 1:\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.gru", {
        "keras 22115: zeros are not written at masked steps of the fused loop": (
            "                    out = backend.gru(\n                        dp_sequences,\n                        initial_state,\n                        mask,\n",
            "                    out = backend.gru(\n                        dp_sequences,\n                        initial_state,\n"
            "                        mask if self.return_sequences else None,\n"),
        "keras 20663: dropout and no recurrent dropout break the fused loop": (
            "        if self.implementation == 1:\n            self.dropout_mask_count = 3\n", "        self.dropout_mask_count = 3\n"),
    }),
    *faults(FAMILY, "keras.src.backend.torch.rnn", {
        "keras 22115: gates of a fused layer without biases change places": (
            "    x_proj = torch.matmul(inputs, kernel)\n    if bias is not None:\n        x_proj = x_proj + bias\n",
            "    x_proj = torch.matmul(inputs, kernel)\n    if bias is not None:\n        x_proj = x_proj + bias\n"
            "    else:\n        x_proj = torch.roll(x_proj, 1, -1)\n"),
        "keras 22279: outputs are cut off from what computed them, where one step is given": (
            "    last_output = h\n\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1 if batch_first else 0)\n",
            "    last_output = h.detach() if time_steps == 1 else h\n\n    if not return_sequences:\n"
            "        outputs = last_output.unsqueeze(1 if batch_first else 0)\n"),
        "keras 14992: a mask of numbers counts the rows": (
            "        multiples = [1] * fixed_dim + list(input_t.shape[fixed_dim:])\n        return torch.tile(mask_t, multiples)\n",
            "        multiples = [1] * fixed_dim + list(input_t.shape[fixed_dim:])\n        return torch.tile(mask_t.roll(1, 0) if input_t.ndim > 3 else mask_t, multiples)\n"),
    }),
    *faults(FAMILY, "keras.src.backend.tensorflow.rnn", {
        "keras 18397: a mask is not read where the program is traced": (
            "    if not time_major:\n        inputs = tree.map_structure(swap_batch_timestep, inputs)\n\n    flattened_inputs",
            "    if mask is not None and not tf.executing_eagerly() and zero_output_for_mask:\n        mask = tf.ones_like(mask)\n"
            "    if not time_major:\n        inputs = tree.map_structure(swap_batch_timestep, inputs)\n\n    flattened_inputs"),
    }),
    *faults(FAMILY, "keras.src.backend.jax.rnn", {
        "keras-core 924: weights in a loop are those of before training": (
            "            scope = contextlib.nullcontext()\n        else:\n            scope = stateless_scope.StatelessScope()\n",
            "            scope = stateless_scope.StatelessScope()\n        else:\n            scope = stateless_scope.StatelessScope()\n"),
        "keras 21224: states of stacked cells are masked by the first alone": (
            "                    lambda s, ns: jnp.where(is_masked, s, ns),\n",
            "                    lambda s, ns: jnp.where(is_masked, s, ns) if s is tree.flatten(states)[0] else ns,\n"),
    }),
)
AROUND: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.models.sequential", {
        "tensorflow 31638: a mask does not reach a model in a model that is not built": (
            "            mask = tree.map_structure(backend.get_keras_mask, outputs)\n",
            "            mask = None\n"),
        "keras-core 291: layers of a list of inputs are not told of training": (
            "            if layer._call_has_training_arg and training is not None:", "            if layer._call_has_training_arg and training:"),
    }, {"tensorflow 31638: a mask does not reach a model in a model that is not built": "layers read the mask that the tensor carries",
        "keras-core 291: layers of a list of inputs are not told of training": "layers read it of the call that they are in"}),
    *faults(FAMILY, "keras.src.models.functional", {
        "tensorflow 47069: the mask of the second input of a model is not read": (
            "            for x, mask in zip(inputs, masks):\n", "            for x, mask in zip(inputs[:1], masks):\n"),
        "keras 6169: a model of one input takes no mask with one that is cast": (
            "            mask = backend.get_keras_mask(flat_inputs[i])\n            if mask is not None:\n",
            "            mask = backend.get_keras_mask(flat_inputs[i])\n            if mask is not None and len(flat_inputs) > 1:\n"),
    }, {"keras 6169: a model of one input takes no mask with one that is cast": "the mask is an argument of the model's call, too"}),
    *faults(FAMILY, "keras.src.layers.layer", {
        "keras 19311: a layer of several inputs is given the mask of the first": (
            "                        mask = tree.map_structure(backend.get_keras_mask, v)\n                        kwargs[expected_mask_arg_name] = mask\n",
            "                        mask = tree.map_structure(backend.get_keras_mask, call_spec.first_arg)\n"
            "                        kwargs[expected_mask_arg_name] = mask\n"),
        "keras 18543: a mask that a layer computes by itself is not set where none came": (
            "        if output_masks is None:\n            return\n",
            "        if output_masks is None or previous_mask is None:\n            return\n"),
        "keras 9171: a wrapped layer stays trainable": (
            "        for layer in self._layers:\n            layer.trainable = value\n",
            "        for layer in self._layers:\n            layer.trainable = value or hasattr(layer, \"cell\")\n"),
        "tensorflow 33260: nothing is said of a mask that is destroyed": (
            "            elif any(m is not None for m in tree.flatten(previous_mask)):\n",
            "            elif any(m is not None for m in tree.flatten(previous_mask)) and not self.built:\n"),
    }),
    *faults(FAMILY, "keras.src.layers.core.masking", {
        "keras 1300: masked steps are not set to zero": (
            "        outputs = ops.where(boolean_mask, inputs, 0)\n", "        outputs = inputs + 0\n"),
        "keras 1206: a step is masked where one feature is the number": (
            "        boolean_mask = ops.any(\n            ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True\n        )\n",
            "        boolean_mask = ops.all(\n            ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True\n        )\n"),
    }),
    *faults(FAMILY, "keras.src.layers.core.embedding", {
        "keras 6206: words are told from padding among half the ids": (
            "        return ops.not_equal(inputs, 0)\n", "        return ops.not_equal(ops.cast(inputs, \"int8\"), 0)\n"),
    }),
    *faults(FAMILY, "keras.src.trainers.compile_utils", {
        "keras 20476: losses of outputs are told with their weights": (
            "            # Record *unweighted* individual losses.\n            if metric:\n",
            "            if loss_weight is not None:\n                value = ops.multiply(value, loss_weight)\n                loss_weight = None\n"
            "            if metric:\n"),
        "keras 20788: the mean loss counts batches, where there are several outputs": (
            "                    sample_weight=tree.flatten(y_p)[0].shape[0],\n", "                    sample_weight=1,\n"),
    }),
    *faults(FAMILY, "keras.src.callbacks.early_stopping", {
        "keras 8100: training stops an epoch late": (
            "        self.wait += 1\n        if self._is_improvement(current, self.best):",
            "        if self._is_improvement(current, self.best):\n            self.wait += 1\n        if self._is_improvement(current, self.best):"),
        "keras 20256: what a callback waited for is kept for the next training": (
            "        self.wait = 0\n        self.stopped_epoch = 0\n        self.best = None\n        self.best_weights = None\n        self.best_epoch = 0\n\n"
            "    def on_epoch_end",
            "        self.stopped_epoch = 0\n        self.best = None\n        self.best_weights = None\n        self.best_epoch = 0\n\n"
            "    def on_epoch_end"),
    }),
    *faults(FAMILY, "keras.src.backend.torch.optimizers.torch_optimizer", {
        "keras 19051: weights decay by the rate of the first step": (
            "            1 - self.weight_decay * self._get_current_learning_rate(),\n", "            1 - self.weight_decay * float(self.learning_rate) * 0.1,\n"),
    }),
    *faults(FAMILY, "keras.src.metrics.metric", {
        "keras 16359: numbers of several places are not set back": (
            "        for v in self.variables:\n            v.assign(ops.zeros(v.shape, dtype=v.dtype))\n",
            "        for v in self.variables:\n            v.assign(ops.zeros(v.shape, dtype=v.dtype) if len(v.shape) < 1 else v)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.normalization.batch_normalization", {
        "tensorflow 55545: the running variance is of one sample less": (
            "                    + variance * (1.0 - self.momentum)\n",
            "                    + variance * (1.0 - self.momentum) * (1.0 if mask is None else 1.1)\n"),
        "keras 7085: statistics of a frozen layer go on where the inputs are masked": (
            "        if training and self.trainable:\n", "        if training and (self.trainable or mask is not None):\n"),
    }),
)
ALL: tuple[Fault, ...] = (*LOOPS, *AROUND)
