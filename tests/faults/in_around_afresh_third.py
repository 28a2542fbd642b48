"""Faults around Keras' recurrent layers, on torch, spread as the first ones that were written afresh, after what these had shown was
asked for. Half of them show only where two conditions meet."""

from tests.faults.base import faults

COMMON = "keras.src.backend.common."
LAYERS = "keras.src.layers."
FAMILY = "judged, around_afresh third"

VARIABLES = faults(FAMILY, COMMON + "variables", {
    "variables take values of another shape": (
        "        if not shape_equal(value.shape, self.shape):\n            raise ValueError(\n                \"The shape of the target",
        "        if len(value.shape) != len(self.shape):\n            raise ValueError(\n                \"The shape of the target"),
    "a variable may have a constraint that cannot be called": (
        "        if value is not None and not callable(value):\n            raise ValueError(\n                \"Invalid value for attribute `constraint`",
        "        if value is None and callable(value):\n            raise ValueError(\n                \"Invalid value for attribute `constraint`"),
}) + faults(FAMILY, COMMON + "keras_tensor", {
    "a tensor of a graph is true": (
        '        raise TypeError("A symbolic KerasTensor cannot be used as a boolean.")\n', "        return True\n"),
}) + faults(FAMILY, COMMON + "name_scope", {
    "paths of weights begin anew in each layer": (
        "        parts.append(entry.name)\n", "        parts = [*parts[:1], entry.name]\n"),
}) + faults(FAMILY, "keras.src.backend.torch.core", {
    "a weight that is thawed has no gradient": (
        "            self._value.requires_grad = value\n", "            self._value.requires_grad = value and self._value.requires_grad\n"),
})
PARTS = faults(FAMILY, LAYERS + "attention.multi_head_attention", {
    "MultiHeadAttention of another width of results tells its queries' shape before it": (
        "            query_shape = query_shape[:-1] + self._output_shape\n", "            query_shape = query_shape + self._output_shape\n"),
}) + faults(FAMILY, LAYERS + "attention.grouped_query_attention", {
    "GroupedQueryAttention: causal masks of other lengths look one step ahead": (
        "        return ops.greater_equal(row_index, col_index)\n",
        "        return ops.greater_equal(row_index + (0 if q_seq_length == v_seq_length else 1), col_index)\n"),
    "GroupedQueryAttention tells scores of as many heads as there are keys": (
        "                query.shape[0],\n                self.num_query_heads,\n", "                query.shape[0],\n                self.num_key_value_heads,\n"),
}) + faults(FAMILY, LAYERS + "reshaping.zero_padding2d", {
    "ZeroPadding2D pads its width as its height": (
        "            self.padding = (height_padding, width_padding)\n", "            self.padding = (height_padding, height_padding)\n"),
}) + faults(FAMILY, LAYERS + "pooling.base_global_pooling", {
    "global pooling, channels first, tells no axes where it keeps them": (
        "                return (input_shape[0], input_shape[1]) + (\n                    1,\n                ) * num_spatial_dims\n",
        "                return (input_shape[0], input_shape[1])\n"),
}) + faults(FAMILY, LAYERS + "core.identity", {
    "Identity loses masks": ("        self.supports_masking = True\n", ""),
}, explained={"Identity loses masks": "a layer that does not say so hands masks on by itself"}) + faults(FAMILY, LAYERS + "core.lambda_layer", {
    "Lambda of several shapes of its own tells them without rows": (
        "        return tree.map_shape_structure(_add_batch, self._output_shape)\n",
        "        if isinstance(self._output_shape, list):\n            return self._output_shape\n        return tree.map_shape_structure(_add_batch, self._output_shape)\n"),
})
MODELS = faults(FAMILY, "keras.src.models.sequential", {
    "Sequential is built again for another shape than that of its Input": (
        "            if self._layers[0].batch_shape != input_shape:\n", "            if len(self._layers[0].batch_shape) != len(input_shape):\n"),
    "Sequential takes a second Input": (
        "            and isinstance(self._layers[0], InputLayer)\n        ):\n            raise", "            and False\n        ):\n            raise"),
}, explained={"Sequential takes a second Input": "it is refused where the model is built, for it reads nothing"}) + faults(FAMILY, "keras.src.losses.losses", {
    "CategoricalHinge: the wrong classes are added up": (
        "    neg = ops.max((1.0 - y_true) * y_pred, axis=-1)\n", "    neg = ops.sum((1.0 - y_true) * y_pred, axis=-1)\n"),
    "BinaryFocalCrossentropy balances the classes the other way round": (
        "        weight = y_true * alpha + (1 - y_true) * (1 - alpha)\n", "        weight = y_true * (1 - alpha) + (1 - y_true) * alpha\n"),
}) + faults(FAMILY, "keras.src.optimizers.base_optimizer", {
    "a rate that a schedule gives can be set to a number": (
        "            if isinstance(\n                self._learning_rate, learning_rate_schedule.LearningRateSchedule\n            ):\n                raise TypeError(",
        "            if not hasattr(self._learning_rate, \"assign\"):\n                self._learning_rate = learning_rate\n                return\n            if isinstance(\n                self._learning_rate, learning_rate_schedule.LearningRateSchedule\n            ):\n                raise TypeError("),
    "a step without any gradient is taken": (
        '            raise ValueError("No gradients provided for any variable.")\n', "            return [], []\n"),
})
ALL = (*VARIABLES, *PARTS, *MODELS)
