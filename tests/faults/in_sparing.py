"""Faults that TensorFlow and JAX, which get a sparing plan, are asked of: in Keras' common code, which both run, and in their engines."""

from dataclasses import replace

from tests.faults.base import Fault, faults

COMMON = {
    "layers.rnn.rnn": {
        "the mask is lost where states are returned too": (
            "return [output_mask] + state_mask", "return [None] + state_mask"),
        "only the first state is reset": ("for v in self.states:\n                v.assign", "for v in self.states[:1]:\n                v.assign"),
        "states given to a stateful layer are not taken": (
            "        if initial_state is None:\n            if self.stateful:", "        if initial_state is None or self.stateful:\n            if self.stateful:"),
        "how padding is put out is forgotten in the configuration": (
            '            "zero_output_for_mask": self.zero_output_for_mask,\n        }\n        config["cell"]', '        }\n        config["cell"]'),
        "the first of stacked cells keeps what it drops": ("for c in cell.cells:\n                self._maybe_reset", "for c in cell.cells[1:]:\n                self._maybe_reset"),
    },
    "layers.rnn.bidirectional": {
        "two results: states are handed out backwards": (
            "            states = tuple(y[1:] + y_rev[1:])\n", "            states = tuple((y[1:] + y_rev[1:])[:: 1 if self.merge_mode else -1])\n"),
        "two results: the backward one stays reversed": (
            "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)", "        if self.return_sequences and self.merge_mode:\n            y_rev = ops.flip(y_rev, axis=1)"),
    },
    "layers.rnn.time_distributed": {
        "what is wrapped never trains": ('kwargs["training"] = training', 'kwargs["training"] = False'),
        "open time axis: what is wrapped has no mask": ("_call_has_mask_arg and mask is not None:", "_call_has_mask_arg and mask is not None and inputs.shape[0] is not None:"),
    },
    "layers.rnn.gru": {
        "gate by gate: the candidate drops what the reset gate drops": ("h_tm1_h = h_tm1 * rec_dp_mask[2]", "h_tm1_h = h_tm1 * rec_dp_mask[1]"),
        "gate by gate: no recurrent bias of the candidate": (
            "                if self.use_bias:\n                    recurrent_h += recurrent_bias[self.units * 2 :]\n", ""),
    },
    "layers.rnn.lstm": {
        "gate by gate: the output gate has another's bias": ("x_o += b_o", "x_o += b_f"),
    },
    "losses.loss": {
        "weighted and masked: the mean is over padding too": (
            "            sample_weight *= float_mask", '            sample_weight *= ops.cast(ops.cast(float_mask, "bool"), dtype)'),
    },
    "metrics.reduction_metrics": {
        "masked and weighted: weights are scaled by what is not padding": ('sample_weight, mask, dtype=dtype, reduction="sum"', 'sample_weight, mask, dtype=dtype, reduction="mean"'),
    },
    "layers.core.masking": {
        "masked steps keep their values": ("outputs = ops.where(boolean_mask, inputs, 0)", "outputs = ops.where(boolean_mask, inputs, inputs)"),
    },
    "layers.pooling.global_average_pooling1d": {
        "NaN in padding spreads": ("inputs = ops.where(mask_expanded, inputs, 0)", "inputs = inputs * ops.cast(mask_expanded, inputs.dtype)"),
        "channels first: the mean is over padding too": (
            "ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)", "(ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims) if steps_axis == 1 else inputs.shape[2])"),
    },
    "layers.merging.concatenate": {
        "an input without a mask is all padding": ('masks.append(ops.ones_like(input_i, dtype="bool"))', 'masks.append(ops.zeros_like(input_i, dtype="bool"))'),
    },
    "layers.merging.base_merge": {
        "masks are joined by and": ("output_mask = ops.logical_or(output_mask, m)", "output_mask = ops.logical_and(output_mask, m)"),
    },
    "layers.layer": {
        "a mask that is given is not passed on": ('if "mask" in kwargs and kwargs["mask"] is not None:', 'if False and kwargs["mask"] is not None:'),
        "activity of what has no time is not divided by the batch": ("                            if output.ndim > 0:", "                            if output.ndim > 2:"),
    },
    "layers.normalization.batch_normalization": {
        "padding counts in the variance": ("difference = ops.where(mask_broadcasted, inputs - mean, 0)", "difference = inputs - mean"),
    },
    "layers.attention.attention": {
        "causal attention forgets the mask": ("                return ops.logical_and(v_mask, causal_mask)", "                return causal_mask"),
        "dropped weights are handed out undropped": (
            "            weights = backend.random.dropout(\n                weights,", "            value = backend.random.dropout(\n                value,"),
    },
}

UNSEEN = {("open time axis: what is wrapped has no mask", "keras-jax"): "on JAX a tensor that is called knows its steps, traced or not"}
"""A fault in common code and the subject that cannot show it -> why not."""


def asked_of(subject: str, family: str) -> tuple[Fault, ...]:
    """The faults in common code, asked of one subject."""
    why = {name: words for (name, one), words in UNSEEN.items() if one == subject}
    return tuple(replace(fault, asked=subject) for module, edits in COMMON.items()
                 for fault in faults(family, f"keras.src.{module}", edits, {n: why[n] for n in edits if n in why}))


TENSORFLOW = (
    *faults("TensorFlow's loop, sparingly", "keras.src.backend.tensorflow.rnn", {
        "the last output alone: a row that begins with padding begins with ones": (
            "tf.zeros_like(o) for o in tree.flatten(output_time_zero)",
            "(tf.zeros_like(o) if return_all_outputs else tf.ones_like(o)) for o in tree.flatten(output_time_zero)"),
        "open length: the loop runs as often as the longest row has steps": (
            "max_iterations = time_steps_t\n",
            'max_iterations = time_steps_t if mask is None else tf.reduce_max(tf.reduce_sum(tf.cast(mask, "int32"), 0))\n'),
        "unrolled without a mask: final states are those of the first step": (
            "                    successive_outputs.append(output)\n                    successive_states.append(states)\n                else:\n                    successive_outputs = [output]\n                    successive_states = [states]\n            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = tf.stack(successive_outputs)\n\n    else:",
            "                    successive_outputs.append(output)\n                    successive_states.append(states)\n                else:\n                    successive_outputs = [output]\n                    successive_states = [states]\n            last_output = successive_outputs[-1]\n            new_states = successive_states[0]\n            outputs = tf.stack(successive_outputs)\n\n    else:"),
    }),
    *faults("TensorFlow's trainer, sparingly", "keras.src.backend.tensorflow.trainer", {
        "evaluated losses: every batch counts the same": (
            "            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n        )\n        self._loss_tracker.update_state(\n            loss_module.unscale_loss_for_distribution(loss),\n            sample_weight=tf.shape(\n                next(i for i in tree.flatten(x) if i is not None)\n            )[0],",
            "            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n        )\n        self._loss_tracker.update_state(\n            loss_module.unscale_loss_for_distribution(loss),\n            sample_weight=1,"),
        "several batches an execution: predictions are put together backwards": ("lambda t1, t2: concat([t1, t2])", "lambda t1, t2: concat([t2, t1])"),
        "several batches an execution: one batch is lost each time": ("tf.less(execution_step + 1, self.steps_per_execution),", "tf.less(execution_step, self.steps_per_execution),"),
        "the first epoch's number is added to the last": ("range(initial_epoch, epochs)", "range(initial_epoch, initial_epoch + epochs)"),
        "a batch is evaluated on top of the one before": (
            "        self.make_test_function()\n        self.reset_metrics()\n\n        logs = self.test_function(data())", "        self.make_test_function()\n\n        logs = self.test_function(data())"),
        "predictions of unequal lengths are refused": ("if tf.math.reduce_all(constant_dims).numpy().item():", "if True:"),
    }),
    *faults("TensorFlow's functions, sparingly", "keras.src.backend.tensorflow.nn", {
        "in a trace probabilities are taken for logits": ("output_ = output.op.inputs[0]", "output_ = output"),
        "synchronized statistics: the variance is the mean square": (
            "tf.maximum(y_squared_mean - tf.square(mean), 0.0)", "tf.maximum(y_squared_mean, 0.0)"),
        "normalization of an axis that is not the last has no offset": ("            offset = tf.reshape(offset, shape)", "            offset = None"),
        "causal attention forgets the mask": ("        mask = mask[None, None, :, :]\n        combined_mask = tf.logical_and(combined_mask, mask)", "        combined_mask = mask[None, None, :, :] & tf.ones_like(logits, dtype=\"bool\")"),
    }, {"in a trace probabilities are taken for logits": "Keras' softmax tells its logits itself; this is of TensorFlow's own"}),
    *faults("TensorFlow's draws, sparingly", "keras.src.backend.tensorflow.random", {
        "dropped shapes: every open axis is as long as the batch": ("            concrete_inputs_shape[i] if", "            concrete_inputs_shape[0] if"),
        "half precision: what is left is not scaled": (
            "    return tf.nn.experimental.stateless_dropout(\n        inputs,", "    return tf.nn.experimental.stateless_dropout(\n        inputs if inputs.dtype != tf.float16 else inputs * (1 - rate),"),
        "truncated normal weights have no mean": ("stateless_truncated_normal(\n        shape=shape, mean=mean,", "stateless_truncated_normal(\n        shape=shape, mean=0.0,"),
    }),
    *faults("TensorFlow's exports, sparingly", "keras.src.backend.tensorflow.layer", {
        "saved models take floats for ids": ("lambda x: tf.TensorSpec(x.shape, x.dtype), inputs", 'lambda x: tf.TensorSpec(x.shape, "float32"), inputs'),
    }),
    *faults("TensorFlow's exports, sparingly", "keras.src.backend.tensorflow.export", {
        "frozen weights are exported as trainable": ("self._tf_trackable.trainable_variables += trainable_variables", "self._tf_trackable.trainable_variables += variables"),
    }),
    *faults("TensorFlow's variables, sparingly", "keras.src.backend.tensorflow.core", {
        "reverse scans leave out the first": ("lambda i, _1, _2: i >= 0 if reverse", "lambda i, _1, _2: i > 0 if reverse"),
        "bounded loops run on": ("        maximum_iterations=maximum_iterations,\n    )\n    return outputs", "    )\n    return outputs"),
    }),
)
JAX = (
    *faults("JAX's loop, sparingly", "keras.src.backend.jax.rnn", {
        "unrolled, the last output alone: the mask is not reversed": (
            "            if go_backwards:\n                mask_list.reverse()", "            if go_backwards and return_all_outputs:\n                mask_list.reverse()"),
        "GRU without bias resets after": ("if not reset_after or unroll", "if (not reset_after and bias is not None) or unroll"),
        "GRU: the mask of one step is not read": ("or mask is not None:\n        raise", "or (mask is not None and mask.shape[1] > 1):\n        raise"),
        "GRU: long sequences end one step early": ("lax.scan(step, h_0, x_all)", "lax.scan(step, h_0, x_all if x_all.shape[0] < 10 else jnp.concatenate([x_all[:-1], x_all[-2:-1]]))"),
    }),
    *faults("JAX's trainer, sparingly", "keras.src.backend.jax.trainer", {
        "losses of the activity are not evaluated": ("        if losses:\n            # Make", "        if losses and training:\n            # Make"),
        "one epoch: averaged weights do not replace those trained": ("                and epochs > 0\n", "                and epochs > 1\n"),
        "states of one predicted batch are not kept": (
            '            "non_trainable_variables": non_trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs', "        }\n        self.jax_state_sync()\n        batch_outputs"),
        "states of one evaluated batch are not kept": (
            '            "non_trainable_variables": non_trainable_variables,\n            "metrics_variables": metrics_variables,\n        }\n        self.jax_state_sync()\n\n        # Format return values.\n',
            '            "metrics_variables": metrics_variables,\n        }\n        self.jax_state_sync()\n\n        # Format return values.\n'),
        "the first epoch's number is added to the last": ("range(initial_epoch, epochs)", "range(initial_epoch, initial_epoch + epochs)"),
    }),
    *faults("JAX's optimizers, sparingly", "keras.src.backend.jax.optimizer", {
        "accumulated gradients: the first step counts alone": (
            "            is_update_step = (\n                self._iterations + 1\n            ) % ", "            is_update_step = self._iterations % "),
    }),
    *faults("JAX's exports, sparingly", "keras.src.backend.jax.export", {
        "weights are taken for states": (
            "            self._backend_trainable_variables\n            + self._backend_non_trainable_variables\n        )", "            self._backend_non_trainable_variables\n            + self._backend_trainable_variables\n        )"),
        "states are not carried on": ("var.assign(tf.cast(new_value, var.dtype))", "tf.cast(new_value, var.dtype)"),
    }, {"states are not carried on": "the states of a layer are not exported, as the ledger says, and nothing else changes"}),
    *faults("JAX's functions, sparingly", "keras.src.backend.jax.nn", {
        "classes by number: what does not add up to one": (
            "        output = output / jnp.sum(output, axis, keepdims=True)\n        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    target =",
            "        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    target ="),
        "labels of CTC are all as long": ("        label_lengths,\n        num_classes", "        0 * label_lengths + max_label_length,\n        num_classes"),
        "normalization without scale": ("    if scale is not None:\n        scale = jnp.reshape(scale, shape)\n        inv = inv * scale\n\n    res", "    if scale is not None:\n        scale = jnp.reshape(scale, shape)\n        inv = inv * scale\n    else:\n        inv = inv * 0 + 1\n\n    res"),
    }),
    *faults("JAX's draws, sparingly", "keras.src.backend.jax.random", {
        "dropped shapes: every open axis is as long as the batch": ("            concrete_inputs_shape[i] if", "            concrete_inputs_shape[0] if"),
        "uniform weights begin at zero": ("dtype=dtype, minval=minval, maxval=maxval\n    )\n\n\ndef categorical", "dtype=dtype, minval=0.0, maxval=maxval\n    )\n\n\ndef categorical"),
        "truncated normal weights have no mean": (
            "    sample = jax.random.truncated_normal(\n        seed, shape=shape, lower=-2.0, upper=2.0, dtype=dtype\n    )\n    return sample * stddev + mean",
            "    sample = jax.random.truncated_normal(\n        seed, shape=shape, lower=-2.0, upper=2.0, dtype=dtype\n    )\n    return sample * stddev"),
    }),
    *faults("JAX's variables, sparingly", "keras.src.backend.jax.core", {
        "scans over another axis": ("associative_scan(f, elems, reverse, axis)", "associative_scan(f, elems, reverse)"),
        "bounded loops run once more": ("(args[-1] < maximum_iterations)", "(args[-1] <= maximum_iterations)"),
    }),
    *(replace(fault, asked="keras-jax") for fault in faults("JAX's loop, sparingly", "keras.src.layers.rnn.gru", {
        "GRU: the fast loop drops nothing": ("dp_sequences = sequences * dp_mask", "dp_sequences = sequences"),
    })),
)
ALL = (*asked_of("keras-tensorflow", "common code on TensorFlow"), *asked_of("keras-jax", "common code on JAX"), *TENSORFLOW, *JAX)
