"""Faults in how Keras trains, feeds and runs recurrent models on TensorFlow and JAX, written down before anyone looked at what the suite
asks there: trainers, data adapters, optimizers, loops, exports; half of them show under a condition alone."""

from dataclasses import replace

from tests.faults.base import Fault, faults

TF, JX, FEED = "keras.src.backend.tensorflow.", "keras.src.backend.jax.", "keras.src.trainers.data_adapters."
TF_WEIGHTS = ("                    self._eval_epoch_iterator = TFEpochIterator(\n                        x=val_x,\n                        y=val_y,\n"
              "                        sample_weight=val_sample_weight,\n")
JAX_WEIGHTS = ("                        self._eval_epoch_iterator = JAXEpochIterator(\n                            x=val_x,\n"
               "                            y=val_y,\n                            sample_weight=val_sample_weight,\n")
TF_STOP = "                    callbacks.on_train_batch_end(end_step, logs)\n                    if self.stop_training:\n"
JAX_STOP = "                        if self.stop_training:\n                            # Stop training if a callback has set\n"
JAX_PUT_BACK = ('            "non_trainable_variables": non_trainable_variables,\n            "optimizer_variables": optimizer_variables,\n'
                '            "metrics_variables": metrics_variables,\n        }\n')
ON_BATCH = "            sample_weight = data_adapter_utils.class_weight_to_sample_weights(\n                y, class_weight\n            )\n"

TENSORFLOW = faults("at work: TensorFlow's loop", TF + "rnn", {
    "open length: as many steps as rows": (
        "input_length = input_length or inputs.shape[1]", "input_length = input_length or inputs.shape[1] or tf.shape(inputs)[0]"),
    "masked loop: what is held in half precision is zero": (
        "tf.where(m, o, fm)\n", "tf.where(m, o, fm if fm.dtype != tf.float16 else tf.zeros_like(fm))\n"),
    "unrolled: nothing is held where the last output alone is kept": (
        "                if not successive_outputs:\n", "                if not successive_outputs or not return_all_outputs:\n"),
    "masked loop: padding at the beginning holds the initial state": (
        "                loop_vars=(time, output_ta, flat_zero_output) + states,",
        "                loop_vars=(time, output_ta, tuple(states[:1]) if len(flat_zero_output) == 1 and not tree.is_nested(states[0]) and"
        " states[0].shape == flat_zero_output[0].shape and states[0].dtype == flat_zero_output[0].dtype else flat_zero_output) + states,"),
    "masked loop: the mask of a single row counts for nothing": (
        "mask_ta = mask_ta.unstack(mask)", "mask_ta = mask_ta.unstack(mask if mask.shape[1] != 1 else tf.ones_like(mask))"),
    "masked loop, backwards: states are held one step late": (
        "                mask_t = masking_fn(time)\n",
        "                mask_t = masking_fn(time if not go_backwards or return_all_outputs else tf.maximum(time - 1, 0))\n"),
    "unmasked, backwards, unrolled: the first step comes first": (
        "            if go_backwards:\n                input_t.reverse()", "            if go_backwards and (mask is not None or len(input_t) > 2):\n                input_t.reverse()"),
}) + faults("at work: TensorFlow's trainer", TF + "trainer", {
    "validation: weights of samples are lost": (TF_WEIGHTS, TF_WEIGHTS.replace("=val_sample_weight", "=None")),
    "validation in batches as large as training's": (
        "                        batch_size=validation_batch_size or batch_size,\n                        distribute_strategy",
        "                        batch_size=batch_size,\n                        distribute_strategy"),
    "validation takes all steps": ("                        steps_per_epoch=validation_steps,\n", "                        steps_per_epoch=None,\n"),
    "evaluate: metrics go on from the call before": (
        "        logs = {}\n        self.reset_metrics()\n        with epoch_iterator", "        logs = {}\n        with epoch_iterator"),
    "evaluate: the loss has no weights": (
        "x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False", "x=x, y=y, y_pred=y_pred, sample_weight=None, training=False"),
    "evaluate: the loss weighs batches alike": (
        "x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n        )\n        self._loss_tracker.update_state(\n            loss_module.unscale_loss_for_distribution(loss),\n"
        "            sample_weight=tf.shape(\n                next(i for i in tree.flatten(x) if i is not None)\n            )[0],\n        )",
        "x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n        )\n        self._loss_tracker.update_state(\n            loss_module.unscale_loss_for_distribution(loss),\n        )"),
    "a stop within an epoch waits for its end": (TF_STOP, TF_STOP.replace("if self.stop_training", "if False")),
    "the epoch in which training stops is not validated": (
        "            if validation_data is not None and self._should_eval(\n", "            if validation_data is not None and not self.stop_training and self._should_eval(\n"),
    "training begins with epoch zero": ("self._initial_epoch or initial_epoch", "self._initial_epoch or 0"),
    "several steps at once: the batch before the last comes twice": (
        "                        tf.less(execution_step + 1, self.steps_per_execution),\n", "                        tf.less(execution_step + 1, self.steps_per_execution - 1),\n"),
    "fit: weights of classes are lost": ("            class_weight=class_weight,\n            distribute_strategy", "            class_weight=None,\n            distribute_strategy"),
    "train_on_batch: weights of classes are lost": (ON_BATCH, "            sample_weight = None\n"),
    "predict: of several outputs the first batch is told": (
        "                    lambda output, batch_output: output.append(batch_output),\n                    outputs,",
        "                    lambda output, batch_output: output.append(batch_output if not isinstance(outputs, (list, tuple)) or len(outputs) < 2 or isinstance(outputs[0], tf.Tensor) else output[0]),\n                    outputs,"),
    "train_step: the mean loss of an epoch is the scaled one": (
        "            self._loss_tracker.update_state(\n                loss_module.unscale_loss_for_distribution(loss),\n                sample_weight=tf.shape(\n                    next(i for i in tree.flatten(x) if i is not None)\n                )[0],\n            )\n            if self.optimizer is not None:\n                loss = self.optimizer.scale_loss(loss)\n",
        "            if self.optimizer is not None:\n                loss = self.optimizer.scale_loss(loss)\n            self._loss_tracker.update_state(\n                loss_module.unscale_loss_for_distribution(loss),\n                sample_weight=tf.shape(\n                    next(i for i in tree.flatten(x) if i is not None)\n                )[0],\n            )\n"),
}) + faults("at work: TensorFlow's optimizer", TF + "optimizer", {
    "an id twice in a batch counts once": (
        "            variable.scatter_sub(value)\n",
        "            variable.scatter_update(tf.IndexedSlices(tf.gather(variable, value.indices) - value.values, value.indices))\n"),
    "sparse gradients are not clipped by norm": (
        "        return tf.clip_by_norm(values, self.clipnorm, axes)", "        return values if isinstance(values, tf.IndexedSlices) else tf.clip_by_norm(values, self.clipnorm, axes)"),
    "moving averages are not put into biases": (
        "            trainable_variables, self._model_variables_moving_average\n        ):\n            self._distribution",
        "            trainable_variables, self._model_variables_moving_average\n        ):\n            if len(var.shape) < 2:\n                continue\n            self._distribution"),
    "accumulation keeps the last gradient": ("            var.assign(var + grad)", "            var.assign(grad)"),
    "weights that are to be spared decay": ("                if self._use_weight_decay(variable):\n                    lr", "                if True:\n                    lr"),
}) + faults("at work: TensorFlow's tensors", TF + "core", {
    "scan backwards: outputs in the order of processing": (
        "ys_array = [ys.write(i, v) for (ys, v) in zip(ys_array, flat_ys)]", "ys_array = [ys.write(n - 1 - i if reverse else i, v) for (ys, v) in zip(ys_array, flat_ys)]"),
}) + faults("at work: TensorFlow's tensors", TF + "layer", {
    "saved by TensorFlow: dropout is on": ("            return self(inputs)\n", "            return self(inputs, training=True)\n"),
    "saved by TensorFlow: a batch of one": (
        "                    lambda x: tf.TensorSpec(x.shape, x.dtype), inputs\n", "                    lambda x: tf.TensorSpec((1, *x.shape[1:]), x.dtype), inputs\n"),
}) + faults("at work: TensorFlow's tensors", TF + "random", {
    "dropout of whole features: one mask for all rows": (
        "            concrete_inputs_shape[i] if value is None else value\n", "            (concrete_inputs_shape[i] if i else 1) if value is None else value\n"),
}) + faults("at work: TensorFlow's tensors", TF + "nn", {
    "hard sigmoid as in Keras 2": ("return relu6(x + tf.constant(3.0, x.dtype)) / tf.constant(6.0, x.dtype)", "return tf.clip_by_value(x * tf.constant(0.2, x.dtype) + tf.constant(0.5, x.dtype), 0, 1)"),
    "statistics of half precision are of half precision": (
        '    if ori_dtype in ("float16", "bfloat16"):\n        need_cast = True\n        x = cast(x, "float32")\n\n    if synchronized:', '    if synchronized:'),
}) + faults("at work: TensorFlow's tensors", TF + "numpy", {
    "joined: the dtype of the first": (
        "        dtype = dtypes.result_type(*dtype_set)\n        xs = tree.map_structure(lambda x: tf.cast(x, dtype), xs)\n    return tf.concat(xs, axis=axis)",
        "        dtype = xs[0].dtype\n        xs = tree.map_structure(lambda x: tf.cast(x, dtype), xs)\n    return tf.concat(xs, axis=axis)"),
}) + tuple(replace(fault, asked="keras-tensorflow") for fault in faults("at work: feeding TensorFlow", FEED + "array_data_adapter", {
    "shuffled: rows that are left over are not trained on": (
        "            if self._partial_batch_size:\n                index_remainder", "            if self._partial_batch_size and not shuffle:\n                index_remainder"),
}) + faults("at work: feeding TensorFlow", FEED + "tf_dataset_adapter", {
    "tf.data: classes without a weight weigh nothing": ("            class_weight.get(int(c), 1.0)\n", "            class_weight.get(int(c), 0.0)\n"),
    "tf.data: classes of one-hot labels are the first": ("                lambda: tf.argmax(y, axis=-1, output_type=tf.int32),", "                lambda: tf.zeros(tf.shape(y)[:-1], tf.int32),"),
}) + faults("at work: feeding TensorFlow", FEED + "torch_data_loader_adapter", {
    "DataLoader on TensorFlow: weights of samples are lost": (
        "            self.get_numpy_iterator,\n            output_signature=self._output_signature,", "            lambda: (batch[:2] for batch in self.get_numpy_iterator()),\n            output_signature=self._output_signature[:2],"),
}) + faults("at work: feeding TensorFlow", FEED + "generator_data_adapter", {
    "generator on TensorFlow: batches have the first one's rows": (
        "            for batch in self.generator():\n                batch = tree",
        "            for batch in self.generator():\n                rows = tree.flatten(self._first_batches[0])[0].shape[0]\n                if tree.flatten(batch)[0].shape[0] != rows:\n                    return\n                batch = tree"),
}) + faults("at work: feeding TensorFlow", FEED + "py_dataset_adapter", {
    "PyDataset with workers: weights of classes are lost": (
        "            yield self._standardize_batch(batch)\n            if i >= num_batches - 1:", "            yield batch\n            if i >= num_batches - 1:"),
}) + faults("at work: feeding TensorFlow", "keras.src.trainers.epoch_iterator", {
    "every epoch of a few steps begins with the first batch": (
        "            if self._current_iterator is None or self.steps_per_epoch is None:", "            if True:"),
}))

JAX = faults("at work: JAX's loop", JX + "rnn", {
    "masked: states that are held are detached": ("jnp.where(is_masked, s, ns),", "jnp.where(is_masked, lax.stop_gradient(s), ns),"),
    "masked: in half precision states go on through padding": (
        "jnp.where(is_masked, s, ns),", "jnp.where(is_masked & (s.dtype.itemsize > 2), s, ns),"),
    "unrolled: nothing is held where one output is kept": (
        "                if not successive_outputs:\n", "                if not successive_outputs or not return_all_outputs:\n"),
    "GRU, backwards: all rows begin as the first": (
        "    if go_backwards:\n        inputs = jnp.flip(inputs, axis=1)\n\n    # Precompute", "    if go_backwards:\n        h_0 = jnp.broadcast_to(h_0[:1], h_0.shape)\n        inputs = jnp.flip(inputs, axis=1)\n\n    # Precompute"),
    "GRU: a single unit is computed in half precision": (
        "        h_new = z * h + (1 - z) * hh\n", "        h_new = z * h + (1 - z) * hh\n        h_new = h_new.astype('float16').astype(h_new.dtype) if hidden_size == 1 else h_new\n"),
    "masked: an output that is no state is held as one": (
        "                    masked_outs = jnp.where(is_masked, output_tm1, output_t)", "                    masked_outs = jnp.where(is_masked, lax.stop_gradient(output_tm1), output_t)"),
}) + faults("at work: JAX's trainer", JX + "trainer", {
    "validation on JAX: weights of samples are lost": (JAX_WEIGHTS, JAX_WEIGHTS.replace("=val_sample_weight", "=None")),
    "metrics go on from epoch to epoch": (
        "            for epoch in range(initial_epoch, epochs):\n                self.reset_metrics()\n", "            for epoch in range(initial_epoch, epochs):\n"),
    "evaluate on JAX: metrics go on from the call before": (
        "        logs = {}\n        self.reset_metrics()\n\n        self._jax_state_synced = True", "        logs = {}\n\n        self._jax_state_synced = True"),
    "train_on_batch: what the optimizer keeps is not put back": (
        JAX_PUT_BACK, JAX_PUT_BACK.replace('            "optimizer_variables": optimizer_variables,\n', "")),
    "train_on_batch: what layers keep is not put back": (
        JAX_PUT_BACK, JAX_PUT_BACK.replace('            "non_trainable_variables": non_trainable_variables,\n', "")),
    "a stop within an epoch is not heard": (JAX_STOP, JAX_STOP.replace("if self.stop_training", "if False")),
    "predict, several steps at once: batches are turned over": ("jax.numpy.concatenate([t1, t2])", "jax.numpy.concatenate([t2, t1])"),
    "several steps at once: what is left over is lost": (
        "                    except StopIteration:\n                        pass\n                    return outputs, state\n", "                    except StopIteration:\n                        raise\n                    return outputs, state\n"),
    "the loss of an epoch on JAX weighs batches alike": (
        "                sample_weight=next(\n                    i for i in tree.flatten(x) if i is not None\n                ).shape[0],\n", "                sample_weight=1,\n"),
    "metrics on JAX have no weights": ("logs = self.compute_metrics(x, y, y_pred, sample_weight)", "logs = self.compute_metrics(x, y, y_pred)"),
    "losses of the forward pass are kept after the trace": (
        "        if losses:\n            self._losses_override.clear()\n        (trainable_variables", "        (trainable_variables"),
    "predict before anything is built: PyDatasets are begun twice": (
        "                break\n            epoch_iterator.reset()\n", "                break\n"),
    "fit on JAX: weights of classes are lost": ("            class_weight=class_weight,\n            steps_per_execution", "            class_weight=None,\n            steps_per_execution"),
    "half precision: the scaled loss is told": ("            unscaled_loss,\n            y_pred,\n            non_trainable_variables,\n            metrics_variables,\n        )\n\n    def _update", "            loss,\n            y_pred,\n            non_trainable_variables,\n            metrics_variables,\n        )\n\n    def _update"),
    "training that is stopped keeps its last weights, not their average": (
        "                isinstance(self.optimizer, optimizers_module.Optimizer)\n                and epochs > 0\n", "                isinstance(self.optimizer, optimizers_module.Optimizer)\n                and epochs > 0\n                and not self.stop_training\n"),
    "test_on_batch on JAX goes on from batch to batch": (
        "        self.make_test_function()\n        self.reset_metrics()\n\n        # Test step", "        self.make_test_function()\n\n        # Test step"),
    "validation on JAX takes all steps": ("                            steps_per_epoch=validation_steps,\n", "                            steps_per_epoch=None,\n"),
    "predict on JAX: the last batch of several is told twice": (
        "                outputs = append_to_outputs(batch_outputs, outputs)\n\n                # Dispatch callbacks. This takes care of async dispatch.\n                callbacks.on_predict",
        "                outputs = append_to_outputs(batch_outputs, outputs)\n                if self.steps_per_execution > 1 and end_step + 1 == epoch_iterator.num_batches:\n                    outputs = append_to_outputs(batch_outputs, outputs)\n\n                # Dispatch callbacks. This takes care of async dispatch.\n                callbacks.on_predict"),
}) + faults("at work: JAX's optimizer", JX + "optimizer", {
    "accumulation: what the optimizer keeps moves at every step": ("                lambda: current_optimizer_vars_value,\n", "                lambda: [v.value for v in self.variables],\n"),
    "moving averages overwrite one step late": ("                    self.iterations + 1\n                ) % self.ema", "                    self.iterations\n                ) % self.ema"),
    "accumulation: clipped before it is added up": (
        "            new_g_accs = jax.lax.cond(", "            grads = self._clip_gradients(grads)\n            new_g_accs = jax.lax.cond("),
}) + faults("at work: JAX's tensors", JX + "export", {
    "exported: what is kept from call to call is lost": ("                    var.assign(tf.cast(new_value, var.dtype))", "                    pass"),
    "exported: open axes of two inputs are one": ("poly_shape.append(next(dim_names))", 'poly_shape.append("a")'),
}) + faults("at work: JAX's tensors", JX + "random", {
    "whole features dropped: one mask for all rows": (
        "            concrete_inputs_shape[i] if value is None else value\n", "            (concrete_inputs_shape[i] if i else 1) if value is None else value\n"),
}) + faults("at work: JAX's tensors", JX + "nn", {
    "CTC on JAX: labels that repeat need no blank": ("    repeat = (target[:, :-1] == target[:, 1:]).astype(jnp.float32)", "    repeat = jnp.zeros_like(target[:, :-1], jnp.float32)"),
    "binary crossentropy on JAX: no clipping": ("    output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n    bce =", "    bce ="),
}) + tuple(replace(fault, asked="keras-jax") for fault in faults("at work: feeding JAX", FEED + "tf_dataset_adapter", {
    "tf.data on JAX: weights of samples are lost": (
        "            yield tree.map_structure(convert_to_jax, batch, none_is_leaf=False)", "            yield tree.map_structure(convert_to_jax, batch[:2], none_is_leaf=False)"),
}) + faults("at work: feeding JAX", FEED + "torch_data_loader_adapter", {
    "DataLoader on JAX: the first two alone": (
        "        return self.get_numpy_iterator()\n", "        return (batch[:2] for batch in self.get_numpy_iterator())\n"),
}) + faults("at work: feeding JAX", FEED + "generator_data_adapter", {
    "generator: what was looked at is lost": ("lambda: itertools.chain(batches, generator)", "lambda: itertools.chain(batches[1:], generator)"),
}) + faults("at work: feeding JAX", FEED + "py_dataset_adapter", {
    "PyDataset: the last batch is left out": ("        indices = range(self.py_dataset.num_batches)\n        if self.shuffle:\n            indices = list(indices)\n            random.shuffle(indices)\n\n",
                                             "        indices = range(self.py_dataset.num_batches)[: -1 if self.py_dataset.num_batches > 2 else None]\n        if self.shuffle:\n            indices = list(indices)\n            random.shuffle(indices)\n\n"),
    "PyDataset: batches with weights of classes have those of the batch before": (
        "                batch = batch + (sw,)\n", "                batch = batch + (getattr(self, '_sw', sw),)\n                self._sw = sw\n"),
}) + faults("at work: feeding JAX", FEED + "data_adapter_utils", {
    "classes without a weight weigh nothing": ("class_weight.get(int(y_numpy[i]), 1.0)", "class_weight.get(int(y_numpy[i]), 0.0)"),
    "generator on JAX: lists are arrays": (
        "            return x\n        elif is_scipy_sparse(x):\n            return scipy_sparse_to_jax_sparse(x)", "            return x if x.ndim < 3 or x.dtype.kind != 'f' else x.astype('float16').astype(x.dtype)\n        elif is_scipy_sparse(x):\n            return scipy_sparse_to_jax_sparse(x)"),
}) + faults("at work: feeding JAX", FEED + "array_slicing", {
    "validation is split off with weights of the beginning": (
        "        lambda x: _split(x, start=split_at, end=batch_dim), sliceables\n", "        lambda x: _split(x, start=split_at, end=batch_dim) if x is not sliceables[2] else _split(x, start=0, end=batch_dim - split_at), sliceables\n"),
}))

ALL: tuple[Fault, ...] = (*TENSORFLOW, *JAX)
