"""Faults in Keras' recurrent core, and in what stands around it, that a program drew and nothing told (`tests.faults.drawn`), and some
of lines that no check came by."""

from tests.faults.base import faults

FAMILY, RNN, LAYERS = "drawn: core", "keras.src.layers.rnn.", "keras.src.layers."

RNNS = faults(FAMILY, RNN + "rnn", {
    "RNN: the mask that it computes leaves out its states": (
        "            return [output_mask] + state_mask\n", "            return [output_mask]\n"),
    "RNN that is stateful keeps its states where it is built again": (
        "            if self.states is not None:\n                self.reset_state()\n            else:\n",
        "            if self.states is not None:\n                pass\n            else:\n"),
})
CELLS = faults(FAMILY, RNN + "stacked_rnn_cells", {
    "stacked: zeros of a cell of several states, which says nothing of them, are of the global dtype": (
        "                            ops.zeros((batch_size, d), dtype=self.compute_dtype)\n", "                            ops.zeros((batch_size, d))\n"),
    "stacked: the kind of the second cell's states, not of the last one's, says how wide they are": (
        "        elif isinstance(self.cells[-1].state_size, (list, tuple)):\n", "        elif isinstance(self.cells[1].state_size, (list, tuple)):\n"),
})
AROUND = faults(FAMILY, LAYERS + "layer", {
    "a layer's path is that of what is around it": (
        "        return self._path\n", "        return self._parent_path\n"),
    "add_weight by place: the dtype is left out": (
        "                dtype = args[2]\n", "                dtype = dtype\n"),
    "add_weight by place: the initializer is left out": (
        "                initializer = args[1]\n", "                initializer = initializer\n"),
    "add_weight by place takes two arguments": ("            if len(args) > 3:\n", "            if len(args) >= 3:\n"),
})
TABLES = faults(FAMILY, LAYERS + "core.embedding", {
    "Embedding in 8 or 4 bits, adapted: it is saved with thin matrices scaled the other way round": (
        "        lora_delta = (self.lora_alpha / self.lora_rank) * ops.matmul(\n", "        lora_delta = (self.lora_alpha * self.lora_rank) * ops.matmul(\n"),
    "Embedding in 4 bits, adapted: it is saved without the zeros of its groups": (
        "                if merged_embeddings_zero is None:\n", "                if True:\n"),
    "Embedding in 4 bits by rows: it is saved multiplied by its scale": (
        "                # Per-channel dequantization\n                float_embeddings = ops.divide(\n",
        "                # Per-channel dequantization\n                float_embeddings = ops.multiply(\n"),
    "Embedding in 4 bits by rows: its scale is as long as it is wide": (
        "            scale_shape = (self.input_dim,)\n", "            scale_shape = (self.output_dim,)\n"),
    "Embedding in 4 bits cannot be saved": (
        '''            "int4": [
                "embeddings",
                "embeddings_scale",
                "embeddings_zero",
                "g_idx",
            ],
''', ""),
    "Embedding in 4 bits by rows: its policy tells no size of a group": (
        "                block_size_value = -1 if block_size is None else block_size\n", "                block_size_value = -1 if False else block_size\n"),
    "Embedding out of its configuration: how it is quantized is a word": (
        '                config.get("quantization_config", None)\n', '                config.get(None, "quantization_config")\n'),
    "Embedding in 8 bits: what is saved of an adapted one holds the old scale": (
        "            embeddings_scale = ops.squeeze(embeddings_scale, axis=-1)\n            embeddings_value = requantized_embeddings\n",
        "            embeddings_scale = self.embeddings_scale\n            embeddings_value = requantized_embeddings\n"),
})
MODELS = faults(FAMILY, "keras.src.models.model", {
    "a model of an own class that builds nothing is not built out of a file": (
        "        if \"input_shape\" in config:\n            # Case: all inputs are in the first arg (possibly nested).\n            if utils.is_default(self.build):\n",
        "        if \"input_shape\" in config:\n            # Case: all inputs are in the first arg (possibly nested).\n            if not utils.is_default(self.build):\n"),
}) + faults(FAMILY, LAYERS + "layer", {
    "a model of an own class out of a file is called with a shape, not with a tensor, to be built": (
        "            backend.compute_output_spec(self.call, input_tensors)\n", "            backend.compute_output_spec(self.call, input_shape)\n"),
})
CARDS = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "on a card: a GRU's kernel is given states of one step for each row": (
        "    if initial_state.dim() == 2:\n        initial_state = initial_state.unsqueeze(0)\n    # If shape is [batch, 1, hidden]\n",
        "    if initial_state.dim() == 2:\n        initial_state = initial_state.unsqueeze(1)\n    # If shape is [batch, 1, hidden]\n"),
    "on a card: a GRU's kernel is given its bias for its recurrent weights": (
        "    params = prepare_gru_params(kernel, recurrent_kernel, bias, device)\n\n    # Use functional GRU",
        "    params = prepare_gru_params(kernel, bias, recurrent_kernel, device)\n\n    # Use functional GRU"),
})
ALL = (*RNNS, *CELLS, *AROUND, *TABLES, *MODELS, *CARDS)
