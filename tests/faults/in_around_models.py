"""Faults around the recurrent core, in Keras' training, saving, losses, metrics and callbacks, written down before looking at what
is asked: two features that meet. The last ones were drawn by a program, and survived."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("around models", "keras.src.trainers.compile_utils", {
        "trainers: weights for all results reach the first result's metrics alone": (
            "                sample_weight = [sample_weight[0] for _ in range(len(y_true))]\n",
            "                sample_weight = [sample_weight[0]] + [None for _ in y_true[1:]]\n",
        ),
        "trainers: a weighted metric of the same name loses the name of its result": (
            "                    if mls.output_name:\n"
            "                        name = f\"{mls.output_name}_{name}\"\n"
            "                    if name not in unique_name_counters:\n"
            "                        unique_name_counters[name] = 1\n",
            "                    if name not in unique_name_counters:\n"
            "                        unique_name_counters[name] = 1\n",
        ),
        "trainers: the loss of a result is told by its weight": (
            "                metric.update_state(\n"
            "                    loss_module.unscale_loss_for_distribution(value),\n",
            "                metric.update_state(\n"
            "                    loss_module.unscale_loss_for_distribution(value * (loss_weight or 1.0)),\n",
        ),
        "trainers: weights of losses by name go by the names in their order": (
            "                    loss_weights = [\n"
            "                        self._user_loss_weights[name]\n"
            "                        for name in self.output_names\n",
            "                    loss_weights = [\n"
            "                        self._user_loss_weights[name]\n"
            "                        for name in self._user_loss_weights\n",
        ),
        "trainers: `accuracy` of steps with numbers of classes is the one of vectors": (
            "        y_t_rank < y_p_rank or y_t_last_dim == 1 and y_p_last_dim > 1\n",
            "        y_t_rank < y_p_rank and y_p_rank == 2 or y_t_last_dim == 1 and y_p_last_dim > 1\n",
        ),
    }),
    *faults("around models", "keras.src.losses.loss", {
        "losses: the sum by weights is divided by the masked steps' weights too": (
            "            divisor = ops.cast(ops.sum(sample_weight), loss.dtype)\n",
            "            divisor = ops.cast(ops.sum(ops.where(sample_weight == 0, ops.max(sample_weight), sample_weight)),"
            " loss.dtype)\n",
        ),
        "losses: a mask and the loss's own count where either is valid": (
            "                mask = in_mask & out_mask\n", "                mask = in_mask | out_mask\n",
        ),
    }),
    *faults("around models", "keras.src.metrics.reduction_metrics", {
        "metrics: weights of steps count once a row": (
            "        if weight_ndim > 1:\n            sample_weight = reduce_fn(",
            "        if weight_ndim > 2:\n            sample_weight = reduce_fn(",
        ),
        "metrics: a mask counts only beside weights": (
            "        sample_weight = losses.loss.apply_mask(\n"
            "            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n"
            "        )\n"
            "        return super()",
            "        sample_weight = losses.loss.apply_mask(\n"
            "            sample_weight, mask if sample_weight is not None else None, dtype=self.dtype, reduction=\"sum\"\n"
            "        )\n"
            "        return super()",
        ),
    }),
    *faults("around models", "keras.src.optimizers.base_optimizer", {
        "optimizers: averages overwrite by batches where gradients are gathered": (
            "                    self.iterations + 1\n                ) % self.ema_overwrite_frequency == 0\n",
            "                    self._iterations + 1\n                ) % self.ema_overwrite_frequency == 0\n",
        ),
        "optimizers: gathered gradients are those of the first variables": (
            "                self._accumulated_gradients[self._get_variable_index(v)]\n                for v in trainable_variables\n",
            "                self._accumulated_gradients[i]\n                for i, v in enumerate(trainable_variables)\n",
        ),
        "optimizers: variables past the tenth are mixed in files": (
            "        for i, variable in enumerate(self.variables):\n            variable.assign(store[str(i)])\n",
            "        for key, variable in zip(sorted(store.keys()), self.variables):\n            variable.assign(store[key])\n",
        ),
        "optimizers: decay of weights is of the rate alone where gradients are gathered": (
            "                wd = ops.cast(self.weight_decay, variable.dtype)\n",
            "                wd = ops.cast(self.weight_decay, variable.dtype)\n"
            "                if self.gradient_accumulation_steps:\n"
            "                    wd = wd / self.gradient_accumulation_steps\n",
        ),
        "optimizers: the names without decay are whole names": (
            "                re.search(exclude_from_weight_decay_pattern, variable.name)\n",
            "                re.fullmatch(exclude_from_weight_decay_pattern, variable.path)\n",
        ),
        "optimizers: averages of frozen variables stand in the place of others": (
            "            self._overwrite_model_variables_with_average_value(var_list)\n",
            "            self._overwrite_model_variables_with_average_value(var_list[::-1] if len({v.shape for v in var_list}) == 1"
            " else var_list)\n",
        ),
        "optimizers: a loaded optimizer has no clipping by value": (
            "            \"clipvalue\": self.clipvalue,\n", "            \"clipvalue\": None,\n",
        ),
    }, {
        "optimizers: decay of weights is of the rate alone where gradients are gathered":
            "torch's optimizers take the decay in a function of their own, and are the only ones that are asked here",
    }),
    *faults("around models", "keras.src.optimizers.loss_scale_optimizer", {
        "loss scale: a step that is not finite leaves the scale when it has just grown": (
            "        self.step_counter.assign(0)\n"
            "        self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 0.5))\n\n"
            "    def _common_apply",
            "        self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 0.5))\n\n"
            "    def _common_apply",
        ),
        "loss scale: the last gradient may be infinite": (
            "        finite_grads = [ops.all(ops.isfinite(g)) for g in tensor_grads]\n",
            "        finite_grads = [ops.all(ops.isfinite(g)) for g in tensor_grads[:-1] or tensor_grads]\n",
        ),
        "loss scale: averages are not final at the end": (
            "        self.inner_optimizer.finalize_variable_values(var_list)\n", "        pass\n",
        ),
        "loss scale: the rate that is set is the outer one's": (
            "        self.inner_optimizer.learning_rate = learning_rate\n",
            "        self._learning_rate = learning_rate\n",
        ),
    }),
    *faults("around models", "keras.src.backend.torch.trainer", {
        "trainers: validation leaves the layers in evaluation for the next epoch": (
            "            # when implementing a custom layer with torch layers.\n            self.train()\n",
            "            # when implementing a custom layer with torch layers.\n            if epoch == initial_epoch:\n"
            "                self.train()\n",
        ),
        "trainers: weights of validation rows are dropped where it has a batch size of its own": (
            "                        sample_weight=val_sample_weight,\n"
            "                        batch_size=validation_batch_size or batch_size,\n"
            "                        steps_per_execution",
            "                        sample_weight=None if validation_batch_size else val_sample_weight,\n"
            "                        batch_size=validation_batch_size or batch_size,\n"
            "                        steps_per_execution",
        ),
        "trainers: an epoch that stops early tells the step's logs": (
            "            epoch_logs = dict(self._get_metrics_result_or_logs(logs))\n",
            "            epoch_logs = dict(logs if self.stop_training else self._get_metrics_result_or_logs(logs))\n",
        ),
        "trainers: averages are final only after two epochs": (
            "            and epochs > 0\n", "            and epochs > 1\n",
        ),
        "trainers: the loss of a last small batch counts as a full one": (
            "        self._loss_tracker.update_state(\n"
            "            loss,\n"
            "            sample_weight=next(\n"
            "                i for i in tree.flatten(x) if i is not None\n"
            "            ).shape[0],\n"
            "        )\n"
            "        if self.optimizer is not None:\n",
            "        self._loss_tracker.update_state(loss)\n"
            "        if self.optimizer is not None:\n",
        ),
        "trainers: predictions on a batch train": (
            "        if self._call_has_training_arg:\n            y_pred = self(x, training=False)\n"
            "        else:\n            y_pred = self(x)\n        return y_pred\n",
            "        y_pred = self(x)\n        return y_pred\n",
        ),
        "trainers: a resumed training does not begin at its epoch where it is told one": (
            "        initial_epoch = self._initial_epoch or initial_epoch\n",
            "        initial_epoch = initial_epoch or self._initial_epoch or 0\n",
        ),
    }, {
        "trainers: an epoch that stops early tells the step's logs":
            "what a step tells is what the metrics hold after it",
        "trainers: validation leaves the layers in evaluation for the next epoch":
            "Keras wraps modules of PyTorch, and tells them their mode in every call",
    }),
    *faults("around models", "keras.src.trainers.epoch_iterator", {
        "feeding: every epoch of so many steps begins with the first rows": (
            "            if self._current_iterator is None or self.steps_per_epoch is None:\n",
            "            if True:\n",
        ),
    }),
    *faults("around models", "keras.src.trainers.data_adapters.array_slicing", {
        "feeding: the rows for validation are one fewer where they do not divide": (
            "    split_at = int(math.floor(batch_dim * (1.0 - validation_split)))\n",
            "    split_at = int(math.ceil(batch_dim * (1.0 - validation_split)))\n",
        ),
        "feeding: rows of a table of numbers lose their order": (
            "        return self.array.iloc[indices]\n", "        return self.array.iloc[sorted(indices)]\n",
        ),
    }),
    *faults("around models", "keras.src.saving.saving_lib", {
        "saving: the third layer of a kind in a list is the second once loaded": (
            "        used_names[name] += 1\n        return f\"{name}_{used_names[name]}\"\n",
            "        used_names[name] = 1\n        return f\"{name}_{used_names[name]}\"\n",
        ),
        "saving: without compiling the trained weights are loaded and the frozen ones not": (
            "        config_dict[\"compile_config\"] = None\n",
            "        config_dict[\"compile_config\"] = None\n        config_dict[\"config\"].pop(\"trainable\", None)\n",
        ),
    }, {
        "saving: without compiling the trained weights are loaded and the frozen ones not":
            "a frozen model thaws in its copies anyway, as the ledger says",
    }),
    *faults("around models", "keras.src.models.cloning", {
        "clones: layers of one name in two inner models are one": (
            "        clone = clone_function(layer)\n        cache[id(layer)] = clone\n        return clone\n",
            "        clone = clone_function(layer)\n        cache[id(layer)] = clone\n        if recursive:\n"
            "            clone = cache.setdefault(layer.name, clone)\n        return clone\n",
        ),
        "clones: inputs of whole numbers become floats": (
            "            lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name),\n",
            "            lambda x: Input(batch_shape=x.shape, name=x.name),\n",
        ),
        "clones: a compiled model's clone is compiled without what a sequence was": (
            "        new_layers, name=model.name, trainable=model.trainable\n",
            "        new_layers, name=model.name\n",
        ),
    }),
    *faults("around models", "keras.src.callbacks.early_stopping", {
        "callbacks: a second training restores the best of the first": (
            "        self.best = None\n        self.best_weights = None\n        self.best_epoch = 0\n",
            "        self.best = None\n        self.best_epoch = 0\n",
        ),
        "callbacks: patience goes on over epochs below the baseline": (
            "            if self.baseline is None or self._is_improvement(\n                current, self.baseline\n            ):\n",
            "            if self.baseline is None or not self._is_improvement(\n                current, self.baseline\n            ):\n",
        ),
    }),
    *faults("around models", "keras.src.callbacks.model_checkpoint", {
        "callbacks: checkpoints by batches count anew each epoch": (
            "    def on_epoch_begin(self, epoch, logs=None):\n        self._current_epoch = epoch\n",
            "    def on_epoch_begin(self, epoch, logs=None):\n        self._current_epoch = epoch\n"
            "        self._batches_seen_since_last_saving = 0\n",
        ),
        "callbacks: the best so far counts from the second training on": (
            "                    self.best = current\n                    return True\n",
            "                    self.best = current if epoch else self.best\n                    return True\n",
        ),
    }),
    *faults("around models", "keras.src.callbacks.reduce_lr_on_plateau", {
        "callbacks: the rate falls again while it cools down": (
            "                        self.cooldown_counter = self.cooldown\n", "                        self.cooldown_counter = 0\n",
        ),
        "callbacks: the least rate is that of the first fall": (
            "            new_lr = max(new_lr, self.min_lr)\n", "            new_lr = max(new_lr, 0.0)\n",
        ),
    }),
    *faults("around models", "keras.src.callbacks.backup_and_restore", {
        "callbacks: a backup by batches says the epoch before": (
            "        self._current_epoch = epoch + 1\n        self._last_batch_seen = 0\n",
            "        self._current_epoch = epoch + (self.save_freq == \"epoch\")\n        self._last_batch_seen = 0\n",
        ),
    }),
    *faults("around models", "keras.src.models.functional", {
        "models: a mask for a second input alone goes to the first": (
            "            masks = tree.flatten(mask)\n",
            "            masks = [m for m in tree.flatten(mask) if m is not None]\n",
        ),
    }),
    *faults("around models", "keras.src.models.sequential", {
        "models: a sequence that was cut keeps the shape of before": (
            "        layer = self._layers.pop()\n        self.built = False\n        self._functional = None\n        if rebuild:\n",
            "        layer = self._layers.pop()\n        self.built = False\n        self._functional = self._functional if"
            " len(self._layers) < 3 else None\n        if rebuild and len(self._layers) > 2:\n",
        ),
    }),
    *faults("around models", "keras.src.backend.torch.trainer", {
        "drawn: a prediction's end is told to nobody": (
            "        callbacks.on_predict_end()\n", "        pass\n",
        ),
    }),
    *faults("around models", "keras.src.trainers.trainer", {
        "drawn: numbers in a list are looked up by names without those of results": (
            "            if name in logs:\n                results.append(logs[name])\n",
            "            if True:\n                results.append(logs[name])\n",
        ),
    }),
    *faults("around models", "keras.src.trainers.compile_utils", {
        "drawn: compiled metrics have no numbers": (
            "            if m is not None:\n                vars.extend(m.variables)\n",
            "            if m is not None:\n                m.variables\n",
        ),
    }),
    *faults("around models", "keras.src.metrics.confusion_metrics", {
        "drawn: areas under curves take logits for shares": (
            "        if self._from_logits:\n", "        if False:\n",
        ),
        "drawn: areas from below are those from above": (
            "            heights = ops.minimum(y[: self.num_thresholds - 1], y[1:])\n",
            "            heights = ops.maximum(y[: self.num_thresholds - 1], y[1:])\n",
        ),
    }),
    *faults("around models", "keras.src.metrics.f_score_metrics", {
        "drawn: scores take what is not there for what is": (
            "            + _weighted_sum(y_pred * (1 - y_true), sample_weight)\n",
            "            + _weighted_sum(y_pred * y_true, sample_weight)\n",
        ),
        "drawn: scores weigh by twice beta": ("self.beta**2", "self.beta * 2", 2),
    }),
    *faults("around models", "keras.src.metrics.regression_metrics", {
        "drawn: adjusted scores have a sample fewer": (
            "                den = ops.subtract(ops.subtract(n, p), 1.0)\n",
            "                den = ops.subtract(ops.subtract(n, p), 2.0)\n",
        ),
    }),
)
