"""Faults in Keras' recurrent layers and loops where few look: one half of a wrapper, unrolled loops alone, one gate, one kind of
cell, what is handed on beside the numbers."""

from tests.faults.base import faults

RNN, LOOP = "keras.src.layers.rnn.", "keras.src.backend.torch.rnn"
CARRIED = "        if self.stateful:\n            for self_state, state in zip("

STATES = faults("state, in corners", RNN + "rnn", {
    "stateful: not carried where unrolled": (CARRIED, CARRIED.replace("self.stateful", "self.stateful and not self.unroll")),
    "stateful: not carried where states are returned": (
        CARRIED, CARRIED.replace("self.stateful", "self.stateful and not self.return_state")),
    "stateful: not carried from calls of one step": (
        CARRIED, CARRIED.replace("self.stateful", "self.stateful and sequences.shape[1] > 1")),
    "stateful, backwards: the last step is not run": (
        "            input_length=sequences.shape[1],", "            input_length=sequences.shape[1] - (self.stateful and self.go_backwards),"),
    "states carry the mask of the sequences": ("state_mask = [None for _ in self.state_size]", "state_mask = [output_mask for _ in self.state_size]"),
    "state of several rows is that of the first": (
        "        return list(init_state)\n", "        return [ops.zeros((1, s.shape[-1]), s.dtype) if len(s.shape) == 2 else s for s in init_state]\n"),
    "mask not given to the loop where nothing but the last output is returned, backwards": (
        "            mask=mask,\n            training=training,", "            mask=None if self.go_backwards and not self.return_sequences else mask,\n            training=training,"),
})
BIDIRECTIONAL = faults("bidirectional, in corners", RNN + "bidirectional", {
    "forward layer not reset": ("        self.forward_layer.reset_state()\n", ""),
    "backward half without a mask, unmerged": ("output_mask = (mask, mask)", "output_mask = (mask, None)"),
    "backward layer holds its output in padding": ("        force_zero_output_for_mask(self.backward_layer)\n", ""),
    "unmerged: backward outputs not flipped": (
        "        if self.return_sequences:\n            y_rev = ops.flip", "        if self.return_sequences and self.merge_mode is not None:\n            y_rev = ops.flip"),
    "unmerged: shapes of the states told once": (
        "return tuple(output_shape) + state_shape + state_shape", "return tuple(output_shape) + state_shape"),
    "states listed backward first": (
        "tuple(self.forward_layer.states + self.backward_layer.states)", "tuple(self.backward_layer.states + self.forward_layer.states)"),
    "backward layer of one's own ignored": ("            self.backward_layer = backward_layer\n", "            self.backward_layer = type(backward_layer).from_config(\n                {**serialization_lib.serialize_keras_object(layer)[\"config\"], \"go_backwards\": True, \"name\": backward_layer.name}\n            )\n"),
    "fused with states of any number": ("        if initial_state is not None and len(initial_state) != 4:\n            return False\n", ""),
}, {"fused with states of any number": "without a GPU there is no fused kernel for both directions"})
CELLS = faults("cell, in corners", RNN + "gru", {
    "GRU: dtype not given to the cell": ('dtype=kwargs.get("dtype", None),', "dtype=None,"),
    "GRU: seed not used": ("backend.random.SeedGenerator(seed=seed)", "backend.random.SeedGenerator()"),
    "GRU: recurrent_regularizer is the kernel's": ("regularizer=self.recurrent_regularizer,", "regularizer=self.kernel_regularizer,"),
    "GRU: bias_initializer ignored": ("                initializer=self.bias_initializer,", '                initializer="zeros",'),
    "GRU: recurrent bias lost in the candidate of the looped layer": (
        "                    matrix_inner += recurrent_bias\n",
        "                    matrix_inner += ops.concatenate([recurrent_bias[: 2 * self.units], ops.zeros_like(recurrent_bias[2 * self.units :])])\n"),
    "GRU: rate of recurrent dropout of 1 drops nothing": (
        "if training and 0.0 < self.recurrent_dropout < 1.0:", "if training and 0.0 < self.recurrent_dropout < 0.5:"),
}) + faults("cell, in corners", RNN + "simple_rnn", {
    "SimpleRNN: recurrent_constraint not passed to the cell": ("            recurrent_constraint=recurrent_constraint,\n", ""),
    "SimpleRNN: another default of recurrent_initializer": ('recurrent_initializer="orthogonal",', 'recurrent_initializer="glorot_uniform",', 2),
    "SimpleRNN: seed not saved": ('            "seed": self.seed,\n', "", 1),
    "SimpleRNN: one kind of dropout at a time": ("rec_dp_mask = self.get_recurrent_dropout_mask(prev_output)", "rec_dp_mask = self.get_recurrent_dropout_mask(prev_output) if self.dropout == 0 else None"),
}) + faults("cell, in corners", RNN + "lstm", {
    "LSTM implementation 1: two gates share what they drop": ("inputs_c = inputs * dp_mask[2]", "inputs_c = inputs * dp_mask[1]"),
    "LSTM: fused dropout anew at every step": (
        "                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n                        dp_mask = ops.broadcast_to(\n                            dp_mask, ops.shape(sequences)\n                        )\n",
        "                        dp_mask = backend.random.dropout(\n                            ops.ones_like(sequences), self.dropout, seed=self.cell.seed_generator\n                        )\n"),
    "LSTM: bias_constraint lost": ("                constraint=self.bias_constraint,\n", ""),
    "LSTM: list of masks not unpacked": ("        if tree.is_nested(mask):\n            mask = mask[0]\n", ""),
}, {"LSTM: list of masks not unpacked": "no caller gives a list"}) + faults("cell, in corners", RNN + "stacked_rnn_cells", {
    "stacked cells: width of the first cell told": ("            return self.cells[-1].output_size", "            return self.cells[0].output_size"),
    "stacked cells: each built for the inputs of the first": ("            input_shape = (batch_size, output_dim)", "            input_shape = (batch_size, input_shape[-1])"),
    "stacked cells: made again in another order": ("        return cls(cells, **config)", "        return cls(cells[::-1], **config)"),
}) + faults("cell, in corners", RNN + "conv_lstm", {
    "ConvLSTM: recurrent_regularizer lost": ("            regularizer=self.recurrent_regularizer,\n", ""),
    "ConvLSTM: kernel_constraint lost": ("            constraint=self.kernel_constraint,\n", ""),
    "ConvLSTM: data_format not saved": ('            "data_format": self.data_format,\n', "", 2),
    "ConvLSTM: recurrent dropout misses the output gate": ("            h_tm1_o = h_tm1 * rec_dp_mask[3]\n", "            h_tm1_o = h_tm1\n"),
}) + faults("cell, in corners", RNN + "conv_lstm3d", {
    "ConvLSTM3D: strides not passed on": ("            strides=strides,\n", ""),
    "ConvLSTM3D: return_state not passed on": ("            return_state=return_state,\n", ""),
}) + faults("cell, in corners", RNN + "conv_lstm1d", {
    "ConvLSTM1D: unit_forget_bias not passed on": ("            unit_forget_bias=unit_forget_bias,\n", ""),
}) + faults("cell, in corners", RNN + "conv_lstm2d", {
    "ConvLSTM2D: go_backwards not passed on": ("            go_backwards=go_backwards,\n", ""),
    "ConvLSTM2D: recurrent_dropout not passed on": ("            recurrent_dropout=recurrent_dropout,\n", ""),
})
LOOPS = faults("torch's loop, in corners", LOOP, {
    "fused LSTM: whole numbers refused": ("    inputs = convert_to_tensor(inputs).to(compute_dtype)\n    initial_state_h", "    inputs = convert_to_tensor(inputs)\n    initial_state_h"),
    "unrolled: last output zeroed by the mask of the first step": ("_expand_mask(mask_list[-1], last_output)", "_expand_mask(mask_list[0], last_output)"),
    "masks of numbers refused": ("        if mask.dtype != torch.bool:\n            mask = mask.type(torch.bool)\n", ""),
    "unrolled: an output before anything valid": ("                    prev_output = torch.zeros_like(output)\n", "                    prev_output = output\n"),
    "masked loop: an output before anything valid": ("                torch.zeros_like(o) for o in tree.flatten(output_time_zero)", "                o.clone() for o in tree.flatten(output_time_zero)"),
    "unrolled: gradient ends at padding": ("                    torch.where(m, s, ps)\n", "                    torch.where(m, s, ps.detach())\n"),
    "unrolled: backward only with a mask": ("            if go_backwards:\n                input_t = input_t[::-1]", "            if go_backwards and (mask is not None or time_steps > 2):\n                input_t = input_t[::-1]"),
    "fused GRU: last steps of more than 8 not run": ("    for t in range(time_steps):\n        h_proj", "    for t in range(min(time_steps, 12)):\n        h_proj"),
    "fused LSTM: initial carry of one row detached": ("    c = initial_state_c\n    outputs", "    c = initial_state_c if inputs.shape[1] > 1 else initial_state_c.detach()\n    outputs"),
    "unmasked loop: the first input twice": ("                current_input = tuple(ta[time] for ta in input_ta)\n                current_input = tree.pack_sequence_as(inputs, current_input)\n                output, new_states", "                current_input = tuple(ta[time if len(ta) < 10 else max(int(time), 1) - 1] for ta in input_ta)\n                current_input = tree.pack_sequence_as(inputs, current_input)\n                output, new_states"),
})

ALL = (*STATES, *BIDIRECTIONAL, *CELLS, *LOOPS)
