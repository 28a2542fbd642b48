"""Small changes of Keras' sources that were drawn by a program, a second time: those that went unnoticed at first."""

from dataclasses import replace

from tests.faults.base import Fault, faults

FAMILY = "mutants again"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.layers.rnn.lstm", {
        "LSTM cell: its seed is its size": (
            "        self.seed_generator = backend.random.SeedGenerator(seed=seed)\n",
            "        self.seed_generator = backend.random.SeedGenerator(seed=(units if self.use_bias else seed))\n",
        ),
    }),
    *faults(FAMILY, "keras.src.ops.function", {
        "model: layers side by side in no order": (
            "        operations_for_depth.sort(key=lambda x: operation_indices[x])\n",
            "        pass\n",
        ),
    }),
    *faults(FAMILY, "keras.src.trainers.compile_utils", {
        "losses of some outputs: targets of one alone": (
            "                        y_true = [None] * len(flat_loss)\n",
            "                        y_true = [None]\n",
        ),
        "accuracy of steps: judged by the targets alone": (
            "                    tree.flatten(y_pred)[0],\n",
            "                    tree.flatten((y_true if len(y_true.shape) == 3 else y_pred))[0],\n",
        ),
        "accuracy: flags where there is one row": (
            "    y_p_last_dim = y_pred.shape[-1]\n",
            "    y_p_last_dim = y_pred.shape[-0]\n",
        ),
    }),
    *faults(FAMILY, "keras.src.losses.losses", {
        "sparse cross-entropy: an axis of one stays": (
            "    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:\n",
            "    if len(y_true.shape) == len(y_pred.shape) and (y_true.shape[axis] != 1):\n",
        ),
        "hinge of the targets with themselves": (
            "    \"\"\"\n"
            "    y_pred = ops.convert_to_tensor(y_pred)\n"
            "    y_true = ops.cast(y_true, dtype=y_pred.dtype)\n",
            "    \"\"\"\n"
            "    y_pred = ops.convert_to_tensor(y_true)\n"
            "    y_true = ops.cast(y_true, dtype=y_pred.dtype)\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.attention.multi_head_attention", {
        "heads: configuration holds a regularizer": (
            "            \"kernel_regularizer\": regularizers.serialize(\n"
            "                self._kernel_regularizer\n"
            "            ),\n",
            "            \"kernel_regularizer\": self._kernel_regularizer,\n",
        ),
    }),
    *faults(FAMILY, "keras.src.trainers.data_adapters.data_adapter_utils", {
        "class weights: looked up in themselves": (
            "    y_numpy = ops.convert_to_numpy(y)\n",
            "    y_numpy = ops.convert_to_numpy(class_weight)\n",
        ),
    }),
    *faults(FAMILY, "keras.src.trainers.data_adapters.array_data_adapter", {
        "arrays: steps without a batch size": (
            "            batch_size = int(math.ceil(num_samples / steps)) if steps else 32\n",
            "            batch_size = int(math.ceil(num_samples / steps)) if batch_size else 32\n",
        ),
    }),
    *faults(FAMILY, "keras.src.backend.common.variables", {
        "a variable takes values of other axes": (
            "    if len(a_shape) != len(b_shape):\n",
            "    if len(a_shape) != len(a_shape):\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.layer", {
        "a layer inside another one inherits nothing": (
            "        if layer_call_ctx is None:\n",
            "        if True:\n",
        ),
        "variables that are trained are listed with those that are not": (
            "        \"\"\"\n"
            "        if not self.trainable:\n"
            "            return self.variables\n",
            "        \"\"\"\n"
            "        if True:\n"
            "            return self.variables\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.merging.dot", {
        "Dot: a vector first has no axis for steps": (
            "        x = ops.expand_dims(x, 1)\n",
            "        pass\n",
        ),
    }),
    *faults(FAMILY, "keras.src.trainers.trainer", {
        "half precision: the loss is scaled where it is already": (
            "            and not isinstance(self.optimizer, LossScaleOptimizer)\n",
            "            and (isinstance(self.optimizer, LossScaleOptimizer))\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.reshaping.cropping1d", {
        "Cropping1D: tells another shape": (
            "        if input_shape[1] is not None:\n",
            "        if input_shape[0] is not None:\n",
        ),
    }),
    *faults(FAMILY, "keras.src.activations.activations", {
        "relu: threshold and slope change places": (
            "            if threshold != 0:\n",
            "            if (threshold == 0):\n",
        ),
    }),
    *faults(FAMILY, "keras.src.losses.loss", {
        "losses: a missing axis is put first": (
            "                x2 = ops.expand_dims(x2, axis=-1)\n",
            "                x2 = ops.expand_dims(x2, axis=0)\n",
        ),
    }),
    *faults(FAMILY, "keras.src.layers.attention.attention", {
        "Attention in a model gives scores unasked": (
            "\n"
            "        if return_attention_scores:\n"
            "            scores_shape = (\n",
            "\n"
            "        if True:\n"
            "            scores_shape = (\n",
        ),
    }),
    *faults(FAMILY, "keras.src.backend.torch.rnn", {
        "GRU: either condition is enough for cuDNN": (
            "    cudnn_supported = cudnn_activation_ok and cudnn_runtime_ok\n",
            "    cudnn_supported = (cudnn_activation_ok or cudnn_runtime_ok)\n",
        ),
    }, {"GRU: either condition is enough for cuDNN": "without a card neither of them holds"}),
    *(replace(fault, asked="keras-jax") for fault in faults(FAMILY, "keras.src.layers.attention.attention", {  # torch counts in 64 bits
        "Attention: steps are counted in a byte": (
            "            ones_mask = ops.ones(shape=mask_shape, dtype=\"int32\")\n",
            "            ones_mask = ops.ones(shape=mask_shape, dtype='int8')\n",
        ),
    })),
    *faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
        "Bidirectional: from_config needs a second layer": (
            "        backward_layer_config = config.pop(\"backward_layer\", None)\n",
            "        backward_layer_config = config.pop('backward_layer')\n",
        ),
    }, {"Bidirectional: from_config needs a second layer": "every configuration that Keras writes has one"}),
)
