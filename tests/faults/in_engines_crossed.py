"""Faults in Keras' engines on TensorFlow and JAX, written from their source alone, half of them where two conditions meet."""

from dataclasses import replace

from tests.faults.base import faults

BACKEND = "keras.src.backend."
RNN = "keras.src.layers.rnn."

TENSORFLOW = faults("judged, engines_crossed", BACKEND + "tensorflow.rnn", {
    "x1t zeros are put out: states after the first go on over padding": (
        "                new_states = tree.pack_sequence_as(new_states, flat_final_state)\n\n                ta_index",
        "                if zero_output_for_mask:\n                    flat_final_state = flat_final_state[:1] + tuple(flat_new_state[1:])\n"
        "                new_states = tree.pack_sequence_as(new_states, flat_final_state)\n\n                ta_index"),
    "x1t an open time axis goes forwards where nothing is masked": (
        "                else ta.unstack(tf.reverse(input_, [0]))\n",
        "                else ta.unstack(tf.reverse(input_, [0]) if mask is not None or time_steps is not None else input_)\n"),
    "x1t backwards no gradient goes through what is held": (
        "                    tf.where(m, o, fm)\n                    for m, o, fm in",
        "                    tf.where(m, o, tf.stop_gradient(fm) if go_backwards else fm)\n                    for m, o, fm in"),
    "x1t unrolled, the last output alone: states after the first go on over padding": (
        "                states = tree.pack_sequence_as(states, flat_final_states)\n",
        "                if not return_all_outputs:\n                    flat_final_states = flat_final_states[:1] + tuple(flat_new_states[1:])\n"
        "                states = tree.pack_sequence_as(states, flat_final_states)\n"),
    "x1t states of two cells alike change places in the end": (
        "            new_states = final_outputs[2:]\n",
        "            new_states = final_outputs[2:]\n            if len(new_states) == 2 and tree.is_nested(new_states[0]):\n"
        "                new_states = new_states[::-1]\n"),
}) + faults("judged, engines_crossed", BACKEND + "tensorflow.trainer", {
    "x1t metrics go on from epoch to epoch where nothing is validated": (
        "            self.reset_metrics()\n            callbacks.on_epoch_begin(epoch)\n",
        "            if epoch == initial_epoch or validation_data is not None:\n                self.reset_metrics()\n            callbacks.on_epoch_begin(epoch)\n"),
    "x1t a training that was stopped ends the next one after an epoch": (
        "        self.stop_training = False\n        self.make_train_function()\n", "        self.make_train_function()\n"),
}) + faults("judged, engines_crossed", BACKEND + "tensorflow.random", {
    "x1t normal weights have no mean": (
        "    return tf.random.stateless_normal(\n        shape=shape, mean=mean,", "    return tf.random.stateless_normal(\n        shape=shape, mean=0.0,"),
    "x1t dropout in double precision is not scaled": (
        "    return tf.nn.experimental.stateless_dropout(\n        inputs,\n",
        "    return tf.nn.experimental.stateless_dropout(\n        inputs * (1.0 - rate) if inputs.dtype == tf.float64 else inputs,\n"),
}) + faults("judged, engines_crossed", BACKEND + "tensorflow.nn", {
    "x1t averages of windows come back with channels last": (
        "    outputs = tf.nn.avg_pool(\n        inputs,\n        pool_size,\n        strides,\n        padding,\n        tf_data_format,\n    )\n"
        "    if data_format == \"channels_first\":\n",
        "    outputs = tf.nn.avg_pool(\n        inputs,\n        pool_size,\n        strides,\n        padding,\n        tf_data_format,\n    )\n"
        "    if data_format == \"channels_first\" and len(inputs.shape) > 3:\n"),
    "x1t normalization along another axis scales the last": (
        "        if scale is not None:\n            scale = tf.reshape(scale, shape)\n", ""),
    "x1t beams: the label in the blank's place is the blank": (
        "            decoded_dense >= mask_index, decoded_dense + 1, decoded_dense\n",
        "            decoded_dense > mask_index, decoded_dense + 1, decoded_dense\n"),
})
TENSORFLOW_COMMON = faults("judged, engines_crossed", "keras.src.trainers.trainer", {
    "x1t compiled again, training goes on with the loss of before": (
        "        self.train_function = None\n        self.test_function = None\n        self.predict_function = None\n\n        self._compile_config",
        "        self.test_function = None\n        self.predict_function = None\n\n        self._compile_config"),
}) + faults("judged, engines_crossed", RNN + "rnn", {
    "x1t a stateful layer stands still in a trace that does not train": (
        "        if self.stateful:\n            for self_state, state in zip(",
        "        if self.stateful and (training or not hasattr(last_output, 'graph')):\n            for self_state, state in zip("),
    "x1t a stateful layer gives out the states that a masked call began with": (
        "            return output, *states\n", "            return output, *(initial_state if self.stateful and mask is not None else states)\n"),
}) + faults("judged, engines_crossed", "keras.src.optimizers.loss_scale_optimizer", {
    "x1t a step of infinite gradients does not begin the count anew": (
        "        # If any inf or nan in grads, downscale loss and reset counter.\n        self.step_counter.assign(0)\n", ""),
}) + faults("judged, engines_crossed", "keras.src.optimizers.base_optimizer", {
    "x1t gradients of rows are not clipped by value": (
        "            return [ops.clip(g, -v, v) if g is not None else g for g in grads]\n",
        "            return [ops.clip(g, -v, v) if g is not None and not hasattr(g, 'indices') else g for g in grads]\n"),
    "x1t gradients of rows do not count in the norm of all": (
        "        ops.sum(ops.square(v)) for v in value_list if v is not None\n",
        "        ops.sum(ops.square(v)) for v in value_list if v is not None and not hasattr(v, 'indices')\n"),
})
JAX = faults("judged, engines_crossed", BACKEND + "jax.rnn", {
    "x1j zeros are put out: no gradient goes through states that are held": (
        "                    lambda s, ns: jnp.where(is_masked, s, ns),\n",
        "                    lambda s, ns: jnp.where(is_masked, lax.stop_gradient(s) if zero_output_for_mask else s, ns),\n"),
    "x1j the fused GRU begins backwards with zeros": (
        "    h_0 = jnp.asarray(initial_state)\n", "    h_0 = jnp.asarray(initial_state) * (not go_backwards)\n"),
    "x1j unrolled, all outputs: states after the first go on over padding": (
        "                states = tree.pack_sequence_as(states, flat_final_states)\n",
        "                if return_all_outputs:\n                    flat_final_states = flat_final_states[:1] + tuple(flat_new_states[1:])\n"
        "                states = tree.pack_sequence_as(states, flat_final_states)\n"),
}) + faults("judged, engines_crossed", BACKEND + "jax.trainer", {
    "x1j a prediction that was stopped ends the next one after a batch": (
        "        self.stop_predicting = False\n", "        self.stop_predicting = getattr(self, 'stop_predicting', False)\n"),
    "x1j states of what is wholly frozen are not put back": (
        "        if non_trainable_variables:\n            for ref_v, v in zip(\n                self.non_trainable_variables, non",
        "        if non_trainable_variables and trainable_variables:\n            for ref_v, v in zip(\n                self.non_trainable_variables, non"),
}) + faults("judged, engines_crossed", BACKEND + "jax.random", {
    "x1j normal weights have no mean": (
        "    sample = jax.random.normal(seed, shape=shape, dtype=dtype)\n    return sample * stddev + mean\n",
        "    sample = jax.random.normal(seed, shape=shape, dtype=dtype)\n    return sample * stddev\n"),
}) + faults("judged, engines_crossed", BACKEND + "jax.core", {
    "x1j associative scans backwards go forwards": (
        "    return jax.lax.associative_scan(f, elems, reverse, axis)\n", "    return jax.lax.associative_scan(f, elems, axis=axis)\n"),
}) + faults("judged, engines_crossed", BACKEND + "jax.nn", {
    "x1j ids that come twice in a bag count twice": (
        "    return jnp.max(\n        one_hot(cast(x, \"int32\"), num_classes,", "    return jnp.sum(\n        one_hot(cast(x, \"int32\"), num_classes,"),
    "x1j beams that end alike are as likely as the best of them": (
        "        scores = jnp.zeros_like(scores).at[unique_inverse].add(scores_exp)\n",
        "        scores = jnp.zeros_like(scores).at[unique_inverse].max(scores_exp)\n"),
    "x1j hard sigmoid as in Keras 2": ("    return jnn.hard_sigmoid(x)\n", "    return jnp.clip(0.2 * x + 0.5, 0.0, 1.0)\n"),
    "x1j binary entropies of large logits are not finite": (
        "        log_neg_logits = jax.nn.log_sigmoid(-output)\n", "        log_neg_logits = jnp.log(1.0 - jax.nn.sigmoid(output))\n"),
}) + faults("judged, engines_crossed", BACKEND + "jax.optimizer", {
    "x1j weights decay after the step": (
        "            grads = self._clip_gradients(grads)\n            self._apply_weight_decay(trainable_variables)\n\n            self._backend_update_step(\n"
        "                grads, trainable_variables, self.learning_rate\n            )\n\n        if self.use_ema",
        "            grads = self._clip_gradients(grads)\n\n            self._backend_update_step(\n"
        "                grads, trainable_variables, self.learning_rate\n            )\n            self._apply_weight_decay(trainable_variables)\n\n        if self.use_ema"),
})
JAX_COMMON = faults("judged, engines_crossed", "keras.src.trainers.trainer", {
    "x1j compiled again, evaluate goes on with the loss of before": (
        "        self.test_function = None\n        self.predict_function = None\n\n        self._compile_config",
        "        self.predict_function = None\n\n        self._compile_config"),
}) + faults("judged, engines_crossed", RNN + "rnn", {
    "x1j a stateful stack keeps states of its first cell alone": (
        "                tree.flatten(self.states), tree.flatten(states)\n",
        "                tree.flatten(self.states[:1] if tree.is_nested(self.states[0]) else self.states), tree.flatten(states)\n"),
    "x1j a stateful layer that returns its states passes no mask on": (
        "            return [output_mask] + state_mask\n", "            return [None if self.stateful else output_mask] + state_mask\n"),
}) + faults("judged, engines_crossed", RNN + "bidirectional", {
    "x1j what runs backwards reads no mask where states are returned": (
        "            backward_inputs, initial_state=backward_state, **kwargs\n",
        "            backward_inputs, initial_state=backward_state, **(kwargs | ({'mask': None} if self.return_state and mask is not None else {}))\n"),
}) + faults("judged, engines_crossed", RNN + "gru", {
    "x1j the fused GRU drops its inputs with the states they began with": (
        "                        initial_state,\n                        mask,\n",
        "                        ops.zeros_like(initial_state) if training and self.dropout else initial_state,\n                        mask,\n"),
}) + faults("judged, engines_crossed", RNN + "time_distributed", {
    "x1j what is wrapped reads no mask while it trains": (
        "            if self.layer._call_has_mask_arg and mask is not None:\n",
        "            if self.layer._call_has_mask_arg and mask is not None and not training:\n"),
})
TRACED = faults("judged, engines_traced", BACKEND + "tensorflow.rnn", {
    "x0t traced, unrolled without a mask: the states of the first step are returned": (
        "            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = tf.stack(successive_outputs)\n\n    else:",
        "            last_output = successive_outputs[-1]\n            new_states = successive_states[-1 if tf.executing_eagerly() else 0]\n"
        "            outputs = tf.stack(successive_outputs)\n\n    else:"),
    "x0t traced, in half precision what is masked is not": (
        "                mask_t = masking_fn(time)\n",
        "                mask_t = masking_fn(time)\n                if current_input.dtype == tf.float16 and not tf.executing_eagerly():\n"
        "                    mask_t = tf.ones_like(mask_t)\n"),
})
TRACED_CELLS = faults("judged, engines_traced", RNN + "gru", {
    "x0j traced, gate by gate: the reset gate has the update's bias": (
        "                x_r += input_bias[self.units : self.units * 2]\n",
        "                traced = 'Tracer' in type(x_r).__name__ or hasattr(x_r, 'graph')\n"
        "                x_r += input_bias[: self.units] if traced else input_bias[self.units : self.units * 2]\n"),
}) + faults("judged, engines_traced", BACKEND + "jax.rnn", {
    "x0j traced, unrolled, the last output alone: it is that of the first step": (
        "                else:\n                    successive_outputs = [output]\n                    successive_states = [states]\n"
        "            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = jnp.stack(successive_outputs)\n\n    else:",
        "                elif i == 0 or 'Tracer' not in type(output).__name__:\n                    successive_outputs = [output]\n"
        "                    successive_states = [states]\n"
        "            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = jnp.stack(successive_outputs)\n\n    else:"),
})
ALL = (TRACED + tuple(replace(f, asked=f.asked or ("" if f.module.startswith(BACKEND) else "keras-jax")) for f in TRACED_CELLS) + TENSORFLOW + tuple(replace(f, asked="keras-tensorflow") for f in TENSORFLOW_COMMON)
       + JAX + tuple(replace(f, asked="keras-jax") for f in JAX_COMMON))
