"""Mistakes of Keras 3.14 in training, callbacks, losses, metrics, models and files, put back: each was mended in 3.15."""

from tests.faults.base import faults

SRC = "keras.src."
FAMILY = "past releases, around models"

ALL = faults(FAMILY, SRC + "trainers.compile_utils", {
    "metrics read targets of a dictionary in the alphabet's order": (
        "        y_true = self._flatten_y(y_true)\n        y_pred = self._flatten_y(y_pred)\n        for m,",
        "        y_true = tree.flatten(y_true)\n        y_pred = tree.flatten(y_pred)\n        for m,"),
    "metrics read weights of a dictionary in the alphabet's order": (
        "            sample_weight = self._flatten_y(sample_weight)\n            # For multi-outputs",
        "            sample_weight = tree.flatten(sample_weight)\n            # For multi-outputs"),
}, {"metrics read weights of a dictionary in the alphabet's order":
    "a list of outputs refuses weights by name (keras-weights-of-rows-by-name-raise), a dictionary has the alphabet's order itself",
}) + faults(FAMILY, SRC + "callbacks.early_stopping", {
    "stopping early keeps the best of the training before": (
        "        self.best = None\n        self.best_weights", "        self.best_weights"),
}) + faults(FAMILY, SRC + "callbacks.reduce_lr_on_plateau", {
    "a plateau keeps the best of the training before": (
        "        self.best = None\n        self.cooldown_counter", "        self.cooldown_counter"),
}) + faults(FAMILY, SRC + "callbacks.learning_rate_scheduler", {
    "a schedule of epochs reads one optimizer of several": (
        'if hasattr(self.model.optimizer, "optimizers"):\n            for idx, opt in enumerate(self.model.optimizer.optimizers):\n'
        "                learning_rate", 'if False:\n            for idx, opt in enumerate(self.model.optimizer.optimizers):\n'
        "                learning_rate"),
}) + faults(FAMILY, SRC + "callbacks.swap_ema_weights", {
    "averages are swapped with what is trained now": (
        "variables = optimizer._trainable_variables", "variables = self.model.trainable_variables", 4),
}) + faults(FAMILY, SRC + "trainers.data_adapters.generator_data_adapter", {
    "an empty generator is not refused": ("        if not first_batches:\n", "        if False:\n"),
}, {
    "an empty generator is not refused":
    "it is, by an IndexError in the line behind",
}) + faults(FAMILY, SRC + "models.functional", {
    "a model class of any arguments is not made of a graph": (
        "    if init_spec.varargs is not None and init_spec.varkw is not None:\n", "    if False:\n"),
    "layers of a graph are not tracked one by one": (
        "        for layer in self.layers:\n            self._tracker.track(layer)\n", "        self._layers = self.layers\n"),
    "a graph that cannot be made is tried for ever": ("        if not some_nodes_processed:\n", "        if False:\n"),
}) + faults(FAMILY, SRC + "losses.losses", {
    "numbers of classes lose the last axis, whatever the axis of classes is": (
        "and y_true.shape[axis] == 1:\n        y_true = ops.squeeze(y_true, axis=axis)",
        "and y_true.shape[-1] == 1:\n        y_true = ops.squeeze(y_true, axis=-1)"),
    "an ignored class takes the last axis for that of classes": (
        "enumerate(y_pred_shape) if i != class_axis", "enumerate(y_pred_shape) if i != len(y_pred_shape) - 1"),
    "an ignored class is masked along the last axis": (
        "ops.where(ops.expand_dims(valid_mask, axis), y_pred, 0)", "ops.where(ops.expand_dims(valid_mask, -1), y_pred, 0)"),
    "an ignored class multiplies what is predicted": (
        "ops.where(ops.expand_dims(valid_mask, axis), y_pred, 0)",
        "ops.multiply(y_pred, ops.cast(ops.expand_dims(valid_mask, axis), y_pred.dtype))"),
}) + faults(FAMILY, SRC + "metrics.iou_metrics", {
    "classes beyond the last are counted": (
        "                ops.less(y_true, num_cls),\n", "                ops.greater_equal(y_true, 0),\n"),
    "classes beyond the last are counted where predicted": (
        "                ops.less(y_pred, num_cls),\n", "                ops.greater_equal(y_pred, 0),\n"),
}) + faults(FAMILY, SRC + "metrics.metrics_utils", {
    "weights multiply what does not count": (
        "            result = ops.where(\n                label_and_pred,\n                ops.cast(weights, dtype=var.dtype),\n"
        "                0,\n            )\n",
        "            result = ops.cast(label_and_pred, var.dtype) * ops.cast(weights, dtype=var.dtype)\n"),
}, {
    "weights multiply what does not count":
    "but for weights that are not finite, and each of these counts in one of four sums",
}) + faults(FAMILY, SRC + "backend.torch.trainer", {
    "metrics go over batches of train_on_batch": (
        "        self.make_train_function()\n        self.reset_metrics()\n", "        self.make_train_function()\n"),
    "metrics go over batches of test_on_batch": (
        "        self.make_test_function()\n        self.reset_metrics()\n", "        self.make_test_function()\n"),
}) + faults(FAMILY, SRC + "backend.torch.optimizers.torch_optimizer", {
    "an optimizer is made twice": (
        "            return super().__new__(OPTIMIZERS[cls])\n", "            return OPTIMIZERS[cls](*args, **kwargs)\n"),
}, {
    "an optimizer is made twice":
    "the second time does what the first one did; the number behind its name is one more",
}) + faults(FAMILY, SRC + "saving.saving_lib", {
    "layers in lists within lists are not saved": (
        '        elif isinstance(saveable, (list, dict, tuple)):\n            name = _get_unique_name("container", used_names)\n'
        "            _save_container_state(",
        '        elif False:\n            name = _get_unique_name("container", used_names)\n            _save_container_state('),
})
