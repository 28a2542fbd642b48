"""Faults in Keras' engines on TensorFlow and JAX, where the first ones of `in_engines_judged` had survived."""

from tests.faults.base import faults
from tests.faults.in_engines_judged import COMMON, J, T, asked

FAMILY = "judged again, engines, second"
FEED = COMMON + "trainers.data_adapters."
ON_TENSORFLOW = asked("keras-tensorflow", faults(FAMILY, COMMON + "callbacks.swap_ema_weights", {
    "averages that are lent in training are those of before the swap": (
        "                lambda a, b: b.assign(a - b),\n", "                lambda a, b: b.assign(b),\n"),
}) + faults(FAMILY, FEED + "data_adapter_utils", {
    "weights may be of other numbers of rows": (
        "        int(i.shape[0]) for i in tree.flatten(data) if i is not None\n", "        int(i.shape[0]) for i in tree.flatten(data[:2]) if i is not None\n"),
}) + faults(FAMILY, FEED + "py_dataset_adapter", {
    "a dataset's own weights are given up for those of classes": (
        "            if len(batch) == 3:\n                raise ValueError(\n", "            if len(batch) == 3:\n                batch = batch[:2]\n            if len(batch) == 4:\n                raise ValueError(\n"),
}) + faults(FAMILY, COMMON + "layers.attention.attention", {
    "attention that may not look ahead, over an open time axis, looks at padding": (
        "            if v_mask is not None:\n                # Mask of shape [batch_size, 1, Tv].\n",
        "            if v_mask is not None and scores.shape[-1] is not None:\n                # Mask of shape [batch_size, 1, Tv].\n"),
}) + faults(FAMILY, COMMON + "layers.pooling.global_average_pooling1d", {
    "means over an open time axis count masked steps": (
        "        if mask is not None:\n            mask_expanded", "        if mask is not None and inputs.shape[steps_axis] is not None:\n            mask_expanded"),
})) + faults(FAMILY, T + "numpy", {
    "stacked tensors of several precisions are of the first": (
        "        x = tree.map_structure(lambda a: convert_to_tensor(a, dtype), x)\n    return tf.stack(x, axis=axis)\n",
        "        x = tree.map_structure(lambda a: convert_to_tensor(a, x[0].dtype), x)\n    return tf.stack(x, axis=axis)\n"),
}) + faults(FAMILY, T + "optimizer", {
    "decay passes over tables": (
        "                if self._use_weight_decay(variable):\n", "                if self._use_weight_decay(variable) and \"embeddings\" not in variable.name:\n"),
}) + faults(FAMILY, T + "nn", {
    "binary cross-entropy of shares: soft targets count as ones": (
        "    bce += (1 - target) * tf.math.log(1 - output)\n", "    bce += tf.cast(target == 0, output.dtype) * tf.math.log(1 - output)\n"),
    "softmax over all axes is one over the last": (
        "        output = tf.reshape(x, [-1])\n        output = tf.nn.softmax(output, axis=-1)\n        output = tf.reshape(output, tf.shape(x))\n",
        "        output = tf.nn.softmax(x, axis=-1)\n"),
}) + faults(FAMILY, T + "trainer", {
    "evaluate takes words that nobody knows": (
        "        if kwargs:\n            raise ValueError(f\"Arguments not recognized: {kwargs}\")\n", ""),
})
ON_JAX = faults(FAMILY, J + "export", {
    "exported: as many steps as rows": ("                elif index == 0:\n", "                elif index <= 1:\n"),
}) + faults(FAMILY, J + "nn", {
    "normalization that is shifted, not scaled, is not shifted": ("    if offset is not None:\n        offset = jnp.reshape", "    if offset is not None and scale is not None:\n        offset = jnp.reshape"),
    "classes in a column: one row keeps it": (
        "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:\n        target = jnp.squeeze",
        "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1 and target.shape[0] > 1:\n        target = jnp.squeeze"),
    "CTC: the first padded label is read": (
        "        elem_valid = indices < lengths\n", "        elem_valid = indices <= lengths\n"),
}) + faults(FAMILY, J + "trainer", {
    "evaluate on JAX takes words that nobody knows": (
        "        if kwargs:\n            raise ValueError(f\"Arguments not recognized: {kwargs}\")\n", ""),
    "losses that are scaled are told scaled": (
        "        unscaled_loss = loss\n        if training", "        unscaled_loss = loss if self.optimizer is None or not training else self.optimizer.scale_loss(loss)\n        if training"),
}) + asked("keras-jax", faults(FAMILY, COMMON + "optimizers.loss_scale_optimizer", {
    "traced: losses that grow begin no count anew": (
        "            with backend.StatelessScope(state_mapping=mapping) as scope:\n                self.step_counter.assign(0)\n", "            with backend.StatelessScope(state_mapping=mapping) as scope:\n"),
}) + faults(FAMILY, COMMON + "optimizers.base_optimizer", {
    "stateless steps take fewer numbers than there are": (
        "        if len(optimizer_variables) != len(self.variables):\n", "        if len(optimizer_variables) > len(self.variables):\n"),
}) + faults(FAMILY, COMMON + "backend.common.stateless_scope", {
    "a scope within a scope ends both": (
        "            \"stateless_scope\", self.original_scope\n", "            \"stateless_scope\", None\n"),
}) + faults(FAMILY, COMMON + "layers.layer", {
    "stateless calls of layers that are computed again are told no arguments by name": (
        "                outputs = self.rematerialized_call(self.call, *args, **kwargs)(\n                    *args, **kwargs\n                )\n            else:\n                outputs = self.call(*args, **kwargs)\n            if return_losses:",
        "                outputs = self.rematerialized_call(self.call, *args, **kwargs)(\n                    *args\n                )\n            else:\n                outputs = self.call(*args, **kwargs)\n            if return_losses:"),
}))
ALL = (*ON_TENSORFLOW, *ON_JAX)
