"""Faults in Keras' engines on TensorFlow and JAX, and in common code that only these run, as a judge from outside would plant them:
half of them in one place, half where two conditions meet."""

from dataclasses import replace

from tests.faults.base import Fault, faults

FAMILY = "judged again, engines"
T, J, COMMON = "keras.src.backend.tensorflow.", "keras.src.backend.jax.", "keras.src."


def asked(subject: str, found: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Faults in common code, of which one engine is asked."""
    return tuple(replace(fault, asked=subject) for fault in found)


ON_TENSORFLOW = faults(FAMILY, T + "rnn", {
    "backwards over an open time axis: the mask is not turned": (
        "            if go_backwards:\n                mask = tf.reverse(mask, [0])\n",
        "            if go_backwards and time_steps is not None:\n                mask = tf.reverse(mask, [0])\n"),
    "backwards: what is put out before the first step that counts is not zero": (
        "                tf.zeros_like(o) for o in tree.flatten(output_time_zero)\n",
        "                o if go_backwards else tf.zeros_like(o) for o in tree.flatten(output_time_zero)\n"),
    "unrolled: a masked step goes back to the states at the start": (
        "                flat_states = tree.flatten(states)\n                flat_new_states = tree.flatten(new_states)\n",
        "                flat_states = tree.flatten(tuple(initial_states))\n                flat_new_states = tree.flatten(new_states)\n"),
    "masked states are held only where all outputs are returned": (
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n",
        "                flat_final_state = (\n                    compute_masked_output(mask_t, flat_new_state, flat_state) if return_all_outputs else tuple(flat_new_state)\n                )\n"),
    "zeros at masked steps: not over an open time axis": (
        "                    if zero_output_for_mask\n", "                    if zero_output_for_mask and time_steps is not None\n"),
    "backwards, as many rows as steps: rows are turned": (
        "                else ta.unstack(tf.reverse(input_, [0]))\n", "                else ta.unstack(tf.reverse(input_, [int(input_.shape[0] == input_.shape[1])]))\n"),
}) + faults(FAMILY, T + "trainer", {
    "train_on_batch: weights of classes and of samples at once are let pass": (
        "            if sample_weight is not None:\n                raise ValueError(\n", "            if sample_weight is not None and y is None:\n                raise ValueError(\n"),
    "averaged weights are not put in at the end where there is validation": (
        "            and epochs > 0\n", "            and epochs > 0\n            and validation_data is None\n"),
    "a loss is not scaled before its gradients are taken": (
        "                loss = self.optimizer.scale_loss(loss)\n", "                self.optimizer.scale_loss(loss)\n"),
}) + faults(FAMILY, T + "optimizer", {
    "gathered gradients of an embedding's rows take the place of those before": (
        "            var.assign(var + grad)\n",
        "            if isinstance(grad, tf.IndexedSlices):\n                var.scatter_update(grad)\n            else:\n                var.assign(var + grad)\n"),
}) + faults(FAMILY, T + "nn", {
    "cross-entropy of a softmax: probabilities are taken for logits": (
        "        output_ = output._keras_logits\n        from_logits_ = True\n", "        from_logits_ = True\n"),
    "CTC: steps past the length of a row count": (
        "        logit_length=output_length,\n", "        logit_length=tf.fill(tf.shape(output_length), tf.shape(output)[1]),\n"),
    "grouped attention: heads of queries take keys in turn": (
        "        key = tf.repeat(key, repeats=groups, axis=2)\n", "        key = tf.tile(key, [1, 1, groups, 1])\n"),
    "ELU of another alpha: what is positive is scaled too": (
        "        return tf.where(x > 0, res, alpha * res)\n", "        return alpha * res\n"),
}) + faults(FAMILY, T + "numpy", {
    "sums: what fits the last axis and the second is laid along the second": (
        "        if x1.shape[-1] == x2_squeeze_shape[0]:\n            data_format = \"NHWC\"\n", "        if x1.shape[1] != x2_squeeze_shape[0]:\n            data_format = \"NHWC\"\n"),
    "joined tensors of several precisions come in that of the first": (
        "    xs = tree.map_structure(convert_to_tensor, xs)\n    dtype_set = set([x.dtype for x in xs])\n",
        "    xs = tree.map_structure(convert_to_tensor, xs)\n    xs = [tf.cast(x, xs[0].dtype) for x in xs]\n    dtype_set = set([x.dtype for x in xs])\n"),
}) + asked("keras-tensorflow", faults(FAMILY, COMMON + "layers.rnn.bidirectional", {
    "Bidirectional over an open time axis: what runs backwards is not turned": (
        "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n",
        "        if self.return_sequences and y_rev.shape[1] is not None:\n            y_rev = ops.flip(y_rev, axis=1)\n"),
}) + faults(FAMILY, COMMON + "callbacks.swap_ema_weights", {
    "weights that are swapped for their averages are the sum of both": (
        "                lambda a, b: a.assign(a - b),\n", "                lambda a, b: a.assign(a),\n"),
}) + faults(FAMILY, COMMON + "layers.attention.attention", {
    "attention over an open time axis looks ahead though it may not": (
        "        if use_causal_mask:\n", "        if use_causal_mask and scores.shape[-1] is not None:\n"),
}) + faults(FAMILY, COMMON + "export.saved_model_export_archive", {
    "a name that is taken takes the place of an endpoint": (
        "        if name in self._endpoint_names:\n", "        if name in self._endpoint_names and input_signature is None:\n"),
}) + faults(FAMILY, COMMON + "trainers.data_adapters.generator_data_adapter", {
    "generators may give no None for weights": (
        "            if x is None:\n                return tf.experimental.Optional.empty(None)\n", ""),
}) + faults(FAMILY, COMMON + "trainers.data_adapters.py_dataset_adapter", {
    "a PyDataset of one batch is too short": (
        "                num_samples = min(num_samples, num_batches)\n", "                num_samples = max(num_samples, 1)\n"),
}) + faults(FAMILY, COMMON + "trainers.data_adapters.data_adapter_utils", {
    "generators: targets of a smaller batch are refused": (
        "    if batch_axis_to_none:\n", "    if batch_axis_to_none and len(shape) > 2:\n"),
}) + faults(FAMILY, COMMON + "trainers.data_adapters.tf_dataset_adapter", {
    "weights of classes: steps of one-hot targets are taken for classes": (
        "                lambda: tf.argmax(y, axis=-1, output_type=tf.int32),\n", "                lambda: tf.argmax(y, axis=1, output_type=tf.int32),\n"),
}) + faults(FAMILY, COMMON + "layers.rnn.rnn", {
    "a stateful layer keeps no states where the time axis is open": (
        "        if self.stateful:\n            for self_state, state in zip(\n", "        if self.stateful and timesteps is not None:\n            for self_state, state in zip(\n"),
}))
ON_JAX = faults(FAMILY, J + "rnn", {
    "zeros at masked steps: not backwards": (
        "                if zero_output_for_mask:\n", "                if zero_output_for_mask and not go_backwards:\n"),
    "as many rows as steps: a mask is read row by row": (
        "        if not time_major:\n            mask = swap", "        if not time_major and mask.shape[0] != mask.shape[1]:\n            mask = swap"),
    "backwards to the last output: it is that of the first step": (
        "        if go_backwards:\n            outputs = jnp.flip(outputs, axis=0)\n", "        if go_backwards and return_all_outputs:\n            outputs = jnp.flip(outputs, axis=0)\n"),
    "unrolled: states are held only where all rows are masked": (
        "                    _expand_mask(mask_t, s) for s in flat_states\n", "                    _expand_mask(mask_t | jnp.any(mask_t), s) for s in flat_states\n"),
    "the last state goes on over masked steps where one output is returned": (
        "                new_states = tree.map_structure(\n                    lambda s, ns: jnp.where(is_masked, s, ns),\n",
        "                new_states = tree.map_structure(\n                    lambda s, ns: ns if s is states[-1] and len(states) > 1 and not return_all_outputs else jnp.where(is_masked, s, ns),\n"),
}) + faults(FAMILY, J + "trainer", {
    "losses are scaled by what the scale was at first": (
        "            mapping = list(zip(self.optimizer.variables, optimizer_variables))\n", "            mapping = []\n"),
    "train_on_batch on JAX: weights of classes and of samples at once are let pass": (
        "            if sample_weight is not None:\n                raise ValueError(\n", "            if sample_weight is not None and y is None:\n                raise ValueError(\n"),
}) + faults(FAMILY, J + "optimizer", {
    "weights do not decay where gradients are gathered": (
        "            self._apply_weight_decay(trainable_variables)\n\n            self._backend_update_step(\n                grads, trainable_variables, self.learning_rate\n            )\n            new_trainable_vars",
        "            self._backend_update_step(\n                grads, trainable_variables, self.learning_rate\n            )\n            new_trainable_vars"),
    "weights are not averaged where gradients are gathered": (
        "        if self.use_ema:\n", "        if self.use_ema and not self.gradient_accumulation_steps:\n"),
}) + faults(FAMILY, J + "nn", {
    "normalization that is scaled, not shifted: means are not scaled": (
        "        scale = jnp.reshape(scale, shape)\n        inv = inv * scale\n\n    res = -mean * inv\n",
        "        scale = jnp.reshape(scale, shape)\n    mean_inv, inv = inv, inv if scale is None else inv * scale\n    res = -mean * (mean_inv if offset is None else inv)\n"),
    "binary cross-entropy of logits: soft targets count as ones": (
        "- (1.0 - target) * log_neg_logits\n", "- (target == 0) * log_neg_logits\n"),
    "CTC: labels that come twice need no blank between them": (
        "    repeat = jnp.pad(repeat, ((0, 0), (0, 1)))\n", "    repeat = jnp.pad(repeat, ((0, 0), (1, 0)))\n"),
}) + faults(FAMILY, J + "random", {
    "dropout of whole rows or channels is not made up for": (
        "        mask, inputs / keep_prob, jax.numpy.zeros_like(inputs)\n",
        "        mask, inputs / (keep_prob if tuple(noise_shape) == inputs.shape else 1.0), jax.numpy.zeros_like(inputs)\n"),
}) + faults(FAMILY, J + "export", {
    "exported: open axes of two inputs must be equal": (
        "            poly_shape = []\n", "            poly_shape = []\n            dim_names = iter(string.ascii_lowercase)\n"),
}) + asked("keras-jax", faults(FAMILY, COMMON + "layers.layer", {
    "stateless calls: losses are those of the layer alone": (
        "                losses = self.losses\n\n        # Gather", "                losses = self._get_own_losses()\n\n        # Gather"),
}) + faults(FAMILY, COMMON + "random.seed_generator", {
    "traced: every step draws the same": (
        "        if ordered:\n            increment", "        if ordered and jax_utils.is_in_jax_tracing_scope():\n            pass\n        elif ordered:\n            increment"),
}) + faults(FAMILY, COMMON + "trainers.data_adapters.array_data_adapter", {
    "shuffled within batches: all batches are of the first rows": (
        "                indices = np.random.permutation(stop - start) + start\n", "                indices = np.random.permutation(stop - start)\n"),
}) + faults(FAMILY, COMMON + "backend.common.variables", {
    "mixed precision: weights that come from outside are not cast": (
        "            if value is not None:\n                return self._maybe_autocast(value)\n", "            if value is not None:\n                return value\n"),
}) + faults(FAMILY, COMMON + "callbacks.callback", {
    "callbacks see the weights of the epoch before": (
        "            self._model.jax_state_sync()\n", "            pass\n"),
}) + faults(FAMILY, COMMON + "optimizers.loss_scale_optimizer", {
    "traced: a loss that overflowed does not begin the count anew": (
        "        with backend.StatelessScope(state_mapping=mapping) as scope:\n            self.step_counter.assign(0)\n",
        "        with backend.StatelessScope(state_mapping=mapping) as scope:\n"),
}))
ALL = (*ON_TENSORFLOW, *ON_JAX)
