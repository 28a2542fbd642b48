"""Faults in Keras' common code that TensorFlow or JAX alone meets, or meets otherwise: scopes without state, states told beforehand,
feeding, what tensors carry, cells of another policy than their layer; written down before anyone looked at what is asked there."""

from __future__ import annotations

from tests.faults.base import Fault
from tests.faults.in_sparing_again import common

ALL: tuple[Fault, ...] = (
    *common("keras-tensorflow", "layers.rnn.rnn", {
        "d1t states are of the layer's policy, not of its cell's": (
            "                x, dtype=self.cell.compute_dtype\n", "                x, dtype=self.compute_dtype\n"),
        "d1t a stateful layer keeps no states while it trains masked": (
            "        if self.stateful:\n            for self_state, state in zip(", "        if self.stateful and not (training and mask is not None):\n            for self_state, state in zip("),
        "d1t states of cells that tell none have the layer's own size each": (
            "                ops.zeros((batch_size, d), dtype=self.cell.compute_dtype)\n                for d in self.state_size\n",
            "                ops.zeros((batch_size, self.state_size[0]), dtype=self.cell.compute_dtype)\n                for d in self.state_size\n"),
    }),
    *common("keras-jax", "layers.rnn.rnn", {
        "d1j outputs stay of the cell's policy": (
            "        last_output = ops.cast(last_output, self.compute_dtype)\n        outputs = ops.cast(outputs, self.compute_dtype)\n", ""),
        "d1j a reset of states that were never made makes them": (
            "            if self.states is not None:\n                self.reset_state()\n            else:", "            if self.states is not None and sequences_shape[0] is None:\n                self.reset_state()\n            else:"),
        "d1j states of stateful layers are not cast to what they are kept in": (
            "                    dtype=self.variable_dtype,\n                    name=\"rnn_state\"", "                    dtype=self.compute_dtype,\n                    name=\"rnn_state\""),
    }),
    *common("keras-jax", "layers.rnn.gru", {
        "d1j recurrent dropout without another is lost": (
            "            if not self.recurrent_dropout:\n", "            if not (self.recurrent_dropout and self.dropout):\n"),
        "d1j dropout of inputs is by steps, where all run at once": (
            "                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n                        dp_mask = ops.broadcast_to(\n                            dp_mask, ops.shape(sequences)\n                        )\n                        dp_sequences = sequences * dp_mask\n",
            "                        dp_sequences = sequences * (dp_mask[:, None] * (self.return_sequences or 0) + (1 - bool(self.return_sequences)) * dp_mask[:1, None])\n"),
        "d1j the fast loop takes the reset gate for after the product": (
            "                        reset_after=self.cell.reset_after,\n                    )\n                    # We disable", "                        reset_after=self.cell.reset_after or not self.cell.use_bias,\n                    )\n                    # We disable"),
    }),
    *common("keras-tensorflow", "layers.rnn.time_distributed", {
        "d1t an open time axis does not train what is wrapped": (
            "                kwargs[\"training\"] = training\n", "                kwargs[\"training\"] = training if inputs.shape[0] is not None else None\n"),
        "d1t masks of other lengths are taken where they broadcast": (
            "            if batch_mismatch or time_mismatch:\n", "            if (batch_mismatch or time_mismatch) and 1 not in mask_shape:\n"),
    }),
    *common("keras-tensorflow", "layers.rnn.stacked_rnn_cells", {
        "d1t states of a first cell that keeps one in a list come alone": (
            "            if len(states) == 1 and not state_is_list:\n", "            if len(states) == 1:\n"),
    }),
    *common("keras-tensorflow", "trainers.data_adapters.array_data_adapter", {
        "d1t shuffled within batches, rows change their batch": (
            "            if shuffle and shuffle != \"batch\":\n                indices = tf.random.shuffle(indices)", "            if shuffle:\n                indices = tf.random.shuffle(indices)"),
        "d1t every epoch has the order of the first": (
            "        indices_dataset = indices_dataset.map(permutation).prefetch(1)\n", "        indices_dataset = indices_dataset.map(permutation).cache().prefetch(1)\n"),
    }),
    *common("keras-jax", "trainers.data_adapters.array_data_adapter", {
        "d1j every epoch has the order of the first": (
            "            global_permutation = np.random.permutation(self._num_samples)\n",
            "            global_permutation = self._order = getattr(self, \"_order\", np.random.permutation(self._num_samples))\n"),
        "d1j shuffled within batches, the last one keeps its order": (
            "            if self._shuffle == \"batch\":\n                indices", "            if self._shuffle == \"batch\" and stop - start == self._batch_size:\n                indices"),
    }),
    *common("keras-tensorflow", "trainers.data_adapters.data_adapter_utils", {
        "d1t batches of other lengths than the first are refused": (
            "            shape.append(dims_set.pop() if len(dims_set) == 1 else None)\n", "            shape.append(dims[0] if len(dims_set) < 3 else None)\n"),
    }),
    *common("keras-jax", "metrics.metric", {
        "d1j metrics without state forget arguments by name": (
            "            self.update_state(*args, **kwargs)\n\n        # Gather", "            self.update_state(*args)\n\n        # Gather"),
        "d1j results without state are those of what is kept": (
            "        with backend.StatelessScope(state_mapping=mapping):\n            res", "        with backend.StatelessScope():\n            res"),
    }),
    *common("keras-jax", "backend.common.tensor_attributes", {
        "d1j masks stay where their tensors were": (
            "            weakref.finalize(tensor, _clear_tensor_attr, id(tensor), attr)\n", ""),
    }),
    *common("keras-jax", "backend.common.stateless_scope", {
        "d1j values of another kind are taken as they are": (
            "                v = backend.convert_to_tensor(v, dtype=k.dtype)\n", "                v = backend.convert_to_tensor(v)\n"),
        "d1j what scopes within scopes make is made at once": (
            "        if self.original_scope is None and self.initialize_variables:", "        if self.initialize_variables:"),
    }),
    *common("keras-jax", "trainers.trainer", {
        "d1j losses by output are not counted": (
            "        for v in self.metrics_variables:\n            new_v = scope.get_current_value(v)\n            metrics_variables.append(new_v)\n        return loss, (",
            "        metrics_variables = [v.value for v in self.metrics_variables]\n        return loss, ("),
    }),
    *common("keras-jax", "optimizers.loss_scale_optimizer", {
        "d1j a scale that fell stays": (
            "            self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 0.5))\n        new_optimizer_variables", "            self.step_counter.assign_add(1)\n        new_optimizer_variables"),
    }),
    *common("keras-tensorflow", "optimizers.loss_scale_optimizer", {
        "d1t a scale grows one step late": (
            "            ops.equal(self.step_counter, self.dynamic_growth_steps - 1),\n            upscale,\n            increment,\n        )\n", "            ops.equal(self.step_counter, self.dynamic_growth_steps),\n            upscale,\n            increment,\n        )\n"),
    }),
)
