"""Small changes of Keras' sources that were drawn by a program, of a kind that needs no knowledge of what the suite asks: a
word that is dropped, a neighbour's name, an index, a condition. First those that the suite did not notice when they were drawn."""

from tests.faults.base import faults

LAYERS, RNN = "keras.src.layers.", "keras.src.layers.rnn."
ACTIVATION = '            "activation": activations.serialize(self.activation),\n            "use_bias": self.use_bias,\n'

UNNOTICED = faults("mutants, unnoticed", RNN + "gru", {
    "GRU: its configuration holds a function": (
        '            "recurrent_activation": activations.serialize(\n                self.recurrent_activation\n            ),\n',
        '            "recurrent_activation": self.recurrent_activation,\n', 2),
}) + faults("mutants, unnoticed", RNN + "lstm", {
    "LSTM cell: its configuration holds a regularizer": (
        '            "recurrent_regularizer": regularizers.serialize(\n                self.recurrent_regularizer\n            ),\n'
        '            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "kernel_constraint"',
        '            "recurrent_regularizer": self.recurrent_regularizer,\n'
        '            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "kernel_constraint"'),
}) + faults("mutants, unnoticed", RNN + "simple_rnn", {
    "SimpleRNN: its configuration holds a function": (
        ACTIVATION, ACTIVATION.replace("activations.serialize(self.activation)", "self.activation"), 2),
    "SimpleRNN cell: first states of the usual type": ("self.state_size), dtype=self.compute_dtype)", "self.state_size))"),
}) + faults("mutants, unnoticed", RNN + "conv_lstm1d", {
    "ConvLSTM1D: no regularizer of its activity": ("            activity_regularizer=activity_regularizer,\n", ""),
}) + faults("mutants, unnoticed", RNN + "conv_lstm", {
    "ConvLSTM with states: the last output carries a mask": ("            return [output_mask] + state_mask\n", "            return mask\n"),
    "ConvLSTM tells no shapes of its states": (
        "\n        if self.return_state:\n            batched_state", "\n        if False:\n            batched_state"),
}) + faults("mutants, unnoticed", RNN + "bidirectional", {
    "Bidirectional: the first state carries a mask": ("            if not self.merge_mode:\n", "            if True:\n"),
    "Bidirectional: the old name of reset does nothing": ("        self.reset_state()\n", "        pass\n"),
}) + faults("mutants, unnoticed", RNN + "stacked_rnn_cells", {
    "stacked cells: the output size of the last but one": (
        "            return self.cells[-1].state_size\n", "            return self.cells[-2].state_size\n"),
}) + faults("mutants, unnoticed", RNN + "dropout_rnn_cell", {
    "dropout of gates: no seed of its own": (
        "                    ones, rate=dropout_rate, seed=self.seed_generator\n", "                    ones, rate=dropout_rate\n"),
}) + faults("mutants, unnoticed", RNN + "rnn", {
    "RNN: the last output has the cell's type": ("        last_output = ops.cast(last_output, self.compute_dtype)\n", ""),
}) + faults("mutants, unnoticed", LAYERS + "core.embedding", {
    "Embedding: its initializer is not used": ("                initializer=self.embeddings_initializer,\n", ""),
}) + faults("mutants, unnoticed", LAYERS + "core.wrapper", {
    "Wrapper: comes back without name and type": ("return cls(layer, **config)", "return cls(layer)"),
}) + faults("mutants, unnoticed", "keras.src.losses.loss", {
    "a loss of one's own is a sum": ('reduction="sum_over_batch_size", dtype=None):', 'reduction="sum", dtype=None):'),
}) + faults("mutants, unnoticed", LAYERS + "attention.attention", {
    "Attention, concat: divided by the sum": (
        "scores = self.concat_score_weight * ops.sum(\n                    ops.tanh(self.scale",
        "scores = self.concat_score_weight / ops.sum(\n                    ops.tanh(self.scale"),
    "Attention, causal without padding: reads all": ("            return causal_mask\n", "            return None\n"),
})

NOTICED = faults("mutants, noticed", RNN + "rnn", {
    "RNN: unroll is not handed on": ("            unroll=self.unroll,\n", ""),
    "RNN: its configuration without the cell": (
        '        config["cell"] = serialization_lib.serialize_keras_object(self.cell)\n', ""),
}) + faults("mutants, noticed", RNN + "lstm", {
    "LSTM: its configuration without the kernel's constraint": (
        '            "kernel_constraint": constraints.serialize(self.kernel_constraint),\n', "", 2),
    "LSTM: no input reaches the carry": (
        "        c = f * c_tm1 + i * self.activation(z2)\n", "        c = f * c_tm1\n"),
    "LSTM: the forget gate is not bounded": ("f = self.recurrent_activation(z1)", "f = z1"),
}) + faults("mutants, noticed", RNN + "gru", {
    "GRU: no constraint of the recurrent kernel": (
        "self.recurrent_constraint = constraints.get(recurrent_constraint)", "self.recurrent_constraint = None"),
}) + faults("mutants, noticed", RNN + "simple_rnn", {
    "SimpleRNN: training by default": ("mask=None, training=False):", "mask=None, training=True):"),
}) + faults("mutants, noticed", RNN + "conv_lstm", {
    "ConvLSTM: the forget gate's states go to the candidate": (
        "f = self.recurrent_activation(x_f + h_f)", "f = self.recurrent_activation(x_f + h_c)"),
    "ConvLSTM: a mask where states are returned": (
        "        mask = tree.flatten(mask)[0]\n        output_mask = mask if self.return_sequences else None",
        "        mask = tree.flatten(mask)[0]\n        output_mask = mask if self.return_state else None"),
}) + faults("mutants, noticed", RNN + "bidirectional", {
    "Bidirectional: lists the states of one half": (
        "self.forward_layer.states + self.backward_layer.states", "self.backward_layer.states"),
    "Bidirectional: its configuration without the layer": (
        '        config["layer"] = serialization_lib.serialize_keras_object(\n            self.forward_layer\n        )\n', ""),
}) + faults("mutants, noticed", RNN + "time_distributed", {
    "TimeDistributed: tells every layer of training": ("if self.layer._call_has_training_arg:", "if True:"),
}) + faults("mutants, noticed", LAYERS + "regularization.dropout", {
    "Dropout: its configuration without the seed": ('            "seed": self.seed,\n', ""),
}) + faults("mutants, noticed", LAYERS + "pooling.global_average_pooling1d", {
    "GlobalAveragePooling1D: passes the mask on": ("        return None\n", "        return mask\n"),
}) + faults("mutants, noticed", LAYERS + "layer", {
    "a frozen layer's weights are told to be trained": (
        "for v in self._trainable_variables:", "for v in self._non_trainable_variables:"),
}) + faults("mutants, noticed", "keras.src.utils.sequence_utils", {
    "pad_sequences: never cuts at the end": ('elif truncating == "post":', 'elif truncating == "behind":'),
})

ALL = (*UNNOTICED, *NOTICED)
