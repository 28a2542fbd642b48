"""Faults of models, training and saving where two features meet, written down before looking at what is asked."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("crossed models", "keras.src.models.functional", {
        "model: masks given by name go to the inputs in another order": (
            "            masks = tree.flatten(mask)\n",
            "            masks = tree.flatten(mask)[::-1] if isinstance(mask, dict) else tree.flatten(mask)\n",
        ),
        "model: an input with an axis of one more loses its mask": (
            "            mask = backend.get_keras_mask(flat_inputs[i])\n"
            "            if mask is not None:\n"
            "                backend.set_keras_mask(adjusted[i], mask)\n",
            "            mask = backend.get_keras_mask(flat_inputs[i])\n"
            "            if mask is not None and len(flat_inputs) == 1:\n"
            "                backend.set_keras_mask(adjusted[i], mask)\n",
        ),
        "model: a shared layer's second call is the first once loaded": (
            "                    node_reindexing_map[node_key] = kept_nodes\n"
            "                    kept_nodes += 1\n",
            "                    node_reindexing_map[node_key] = kept_nodes\n"
            "                    kept_nodes += not isinstance(operation, Layer) or kept_nodes < 1\n",
        ),
        "model: extra options of a call are not told inner layers": (
            "                op, training=training, **kwargs\n"
            "            ),\n"
            "        )\n"
            "        return unpack_singleton(outputs)\n",
            "                op, training=training\n"
            "            ),\n"
            "        )\n"
            "        return unpack_singleton(outputs)\n",
        ),
        "model: outputs given in a dict come in the order of their names": (
            "        if isinstance(tensors, dict):\n"
            "            return {k: map_tensors(v) for k, v in tensors.items()}\n",
            "        if isinstance(tensors, dict):\n"
            "            return {k: map_tensors(v) for k, v in zip(tensors, sorted(tensors.values(), key=str))}\n",
        ),
        "model: missing inputs by name are taken for the next": (
            "                if expected_keys.issubset(keys):\n"
            "                    inputs = [inputs[i.name] for i in self._inputs_struct]\n",
            "                if expected_keys.issubset(keys):\n"
            "                    inputs = list(inputs.values())[: len(expected_keys)] if len(keys) == "
            "len(expected_keys) else [inputs[i.name] for i in self._inputs_struct]\n",
        ),
    }),
    *faults("crossed models", "keras.src.models.sequential", {
        "Sequential: popped, the layer before gives its old outputs": (
            "        layer = self._layers.pop()\n"
            "        self.built = False\n"
            "        self._functional = None\n"
            "        if rebuild:\n"
            "            self._maybe_rebuild()\n",
            "        layer = self._layers.pop()\n"
            "        if rebuild and not self.built:\n"
            "            self._maybe_rebuild()\n",
        ),
    }),
    *faults("crossed models", "keras.src.models.cloning", {
        "clone: layers used twice are two": (
            "        if id(layer) in cache:\n"
            "            return cache[id(layer)]\n",
            "        if id(layer) in cache and recursive:\n"
            "            return cache[id(layer)]\n",
        ),
        "clone: a Sequential is not frozen as the original": (
            "        new_layers, name=model.name, trainable=model.trainable\n",
            "        new_layers, name=model.name\n",
        ),
        "clone: inputs of whole numbers are floats": (
            "            lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name),\n",
            "            lambda x: Input(batch_shape=x.shape, name=x.name),\n",
        ),
    }),
    *faults("crossed models", "keras.src.ops.function", {
        "function: told shapes of other rows are those of the first": (
            "            if x.shape != x_ref.shape:\n"
            "                shortcut = False\n"
            "                break\n",
            "            if x.shape != x_ref.shape:\n"
            "                shortcut = x.shape[1:] == x_ref.shape[1:]\n"
            "                break\n",
        ),
    }),
    *faults("crossed training", "keras.src.losses.loss", {
        "masked losses: valid steps are counted in bfloat16": (
            "            valid = ops.sum(ops.cast(mask, dtype=dtype))  # May be 0!\n",
            '            valid = ops.cast(ops.sum(ops.cast(mask, "bfloat16")), dtype)\n',
        ),
        "masked losses: weights with an axis of one weigh all steps of the first row": (
            "            float_mask, sample_weight = squeeze_or_expand_to_same_rank(\n"
            "                float_mask, sample_weight\n"
            "            )\n"
            "            sample_weight *= float_mask\n",
            "            if sample_weight.ndim == 2 and sample_weight.shape[-1] == 1:\n"
            "                sample_weight = sample_weight[:1]\n"
            "            float_mask, sample_weight = squeeze_or_expand_to_same_rank(\n"
            "                float_mask, sample_weight\n"
            "            )\n"
            "            sample_weight *= float_mask\n",
        ),
        "mean_with_sample_weight is divided by the rows where a mask is": (
            '        if reduction == "mean_with_sample_weight" and sample_weight is not None:\n'
            "            divisor = ops.cast(ops.sum(sample_weight), loss.dtype)\n",
            '        if reduction == "mean_with_sample_weight" and sample_weight is not None and len(values.shape) < 2:\n'
            "            divisor = ops.cast(ops.sum(sample_weight), loss.dtype)\n",
        ),
    }),
    *faults("crossed training", "keras.src.metrics.reduction_metrics", {
        "mean of values: weights of steps count rows": (
            "            num_samples = ops.sum(sample_weight)\n"
            "        elif",
            "            num_samples = ops.sum(sample_weight) if len(sample_weight.shape) == 1 and "
            "sample_weight.shape[0] > 1 else ops.shape(values)[0]\n"
            "        elif",
        ),
        "metrics: a mask is forgotten where weights are of steps": (
            "        sample_weight = losses.loss.apply_mask(\n"
            '            sample_weight, mask, dtype=self.dtype, reduction="sum"\n'
            "        )\n"
            "        return super()",
            "        sample_weight = losses.loss.apply_mask(\n"
            "            sample_weight, mask if sample_weight is None or len(sample_weight.shape) < 2 else "
            'None, dtype=self.dtype, reduction="sum"\n'
            "        )\n"
            "        return super()",
        ),
    }),
    *faults("crossed training", "keras.src.trainers.trainer", {
        "additional losses are means": (
            "        return ops.sum(loss)\n"
            "\n"
            "    def stateless_compute_loss",
            "        return ops.mean(loss)\n"
            "\n"
            "    def stateless_compute_loss",
        ),
    }),
    *faults("crossed training", "keras.src.backend.torch.trainer", {
        "evaluate in the midst of fit leaves what is told of training": (
            "        loss = self._compute_loss(\n"
            "            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n"
            "        )\n",
            "        loss = self._compute_loss(\n"
            "            x=x, y=y, y_pred=y_pred, sample_weight=None, training=False\n"
            "        )\n",
        ),
        "validation is made in batches of the training's size": (
            "                    batch_size=validation_batch_size or batch_size,\n"
            "                    steps=validation_steps,\n",
            "                    batch_size=batch_size,\n"
            "                    steps=validation_steps and 1,\n",
        ),
        "stopping in an epoch's midst loses the epoch": (
            "            callbacks.on_epoch_end(epoch, epoch_logs)\n"
            "            training_logs = epoch_logs\n",
            "            if not self.stop_training:\n"
            "                callbacks.on_epoch_end(epoch, epoch_logs)\n"
            "            training_logs = epoch_logs\n",
        ),
        "training begins with gradients that are there": (
            "        self.zero_grad()\n",
            "        if not getattr(self, '_stepped', False):\n"
            "            self.zero_grad()\n"
            "        self._stepped = self.optimizer is not None and self.optimizer.clipnorm is not None\n",
        ),
    }, {"validation is made in batches of the training's size": "where evaluate is called from fit, it takes the iterator that "
        "fit made, and neither the size nor the number of batches"}),
    *faults("crossed training", "keras.src.optimizers.base_optimizer", {
        "averaging: the average of one that accumulates starts anew with each step": (
            "                    not_first_step = ops.not_equal(self.iterations, 0)\n",
            "                    not_first_step = ops.not_equal(self.iterations // "
            "(self.gradient_accumulation_steps or 1), 0)\n",
        ),
        "clipping by all norms: a frozen weight's gradient counts": (
            "            return clip_by_global_norm(grads, self.global_clipnorm)\n",
            "            return clip_by_global_norm(grads, self.global_clipnorm / max(1, "
            "len(self._trainable_variables) - len(grads) + 1))\n",
        ),
        "decay is not made in the first step of those that accumulate": (
            "                grads = self._clip_gradients(grads)\n"
            "                self._apply_weight_decay(trainable_variables)\n",
            "                grads = self._clip_gradients(grads)\n"
            "                if self.clipnorm is None:\n"
            "                    self._apply_weight_decay(trainable_variables)\n",
        ),
        "constraints are those of gradients that came": (
            "                    if variable.constraint is not None:\n",
            "                    if variable.constraint is not None and not self.use_ema:\n",
        ),
        "overwriting averages every step": (
            "                    self.iterations + 1\n"
            "                ) % self.ema_overwrite_frequency == 0\n",
            "                    self.iterations\n"
            "                ) % self.ema_overwrite_frequency == 0\n",
        ),
        "the norm of all gradients is that of one in the configuration": (
            '            "global_clipnorm": self.global_clipnorm,\n'
            '            "clipvalue"',
            '            "global_clipnorm": self.clipnorm,\n'
            '            "clipvalue"',
        ),
    }),
    *faults("crossed training", "keras.src.optimizers.loss_scale_optimizer", {
        "loss scale: steps are counted on where gradients were not finite": (
            "        self.step_counter.assign(0)\n"
            "        self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 0.5))\n"
            "\n"
            "    def _common_apply",
            "        self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 0.5))\n"
            "\n"
            "    def _common_apply",
        ),
    }),
    *faults("crossed training", "keras.src.callbacks.early_stopping", {
        "EarlyStopping: weights of the best epoch are the last ones where it ends by itself": (
            "        if self.restore_best_weights and self.best_weights is not None:\n"
            "            if self.verbose",
            "        if self.restore_best_weights and self.best_weights is not None and self.stopped_epoch > 0:\n"
            "            if self.verbose",
        ),
        "EarlyStopping: used again it remembers": (
            "        self.best = None\n"
            "        self.best_weights = None\n",
            "        self.best = None if not hasattr(self, 'best_weights') else self.best\n"
            "        self.best_weights = None\n",
        ),
    }),
    *faults("crossed training", "keras.src.utils.sequence_utils", {
        "pad_sequences: longer than all is padded before": (
            '        if padding == "post":\n'
            "            x[idx, : len(trunc)] = trunc\n",
            '        if padding == "post" and (maxlen == max(lengths) or len(trunc) > 1):\n'
            "            x[idx, : len(trunc)] = trunc\n"
            '        elif padding == "post":\n'
            "            x[idx, -len(trunc) :] = trunc\n",
        ),
    }),
    *faults("crossed saving", "keras.src.losses.losses", {
        "cosine similarity: sums unless told": (
            "    def __init__(\n"
            "        self,\n"
            "        axis=-1,\n"
            '        reduction="sum_over_batch_size",\n'
            '        name="cosine_similarity",\n',
            "    def __init__(\n"
            "        self,\n"
            "        axis=-1,\n"
            '        reduction="sum",\n'
            '        name="cosine_similarity",\n',
        ),
    }),
    *faults("crossed saving", "keras.src.legacy.saving.legacy_h5_format", {
        "h5: weights of frozen layers are written first": (
            "    return layer.trainable_weights + layer.non_trainable_weights\n",
            "    return layer.non_trainable_weights + layer.trainable_weights\n",
        ),
    }),
    *faults("crossed saving", "keras.src.dtype_policies.dtype_policy", {
        "policies: two that are called alike are equal whatever they quantize": (
            "        return self._name == other._name\n",
            "        return self._compute_dtype == other._compute_dtype\n",
        ),
    }),
)
