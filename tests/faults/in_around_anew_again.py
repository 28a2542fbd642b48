"""Faults around Keras' recurrent layers, on torch, where those written anew had survived: what optimizers remember, files and their
options, shapes that are told of open and of several axes, callbacks, old names of methods. Half of them show only where two
conditions meet."""

from tests.faults.base import faults

FAMILY = "judged, around_anew again"

OPTIMIZERS = faults(FAMILY, "keras.src.optimizers.multi_optimizer", {
    "OptimizerMap: a pattern need not be the whole path": (
        "            if re.fullmatch(pattern, key)\n", "            if re.match(pattern, key)\n"),
    "OptimizerMap: of two patterns that fit the first is taken": (
        "        if len(matching_keys) > 1:\n            raise ValueError(f\"Multiple optimizers assigned to variable {key}.\")\n        elif len(matching_keys) == 1:\n",
        "        if matching_keys:\n"),
}) + faults(FAMILY, "keras.src.callbacks.swap_ema_weights", {
    "SwapEMAWeights does not look into an optimizer that scales losses": (
        '        if hasattr(self.model.optimizer, "inner_optimizer"):\n', "        if False:\n"),
}) + faults(FAMILY, "keras.src.models.model", {
    "the state of a model as arrays is tensors": (
        "                flat_dict[v.path] = v.numpy()\n", "                flat_dict[v.path] = v.value\n"),
    "the state of a model is told where two weights have one path": (
        "            if v.path in flat_dict:\n", "            if v.path in flat_dict and flat_dict[v.path] is v.value:\n"),
})
FILES = faults(FAMILY, "keras.src.saving.saving_api", {
    "objects that are to be skipped are loaded": (
        "            skip_mismatch=skip_mismatch,\n            objects_to_skip=objects_to_skip,\n        )\n    elif",
        "            skip_mismatch=skip_mismatch,\n        )\n    elif"),
    "weights by name that do not fit are not skipped": (
        "                legacy_h5_format.load_weights_from_hdf5_group_by_name(\n                    f, model, skip_mismatch\n",
        "                legacy_h5_format.load_weights_from_hdf5_group_by_name(\n                    f, model\n"),
}) + faults(FAMILY, "keras.src.saving.saving_lib", {
    "weights of a file that do not fit are passed over": (
        "            _raise_loading_failure(error_msgs, warn_only=skip_mismatch)\n",
        "            _raise_loading_failure(error_msgs, warn_only=True)\n"),
}) + faults(FAMILY, "keras.src.models.sequential", {
    "Sequential made again without an Input is not built": (
        "            model.build(build_input_shape)\n", "            pass\n"),
}) + faults(FAMILY, "keras.src.layers.input_spec", {
    "InputSpec made again is not optional": ('            "optional": self.optional,\n', ""),
})
SHAPES = faults(FAMILY, "keras.src.ops.operation_utils", {
    "sums over several axes that are told in order tell others": (
        "        for ax in sorted(axis, reverse=True):\n            del shape[ax]\n        return tuple(shape)\n",
        "        for ax in axis:\n            del shape[min(ax, len(shape) - 1)]\n        return tuple(shape)\n"),
    "sums over all axes that are kept tell none": (
        "            return tuple([1 for _ in shape])\n", "            return tuple([])\n"),
    "numbers taken along an axis are told to be as many as there are": (
        "    input_shape[axis] = indices_shape[axis]\n", ""),
}) + faults(FAMILY, "keras.src.backend.common.backend_utils", {
    'a transposed convolution of "same" with padding of its output tells a step less': (
        "            return (input_size - 1) * strides + kernel_size % 2 + output_padding\n",
        "            return (input_size - 1) * strides + output_padding\n"),
}) + faults(FAMILY, "keras.src.layers.reshaping.cropping3d", {
    "Cropping3D, channels first, tells channels last": (
        "            return (input_shape[0], input_shape[1], *spatial_dims)\n",
        "            return (input_shape[0], *spatial_dims, input_shape[1])\n"),
}) + faults(FAMILY, "keras.src.backend.config", {
    "layers do not heed where channels are set to stand": (
        "    if data_format is None:\n        return image_data_format()\n", '    if data_format is None:\n        return "channels_last"\n'),
})
OWN = faults(FAMILY, "keras.src.callbacks.callback", {
    "callbacks of an older kind are not told where batches begin": (
        "        self.on_batch_begin(batch, logs=logs)\n", "        pass\n"),
}) + faults(FAMILY, "keras.src.callbacks.callback_list", {
    "callbacks are not told where predictions begin": (
        "            callback.on_predict_begin(logs)\n", "            pass\n"),
}) + faults(FAMILY, "keras.src.layers.layer", {
    "add_variable forgets the regularizer": (
        "            autocast=autocast,\n            regularizer=regularizer,\n            constraint=constraint,\n            name=name,\n        )\n",
        "            autocast=autocast,\n            constraint=constraint,\n            name=name,\n        )\n"),
}) + faults(FAMILY, "keras.src.metrics.metric", {
    "add_weight of a metric forgets the dtype": (
        "            shape=shape, initializer=initializer, dtype=dtype, name=name\n", "            shape=shape, initializer=initializer, name=name\n"),
}) + faults(FAMILY, "keras.src.trainers.trainer", {
    "an own metric of several numbers is told under its name": (
        "            if isinstance(result, dict):\n                return_metrics.update(result)\n",
        "            if isinstance(result, dict) and metric is self._compile_metrics:\n                return_metrics.update(result)\n"),
}, explained={"an own metric of several numbers is told under its name": "logs within logs are told as if they were none"}) + faults(FAMILY, "keras.src.backend.common.variables", {
    "whole numbers among weights are cast where precision is mixed": (
        "        if self.dtype is not None and is_float_dtype(value.dtype):\n", "        if self.dtype is not None:\n"),
})
ALL = (*OPTIMIZERS, *FILES, *SHAPES, *OWN)
