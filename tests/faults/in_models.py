"""Faults in Keras around whole models: what lies between layers, what a step of training does, what a checkpoint keeps, and how
losses are averaged. The six kinds that scenarios were written for stand first."""

from tests.faults.base import faults

KERAS = "keras.src."
LAYERS, TRAINER = KERAS + "layers.", KERAS + "backend.torch.trainer"
OUTPUTS = "            outputs = ops.stack(\n                [step_function(i) for i in range(inputs.shape[0])]\n            )\n"
WEIGHT = "            # mean(loss * sample_weight * total / valid)"
FORWARD = "        if self._call_has_training_arg:\n            y_pred = self(x, training=True)\n"
GRADIENTS = "            gradients = [v.value.grad for v in trainable_weights]\n"

DOCUMENTED = faults("documented kinds", LAYERS + "layer", {
    "mask dropped between layers": ("        output_masks = self.compute_mask(inputs, previous_mask)", "        output_masks = None if self.name.startswith('dense') else self.compute_mask(inputs, previous_mask)"),
}) + faults("documented kinds", "suite.backends.pytorch_nodes", {
    "row 0 of an embedding is trained": ("padding_idx=reserved", "padding_idx=None"),
}) + faults("documented kinds", LAYERS + "rnn.time_distributed", {
    "TimeDistributed gives its steps backwards": (OUTPUTS, OUTPUTS + "            outputs = ops.flip(outputs, axis=0)\n"),
}) + faults("documented kinds", KERAS + "backend.torch.optimizers.torch_adam", {
    "epsilon inside the root": ("torch._foreach_add(torch._foreach_sqrt(v_list), self.epsilon)", "torch._foreach_sqrt(torch._foreach_add(v_list, self.epsilon))"),
}) + faults("documented kinds", KERAS + "saving.saving_lib", {
    "weights not restored": ("            try:\n                saveable.load_own_variables(store)\n", "            try:\n                pass\n"),
}) + faults("documented kinds", KERAS + "losses.loss", {
    "loss averaged over padding": ('        if reduction in ("mean", "sum_over_batch_size"):', '        if reduction in ("mean",):'),
})
STEPS = faults("a step of training", TRAINER, {
    "gradients pile up from step to step": ("        self.zero_grad()\n", ""),
    "the first weight is not stepped": (GRADIENTS, GRADIENTS + "            trainable_weights, gradients = trainable_weights[1:], gradients[1:]\n"),
    "trained as in inference": (FORWARD, FORWARD.replace("training=True", "training=False")),
    "predicted as in training": (
        "        x, _, _ = data_adapter_utils.unpack_x_y_sample_weight(data)\n        if self._call_has_training_arg:\n            y_pred = self(x, training=False)",
        "        x, _, _ = data_adapter_utils.unpack_x_y_sample_weight(data)\n        if self._call_has_training_arg:\n            y_pred = self(x, training=True)"),
}) + faults("a step of training", KERAS + "optimizers.base_optimizer", {
    "the count of steps stays": ("        self._iterations.assign_add(1)\n", "        pass\n"),
}) + faults("a step of training", LAYERS + "layer", {
    "frozen layers are trained": ("        return [v for v in self.variables if v.trainable]\n", "        return [v for layer in [self, *self._layers] for v in layer._trainable_variables]\n"),
})
LAYERED = faults("layers of models", LAYERS + "normalization.batch_normalization", {
    "moving averages move in inference": ("        if training and self.trainable:\n            mean, variance", "        if self.trainable:\n            mean, variance"),
    "moving variance by the square of the momentum": ("                    moving_variance * self.momentum\n", "                    moving_variance * self.momentum**2\n"),
}) + faults("layers of models", LAYERS + "regularization.dropout", {
    "Dropout in inference": ("        if training and self.rate > 0:", "        if self.rate > 0:"),
}) + faults("layers of models", LAYERS + "core.embedding", {
    "the last id is that before it": ("        outputs = ops.take(self.embeddings, inputs, axis=0)", "        outputs = ops.take(self.embeddings, ops.minimum(inputs, self.input_dim - 2), axis=0)"),
}) + faults("layers of models", LAYERS + "rnn.time_distributed", {
    "TimeDistributed: every step has the mask of the first": ('                kwargs["mask"] = mask[i]', '                kwargs["mask"] = mask[0]'),
}) + faults("layers of models", LAYERS + "reshaping.permute", {
    "Permute leaves the steps where they are": ("        return ops.transpose(inputs, axes=(0,) + self.dims)", "        return ops.reshape(inputs, ops.shape(ops.transpose(inputs, axes=(0,) + self.dims)))"),
}) + faults("layers of models", LAYERS + "reshaping.repeat_vector", {
    "RepeatVector: the last repetition is zero": ("        return ops.repeat(reshaped, self.n, axis=1)", "        return ops.pad(ops.repeat(reshaped, self.n - 1, axis=1), ((0, 0), (0, 1), (0, 0)))"),
})
KEPT = faults("what is kept", KERAS + "callbacks.monitor_callback", {
    "ModelCheckpoint keeps the worst": ('            if metric_name == "loss":\n                self.monitor_op = ops.less', '            if metric_name == "loss":\n                self.monitor_op = ops.greater'),
})
LOSSES = faults("losses of models", KERAS + "losses.loss", {
    "summed over the steps": ("                ops.prod(\n                    ops.convert_to_tensor(ops.shape(values), dtype=\"int32\")\n                ),", "                ops.convert_to_tensor(ops.shape(values)[0], dtype=\"int32\"),"),
})
ALL = (*DOCUMENTED, *STEPS, *LAYERED, *KEPT, *LOSSES)
