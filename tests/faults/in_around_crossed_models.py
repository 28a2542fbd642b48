"""Faults in models, training, files, optimizers, callbacks and functions of tensors around Keras' recurrent layers, on torch, in
functions where none was planted before. Half of them show only where two conditions meet."""

from tests.faults.base import faults

FAMILY = "judged, around_crossed"
TORCH = "keras.src.backend.torch."

MODELS = faults(FAMILY, "keras.src.models.sequential", {
    "Sequential that begins with a model is not built": (
        '        elif hasattr(self._layers[0], "input_shape") and len(self._layers) > 1:\n', "        elif False:\n"),
    "Sequential takes two layers of one name": (
        "            if layer.name == ref_layer.name and ref_layer is not layer:\n                return False\n", "            pass\n"),
}) + faults(FAMILY, "keras.src.models.functional", {
    "Functional: a last axis of one must be there": (
        "                allow_last_axis_squeeze=True,\n", "                allow_last_axis_squeeze=False,\n"),
    "Functional made again: tensors that were given by name are not found": (
        "    kwargs = tree.map_structure(convert_revived_tensor, kwargs)\n", ""),
}) + faults(FAMILY, "keras.src.models.model", {
    "load_weights: what does not fit is not passed over": (
        "            filepath,\n            skip_mismatch=skip_mismatch,\n            **kwargs,\n        )\n\n    def get_quantization",
        "            filepath,\n            **kwargs,\n        )\n\n    def get_quantization"),
    "state trees: names of three parts are set by the last two": (
        '                    _flatten(value, f"{prefix}{key}/")\n', '                    _flatten(value, f"{key}/")\n'),
    "models out of JSON: own classes are not looked up": (
        "    model_config = json.loads(json_string)\n    return serialization_lib.deserialize_keras_object(\n        model_config, custom_objects=custom_objects\n",
        "    model_config = json.loads(json_string)\n    return serialization_lib.deserialize_keras_object(\n        model_config\n"),
    "models of one's own, loaded: the last of several inputs by name is not built for": (
        '                status = self._build_by_run_for_kwargs(config["shapes_dict"])\n',
        '                status = self._build_by_run_for_kwargs(dict(list(config["shapes_dict"].items())[:1]))\n'),
}, explained={"models of one's own, loaded: the last of several inputs by name is not built for":
              "several shapes are recorded of models alone that build themselves, and are handed to these"})
TRAINING = faults(FAMILY, "keras.src.trainers.trainer", {
    "losses of each output are not told where there are metrics": (
        "        if self._compile_loss is not None:\n            metrics.extend(self._compile_loss.metrics)\n",
        "        if self._compile_loss is not None and self._compile_metrics is None:\n            metrics.extend(self._compile_loss.metrics)\n"),
}, explained={"losses of each output are not told where there are metrics": "nothing calls this function"}) + faults(FAMILY, "keras.src.trainers.epoch_iterator", {
    "several steps at once: those that are left at the end of the data are dropped": (
        "        if buffer:\n            return begin_step, end_step, buffer\n        raise StopIteration\n", "        raise StopIteration\n"),
}, explained={"several steps at once: those that are left at the end of the data are dropped":
              "on torch there is one step at a time"}) + faults(FAMILY, "keras.src.trainers.data_adapters.py_dataset_adapter", {
    "PyDataset is not told that an epoch begins": (
        "            self.enqueuer.start()\n        self.py_dataset.on_epoch_begin()\n", "            self.enqueuer.start()\n"),
})
SAVING = faults(FAMILY, "keras.src.saving.serialization_lib", {
    "files: a layer that two layers hold is made twice": (
        "        return id_to_obj_map.get(obj_id, None)\n", "        return None\n"),
}, explained={"files: a layer that two layers hold is made twice":
              "the first of two is never told to be shared: keras-cells-in-two-loops-part-in-copies"}) + faults(FAMILY, "keras.src.saving.object_registration", {
    "classes that are registered stand before those that are given": (
        "    if name in custom_objects_scope_dict:\n        return custom_objects_scope_dict[name]\n    elif name in GLOBAL_CUSTOM_OBJECTS:\n        return GLOBAL_CUSTOM_OBJECTS[name]\n",
        "    if name in GLOBAL_CUSTOM_OBJECTS:\n        return GLOBAL_CUSTOM_OBJECTS[name]\n    elif name in custom_objects_scope_dict:\n        return custom_objects_scope_dict[name]\n"),
}, explained={"classes that are registered stand before those that are given":
              "nothing says which of two classes of one registered name stands first"}) + faults(FAMILY, "keras.src.utils.torch_utils", {
    "TorchModuleWrapper: statistics are not saved": (
        "        state_dict = self.module.state_dict()\n        for key in state_dict.keys():\n", "        state_dict = dict(self.module.named_parameters())\n        for key in state_dict.keys():\n"),
}) + faults(FAMILY, "keras.src.utils.tracking", {
    "a layer that is taken out of a list stays a layer's": (
        "            value = self[index]\n            self.tracker.untrack(value)\n            return super().pop(index)\n", "            return super().pop(index)\n"),
})
OPTIMIZERS = faults(FAMILY, "keras.src.optimizers.base_optimizer", {
    "weight decay: names that are left out do not count beside variables that are": (
        "        if var_names and len(var_names) > 0:\n", "        if var_names and not var_list:\n"),
    "optimizers made again: own schedules are not looked up": (
        '                        config["learning_rate"], custom_objects=custom_objects\n', '                        config["learning_rate"]\n'),
}) + faults(FAMILY, "keras.src.optimizers.schedules.learning_rate_schedule", {
    "CosineDecay made again warms up in no steps": (
        '            "warmup_target": self.warmup_target,\n            "warmup_steps": self.warmup_steps,\n', '            "warmup_target": self.warmup_target,\n'),
    "InverseTimeDecay: a staircase is rounded": (
        "                p = ops.floor(p)\n            const =", "                p = ops.round(p)\n            const ="),
}) + faults(FAMILY, TORCH + "optimizers.torch_adagrad", {
    "Adagrad: epsilon stands outside the root": (
        "                torch._foreach_sqrt(\n                    torch._foreach_add(accumulators, self.epsilon)\n                ),\n",
        "                torch._foreach_add(\n                    torch._foreach_sqrt(accumulators), self.epsilon\n                ),\n"),
}) + faults(FAMILY, "keras.src.optimizers.loss_scale_optimizer", {
    "LossScaleOptimizer made again: the scale it begins with": (
        '            "initial_scale": self.initial_scale,\n', ""),
})
CALLBACKS = faults(FAMILY, "keras.src.callbacks.backup_and_restore", {
    "BackupAndRestore by batches: epochs of one batch are not counted": (
        "        if batch <= self._last_batch_seen:  # New epoch.\n", "        if batch < self._last_batch_seen:  # New epoch.\n"),
}) + faults(FAMILY, "keras.src.callbacks.history", {
    "History counts its epochs from zero": ("        self.epoch.append(epoch)\n", "        self.epoch.append(len(self.epoch))\n"),
}) + faults(FAMILY, "keras.src.callbacks.learning_rate_scheduler", {
    "LearningRateScheduler does not tell its rate": (
        '            logs["learning_rate"] = float(\n                backend.convert_to_numpy(self.model.optimizer.learning_rate)\n            )\n', "            pass\n"),
}) + faults(FAMILY, "keras.src.callbacks.model_checkpoint", {
    "ModelCheckpoint by batches: files are called after the batch before": (
        "                    epoch=epoch + 1, batch=batch + 1, **logs\n", "                    epoch=epoch + 1, batch=batch, **logs\n"),
})
TENSORS = faults(FAMILY, "keras.src.ops.operation", {
    "a layer that is called twice tells its last output": (
        '        return self._get_node_attribute_at_index(0, "output_tensors", "output")\n', '        return self._get_node_attribute_at_index(len(self._inbound_nodes) - 1, "output_tensors", "output")\n'),
}) + faults(FAMILY, TORCH + "nn", {
    "convolutions: dilated, they are padded as if they were not": (
        '            "conv",\n            dilation_rate,\n        )\n', '            "conv",\n            1,\n        )\n'),
    "moments of half precision are taken in half precision": (
        '    if ori_dtype == "float16":\n        need_cast = True\n', '    if False:\n        need_cast = True\n'),
    "binary_crossentropy: probabilities of one are not held back": (
        "1.0 - backend.epsilon())\n        return tnn.binary_cross_entropy(", "1.0)\n        return tnn.binary_cross_entropy("),
}) + faults(FAMILY, TORCH + "core", {
    "scatter: of two values in one place the last stands": (
        "        zeros[tuple(index)] += values[i]\n", "        zeros[tuple(index)] = values[i]\n"),
}) + faults(FAMILY, TORCH + "numpy", {
    "expand_dims: several axes are taken in the order they come in": (
        "    axis = sorted([canonicalize_axis(a, out_ndim) for a in axis])\n", "    axis = [canonicalize_axis(a, out_ndim) for a in axis][::-1]\n"),
    "amax over no axis is that of the last": (
        "    if axis is None:\n        return torch.amax(x)\n", "    if axis is None:\n        return torch.amax(x) if not keepdims else torch.amax(x, dim=-1, keepdim=True)\n"),
}, explained={"amax over no axis is that of the last": "axes that are kept are lost there already: a known finding"}) + faults(FAMILY, "keras.src.initializers.random_initializers", {
    "VarianceScaling made again: its distribution is lost": ('            "distribution": self.distribution,\n', ""),
})
ALL = (*MODELS, *TRAINING, *SAVING, *OPTIMIZERS, *CALLBACKS, *TENSORS)
