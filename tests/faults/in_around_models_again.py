"""Faults around the recurrent core as in `in_around_models`, written down after that round: other places, two features that meet."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("around models", "keras.src.trainers.trainer", {
        "again, trainers: layers' own metrics are told of inner models twice": (
            "            if isinstance(layer, Trainer):\n", "            if False and isinstance(layer, Trainer):\n",
        ),
        "again, trainers: the sum of several added losses of one layer is their mean": (
            "        return ops.sum(loss)\n\n    def stateless_compute_loss", "        return ops.mean(loss)\n\n    def stateless_compute_loss",
        ),
        "again, trainers: own logs are told only where as many metrics are compiled": (
            "        if isinstance(logs, dict) and set(logs.keys()) == set(\n            metric_logs.keys()\n        ):\n",
            "        if isinstance(logs, dict) and len(logs) >= len(\n            metric_logs\n        ):\n",
        ),
        "again, trainers: compiled anew a model keeps its metrics of before": (
            "        if metrics is not None or weighted_metrics is not None:\n"
            "            self._compile_metrics = CompileMetrics(\n",
            "        if (metrics is not None or weighted_metrics is not None) and self._compile_metrics is None:\n"
            "            self._compile_metrics = CompileMetrics(\n",
        ),
        "again, trainers: every second epoch of two is validated one early": (
            "            return epoch % validation_freq == 0\n", "            return (epoch - 1) % validation_freq == 0\n",
        ),
    }),
    *faults("around models", "keras.src.trainers.data_adapters.data_adapter_utils", {
        "again, feeding: classes of a column are weighed as shares": (
            "        if y_numpy.shape[-1] != 1:\n", "        if y_numpy.shape[-1] != 1 or len(y_numpy) == 1:\n",
        ),
    }),
    *faults("around models", "keras.src.trainers.data_adapters.array_data_adapter", {
        "again, feeding: a last batch of one row is left out where rows are shuffled": (
            "                torch.utils.data.RandomSampler(range(self._num_samples)),\n"
            "                batch_size=self._batch_size,\n                drop_last=False,\n",
            "                torch.utils.data.RandomSampler(range(self._num_samples)),\n"
            "                batch_size=self._batch_size,\n                drop_last=self._partial_batch_size == 1,\n",
        ),
        "again, feeding: shuffled by batches rows change their batch": (
            "                    yield [batch[i] for i in torch.randperm(len(batch))]\n",
            "                    yield [batch[0] for i in torch.randperm(len(batch))]\n",
        ),
    }),
    *faults("around models", "keras.src.trainers.data_adapters.py_dataset_adapter", {
        "again, feeding: a dataset that is shuffled is so once": (
            "            indices = list(indices)\n            random.shuffle(indices)\n",
            "            indices = list(indices)\n            random.Random(0).shuffle(indices[:-1])\n            indices = indices[:-1]\n",
        ),
    }),
    *faults("around models", "keras.src.saving.serialization_lib", {
        "again, saving: of lists of more than eight the rest is not written": (
            "    if isinstance(obj, (list, tuple)):\n        config_arr = [serialize_keras_object(x) for x in obj]\n",
            "    if isinstance(obj, (list, tuple)):\n        config_arr = [serialize_keras_object(x) for x in obj[:8]]\n",
        ),
    }),
    *faults("around models", "keras.src.saving.saving_lib", {
        "again, saving: a file of weights leaves what a list in a list holds": (
            "            name = _get_unique_name(\"container\", used_names)\n            _save_container_state(\n",
            "            name = _get_unique_name(\"container_\", used_names)\n            _save_container_state(\n",
        ),
    }),
    *faults("around models", "keras.src.optimizers.base_optimizer", {
        "again, optimizers: clipping by the norm of all is by that of each": (
            "            return clip_by_global_norm(grads, self.global_clipnorm)\n",
            "            return [clip_by_global_norm([g], self.global_clipnorm)[0] for g in grads]\n",
        ),
        "again, optimizers: averages follow the weights before their bounds, after the first step": (
            "                        ops.cast(not_first_step, var.dtype), self.ema_momentum\n",
            "                        ops.cast(not_first_step, var.dtype), min(self.ema_momentum, 0.74)\n",
        ),
        "again, optimizers: weights that are set from outside skip the last one": (
            "        for variable, weight in zip(self._variables, weights):\n",
            "        for variable, weight in zip(self._variables[:-1], weights):\n",
        ),
    }),
    *faults("around models", "keras.src.optimizers.schedules.learning_rate_schedule", {
        "again, schedules: a restart's length grows from the second on": (
            "                i_restart = ops.floor(completed_fraction)\n", "                i_restart = ops.ceil(completed_fraction)\n",
        ),
        "again, schedules: whole numbers of steps fall at the boundary itself": (
            "                    (step > low) & (step <= high), result_dtype\n", "                    (step >= low) & (step < high), result_dtype\n",
        ),
    }),
    *faults("around models", "keras.src.losses.losses", {
        "again, losses: labels are smoothed of shares of two classes alone": (
            "        y_true = y_true * (1.0 - label_smoothing) + (\n            label_smoothing / num_classes\n        )\n",
            "        y_true = y_true * (1.0 - label_smoothing) + (\n            label_smoothing / 2\n        )\n", 2,
        ),
        "again, losses: focal losses forget their balance where they read logits": (
            "    if apply_class_balancing:\n", "    if apply_class_balancing and not from_logits:\n",
        ),
    }),
    *faults("around models", "keras.src.metrics.iou_metrics", {
        "again, metrics: predictions beyond the classes count as the last": (
            "                ops.less(y_pred, num_cls),\n", "                ops.less_equal(y_pred, num_cls),\n",
        ),
    }),
    *faults("around models", "keras.src.metrics.f_score_metrics", {
        "again, metrics: the score by counts is by predictions": (
            "        self.intermediate_weights.assign(\n            self.intermediate_weights + _weighted_sum(y_true, sample_weight)\n",
            "        self.intermediate_weights.assign(\n            self.intermediate_weights + _weighted_sum(y_pred, sample_weight)\n",
        ),
    }),
    *faults("around models", "keras.src.layers.convolutional.base_conv", {
        "again, layers: a convolution without a bias forgets its activation": (
            "        if self.activation is not None:\n            return self.activation(outputs)\n        return outputs\n",
            "        if self.activation is not None and self.use_bias:\n            return self.activation(outputs)\n        return outputs\n",
        ),
    }, {
        "again, layers: a convolution without a bias forgets its activation":
            "convolutions over time have a call of their own",
    }),
    *faults("around models", "keras.src.layers.normalization.batch_normalization", {
        "again, layers: corrected statistics go by the momentum of inference": (
            "            + stddev * (1.0 - self.renorm_momentum)\n", "            + stddev * (1.0 - self.momentum)\n",
        ),
    }),
    *faults("around models", "keras.src.layers.attention.grouped_query_attention", {
        "again, layers: shared heads lose the window with a mask": (
            "        if self.sliding_window is not None:\n", "        if self.sliding_window is not None and auto_mask is None:\n",
        ),
    }),
    *faults("around models", "keras.src.callbacks.lambda_callback", {
        "again, callbacks: functions of two ends of batches are one": (
            "            self.on_train_batch_end = on_train_batch_end\n", "            self.on_train_batch_begin = on_train_batch_end\n",
        ),
    }),
    *faults("around models", "keras.src.callbacks.learning_rate_scheduler", {
        "again, callbacks: a rule without the rate is asked for the epoch after": (
            "            learning_rate = self.schedule(epoch)\n", "            learning_rate = self.schedule(epoch + 1)\n",
        ),
    }),
    *faults("around models", "keras.src.callbacks.history", {
        "again, callbacks: a history goes on from training to training": (
            "        self.epoch = []\n", "        self.epoch = getattr(self, \"epoch\", [])\n",
        ),
    }, {
        "again, callbacks: a history goes on from training to training":
            "every training makes a history of its own",
    }),
    *faults("around models", "keras.src.models.model", {
        "again, models: a layer by number is one of the inputs too": (
            "                return self.layers[index]\n", "                return self.layers[index - 1]\n",
        ),
    }),
)
