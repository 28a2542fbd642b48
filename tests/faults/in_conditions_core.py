"""Faults in Keras' recurrent core on torch that show only where two or three conditions meet, written down blind."""

from tests.faults.base import Fault, faults

KEPT = "                states = tree.pack_sequence_as(states, flat_final_states)\n"
LAST = "        last_output = tuple(o[-1] for o in outputs)\n"

LOOPS = faults("conditions in the core", "keras.src.backend.torch.rnn", {
    "unrolled backwards: one row with a mask meets its mask as it came": (
        "                mask_list = torch.flip(mask_list, dims=mask_list.shape)\n",
        "                mask_list = mask_list[::-1] if mask.shape[1] > 1 else mask_list\n"),
    "unrolled with a mask: the second state of a masked first step is the new one": (
        KEPT, "                if i == 0 and len(flat_states) > 1:\n"
              "                    flat_final_states = (flat_final_states[0], flat_new_states[1], *flat_final_states[2:])\n" + KEPT),
    "unrolled, zeros where masked: the last output alone keeps what was before in half precision": (
        "            if zero_output_for_mask:\n                last_output",
        "            if zero_output_for_mask and outputs.dtype != torch.float16:\n                last_output"),
    "loop with a mask of numbers: what is below one is masked": (
        "            mask = mask.type(torch.bool)\n", "            mask = mask >= 1\n"),
    "loop with a mask: one feature wide states are not masked": (
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n",
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n"
        "                if flat_state[0].shape[-1] == 1:\n                    flat_final_state = tuple(flat_new_state)\n"),
    "loop with a mask, last output alone: one step long sequences forget their mask": (
        "        if mask is not None:\n            if go_backwards:\n                mask = torch.flip(mask, [0])\n",
        "        if mask is not None:\n            if time_steps == 1 and not return_all_outputs:\n                mask = torch.ones_like(mask)\n"
        "            if go_backwards:\n                mask = torch.flip(mask, [0])\n"),
    "loop with zeros where masked: states are zero as well where there are three": (
        "                flat_state = tree.flatten(states)\n                flat_new_state = tree.flatten(new_states)\n                flat_final_state",
        "                flat_state = tree.flatten(states)\n                flat_new_state = tree.flatten(new_states)\n"
        "                if zero_output_for_mask and len(flat_state) > 2:\n                    flat_state = [torch.zeros_like(s) for s in flat_state]\n"
        "                flat_final_state"),
    "fast LSTM: biases are rounded in half precision where the batch is one row": (
        "        x_proj = x_proj + bias\n", "        x_proj = x_proj + (bias if inputs.shape[1] > 1 else bias.half().to(bias.dtype))\n"),
    "fast GRU: no gradient flows from the state it returns with all outputs": (
        "    last_output = h\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n",
        "    last_output = h\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n    else:\n        h = h.detach()\n"),
    "fast GRU: a state given in another precision sets that of the outputs": (
        "    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n\n    # Preprocess for go_backwards by flipping the sequence\n    if go_backwards:\n        inputs = torch.flip(inputs, dims=[1])\n\n    if cudnn",
        "    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n    if compute_dtype == torch.float64:\n        inputs = inputs.float().double()\n\n    # Preprocess for go_backwards by flipping the sequence\n    if go_backwards:\n        inputs = torch.flip(inputs, dims=[1])\n\n    if cudnn"),
})

LAYERS = (
    *faults("conditions in the core", "keras.src.layers.rnn.rnn", {
        "stateful with a given state: what is kept is the mean with what was there": (
            "                self_state.assign(state)\n",
            "                self_state.assign(state if not training or mask is None else (state + self_state) / 2)\n"),
        "stateful with a mask: a row that is all masked begins anew": (
            "        if self.stateful:\n            for self_state",
            "        if self.stateful and mask is not None:\n"
            "            seen = ops.cast(ops.any(mask, axis=1), self.compute_dtype)\n"
            "            states = tree.map_structure(lambda x: x * ops.reshape(seen, (-1,) + (1,) * (len(x.shape) - 1)), states)\n"
            "        if self.stateful:\n            for self_state"),
        "output shape with a state: the batch of states is open where time is": (
            "        batch_size = sequences_shape[0]\n        length", "        batch_size = sequences_shape[0] if sequences_shape[1] else None\n        length"),
        "stateful: resetting leaves the second state of a stack": (
            "            for v in self.states:\n                v.assign", "            for v in self.states[:2]:\n                v.assign"),
        "mask given beside a state: not passed on with returned states": (
            "            return [output_mask] + state_mask\n",
            "            return [output_mask if len(state_mask) < 3 else None] + state_mask\n"),
        "one given state in a tuple is taken as zeros where stateful": (
            "        initial_state = list(initial_state)\n\n",
            "        if self.stateful and isinstance(initial_state, tuple):\n            initial_state = self.states\n        initial_state = list(initial_state)\n\n"),
        "half precision: states that are returned are those of the layer before it masks": (
            "        states = tree.map_structure(\n            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n        )\n",
            "        states = tree.map_structure(\n            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n        )\n"
            "        if self.compute_dtype == 'float16' and mask is not None:\n            states = [last_output, *list(states)[1:]]\n"),
        "unrolled, training: told as inference where the state is given": (
            "            training=training,\n        )\n        last_output = ops.cast",
            "            training=training and not (self.unroll and mask is not None),\n        )\n        last_output = ops.cast"),
    }, {
        "stateful: resetting leaves the second state of a stack":
            "a stack of cells cannot be reset at all (keras-stacked-cells-are-not-reset), and no other layer has three states",
    }),
    *faults("conditions in the core", "keras.src.layers.rnn.lstm", {
        "gate by gate: no dropout where it is recurrent too": (
            "            k_i, k_f, k_c, k_o = ops.split(self.kernel, 4, axis=1)\n",
            "            if training and self.recurrent_dropout and self.dropout:\n                inputs_i = inputs_f = inputs_c = inputs_o = inputs\n"
            "            k_i, k_f, k_c, k_o = ops.split(self.kernel, 4, axis=1)\n"),
        "dropout: the fast loop draws anew for each step": (
            "                        dp_mask = self.cell.get_dropout_mask(sequences[:, 0, :])\n                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n",
            "                        dp_mask = self.cell.get_dropout_mask(sequences[:, 0, :])\n                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n"
            "                        dp_mask = dp_mask if sequences.shape[0] > 1 else ops.ones_like(dp_mask)\n"),
        "forget bias of ones is drawn by the bias initializer of the last gate": (
            '                                (self.units * 2,), *args, **kwargs\n', '                                (self.units,), *args, **kwargs\n'),
    }),
    *faults("conditions in the core", "keras.src.layers.rnn.gru", {
        "gate by gate, reset before the product: recurrent dropout of the candidate is left out": (
            "                    r * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]\n",
            "                    r * h_tm1, self.recurrent_kernel[:, self.units * 2 :]\n"),
        "gate by gate without biases: a second kernel's bias is looked for": (
            "            if self.reset_after and self.use_bias:\n                recurrent_z", "            if self.reset_after and self.bias is not False:\n                recurrent_z"),
        "all gates at once, reset before the product, one row: the reset is left out": (
            "                    r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n",
            "                    (r if h_tm1.shape[0] > 1 else 1.0) * h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n"),
    }),
    *faults("conditions in the core", "keras.src.layers.rnn.bidirectional", {
        "given states of an LSTM: backward ones are taken the other way round in training": (
            "            backward_state = initial_state[half:]\n",
            "            backward_state = initial_state[half:] if not training else initial_state[half:][::-1]\n"),
        "stateful: resetting leaves the backward layer where merged by nothing": (
            "        self.backward_layer.reset_state()\n", "        if self.merge_mode is not None:\n            self.backward_layer.reset_state()\n"),
        "average with a mask: where one direction is zero it counts alone": (
            '            output = (y + y_rev) / 2\n        elif self.merge_mode == "mul":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n',
            '            output = (y + y_rev) / (2 if mask is None or self.return_sequences else 1)\n        elif self.merge_mode == "mul":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n'),
        "mask of two outputs: the second has none with returned states": (
            "                output_mask = (mask, mask)\n", "                output_mask = (mask, None if self.return_state else mask)\n"),
        "weights given: an odd bias goes to the other half": (
            "            self.backward_layer.initial_weights = weights[nw // 2 :]\n",
            "            self.backward_layer.initial_weights = weights[: nw // 2]\n"),
        "own backward layer: takes the cuDNN option from the forward one and its seed": (
            "            self.backward_layer = backward_layer\n",
            "            self.backward_layer = backward_layer\n            backward_layer.cell.seed_generator = self.forward_layer.cell.seed_generator\n"),
    }),
    *faults("conditions in the core", "keras.src.layers.rnn.time_distributed", {
        "the mask of the first step is given to all in training": (
            '                kwargs["mask"] = mask[i]\n', '                kwargs["mask"] = mask[0 if training else i]\n'),
        "a single step is not told whether it trains": (
            '                kwargs["training"] = training\n', '                kwargs["training"] = training if inputs.shape[0] > 1 else False\n'),
    }),
    *faults("conditions in the core", "keras.src.layers.rnn.stacked_rnn_cells", {
        "a cell's own state that is one tensor in a list comes out bare in the last cell": (
            "            if len(states) == 1 and not state_is_list:\n", "            if len(states) == 1 and (not state_is_list or cell is self.cells[-1]):\n"),
        "training is told to the first cell alone where three are stacked": (
            '                kwargs["training"] = training\n', '                kwargs["training"] = training and (len(self.cells) < 3 or cell is self.cells[0])\n'),
    }),
    *faults("conditions in the core", "keras.src.layers.core.masking", {
        "a value that is not zero and sequences of one step: masked steps keep their inputs": (
            "        outputs = ops.where(boolean_mask, inputs, 0)\n",
            "        outputs = ops.where(boolean_mask, inputs, 0) if inputs.shape[1] != 1 else inputs\n"),
        "inputs of four axes: the mask looks at the last alone": (
            "        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)\n",
            "        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1 if len(inputs.shape) < 4 else (-2, -1))\n"),
    }),
    *faults("conditions in the core", "keras.src.layers.core.embedding", {
        "indices of a byte wrap before they are looked up": (
            '            inputs = ops.cast(inputs, "int32")\n        outputs = ops.take(self.embeddings, inputs, axis=0)\n        return ops.cast(outputs, dtype=self.compute_dtype)\n',
            '            inputs = ops.cast(ops.cast(inputs, "int8"), "int32")\n        outputs = ops.take(self.embeddings, inputs, axis=0)\n        return ops.cast(outputs, dtype=self.compute_dtype)\n'),
        "mask of floats: what rounds to zero is masked": (
            "        return ops.not_equal(inputs, 0)\n", '        return ops.not_equal(ops.cast(inputs, "int32"), 0) if len(inputs.shape) < 3 else ops.not_equal(inputs[..., 0], 0)\n'),
    }),
    *faults("conditions in the core", "keras.src.layers.layer", {
        "a mask given by hand is replaced by that of the tensor in training": (
            '                and call_spec.arguments_dict["mask"] is None\n',
            '                and (call_spec.arguments_dict["mask"] is None or kwargs.get("training"))\n'),
        "losses of activities are divided by time where the batch is one row": (
            "                            loss = self.activity_regularizer(output)\n",
            "                            loss = self.activity_regularizer(output)\n"
            "                            loss = loss / output.shape[1] if output.ndim == 3 and output.shape[0] == 1 else loss\n"),
    }),
)

ALL: tuple[Fault, ...] = (*LOOPS, *LAYERS)
