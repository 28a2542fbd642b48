"""Faults that were reported of Keras and tf.keras, fourth reading: put back where today's code has the same place, or one that does
the same, some of them only where a further condition meets. Each is named after its report."""

from dataclasses import replace

from tests.faults.base import Fault, faults

FAMILY = "reported anew"

LOOPS: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.layers.rnn.gru", {
        "keras 5888: gate by gate the reset gate reads what is dropped for the update gate": (
            "                h_tm1_r = h_tm1 * rec_dp_mask[1]\n", "                h_tm1_r = h_tm1 * rec_dp_mask[0]\n"),
        "keras 5888: gate by gate the candidate reads what is dropped for the reset gate": (
            "            x_h = ops.matmul(inputs_h, self.kernel[:, self.units * 2 :])\n",
            "            x_h = ops.matmul(inputs_r, self.kernel[:, self.units * 2 :])\n"),
        "keras 10824: units are to be of Python's own integers": (
            "        if units <= 0:\n", "        if not isinstance(units, int) or units <= 0:\n"),
    }, {"keras 10824: units are to be of Python's own integers": "the loop over the cell refuses them, and other layers do"}),
    *faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
        "tensorflow 31805: outputs are not averaged where states are returned": (
            "            output = (y + y_rev) / 2\n",
            "            output = y + y_rev if self.return_state else (y + y_rev) / 2\n", 3),
        "keras 19328: shapes of two halves with their states are those of one half's states": (
            "                return tuple(output_shape) + state_shape + state_shape\n",
            "                return tuple(output_shape) + state_shape\n"),
        "keras 19331: the first state is told as wide as the joined outputs": (
            "            return tuple([output_shape]) + (state_shape) + (state_shape)\n",
            "            return tuple([output_shape]) + (output_shape,) + state_shape[1:] + (state_shape)\n"),
        "keras 3676: outputs of two halves have one mask": (
            "                output_mask = (mask, mask)\n", "                output_mask = (mask, None)\n"),
        "keras 8915: of states that are given the halves take every other": (
            "            forward_state = initial_state[:half]\n            backward_state = initial_state[half:]\n",
            "            forward_state = initial_state[::2]\n            backward_state = initial_state[1::2]\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.time_distributed", {
        "keras 13497: the number of steps is not told where the layer widens its axes": (
            "        return (child_output_shape[0], input_shape[1], *child_output_shape[1:])\n",
            "        steps = input_shape[1] if len(child_output_shape) < 3 else None\n"
            "        return (child_output_shape[0], steps, *child_output_shape[1:])\n"),
        "keras 19792: a model is not asked which shape it gives": (
            "        child_output_shape = self.layer.compute_output_shape(child_input_shape)\n",
            "        child_output_shape = getattr(self.layer, \"output_shape\", None) or "
            "self.layer.compute_output_shape(child_input_shape)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.rnn", {
        "keras 1621: a stateful layer that is not the first one is not told its rows": (
            "                self._create_state_variables(sequences_shape[0])\n"
            "                self._expected_batch_size = ops.shape(\n"
            "                    tree.flatten(self.states)[0]\n                )[0]\n",
            "                self._create_state_variables(sequences_shape[0])\n"),
        "tensorflow 45371: with a time axis that is left open nothing is told of it": (
            "        if self.unroll and timesteps is None:\n", "        if timesteps is None and mask is not None and self.stateful:\n"),
    }, {"tensorflow 45371: with a time axis that is left open nothing is told of it":
        "on torch a tensor that stands for others has a number of steps: TensorFlow alone meets it, and is asked"}),
)

AROUND: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.models.cloning", {
        "keras 21120: layers of a model in a model in a Sequential are shared with the clone": (
            "                clone = clone_model(\n                    layer,\n                    clone_function=clone_function,\n"
            "                    recursive=True,\n                    cache=cache,\n                )\n",
            "                clone = clone_model(\n                    layer,\n                    clone_function=clone_function,\n"
            "                    cache=cache,\n                )\n"),
        "keras 22276: layers of a model in a model are shared with the clone": (
            "                    call_function=call_function,\n                    recursive=True,\n                    cache=cache,\n",
            "                    call_function=call_function,\n                    cache=cache,\n"),
    }),
    *faults(FAMILY, "keras.src.models.sequential", {
        "tensorflow 65393: a Sequential that is not built tells the shape of its first layer": (
            "            output_shape = layer.compute_output_shape(input_shape)\n            input_shape = output_shape\n"
            "        return output_shape\n",
            "            output_shape = layer.compute_output_shape(input_shape)\n        return output_shape\n"),
    }),
    *faults(FAMILY, "keras.src.layers.layer", {
        "keras 9905: weights of frozen layers come last": (
            "                if id(w) not in seen_ids:\n                    weights.append(w)\n                    seen_ids.add(id(w))\n"
            "        return weights\n\n    @property\n    def trainable_weights(self):\n",
            "                if id(w) not in seen_ids:\n                    weights.append(w)\n                    seen_ids.add(id(w))\n"
            "        weights.sort(key=lambda w: not w.trainable)\n"
            "        return weights\n\n    @property\n    def trainable_weights(self):\n"),
        "keras 19817: masks of a list are handed on where each tensor has one": (
            "                mask = tree.map_structure(\n                    backend.get_keras_mask,\n"
            "                    only_tensor_arg,\n                )\n",
            "                mask = tree.map_structure(\n                    backend.get_keras_mask,\n"
            "                    only_tensor_arg,\n                )\n"
            "                if isinstance(mask, list) and any(m is None for m in mask):\n                    mask = None\n"),
        "tensorflow 42127: a mask that is given wins no more over the mask that a tensor has": (
            "                and call_spec.arguments_dict[\"mask\"] is None\n",
            "                and (call_spec.arguments_dict[\"mask\"] is None or backend.get_keras_mask(call_spec.first_arg) is not None)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.core.lambda_layer", {
        "keras 12027: a mask is not handed to a function that takes training too": (
            "        if self._fn_expects_mask_arg:\n            kwargs[\"mask\"] = mask\n",
            "        if self._fn_expects_mask_arg and not self._fn_expects_training_arg:\n            kwargs[\"mask\"] = mask\n"),
        "tf-keras 134: a function that gives the mask is not given the one that comes": (
            "            return self.mask(inputs, mask)\n", "            return self.mask(inputs, None)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.attention.attention", {
        "keras 20621: scores are told as wide as there are queries": (
            "                key.shape[-2],\n            )  # (*batch_dims, Tq, Tv)\n",
            "                query.shape[-2],\n            )  # (*batch_dims, Tq, Tv)\n"),
        "keras 20684: no scores are told": (
            "        if return_attention_scores:\n            scores_shape = (\n",
            "        if return_attention_scores and training:\n            scores_shape = (\n"),
    }),
    *faults(FAMILY, "keras.src.callbacks.backup_and_restore", {
        "keras 19179: the epoch is not restored": (
            "            self.model._initial_epoch = epoch\n", "            self.model.initial_epoch = epoch\n"),
        "keras 16252: batches of the epoch before count in the next": (
            "        self._current_epoch = epoch + 1\n        self._last_batch_seen = 0\n", "        self._current_epoch = epoch + 1\n"),
        "keras-core 701: what is restored after a broken file is one epoch too new": (
            "                file_utils.copy(\n                    self._prev_training_metadata_path,\n"
            "                    self._training_metadata_path,\n                )\n", "                pass\n"),
    }, {"keras 16252: batches of the epoch before count in the next": "the number of a batch is not above the last one's in a new "
                                                                      "epoch either way, and then it is counted alike"}),
    *faults(FAMILY, "keras.src.callbacks.early_stopping", {
        "keras 6591: the epoch of an earlier stop is kept": (
            "        self.stopped_epoch = 0\n        self.best = None\n", "        self.best = None\n"),
        "keras 12511: the best weights are restored where training was stopped alone": (
            "        if self.restore_best_weights and self.best_weights is not None:\n            if self.verbose > 0:\n",
            "        if self.restore_best_weights and self.stopped_epoch > 0 and self.best_weights is not None:\n"
            "            if self.verbose > 0:\n"),
        "tensorflow 35634: a stop by another callback restores nothing": (
            "            self.model.set_weights(self.best_weights)\n",
            "            if self.stopped_epoch > 0 or not self.model.stop_training:\n"
            "                self.model.set_weights(self.best_weights)\n"),
    }),
    *faults(FAMILY, "keras.src.backend.torch.trainer", {
        "keras 19929: a batch is drawn before training and is not trained on": (
            "        self._symbolic_build(iterator=epoch_iterator)\n        epoch_iterator.reset()\n\n"
            "        # Container that configures and calls callbacks.\n        if not isinstance(callbacks, callbacks_module.CallbackList):\n"
            "            callbacks = callbacks_module.CallbackList(\n                callbacks,\n                add_history=True,\n",
            "        self._symbolic_build(iterator=epoch_iterator)\n        next(iter(epoch_iterator), None)\n\n"
            "        # Container that configures and calls callbacks.\n        if not isinstance(callbacks, callbacks_module.CallbackList):\n"
            "            callbacks = callbacks_module.CallbackList(\n                callbacks,\n                add_history=True,\n"),
    }),
    *faults(FAMILY, "keras.src.layers.convolutional.base_conv_transpose", {
        "keras 22428: output_padding may be as large as the stride": (
            "                if op >= s:\n", "                if op > s:\n", 2),
    }),
    *faults(FAMILY, "keras.src.metrics.metrics_utils", {
        "keras 16271: weights of steps are cut to the rank of one class": (
            "        y_true = y_true[..., class_id, None]\n", "        y_true = y_true[..., class_id]\n"),
    }, {"keras 16271: weights of steps are cut to the rank of one class": "truth is laid flat after that, and the weights are spread "
                                                                        "over the rank of what is predicted"}),
    *faults(FAMILY, "keras.src.metrics.reduction_metrics", {
        "tensorflow 50154: a mask alone is handed on as it is, of truth values": (
            "        sample_weight = losses.loss.apply_mask(\n            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n        )\n"
            "        return super().update_state(values, sample_weight=sample_weight)\n",
            "        if sample_weight is not None or mask is None:\n            sample_weight = losses.loss.apply_mask(\n"
            "                sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n            )\n"
            "        return super().update_state(values, sample_weight=sample_weight)\n"),
        "tensorflow 59934: weights of steps are not read beside a mask": (
            "        sample_weight = losses.loss.apply_mask(\n            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n        )\n"
            "        return super().update_state(values, sample_weight=sample_weight)\n",
            "        sample_weight = losses.loss.apply_mask(\n            sample_weight if mask is None else None, mask, dtype=self.dtype, reduction=\"sum\"\n        )\n"
            "        return super().update_state(values, sample_weight=sample_weight)\n"),
    }),
    *faults(FAMILY, "keras.src.optimizers.loss_scale_optimizer", {
        "tensorflow 33484: the scale grows a step late": (
            "            ops.equal(self.step_counter, self.dynamic_growth_steps - 1),\n            upscale,\n            increment,\n        )\n\n"
            "    def _stateful_handle_non_finite_grads(self):\n",
            "            ops.equal(self.step_counter, self.dynamic_growth_steps),\n            upscale,\n            increment,\n        )\n\n"
            "    def _stateful_handle_non_finite_grads(self):\n"),
        "tensorflow 40573: a step that was left out counts for the growth of the scale": (
            "        # If any inf or nan in grads, downscale loss and reset counter.\n        self.step_counter.assign(0)\n",
            "        # If any inf or nan in grads, downscale loss and reset counter.\n"),
    }),
    *faults(FAMILY, "keras.src.saving.saving_lib", {
        "keras 10180: layers in a list in a list are saved beside those of the list": (
            "                inner_path=file_utils.join(inner_path, name).replace(\"\\\\\", \"/\"),\n                visited_saveables=visited_saveables,\n"
            "                visited_containers=visited_containers,\n            )\n",
            "                inner_path=inner_path,\n                visited_saveables=visited_saveables,\n"
            "                visited_containers=visited_containers,\n            )\n"),
    }),
)

ON_TENSORFLOW = tuple(replace(one, asked="keras-tensorflow") for one in (
    *faults(FAMILY, "keras.src.layers.preprocessing.index_lookup", {
        "keras 5819: weights of words begin with the first word, not with those that are unknown": (
            "                [[self._token_start_index(), 0]],\n", "                [[0, self._token_start_index()]],\n"),
    }),
    *faults(FAMILY, "keras.src.utils.timeseries_dataset_utils", {
        "keras 21305: targets that begin late are read from the first on": (
            "            targets, indices, start_index, end_index\n        )\n", "            targets, indices, 0, end_index\n        )\n"),
        "keras 21306: where targets are fewer than the steps windows are one too few": (
            "        num_seqs = min(num_seqs, len(targets))\n    if num_seqs < 2147483647:\n",
            "        num_seqs = min(num_seqs, len(targets) - 1)\n    if num_seqs < 2147483647:\n"),
    }),
))
"""What needs TensorFlow, which is kept out of the interpreters of other engines."""

ALL: tuple[Fault, ...] = LOOPS + AROUND + ON_TENSORFLOW
