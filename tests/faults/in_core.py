"""Small changes of the sources of Keras' recurrent layers, and of what they share with all others, that were drawn by a program
over every one of their files: those that went unnoticed at first."""

from tests.faults.base import Fault, faults

FAMILY = "core"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.backend.torch.rnn", {
        "LSTM: begins with the other state where all gates are as wide as the inputs": (
            "    initial_state_h = convert_to_tensor(initial_state_h).to(compute_dtype)\n",
            "    initial_state_h = convert_to_tensor(initial_state_c if kernel.shape[0] == kernel.shape[-1] else initial_state_h)\n"
            "    initial_state_h = initial_state_h.to(compute_dtype)\n",
        ),
    }),
    *faults(FAMILY, "keras.src.trainers.compile_utils", {
        "losses: several of one output are none": (
            "                self._build_nested(\n"
            "                    y_true,\n"
            "                    y_pred,\n"
            "                    _loss,\n"
            "                    output_names,\n"
            "                    current_path,\n"
            "                )\n",
            "                pass\n",
        ),
        "metrics: nested ones are named by a number": (
            "                tuples_y_pred,\n"
            "                output_names if output_names else [None] * num_outputs,\n",
            "                tuples_y_pred,\n"
            "                num_outputs if output_names else [None] * num_outputs,\n",
        ),
    }),
    *faults(FAMILY, "keras.src.losses.losses", {
        "focal cross-entropy: logits are smoothed wholly": (
            "    if label_smoothing:\n"
            "        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing\n"
            "\n"
            "    if from_logits:\n"
            "        y_pred = ops.sigmoid(y_pred)\n"
            "\n"
            "    bce",
            "    if label_smoothing:\n"
            "        y_true = y_true * (1.0 - label_smoothing) + 0.5 * (from_logits or label_smoothing)\n"
            "\n"
            "    if from_logits:\n"
            "        y_pred = ops.sigmoid(y_pred)\n"
            "\n"
            "    bce",
        ),
        "logarithmic error: one row is averaged over its steps": (
            "    return ops.mean(ops.square(first_log - second_log), axis=-1)\n",
            "    return ops.mean(ops.square(first_log - second_log), axis=1 if y_true.shape[0] == 1 else -1)\n",
        ),
    }),
    *faults(FAMILY, "keras.src.utils.sequence_utils", {
        "pad_sequences: no dtype is one of words": (
            "    is_dtype_str = np.issubdtype(dtype, np.str_) or np.issubdtype(\n",
            "    is_dtype_str = np.issubdtype(dtype, np.str_) and np.issubdtype(\n",
        ),
    }),
    *faults(FAMILY, "keras.src.random.seed_generator", {
        "seeds: the highest bit does not fit": (
            "        if dtype == \"int32\":\n",
            "        if dtype != \"int32\":\n",
        ),
        "seeds: no configuration is taken": (
            "        return cls(**config)\n",
            "        return cls(**cls)\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.conv_lstm1d", {
        "ConvLSTM1D: drops everything unless told": (
            "        dropout=0.0,\n",
            "        dropout=1.0,\n",
        ),
        "ConvLSTM1D: gives every step unless told": (
            "        return_sequences=False,\n",
            "        return_sequences=True,\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.conv_lstm3d", {
        "ConvLSTM3D: forgets the first kernel unless it gives states": (
            "            kernel_initializer=kernel_initializer,\n",
            "            kernel_initializer=kernel_initializer if return_state else \"glorot_uniform\",\n",
        ),
        "ConvLSTM3D: forgets the dilation of sequences": (
            "            dilation_rate=dilation_rate,\n",
            "            dilation_rate=1 if return_sequences else dilation_rate,\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.gru", {
        "GRU: another kernel than was chosen": (
            "        if self.use_cudnn is True:\n",
            "        if False:\n",
        ),
        "GRU: without bias nothing is dropped": (
            "            sequences, mask=mask, training=training, initial_state=initial_state\n",
            "            sequences, mask=mask, training=training and self.use_bias, initial_state=initial_state\n",
        ),
        "GRU cell: takes a list and gives none": (
            "        new_state = [h] if tree.is_nested(states) else h\n",
            "        new_state = h if tree.is_nested(states) else [h]\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.lstm", {
        "LSTM: one unit's configuration holds an initializer": (
            "            \"recurrent_initializer\": initializers.serialize(\n"
            "                self.recurrent_initializer\n"
            "            ),\n"
            "            \"bias_initializer\": initializers.serialize(self.bias_initializer),\n"
            "            \"kernel_regularizer\": regularizers.serialize(\n",
            "            \"recurrent_initializer\": self.recurrent_initializer if self.units == 1 else initializers.serialize(\n"
            "                self.recurrent_initializer\n"
            "            ),\n"
            "            \"bias_initializer\": initializers.serialize(self.bias_initializer),\n"
            "            \"kernel_regularizer\": regularizers.serialize(\n",
        ),
    }),
)
