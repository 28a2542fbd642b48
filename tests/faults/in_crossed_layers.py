"""Faults of wrappers, masks and layers around recurrent ones where two features meet, written down before looking at what is asked."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("crossed wrappers", "keras.src.layers.rnn.bidirectional", {
        "Bidirectional: averages in half precision by halves first": (
            '        elif self.merge_mode == "ave":\n'
            "            output = (y + y_rev) / 2\n"
            '        elif self.merge_mode == "mul":\n'
            "            output = y * y_rev\n"
            "        elif self.merge_mode is None:\n"
            "            output = (y, y_rev)\n"
            "        else:\n"
            "            raise ValueError(\n"
            '                "Unrecognized value for `merge_mode`. "\n'
            '                f"Received: {self.merge_mode}"\n'
            "                'Expected one",
            '        elif self.merge_mode == "ave":\n'
            "            output = (y + y_rev) / (2 if mask is None else 1)\n"
            '        elif self.merge_mode == "mul":\n'
            "            output = y * y_rev\n"
            "        elif self.merge_mode is None:\n"
            "            output = (y, y_rev)\n"
            "        else:\n"
            "            raise ValueError(\n"
            '                "Unrecognized value for `merge_mode`. "\n'
            '                f"Received: {self.merge_mode}"\n'
            "                'Expected one",
        ),
        "Bidirectional: without a merge the backward outputs stay turned where states come too": (
            "        if self.return_sequences:\n"
            "            y_rev = ops.flip(y_rev, axis=1)\n"
            '        if self.merge_mode == "concat":\n',
            "        if self.return_sequences and not (self.return_state and self.merge_mode is None):\n"
            "            y_rev = ops.flip(y_rev, axis=1)\n"
            '        if self.merge_mode == "concat":\n',
        ),
        "Bidirectional: a second layer of one's own is built for the first's outputs": (
            "            self.backward_layer = backward_layer\n",
            "            self.backward_layer = backward_layer.__class__.from_config(backward_layer.get_config())\n"
            "            self.backward_layer.go_backwards = not layer.go_backwards\n",
        ),
        "Bidirectional: reset leaves the direction backwards": (
            "        self.forward_layer.reset_state()\n"
            "        self.backward_layer.reset_state()\n",
            "        self.forward_layer.reset_state()\n"
            "        if self.merge_mode != 'sum':\n"
            "            self.backward_layer.reset_state()\n",
        ),
        "Bidirectional: mask for both outputs is one": (
            "                output_mask = (mask, mask)\n",
            "                output_mask = (mask, None)\n",
        ),
        "Bidirectional: from_config changes what it was given": (
            "        config = copy.deepcopy(config)\n",
            "        pass\n",
        ),
        "Bidirectional: directions that both say nothing of training get None": (
            '            kwargs["training"] = training\n'
            "        if self.forward_layer._call_has_mask_arg:\n",
            '            kwargs["training"] = training and self.trainable\n'
            "        if self.forward_layer._call_has_mask_arg:\n",
        ),
    }),
    *faults("crossed wrappers", "keras.src.layers.rnn.time_distributed", {
        "TimeDistributed: the mask of the first step is every step's": (
            '                kwargs["mask"] = mask[i]\n',
            '                kwargs["mask"] = mask[0]\n',
        ),
        "TimeDistributed: inner layers are told no training where there is a mask": (
            "            if self.layer._call_has_training_arg:\n"
            '                kwargs["training"] = training\n'
            "            return self.layer.call",
            "            if self.layer._call_has_training_arg:\n"
            '                kwargs["training"] = training and mask is None\n'
            "            return self.layer.call",
        ),
    }),
    *faults("crossed masks", "keras.src.layers.core.masking", {
        "Masking: masked steps keep what they held where the number is not zero": (
            "        outputs = ops.where(boolean_mask, inputs, 0)\n",
            "        outputs = ops.where(boolean_mask, inputs, self.mask_value if ops.ndim(inputs) > 3 else 0)\n",
        ),
        "Masking: several features' numbers are lost from the configuration": (
            '        config = {"mask_value": self.mask_value}\n',
            '        config = {"mask_value": self.mask_value if isinstance(self.mask_value, (int, float)) else 0.0}\n',
        ),
    }),
    *faults("crossed masks", "keras.src.layers.layer", {
        "a mask given by hand is not passed on where the inputs carry one": (
            '        if "mask" in kwargs and kwargs["mask"] is not None:\n'
            "            # Case 1",
            '        if "mask" in kwargs and kwargs["mask"] is not None and '
            "backend.get_keras_mask(tree.flatten(call_spec.first_arg)[0]) is None:\n"
            "            # Case 1",
        ),
        "inputs that are cast lose their mask in a list": (
            "            if mask is not None:\n"
            "                backend.set_keras_mask(y, mask)\n"
            "            return y\n",
            "            if mask is not None and len(args) == 1 and not tree.is_nested(args[0]):\n"
            "                backend.set_keras_mask(y, mask)\n"
            "            return y\n",
        ),
        "the mask of the first of several outputs is enough": (
            "        mask_already_computed = all(\n",
            "        mask_already_computed = any(\n",
        ),
        "several inputs by name are given the first one's mask": (
            "                        mask = tree.map_structure(backend.get_keras_mask, v)\n"
            "                        kwargs[expected_mask_arg_name] = mask\n",
            "                        mask = tree.map_structure(backend.get_keras_mask, call_spec.first_arg)\n"
            "                        kwargs[expected_mask_arg_name] = mask\n",
        ),
        "a layer frozen is called without training": (
            "        for context_arg in self._call_context_args:\n"
            "            self._resolve_and_populate_arg(",
            "        for context_arg in self._call_context_args if self.trainable or not self._layers else ():\n"
            "            self._resolve_and_populate_arg(",
        ),
        "regularizer of outputs is divided by the steps": (
            "                                batch_size = ops.cast(\n"
            "                                    ops.shape(output)[0], dtype=loss.dtype\n",
            "                                batch_size = ops.cast(\n"
            "                                    ops.shape(output)[1 if output.ndim == 3 else 0], dtype=loss.dtype\n",
        ),
        "regularizers of frozen weights count": (
            "        for variable in self.trainable_weights:\n"
            "            if variable.regularizer is None:",
            "        for variable in self.weights:\n"
            "            if variable.regularizer is None:",
        ),
        "a policy set later is not the one of sublayers' outputs": (
            "        policy = dtype_policies.get(value)\n"
            "        if isinstance(self._dtype_policy, DTypePolicyMap) and self.path:\n",
            "        policy = dtype_policies.get(value)\n"
            "        if isinstance(value, str) and self.built:\n"
            "            return\n"
            "        if isinstance(self._dtype_policy, DTypePolicyMap) and self.path:\n",
        ),
        "a layer whose outputs are regularized forgets it when it is copied frozen": (
            "        if self.activity_regularizer is not None:\n"
            '            config["activity_regularizer"]',
            "        if self.activity_regularizer is not None and self.trainable:\n"
            '            config["activity_regularizer"]',
        ),
        "losses of a call are kept until the next but one": (
            "            self._clear_losses()\n"
            "        return layer_call_ctx\n",
            "            if not self.built or self._losses:\n"
            "                self._clear_losses()\n"
            "        return layer_call_ctx\n",
        ),
    }),
    *faults("crossed layers", "keras.src.layers.core.embedding", {
        "Embedding: weights given in a list of rows are turned": (
            "            self.set_weights(weights)\n"
            "\n"
            "    def build",
            "            self.set_weights([w.T if w.shape[0] == w.shape[1] else w for w in weights])\n"
            "\n"
            "    def build",
        ),
        "Embedding: weights given of another size are cut": (
            "            self.set_weights(weights)\n"
            "\n"
            "    def build",
            "            self.set_weights([w[: self.input_dim] for w in weights])\n"
            "\n"
            "    def build",
        ),
        "Embedding: LoRA learns on in a frozen table": (
            "        self.embeddings.trainable = False\n",
            "        self.embeddings.trainable = bool(lora_alpha)\n",
        ),
    }),
    *faults("crossed layers", "keras.src.layers.core.dense", {
        "Dense: a bias beside three axes is added before the activation of one alone": (
            "        if self.bias is not None:\n"
            "            x = ops.add(x, self.bias)\n"
            "        if self.activation is not None:\n"
            "            x = self.activation(x)\n"
            "        return x\n"
            "\n"
            "    def compute_output_shape",
            "        if self.bias is not None and ops.shape(x)[0] != 1:\n"
            "            x = ops.add(x, self.bias)\n"
            "        if self.activation is not None:\n"
            "            x = self.activation(x)\n"
            "        return x\n"
            "\n"
            "    def compute_output_shape",
        ),
    }),
    *faults("crossed layers", "keras.src.layers.merging.base_merge", {
        "joins: masks of three inputs are those of the first two": (
            "        for m in mask[1:]:\n",
            "        for m in mask[1:2]:\n",
        ),
        "Maximum: a masked step of the second input wins where it is larger": (
            "            if mask is not None:\n"
            "                x = ops.where(mask, x, output)\n",
            "            if mask is not None and output_mask is not None:\n"
            "                x = ops.where(mask, x, output)\n",
        ),
        "joins: told for the rows of the first": (
            "        if len(batch_sizes) == 1:\n"
            "            output_shape = (list(batch_sizes)[0],) + output_shape\n"
            "        else:",
            "        if len(batch_sizes) == 1 and input_shape[0][0]:\n"
            "            output_shape = (list(batch_sizes)[0],) + output_shape\n"
            "        else:",
        ),
    }),
    *faults("crossed layers", "keras.src.layers.merging.concatenate", {
        "Concatenate over time: an unmasked input is masked": (
            '                masks.append(ops.ones_like(input_i, dtype="bool"))\n',
            '                masks.append(ops.ones_like(input_i, dtype="bool") if self.axis == -1 else '
            'ops.zeros_like(input_i, dtype="bool"))\n',
        ),
    }),
    *faults("crossed layers", "keras.src.layers.attention.attention", {
        "Attention: causal masks leave the mask of values out in training": (
            "            if v_mask is not None:\n"
            "                # Mask of shape [batch_size, 1, Tv].\n",
            "            if v_mask is not None and v_mask.shape[0] > 1:\n"
            "                # Mask of shape [batch_size, 1, Tv].\n",
        ),
        "Attention: keys of their own are scored against values": (
            "        k = inputs[2] if len(inputs) > 2 else v\n"
            "        q_mask",
            "        k = inputs[2] if len(inputs) > 2 and not mask else v\n"
            "        q_mask",
        ),
        "Attention: queries masked keep what they found where scores are returned": (
            "        if q_mask is not None:\n"
            "            # Mask of shape [batch_size, Tq, 1].\n",
            "        if q_mask is not None and not return_attention_scores:\n"
            "            # Mask of shape [batch_size, Tq, 1].\n",
        ),
    }),
    *faults("crossed layers", "keras.src.layers.pooling.global_average_pooling1d", {
        "mean over steps: masked steps count where the mean keeps its axis": (
            "            return ops.sum(\n"
            "                inputs, axis=steps_axis, keepdims=self.keepdims\n"
            "            ) / ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)\n",
            "            return ops.sum(\n"
            "                inputs, axis=steps_axis, keepdims=self.keepdims\n"
            "            ) / (ops.shape(inputs)[steps_axis] if self.keepdims else ops.sum(float_mask, axis=steps_axis))\n",
        ),
    }),
    *faults("crossed layers", "keras.src.layers.regularization.spatial_dropout", {
        "SpatialDropout1D: drops steps where rows are as many as features": (
            "        return (input_shape[0], 1, input_shape[2])\n"
            "\n"
            "\n"
            '@keras_export("keras.layers.SpatialDropout2D")',
            "        return (input_shape[0], 1, input_shape[2]) if input_shape[0] > 1 else (1, input_shape[1], 1)\n"
            "\n"
            "\n"
            '@keras_export("keras.layers.SpatialDropout2D")',
        ),
    }),
    *faults("crossed layers", "keras.src.layers.normalization.batch_normalization", {
        "BatchNormalization: a mask counts in training of one row alone": (
            "            mean, variance = self._moments(inputs, mask)\n",
            "            mean, variance = self._moments(inputs, mask if inputs.shape[0] != inputs.shape[1] else None)\n",
        ),
    }),
    *faults("crossed layers", "keras.src.layers.activations.softmax", {
        "Softmax: masked positions share where all of them are masked": (
            "            outputs = backend.numpy.where(mask, outputs, 0.0)\n",
            "            pass\n",
        ),
    }),
)
