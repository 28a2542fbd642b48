"""Faults around Keras' recurrent layers, on torch, as a judge from outside would plant them, a fourth time: models, training, files."""

from tests.faults.base import faults

FAMILY = "judged again, around"

MODELS = faults(FAMILY, "keras.src.models.functional", {
    "models made again: a shared layer's waiting calls begin anew": (
        "                    unprocessed_nodes[layer] = node_data_list[node_index:]\n", "                    unprocessed_nodes[layer] = node_data_list\n"),
}) + faults(FAMILY, "keras.src.models.sequential", {
    "Sequential not built: its shape is the last layer's of the first input": (
        "            output_shape = layer.compute_output_shape(input_shape)\n            input_shape = output_shape\n", "            output_shape = layer.compute_output_shape(input_shape)\n"),
    "Sequential: a layer taken off is still run": (
        "        layer = self._layers.pop()\n        self.built = False\n        self._functional = None\n        if rebuild:\n            self._maybe_rebuild()\n",
        "        layer = self._layers.pop()\n        if rebuild and len(self._layers) < 2:\n            self._maybe_rebuild()\n"),
}) + faults(FAMILY, "keras.src.models.model", {
    "state trees: what does not train is left where it was": (
        "                self._assign_variable_values(\n                    self.non_trainable_variables, path_value_dict\n                )\n", "                pass\n"),
}) + faults(FAMILY, "keras.src.saving.object_registration", {
    "scopes of own classes: names stay known after they end": (
        "            \"custom_objects_scope_dict\", self.backup.copy()\n", "            \"custom_objects_scope_dict\", {**self.custom_objects, **self.backup}\n"),
}) + faults(FAMILY, "keras.src.trainers.trainer", {
    "loaded and compiled: the optimizer's state is not loaded": (
        "        if hasattr(self, \"optimizer\") and self.built:\n", "        if hasattr(self, \"optimizer\") and not self.built:\n"),
})
FEEDING = faults(FAMILY, "keras.src.trainers.data_adapters.py_dataset_adapter", {
    "PyDataset: is not told when an epoch ends": (
        "        self.py_dataset.on_epoch_end()\n        self._within_epoch = False\n", "        self._within_epoch = False\n"),
}) + faults(FAMILY, "keras.src.trainers.compile_utils", {
    "weighted metrics: go on from epoch to epoch": (
        "        for m in self._flat_weighted_metrics:\n            if m:\n                m.reset_state()\n", ""),
    "losses by the word crossentropy: whole targets are taken for one-hot ones": (
        "            loss_obj = losses_module.sparse_categorical_crossentropy\n        else:\n", "            loss_obj = losses_module.categorical_crossentropy\n        else:\n"),
}) + faults(FAMILY, "keras.src.utils.numerical_utils", {
    "to_categorical: targets of one each keep their axis": (
        "    if input_shape and input_shape[-1] == 1 and len(input_shape) > 1:\n", "    if input_shape and input_shape[-1] == 1 and len(input_shape) == 2:\n"),
    "normalize: rows of noughts are not numbers": ("        norm[norm == 0] = 1\n", ""),
})
OPTIMIZERS = faults(FAMILY, "keras.src.optimizers.base_optimizer", {
    "loss scale factor: gradients are clipped before it is taken out": (
        "                if scale is not None:\n                    grads = [g if g is None else g / scale for g in grads]\n",
        "                if scale is not None:\n                    grads = [g if g is None else g / scale for g in self._clip_gradients(grads)]\n"),
    "weight decay: names to leave out are looked for at the start alone": (
        "                re.search(exclude_from_weight_decay_pattern, variable.name)\n", "                re.match(exclude_from_weight_decay_pattern, variable.name)\n"),
}) + faults(FAMILY, "keras.src.backend.torch.optimizers.torch_adam", {
    "Adam: amsgrad forgets the greatest": (
        "            torch._foreach_maximum_(v_hat_list, v_list)\n            v_list = v_hat_list\n", "            torch._foreach_maximum_(v_hat_list, v_list)\n"),
}) + faults(FAMILY, "keras.src.backend.torch.optimizers.torch_lion", {
    "Lion: momenta fade by the first number": ("        torch._foreach_mul_(m_list, self.beta_2)\n", "        torch._foreach_mul_(m_list, self.beta_1)\n"),
}) + faults(FAMILY, "keras.src.optimizers.schedule_free_adamw", {
    "ScheduleFreeAdamW: does not warm up": (
        "            warmup_factor = ops.minimum(local_step / warmup_steps, 1.0)\n", "            warmup_factor = ops.minimum(warmup_steps, 1.0)\n"),
}) + faults(FAMILY, "keras.src.optimizers.ftrl", {
    "Ftrl: shrinkage is of the gradient": ("self.l2_shrinkage_regularization_strength, variable", "self.l2_shrinkage_regularization_strength, gradient"),
}) + faults(FAMILY, "keras.src.optimizers.multi_optimizer", {
    "MultiOptimizer: its variables are those of the first": (
        "        for opt in self._inner_optimizers:\n            vars.extend(opt.variables)\n", "        for opt in self._inner_optimizers[:1]:\n            vars.extend(opt.variables)\n"),
}) + faults(FAMILY, "keras.src.optimizers.schedules.learning_rate_schedule", {
    "PolynomialDecay: cycles end at the first": (
        "                    ops.ceil(global_step_recomp / self.decay_steps),\n", "                    ops.floor(global_step_recomp / self.decay_steps),\n"),
    "CosineDecay: the steps of warming up are of its decay": (
        "                global_step_recomp, decay_steps + warmup_steps\n", "                global_step_recomp, decay_steps\n"),
})
CALLBACKS = faults(FAMILY, "keras.src.callbacks.early_stopping", {
    "EarlyStopping: the baseline need not be beaten to wait anew": (
        "            if self.baseline is None or self._is_improvement(\n                current, self.baseline\n            ):\n                self.wait = 0\n", "            self.wait = 0\n"),
}) + faults(FAMILY, "keras.src.callbacks.monitor_callback", {
    "callbacks that watch: with mode max the least change counts against": (
        "        if self.monitor_op == ops.less:\n            self.min_delta *= -1\n", "        self.min_delta *= -1\n"),
}) + faults(FAMILY, "keras.src.callbacks.reduce_lr_on_plateau", {
    "ReduceLROnPlateau: waits through the cooldown": (
        "                self.cooldown_counter -= 1\n                self.wait = 0\n", "                self.cooldown_counter -= 1\n"),
}, {"ReduceLROnPlateau: waits through the cooldown": "what was waited for is nought when a cooldown begins, and nothing adds to it"}) + faults(FAMILY, "keras.src.callbacks.model_checkpoint", {
    "ModelCheckpoint: every N batches: an epoch's first batch does not count": (
        "            add_batches = batch + 1  # batches are zero-indexed.\n", "            add_batches = batch  # batches are zero-indexed.\n"),
}) + faults(FAMILY, "keras.src.callbacks.terminate_on_nan", {
    "TerminateOnNaN: goes on when the loss is infinite": ("np.isnan(loss) or np.isinf(loss)", "np.isnan(loss)"),
}) + faults(FAMILY, "keras.src.callbacks.csv_logger", {
    "CSVLogger: values of validation are not written when they are there": (
        "            self.keys = sorted(logs.keys())\n", "            self.keys = sorted(k for k in logs if not k.startswith(\"val_\"))\n"),
}) + faults(FAMILY, "keras.src.callbacks.swap_ema_weights", {
    "SwapEMAWeights: averages stay in the model after a test": (
        "    def on_test_end(self, logs=None):\n        if self._ema_weights_in_model:\n", "    def on_test_end(self, logs=None):\n        if self._ema_weights_in_model and self.swap_on_epoch:\n"),
}) + faults(FAMILY, "keras.src.callbacks.callback_list", {
    "callbacks: what one adds to the logs of an epoch the next does not see": (
        "        for callback in self.callbacks:\n            callback.on_epoch_end(epoch, logs)\n", "        for callback in self.callbacks:\n            callback.on_epoch_end(epoch, dict(logs))\n"),
})
PARTS = faults(FAMILY, "keras.src.saving.saving_lib", {
    "files: lists in lists share one place": (
        '            name = _get_unique_name("container", used_names)\n', '            name = "container"\n', 2),
}) + faults(FAMILY, "keras.src.utils.torch_utils", {
    "torch modules in Keras layers: train whatever they are told": ("        if training is False:\n            self.eval()\n", "        if training is False and False:\n            self.eval()\n"),
}) + faults(FAMILY, "keras.src.initializers.random_initializers", {
    "Orthogonal: wide ones are not orthogonal in their rows": (
        "        if num_rows < num_cols:\n            q = ops.transpose(q)\n", ""),
}) + faults(FAMILY, "keras.src.initializers.constant_initializers", {
    "Identity: its gain is not looked at": ("        return self.gain * ops.eye(*shape, dtype=dtype)\n", "        return ops.eye(*shape, dtype=dtype)\n"),
}) + faults(FAMILY, "keras.src.regularizers.regularizers", {
    "orthogonal regularizer: columns are normalized as rows": (
        "            inputs = normalize(inputs, axis=0)\n", "            inputs = normalize(inputs, axis=1)\n"),
}) + faults(FAMILY, "keras.src.layers.preprocessing.normalization", {
    "Normalization: turned back does not add the mean": (
        "            return self.backend.numpy.add(\n                mean,\n                self.backend.numpy.multiply(\n", "            return self.backend.numpy.add(\n                0.0 * mean,\n                self.backend.numpy.multiply(\n"),
})
ALL = (*MODELS, *FEEDING, *OPTIMIZERS, *CALLBACKS, *PARTS)
