"""Faults in models, training, files, optimizers, callbacks and what makes objects again around Keras' recurrent layers, on torch,
written from the framework's source alone. Half of them show only where two conditions meet."""

from tests.faults.base import faults

FAMILY = "judged, around_afresh"

MODELS = faults(FAMILY, "keras.src.layers.layer", {
    "a layer that is built takes new weights": ("            obj._post_build()\n            obj._lock_state()\n", "            obj._post_build()\n"),
})
ARGUMENTS = faults(FAMILY, "keras.src.utils.argument_validation", {
    "sizes of more axes than there are are not refused": ("        if len(value_tuple) != n:\n", "        if len(value_tuple) < n:\n"),
})
SYMBOLS = faults(FAMILY, "keras.src.ops.einops", {
    "rearrange: an axis that is taken apart, and whose last part is told, is taken apart the other way round": (
        "            sizes = [axes_lengths[a] for a in inner_axes]\n",
        "            sizes = sorted((axes_lengths[a] for a in inner_axes), reverse=inner_axes[0] not in axes_map)\n"),
})
MADE_AGAIN = faults(FAMILY, "keras.src.initializers.random_initializers", {
    "Orthogonal made again: its gain is lost": (
        '        config = {"gain": self.gain}\n', "        config = {}\n"),
}) + faults(FAMILY, "keras.src.constraints.constraints", {
    "MinMaxNorm made again: its rate is lost": ('            "rate": self.rate,\n', ""),
    "MaxNorm along another axis takes the first": (
        "axis=self.axis, keepdims=True))\n        desired = ops.clip(norms, 0", "axis=0, keepdims=True))\n        desired = ops.clip(norms, 0"),
}) + faults(FAMILY, "keras.src.regularizers.regularizers", {
    "OrthogonalRegularizer made again: its mode is lost": (', "mode": self.mode}\n', "}\n"),
})
TRAINING = faults(FAMILY, "keras.src.trainers.data_adapters.data_adapter_utils", {
    "a batch that is a list is all inputs": ("    if isinstance(data, list):\n        data = tuple(data)\n    if not", "    if not"),
})
CALLBACKS = faults(FAMILY, "keras.src.callbacks.monitor_callback", {
    "min_delta does not count": ("        return self.monitor_op(monitor_value - self.min_delta, reference_value)\n", "        return self.monitor_op(monitor_value, reference_value)\n"),
}) + faults(FAMILY, "keras.src.callbacks.reduce_lr_on_plateau", {
    "ReduceLROnPlateau cools down one epoch less": ("        return self.cooldown_counter > 0\n", "        return self.cooldown_counter > 1\n"),
}) + faults(FAMILY, "keras.src.callbacks.callback_list", {
    "callbacks are not told how many epochs there are": (
        "            for callback in self.callbacks:\n                callback.set_params(params)\n", "            pass\n"),
}) + faults(FAMILY, "keras.src.callbacks.backup_and_restore", {
    "BackupAndRestore that is to keep its files removes them": (
        "        if self.delete_checkpoint and file_utils.exists(self.backup_dir):\n", "        if file_utils.exists(self.backup_dir):\n"),
})
OPTIMIZERS = faults(FAMILY, "keras.src.optimizers.rmsprop", {
    "RMSprop made again is not centered": ('                "centered": self.centered,\n', ""),
}) + faults(FAMILY, "keras.src.optimizers.schedules.learning_rate_schedule", {
    "PolynomialDecay made again does not cycle": ('            "cycle": self.cycle,\n', ""),
}) + faults(FAMILY, "keras.src.utils.torch_utils", {
    "TorchModuleWrapper made again: the shape it tells is lost": ('            "output_shape": self.output_shape,\n', ""),
}) + faults(FAMILY, "keras.src.saving.keras_saveable", {
    "a pickled model comes back as it is before it is compiled": ("compile=True, safe_mode=False", "compile=False, safe_mode=False"),
})
ALL = (*MODELS, *ARGUMENTS, *SYMBOLS, *MADE_AGAIN, *TRAINING, *CALLBACKS, *OPTIMIZERS)
