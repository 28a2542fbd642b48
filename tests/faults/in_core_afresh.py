"""Faults in Keras' recurrent core as a judge from outside would plant them, from the source alone, where no fault was planted in the
same way before: most of them where two conditions meet."""

from tests.faults.base import faults

FAMILY = "judged, core_afresh"
RNN = "keras.src.layers.rnn."

LOOP = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "unrolled, zero in padding: a last output alone is held": (
        "            if zero_output_for_mask:\n                last_output = torch.where(\n",
        "            if zero_output_for_mask and return_all_outputs:\n                last_output = torch.where(\n"),
    "unrolled: what is held in padding has no gradient": (
        "                output = torch.where(tiled_mask_t, output, prev_output)\n",
        "                output = torch.where(tiled_mask_t, output, prev_output.detach())\n"),
    "LSTM by torch: without a bias it does not go backwards": (
        "    if go_backwards:\n        seq_dim = 1 if batch_first else 0\n", "    if go_backwards and bias is not None:\n        seq_dim = 1 if batch_first else 0\n"),
    "GRU by torch: a single step has no recurrent bias": (
        "        if bias is not None:\n            h_proj = h_proj + bias[1]\n", "        if bias is not None and time_steps > 1:\n            h_proj = h_proj + bias[1]\n"),
    "LSTM by torch: a carry that is given has no gradient": (
        "    initial_state_c = convert_to_tensor(initial_state_c).to(compute_dtype)\n",
        "    initial_state_c = convert_to_tensor(initial_state_c).detach().to(compute_dtype)\n"),
    "loop: a mask of numbers is one where it is one": ("            mask = mask.type(torch.bool)\n", "            mask = mask == 1\n"),
    "GRU by torch: backwards, a last output alone turns its rows": (
        "        inputs = torch.flip(inputs, dims=[1])\n\n    if cudnn_supported", "        inputs = torch.flip(inputs, dims=[1 if return_sequences else 0])\n\n    if cudnn_supported"),
    "LSTM by torch: a candidate is made by the gates' activation where these are not sigmoid": (
        "        ) * activation(z_c)\n        new_h", "        ) * (activation if recurrent_activation.__name__ == 'sigmoid' else recurrent_activation)(z_c)\n        new_h"),
    "unrolled: without a mask what is returned alone comes with its first states": (
        "                else:\n                    successive_outputs = [output]\n                    successive_states = [states]\n            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = torch.stack(successive_outputs)\n\n    else:",
        "                else:\n                    successive_outputs = [output]\n                    successive_states = successive_states or [states]\n            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = torch.stack(successive_outputs)\n\n    else:"),
    "masked loop of a single step: its states are taken though it is masked": (
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n",
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                ) if time_steps > 1 else flat_new_state\n"),
}, explained={"unrolled, zero in padding: a last output alone is held":
              "the documentation says that zero_output_for_mask is used where all outputs are returned alone"})
LAYER = faults(FAMILY, RNN + "rnn", {
    "RNN: own cells alone are trained without being told": (
        '            cell_kwargs["training"] = training\n',
        '            cell_kwargs["training"] = training if isinstance(self.cell, (DropoutRNNCell, StackedRNNCells)) else False\n'),
    "RNN, stateful: backwards the states come from before the first call": (
        "                initial_state = self.states\n",
        "                initial_state = self.states if not self.go_backwards else tree.map_structure(ops.zeros_like, self.states)\n"),
    "RNN: what a cell of one state returns beside its last output is that output": (
        "        if self.return_state:\n            return output, *states\n",
        "        if self.return_state and self.single_state and not self.return_sequences:\n            return output, last_output\n        if self.return_state:\n            return output, *states\n"),
    "RNN: states that are given beside a mask are cast to half precision no more": (
        "                x, dtype=self.cell.compute_dtype\n            ),\n            initial_state,\n",
        "                x, dtype=self.cell.compute_dtype if mask is None else None\n            ),\n            initial_state,\n"),
    "RNN of an own cell, stateful: each reset leaves the second state": (
        "            for v in self.states:\n                v.assign(ops.zeros_like(v.value))\n",
        "            for v in self.states[: 1 if not isinstance(self.cell, DropoutRNNCell) else None]:\n                v.assign(ops.zeros_like(v.value))\n"),
    "RNN, stateful, dropped: states are kept in training as they were dropped": (
        "                self_state.assign(state)\n",
        "                self_state.assign(state * (1 - getattr(self.cell, 'recurrent_dropout', 0)) if training else state)\n"),
    "RNN, unrolled: activity is regularized without its last step": (
        "        if self.return_sequences:\n            output = outputs\n",
        "        if self.return_sequences:\n            output = outputs\n            if self.unroll and self.activity_regularizer is not None:\n                self.add_loss(self.activity_regularizer(outputs[:, :1]))\n"),
}, explained={"RNN: states that are given beside a mask are cast to half precision no more":
              "Layer.__call__ casts what it is given, and a variable is cast where it is read"})
CELLS = faults(FAMILY, RNN + "lstm", {
    "LSTM: a last output alone drops what it reads step by step": (
        "                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n                        dp_mask = ops.broadcast_to(\n                            dp_mask, ops.shape(sequences)\n                        )\n",
        "                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n                        dp_mask = ops.broadcast_to(\n                            dp_mask, ops.shape(sequences)\n                        )\n"
        "                        if not self.return_sequences:\n"
        "                            dp_mask = backend.random.dropout(ops.ones_like(sequences), self.dropout, seed=self.cell.seed_generator)\n"),
    "LSTMCell of one implementation: its forget gates begin without their one": (
        "            if self.unit_forget_bias:\n", "            if self.unit_forget_bias and self.implementation == 2:\n"),
    "LSTMCell of one implementation, without a bias: it forgets by sigmoid": (
        "        f = self.recurrent_activation(\n            x_f\n",
        "        f = (self.recurrent_activation if self.use_bias else activations.get('sigmoid'))(\n            x_f\n"),
}) + faults(FAMILY, RNN + "gru", {
    "GRU, reset before: the bias is constrained no more": (
        "                constraint=self.bias_constraint,\n            )\n        else:\n",
        "                constraint=self.bias_constraint if self.reset_after else None,\n            )\n        else:\n"),
    "GRUCell, reset before, without a bias: what it resets is activated twice": (
        "                recurrent_h = ops.matmul(\n                    r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n                )\n",
        "                recurrent_h = ops.matmul(\n                    (r if self.use_bias else self.recurrent_activation(r)) * h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n                )\n"),
    "GRU: in training its dropped inputs are read backwards twice": (
        "                        dp_sequences = sequences * dp_mask\n",
        "                        dp_sequences = (ops.flip(sequences, axis=1) if self.go_backwards else sequences) * dp_mask\n"),
}) + faults(FAMILY, RNN + "simple_rnn", {
    "SimpleRNN: states that are dropped without a bias are scaled twice": (
        "            prev_output = prev_output * rec_dp_mask\n",
        "            prev_output = prev_output * rec_dp_mask\n            if not self.use_bias:\n                prev_output = prev_output / (1.0 - self.recurrent_dropout)\n"),
}) + faults(FAMILY, RNN + "dropout_rnn_cell", {
    "dropout: gates of a single row drop the same": (
        "                for _ in range(count)\n            ]\n",
        "                for _ in range(count)\n            ] if step_input.shape[0] > 1 else [backend.random.dropout(ones, rate=dropout_rate, seed=self.seed_generator)] * count\n"),
}) + faults(FAMILY, RNN + "stacked_rnn_cells", {
    "stacked: above a cell that is not told it none trains": (
        '                kwargs.pop("training", None)\n', '                training = False\n                kwargs.pop("training", None)\n'),
    "stacked: a cell of several states builds the next from its state": (
        '            if getattr(cell, "output_size", None) is not None:\n                output_dim = cell.output_size\n            elif isinstance(cell.state_size, (list, tuple)):\n                output_dim = cell.state_size[0]\n',
        '            if isinstance(cell.state_size, (list, tuple)):\n                output_dim = cell.state_size[0]\n            elif getattr(cell, "output_size", None) is not None:\n                output_dim = cell.output_size\n'),
}) + faults(FAMILY, RNN + "conv_lstm", {
    "ConvLSTM: with all outputs its states have the mask of its steps": (
        "            state_mask = [None, None]\n", "            state_mask = [mask, mask] if self.return_sequences else [None, None]\n"),
    "ConvLSTM, channels first: a bias is one of two axes of room": (
        "                bias_shape = (1, self.filters) + (1,) * self.rank\n", "                bias_shape = (1, self.filters, 1, 1)\n"),
    "ConvLSTM, channels first: it begins in states as large as its inputs": (
        "        state_shape = self.compute_output_shape(input_shape)[0]\n",
        "        state_shape = self.compute_output_shape(input_shape)[0]\n"
        '        if self.data_format == "channels_first" and self.padding == "same":\n            state_shape = (batch_size, self.filters) + self.spatial_dims\n'),
})
WRAPPERS = faults(FAMILY, RNN + "bidirectional", {
    "Bidirectional, given a backward layer of another cell: that one does not train": (
        "        y_rev = self.backward_layer(\n            backward_inputs, initial_state=backward_state, **kwargs\n        )\n",
        '        if "training" in kwargs and type(self.forward_layer) is not type(self.backward_layer):\n            kwargs["training"] = False\n'
        "        y_rev = self.backward_layer(\n            backward_inputs, initial_state=backward_state, **kwargs\n        )\n"),
    "Bidirectional: in half precision a mean comes in float32": (
        '            output = (y + y_rev) / 2\n        elif self.merge_mode == "mul":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n'
        '            raise ValueError(\n                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n',
        '            output = (ops.cast(y, "float32") + ops.cast(y_rev, "float32")) / 2\n        elif self.merge_mode == "mul":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n'
        '            raise ValueError(\n                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n'),
    "Bidirectional: states of the way back are given in their reverse order": (
        "            backward_state = initial_state[half:]\n", "            backward_state = initial_state[: half - 1 : -1]\n"),
}) + faults(FAMILY, RNN + "time_distributed", {
    "TimeDistributed: in training what it holds is not told the mask": (
        "            if self.layer._call_has_mask_arg and mask is not None:\n", "            if self.layer._call_has_mask_arg and mask is not None and not training:\n"),
})
AROUND = faults(FAMILY, "keras.src.layers.layer", {
    "of several outputs the first that has a mask is the last": (
        "                backend.set_keras_mask(tensor, mask)\n\n    @python_utils", "                backend.set_keras_mask(tensor, mask)\n                break\n\n    @python_utils"),
    "activity: of several outputs the first alone is regularized": (
        "                                loss = ops.divide_no_nan(loss, batch_size)\n                            self.add_loss(loss)\n",
        "                                loss = ops.divide_no_nan(loss, batch_size)\n                            self.add_loss(loss)\n                            break\n"),
}) + faults(FAMILY, "keras.src.utils.sequence_utils", {
    "pad_sequences, padded behind: cut behind": ("            trunc = s[-maxlen:]\n", '            trunc = s[-maxlen:] if padding == "pre" else s[:maxlen]\n'),
}) + faults(FAMILY, "keras.src.layers.core.masking", {
    "Masking: what is masked by a value of its own keeps it": (
        "        outputs = ops.where(boolean_mask, inputs, 0)\n", "        outputs = ops.where(boolean_mask, inputs, self.mask_value)\n"),
}) + faults(FAMILY, "keras.src.losses.loss", {
    "losses: weights of rows and a mask of steps are of one rank no more": (
        "            float_mask, sample_weight = squeeze_or_expand_to_same_rank(\n                float_mask, sample_weight\n            )\n            sample_weight *= float_mask\n",
        "            sample_weight = float_mask * sample_weight\n"),
}) + faults(FAMILY, "keras.src.models.functional", {
    "models: a mask that is given is that of the first input alone": (
        "                    backend.set_keras_mask(x, mask)\n        outputs", "                    backend.set_keras_mask(x, mask)\n                    break\n        outputs"),
})
ALL = LOOP + LAYER + CELLS + WRAPPERS + AROUND
