"""Faults in Keras' recurrent layers and cells, alike on every backend."""

from tests.faults.base import faults

RNN = "keras.src.layers.rnn."

CELLS = (
    *faults("cell", RNN + "lstm", {
        "LSTM: input and forget gate swapped": ("z0, z1, z2, z3 = z", "z1, z0, z2, z3 = z"),
        "LSTM: carry not activated": ("h = o * self.activation(c)", "h = o * c"),
        "LSTM implementation 1: forget slice off by one": (
            "self.recurrent_kernel[:, self.units : self.units * 2]", "self.recurrent_kernel[:, self.units - 1 : self.units * 2 - 1]"),
        "LSTM implementation 1: output bias mistaken": ("x_o += b_o", "x_o += b_c"),
        "LSTM: recurrent_activation not passed to the cell": (
            "            recurrent_activation=recurrent_activation,\n            use_bias=use_bias,", "            use_bias=use_bias,"),
        "LSTM: ones in the bias of another gate": (
            "                            self.bias_initializer(\n                                (self.units,), *args, **kwargs\n"
            "                            ),\n                            initializers.get(\"ones\")(",
            "                            initializers.get(\"ones\")(\n                                (self.units,), *args, **kwargs\n"
            "                            ),\n                            self.bias_initializer("),
    }),
    *faults("cell", RNN + "gru", {
        "GRU: update gate inverted": ("h = z * h_tm1 + (1 - z) * hh", "h = (1 - z) * h_tm1 + z * hh"),
        "GRU: gates swapped": ("x_z, x_r, x_h = ops.split(matrix_x, 3", "x_r, x_z, x_h = ops.split(matrix_x, 3"),
        "GRU reset before: reset gate lost": (
            "r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]", "h_tm1, self.recurrent_kernel[:, 2 * self.units :]"),
        "GRU implementation 1: bias of another gate": (
            "recurrent_r += recurrent_bias[self.units : self.units * 2]", "recurrent_r += recurrent_bias[: self.units]"),
        "GRU implementation 1: bias after the reset": (
            "                    recurrent_h += recurrent_bias[self.units * 2 :]\n                recurrent_h = r * recurrent_h",
            "                    recurrent_h = r * recurrent_h + recurrent_bias[self.units * 2 :]\n"
            "                else:\n                    recurrent_h = r * recurrent_h"),
    }),
    *faults("cell", RNN + "simple_rnn", {
        "SimpleRNN: recurrent kernel transposed": (
            "ops.matmul(prev_output, self.recurrent_kernel)", "ops.matmul(prev_output, ops.transpose(self.recurrent_kernel))"),
        "SimpleRNN: bias added twice": ("h = ops.add(h, self.bias)", "h = ops.add(h, 2 * self.bias)"),
    }),
)
PRECISION = faults("precision", RNN + "simple_rnn", {
    "SimpleRNN: recurrent product in bfloat16": (
        "output = h + ops.matmul(prev_output, self.recurrent_kernel)",
        'output = h + ops.cast(ops.matmul(ops.cast(prev_output, "bfloat16"), ops.cast(self.recurrent_kernel, "bfloat16")), h.dtype)'),
}) + faults("precision", RNN + "rnn", {
    "outputs through float16": (
        "outputs = ops.cast(outputs, self.compute_dtype)", 'outputs = ops.cast(ops.cast(outputs, "float16"), self.compute_dtype)'),
})
STATES = faults("state", RNN + "rnn", {
    "states returned in reverse": ("return output, *states", "return output, *list(states)[::-1]"),
    "stateful layer starts from zeros": (
        "                initial_state = self.states\n",
        "                initial_state = self.get_initial_state(ops.shape(sequences)[0])\n"),
    "stateful layer ignores given states": (
        "        if initial_state is None:\n            if self.stateful:", "        if initial_state is None or self.stateful:\n            if self.stateful:"),
    "only the first state is reset": ("for v in self.states:", "for v in self.states[:1]:"),
    "only the first state is carried": (
        "tree.flatten(self.states), tree.flatten(states)\n", "tree.flatten(self.states)[:1], tree.flatten(states)\n"),
}) + faults("direction", RNN + "rnn", {
    "go_backwards not passed on": ("go_backwards=self.go_backwards,\n            mask", "go_backwards=False,\n            mask"),
})
REFUSALS = faults("refusal", RNN + "rnn", {
    "another batch size in a stateful layer": (
        "and actual_batch_size != self._expected_batch_size", "and actual_batch_size is None"),
    "no rank in unrolling": ("if self.unroll and timesteps is None:", "if False:"),
}, explained={"no rank in unrolling": "every engine's loop refuses it in its own words"}) + faults("refusal", RNN + "lstm", {
    "LSTM of any rank": ("self.input_spec = InputSpec(ndim=3)", "self.input_spec = None"),
}) + faults("refusal", RNN + "bidirectional", {
    "any merge_mode": ('if merge_mode not in ["sum", "mul", "ave", "concat", None]:', "if False:"),
}, explained={"any merge_mode": "the layer refuses it all the same when it is built"})
BIDIRECTIONAL = faults("bidirectional", RNN + "bidirectional", {
    "backward outputs not flipped": (
        "        if self.return_sequences:\n            y_rev = ops.flip", "        if False:\n            y_rev = ops.flip"),
    "average not halved": ("output = (y + y_rev) / 2", "output = y + y_rev", 3),
    "one half of the states twice": ("backward_state = initial_state[half:]", "backward_state = initial_state[:half]"),
    "mask not passed to the backward layer": (
        "backward_inputs, initial_state=backward_state, **kwargs",
        'backward_inputs, initial_state=backward_state, **{k: v for k, v in kwargs.items() if k != "mask"}'),
    "states of the directions swapped": ("states = tuple(y[1:] + y_rev[1:])", "states = tuple(y_rev[1:] + y[1:])"),
    "masked outputs not zero": ("layer.zero_output_for_mask = layer.return_sequences", "layer.zero_output_for_mask = False"),
    "mask not passed on": ("                output_mask = mask\n        else", "                output_mask = None\n        else"),
    "backward layer not reset": ("        self.backward_layer.reset_state()\n", ""),
    "merge_mode not saved": ('config = {"merge_mode": self.merge_mode}', "config = {}"),
    "backward layer not restored": ('config["backward_layer"] = backward_layer\n', "pass\n"),
})
STACKED = faults("stacked cells", RNN + "stacked_rnn_cells", {
    "states of the last cell first": ("            new_states.append(states)", "            new_states.insert(0, states)"),
    "output of the first cell": (
        "            inputs, states = cell_call_fn(inputs, states, **kwargs)",
        "            outputs, states = cell_call_fn(inputs, states, **kwargs)\n            inputs = outputs if cell is self.cells[0] else inputs"),
    "training not passed to the cells": ('kwargs["training"] = training', 'kwargs["training"] = False'),
})
SAVING = faults("saving", RNN + "rnn", {
    "zero_output_for_mask not saved": ('            "zero_output_for_mask": self.zero_output_for_mask,\n', ""),
    "go_backwards not saved": ('            "go_backwards": self.go_backwards,\n', ""),
    "stateful not saved": ('            "stateful": self.stateful,\n', ""),
    "return_state not saved": ('            "return_state": self.return_state,\n', ""),
    "unroll not saved": ('            "unroll": self.unroll,\n', ""),
}) + faults("saving", RNN + "gru", {
    "GRU: reset_after not saved": ('            "reset_after": self.reset_after,\n', "", 2),
}) + faults("saving", RNN + "lstm", {
    "LSTM: recurrent_activation saved as activation": (
        '"recurrent_activation": activations.serialize(\n                self.recurrent_activation\n',
        '"recurrent_activation": activations.serialize(\n                self.activation\n', 2),
    "LSTM: unit_forget_bias not saved": ('            "unit_forget_bias": self.unit_forget_bias,\n', "", 2),
    "LSTM: recurrent_dropout not saved": ('            "recurrent_dropout": self.recurrent_dropout,\n', "", 2),
}) + faults("saving", RNN + "simple_rnn", {
    "SimpleRNN: use_bias not saved": ('            "use_bias": self.use_bias,\n', "", 2),
})
DROPOUT = faults("dropout", RNN + "dropout_rnn_cell", {
    "another mask at every step": ("if self._dropout_mask is None and self.dropout > 0:", "if self.dropout > 0:"),
    "recurrent dropout at the rate of dropout": ("step_input, self.recurrent_dropout\n", "step_input, self.dropout\n"),
    "recurrent dropout lost": (
        "if self._recurrent_dropout_mask is None and self.recurrent_dropout > 0:", "if False:"),
}) + faults("dropout", RNN + "rnn", {
    "the same masks in every call": ("        self._maybe_reset_dropout_masks(self.cell)\n\n", "\n"),
}) + faults("dropout", RNN + "lstm", {
}) + faults("dropout", RNN + "simple_rnn", {
    "SimpleRNN: dropout in inference": ("if training and dp_mask is not None:", "if dp_mask is not None:"),
    "SimpleRNN: recurrent dropout in inference": ("if training and rec_dp_mask is not None:", "if rec_dp_mask is not None:"),
})

ALL = (*CELLS, *PRECISION, *STATES, *REFUSALS, *BIDIRECTIONAL, *STACKED, *SAVING, *DROPOUT)
