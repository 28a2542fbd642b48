"""Faults of dropout, first weights and bounds in Keras' recurrent core where conditions meet: written after statements about them
were widened, before these were asked."""

from tests.faults.base import faults

FAMILY = "judged, core_afresh again"
RNN = "keras.src.layers.rnn."

ALL = faults(FAMILY, RNN + "gru", {
    "GRU: a last output alone is made of inputs that are dropped and not scaled": (
        "                        dp_sequences = sequences * dp_mask\n",
        "                        dp_sequences = sequences * (dp_mask if self.return_sequences else ops.cast(dp_mask > 0, sequences.dtype))\n"),
    "GRUCell of one implementation, without a bias: the candidate drops as the reset gate does": (
        "                h_tm1_h = h_tm1 * rec_dp_mask[2]\n", "                h_tm1_h = h_tm1 * rec_dp_mask[2 if self.use_bias else 1]\n"),
    "GRUCell: gates one at a time begin with recurrent kernels that are not punished": (
        "            regularizer=self.recurrent_regularizer,\n", "            regularizer=self.recurrent_regularizer if self.implementation == 2 else None,\n"),
}) + faults(FAMILY, RNN + "lstm", {
    "LSTMCell: the output gate reads the inputs undropped where states are dropped too": (
        "                inputs_o = inputs * dp_mask[3]\n", "                inputs_o = inputs * dp_mask[3] if not self.recurrent_dropout else inputs\n"),
    "LSTM with dropout: given states are halved in training": (
        "                        initial_state[1],\n", "                        initial_state[1] * (0.5 if training and self.dropout else 1),\n"),
}) + faults(FAMILY, RNN + "simple_rnn", {
    "SimpleRNNCell: in half precision states are dropped in inference too": (
        "        if training and rec_dp_mask is not None:\n", "        if (training or self.compute_dtype == 'float16') and rec_dp_mask is not None:\n"),
    "SimpleRNNCell: where inputs are dropped too, dropped states are held in what comes out": (
        "            prev_output = prev_output * rec_dp_mask\n", "            prev_output = prev_output * (rec_dp_mask if dp_mask is None else dp_mask[:, :1])\n"),
}) + faults(FAMILY, RNN + "dropout_rnn_cell", {
    "dropout: a layer that was called drops the same again where its batch is as large": (
        "    def reset_recurrent_dropout_mask(self):\n        self._recurrent_dropout_mask = None\n",
        "    def reset_recurrent_dropout_mask(self):\n        if self.dropout > 0:\n            self._recurrent_dropout_mask = None\n"),
}) + faults(FAMILY, RNN + "rnn", {
    "RNN, unrolled: each step of what goes backwards drops for itself": (
        "            output, new_states = self.cell(inputs, states, **cell_kwargs)\n",
        "            if self.unroll and self.go_backwards:\n                self._maybe_reset_dropout_masks(self.cell)\n"
        "            output, new_states = self.cell(inputs, states, **cell_kwargs)\n"),
}) + faults(FAMILY, RNN + "conv_lstm", {
    "ConvLSTM, stateful: candidates drop states as gates of input do": (
        "            h_tm1_c = h_tm1 * rec_dp_mask[2]\n", "            h_tm1_c = h_tm1 * rec_dp_mask[2] * rec_dp_mask[0]\n"),
})
