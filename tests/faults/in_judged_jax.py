"""Faults as an outside judge would plant them in Keras' JAX engine, and in common code that this engine alone meets (stateless calls,
scan, masks kept by identity): half of them ordinary, half where two features meet."""

from __future__ import annotations

from tests.faults.base import faults
from tests.faults.in_sparing_again import JAX, common

ALL = (
    *faults("judged: JAX's loop", JAX + "rnn", {
        "jj an unrolled layer holds its initial state before the first step": (
            "                    prev_output = jnp.zeros_like(output)\n", "                    prev_output = jnp.zeros_like(output) + tree.flatten(states)[0]\n"),
        "jj states of an unrolled masked layer are those of the first step where sequences are returned": (
            "            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = jnp.stack(successive_outputs)\n\n        else:",
            "            last_output = successive_outputs[-1]\n            new_states = successive_states[0]\n            outputs = jnp.stack(successive_outputs)\n\n        else:"),
        "jj the fused GRU goes backwards only where sequences are returned": (
            "    if go_backwards:\n        inputs = jnp.flip(inputs, axis=1)\n\n    # Precompute", "    if go_backwards and return_sequences:\n        inputs = jnp.flip(inputs, axis=1)\n\n    # Precompute"),
        "jj the fused GRU resets by the update gate": ("        hh = activation(x_h + r * h_h)", "        hh = activation(x_h + z * h_h)"),
        "jj the fused GRU keeps the activation of its gates for its candidate": (
            "        r = recurrent_activation(x_r + h_r)", "        r = activation(x_r + h_r)"),
        "jj the state of the fused GRU has no gradient": (
            "    h_last, outputs = lax.scan(step, h_0, x_all)", "    h_last, outputs = lax.scan(step, lax.stop_gradient(h_0), x_all)"),
    }),
    *faults("judged: JAX's trainer", JAX + "trainer", {
        "jj states of a prediction on one batch are not kept": (
            "        batch_outputs, state = self.predict_function(state, data())\n        trainable_variables, non_trainable_variables = state\n",
            "        trainable_variables, non_trainable_variables = state\n        batch_outputs, state = self.predict_function(state, data())\n"),
        "jj predict in several executions keeps the states of the first": (
            "                            _outputs, state = step_function(state, data)\n", "                            _outputs, _ = step_function(state, data)\n"),
        "jj metrics of an evaluation have no weights": (
            "        logs, metrics_variables = self._update_metrics_variables(\n            metrics_variables, unscaled_loss, x, y, y_pred, sample_weight\n        )\n\n        state = (\n            trainable_variables,\n            non_trainable_variables,\n            metrics_variables,",
            "        logs, metrics_variables = self._update_metrics_variables(\n            metrics_variables, loss, x, y, y_pred, None\n        )\n\n        state = (\n            trainable_variables,\n            non_trainable_variables,\n            metrics_variables,"),
        "jj predict on batch gives arrays of JAX": (
            "        batch_outputs = tree.map_structure(lambda x: np.array(x), batch_outputs)\n", ""),
        "jj states are synchronized only where there are metrics": (
            "        if non_trainable_variables:\n            for ref_v", "        if non_trainable_variables and metrics_variables:\n            for ref_v"),
        "jj evaluation counts batches and not rows": (
            "                    i for i in tree.flatten(x) if i is not None\n                ).shape[0],", "                    i for i in tree.flatten(x) if i is not None\n                ).ndim,"),
        "jj building for predict leaves a trace": (
            "                    with backend.StatelessScope():\n                        self(x)\n                break", "                    self(x)\n                break"),
        "jj an evaluation that ends early leaves its states away": (
            "        self.jax_state_sync()\n\n        logs = pythonify_logs(self._get_metrics", "        if not self.stop_evaluating:\n            self.jax_state_sync()\n\n        logs = pythonify_logs(self._get_metrics"),
    }),
    *faults("judged: JAX's core", JAX + "core", {
        "jj a scan goes forward": ("        f, init=init, xs=xs, length=length, reverse=reverse, unroll=unroll", "        f, init=init, xs=xs, length=length, unroll=unroll"),
        "jj open axes are told as one": (
            "                    d if isinstance(d, int) else None for d in x.shape\n                )\n                return KerasTensor(shape, x.dtype)\n",
            "                    d if isinstance(d, int) else None for d in x.shape\n                )\n                return KerasTensor(shape, x.dtype if len(shape) != 2 else \"float32\")\n"),
        "jj arrays of numpy keep the dtype that they have": ("    return jnp.asarray(x, dtype=dtype)\n\n\ndef convert_to_numpy", "    return jnp.asarray(x)\n\n\ndef convert_to_numpy"),
        "jj variables are handed to JAX in their own dtype": (
            "    def __jax_array__(self):\n        return self.value\n\n\nVariable", "    def __jax_array__(self):\n        return self._value\n\n\nVariable"),
        "jj a gradient of one's own reads variables of its call alone": (
            "            lambda x: x.value if isinstance(x, KerasVariable) else x,", "            lambda x: x._value if isinstance(x, KerasVariable) else x,"),
    }),
    *faults("judged: JAX's functions", JAX + "nn", {
        "jj elu has one slope": ("    return jnn.elu(x, alpha=alpha)", "    return jnn.elu(x)"),
        "jj leaky relu has one slope": ("    return jnn.leaky_relu(x, negative_slope=negative_slope)", "    return jnn.leaky_relu(x)"),
        "jj one step of targets loses its axis": (
            "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:", "    if len(target.shape) > 1 and target.shape[-1] == 1:"),
        "jj classes lie along the last axis where logits are given": (
            "        log_prob = jax.nn.log_softmax(output, axis=axis)\n    else:\n        output = output / jnp.sum(output, axis, keepdims=True)\n"
            "        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    return",
            "        log_prob = jax.nn.log_softmax(output)\n    else:\n        output = output / jnp.sum(output, axis, keepdims=True)\n"
            "        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    return"),
        "jj convolutions know no dilation": (
            "        rhs_dilation=dilation_rate,\n        dimension_numbers=dimension_numbers,\n        feature_group_count=feature_group_count,\n    )\n    if result.size",
            "        dimension_numbers=dimension_numbers,\n        feature_group_count=feature_group_count,\n    )\n    if result.size"),
        "jj padded pools count what is padded": ("        return pooled / window_counts", "        return pooled / math.prod(pool_size)"),
        "jj variances of half precision are told in full": (
            "        mean = cast(mean, ori_dtype)\n        variance = cast(variance, ori_dtype)\n    return mean, variance\n\n\ndef batch_normalization",
            "        mean = cast(mean, ori_dtype)\n    return mean, variance\n\n\ndef batch_normalization"),
    }),
    *faults("judged: JAX's arrays", JAX + "numpy", {
        "jj means of half precision overflow": (
            "        output = jnp.mean(x, axis=axis, keepdims=keepdims, dtype=compute_dtype)\n", "        output = jnp.mean(x, axis=axis, keepdims=keepdims, dtype=result_dtype)\n"),
        "jj weighted averages forget their axis": ("    return jnp.average(x, weights=weights, axis=axis)", "    return jnp.average(x, weights=weights, axis=axis if weights is None else -1)"),
    }),
    *faults("judged: JAX's draws", JAX + "random", {
        "jj a mask of noise is not spread": ("    mask = jax.numpy.broadcast_to(mask, inputs.shape)\n", "    mask = jax.numpy.broadcast_to(mask[:1], inputs.shape)\n"),
    }),
    *common("keras-jax", "backend.common.stateless_scope", {
        "jj values of other shapes are taken": ("            if k.shape != v.shape:\n", "            if len(k.shape) != len(v.shape):\n"),
        "jj an inner scope forgets the outer one": (
            "        self.original_scope = get_stateless_scope()\n        global_state", "        self.original_scope = None\n        global_state"),
    }),
    *common("keras-jax", "layers.layer", {
        "jj stateless calls give losses of all calls": (
            "            if return_losses:\n                losses = self.losses\n", "            if return_losses:\n                losses = self.losses[-1:]\n"),
        "jj stateless calls take fewer states than there are": (
            "        if len(non_trainable_variables) != len(self.non_trainable_variables):", "        if len(non_trainable_variables) > len(self.non_trainable_variables):"),
        "jj a regularizer reads the value of the weight and not the one that is given": (
            "                v = backend.get_stateless_scope().get_current_value(variable)\n            else:", "                v = variable._value\n            else:"),
        "jj masks of results of two layers are those of the first": (
            "            if backend.get_keras_mask(tensor) is None and mask is not None:\n                backend.set_keras_mask(tensor, mask)",
            "            if mask is not None:\n                backend.set_keras_mask(tensor, mask if mask is flat_masks[0] else flat_masks[0])"),
    }),
    *common("keras-jax", "layers.rnn.gru", {
        "jj the fused GRU draws a dropped mask for each batch alone": (
            "                    if training and self.dropout:\n                        dp_mask", "                    if training and self.dropout and not self.return_sequences:\n                        dp_mask"),
        "jj the fused GRU is taken where recurrent inputs are dropped": (
            "            if not self.recurrent_dropout:\n                try:\n                    if training and self.dropout:", "            if not (self.recurrent_dropout and training and self.dropout):\n                try:\n                    if training and self.dropout:"),
    }),
    *common("keras-jax", "random.seed_generator", {
        "jj two draws in one call are one": (
            "            self.state.assign(self.backend.numpy.add(seed_state, increment))", "            self.state.assign(self.backend.numpy.add(self.state._value, increment))"),
    }),
)
