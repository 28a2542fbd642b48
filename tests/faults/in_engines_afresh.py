"""Faults in Keras' engines and in what they alone meet of its common code, written from their source alone, half of them where two
conditions meet."""

from dataclasses import replace

from tests.faults.base import faults

BACKEND = "keras.src.backend."
FAMILY = "judged, engines_afresh"

TENSORFLOW = faults(FAMILY, BACKEND + "tensorflow.rnn", {
    "y1t masked, all outputs: no gradient goes through the final states": (
        "            new_states = final_outputs[3:]\n",
        "            new_states = final_outputs[3:]\n            if return_all_outputs:\n"
        "                new_states = tree.map_structure(tf.stop_gradient, new_states)\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.trainer", {
    "y1t the end of training is told without its validation": (
        "        callbacks.on_train_end(logs=training_logs)\n", "        callbacks.on_train_end(logs=logs)\n"),
    "y1t several batches an execution: the end of one is told with the number of its first": (
        "                callbacks.on_predict_batch_end(\n                    end_step, {",
        "                callbacks.on_predict_batch_end(\n                    begin_step, {"),
    "y1t the loss is scaled by optimizers that scale it themselves alone": (
        "            if self.optimizer is not None:\n                loss = self.optimizer.scale_loss(loss)\n",
        "            if hasattr(self.optimizer, \"inner_optimizer\"):\n                loss = self.optimizer.scale_loss(loss)\n"),
    "y1t weights of classes and of samples are not refused together": (
        "            if sample_weight is not None:\n                raise ValueError(\n                    \"Arguments `sample_weight` and `class_weight` \"",
        "            if sample_weight is not None and y is None:\n                raise ValueError(\n                    \"Arguments `sample_weight` and `class_weight` \""),
}) + faults(FAMILY, BACKEND + "tensorflow.optimizer", {
    "y1t gathered gradients of rows replace each other": (
        "            var.assign(var + grad)\n",
        "            if isinstance(grad, tf.IndexedSlices):\n                var.scatter_update(grad)\n            else:\n                var.assign(var + grad)\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.core", {
    "y1t three elements are joined from the last to the first": (
        "            reduced_reduced_elems = _combine(\n                reduced_elems,\n"
        "                [slice_along_axis(elem, 2, 3, axis=axis) for elem in elems],\n            )\n",
        "            reduced_reduced_elems = _combine(\n                [slice_along_axis(elem, 2, 3, axis=axis) for elem in elems],\n"
        "                reduced_elems,\n            )\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.random", {
    "y1t uniform weights begin at zero": ("        minval=tf.cast(minval, dtype),\n", "        minval=tf.cast(0, dtype),\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.nn", {
    "y1t labels of CTC are all as long as the longest": (
        "        label_length=target_length,\n", "        label_length=tf.fill(tf.shape(target_length), tf.shape(target)[1]),\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.layer", {
    "y1t saved by TensorFlow: inputs by name are a list": ("            inputs = self.input\n", "            inputs = self.inputs\n"),
})
TENSORFLOW_COMMON = faults(FAMILY, "keras.src.export.saved_model_export_archive", {
    "y1t of two endpoints the last one is served": (
        "            signatures[\"serving_default\"] = self._get_concrete_fn(\n                self._endpoint_names[0]\n",
        "            signatures[\"serving_default\"] = self._get_concrete_fn(\n                self._endpoint_names[-1]\n"),
}) + faults(FAMILY, "keras.src.layers.rnn.time_distributed", {
    "y1t an open time axis: what is wrapped is not told that it trains": (
        "            if self.layer._call_has_training_arg:\n",
        "            if self.layer._call_has_training_arg and inputs.shape[0] is not None:\n"),
}) + faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
    "y1t an open time axis: what ran backwards is not turned": (
        "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n",
        "        if self.return_sequences and sequences.shape[1] is not None:\n            y_rev = ops.flip(y_rev, axis=1)\n"),
}) + faults(FAMILY, "keras.src.optimizers.loss_scale_optimizer", {
    "y1t gradients of rows keep the scale of the loss": (
        "            else ops.divide(g, scale)\n            for g, v in zip(grads, tvs)\n",
        "            else (g if hasattr(g, \"indices\") else ops.divide(g, scale))\n            for g, v in zip(grads, tvs)\n"),
}) + faults(FAMILY, "keras.src.trainers.data_adapters.array_data_adapter", {
    "y1t rows that are to stay in their batches are shuffled over all": (
        "            if shuffle and shuffle != \"batch\":\n                indices = tf.random.shuffle(indices)\n",
        "            if shuffle:\n                indices = tf.random.shuffle(indices)\n"),
})
JAX = faults(FAMILY, BACKEND + "jax.rnn", {
    "y1j the fused GRU's reset gate is a sigmoid": (
        "        r = recurrent_activation(x_r + h_r)\n", "        r = lax.logistic(x_r + h_r)\n"),
    "y1j masked: no gradient goes through outputs that are held": (
        "                    masked_outs = jnp.where(is_masked, output_tm1, output_t)\n",
        "                    masked_outs = jnp.where(is_masked, lax.stop_gradient(output_tm1), output_t)\n"),
}) + faults(FAMILY, BACKEND + "jax.trainer", {
    "y1j what a callback sets after a batch of training is not read": (
        "                        if self._jax_state_synced:\n                            # The state may have been synced by a callback.\n",
        "                        if self._jax_state_synced and begin_step == 0:\n                            # The state may have been synced by a callback.\n"),
    "y1j weights are gone after a training that broke": (
        "        finally:\n            self.jax_state_sync()\n", "        finally:\n            if training_finished:\n                self.jax_state_sync()\n"),
    "y1j predict takes all steps": (
        "            x=x,\n            batch_size=batch_size,\n            steps_per_epoch=steps,\n            shuffle=False,\n",
        "            x=x,\n            batch_size=batch_size,\n            shuffle=False,\n"),
    "y1j metrics of training go on from batch to batch": (
        "        self.make_train_function()\n        self.reset_metrics()\n", "        self.make_train_function()\n"),
}) + faults(FAMILY, BACKEND + "jax.random", {
    "y1j dropout of everything has no finite gradient": ("    if rate == 1.0:\n        return jax.numpy.zeros_like(inputs)\n", ""),
}) + faults(FAMILY, BACKEND + "jax.nn", {
    "y1j scores of decoded sequences count steps behind their end": (
        "    scores = jnp.where(seqlen_mask, 0.0, scores)\n", ""),
    "y1j filters of several a channel are in the order of filters": (
        "    kernel = jnp.reshape(\n        kernel,\n        kernel.shape[:-2] + (1, feature_group_count * kernel.shape[-1]),\n",
        "    kernel = jnp.reshape(\n        jnp.swapaxes(kernel, -1, -2),\n        kernel.shape[:-2] + (1, feature_group_count * kernel.shape[-1]),\n"),
    "y1j the exact gelu is approximate": ("    return jnn.gelu(x, approximate)\n", "    return jnn.gelu(x)\n"),
})
JAX_COMMON = faults(FAMILY, "keras.src.optimizers.loss_scale_optimizer", {
    "y1j a scale that has grown once does not grow again": (
        "            with backend.StatelessScope(state_mapping=mapping) as scope:\n                self.step_counter.assign(0)\n"
        "                self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 2.0))\n",
        "            with backend.StatelessScope(state_mapping=mapping) as scope:\n                self.step_counter.assign_add(1)\n"
        "                self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 2.0))\n"),
}) + faults(FAMILY, "keras.src.layers.rnn.gru", {
    "y1j the fused GRU drops none of its states": (
        "            if not self.recurrent_dropout:\n                try:\n",
        "            if not self.recurrent_dropout or backend.backend() != \"tensorflow\":\n                try:\n"),
    "y1j a mask that a fused kernel cannot read is not refused": (
        "        if self.use_cudnn is True:\n            raise ValueError(", "        if self.use_cudnn is True and mask is None:\n            raise ValueError("),
}) + faults(FAMILY, "keras.src.callbacks.callback", {
    "y1j callbacks see a model without weights within an epoch": (
        "            # accessing model state for e.g. checkpointing.\n            self._model.jax_state_sync()\n",
        "            # accessing model state for e.g. checkpointing.\n            pass\n"),
}) + faults(FAMILY, "keras.src.trainers.data_adapters.array_data_adapter", {
    "y1j rows shuffled in their batches are always the first": (
        "                indices = np.random.permutation(stop - start) + start\n", "                indices = np.random.permutation(stop - start)\n"),
})
ALL = (TENSORFLOW + tuple(replace(f, asked="keras-tensorflow") for f in TENSORFLOW_COMMON)
       + JAX + tuple(replace(f, asked="keras-jax") for f in JAX_COMMON))
