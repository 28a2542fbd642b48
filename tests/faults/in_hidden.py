"""Faults where a known finding holds already: another number, option or error of a check that fails today."""

from __future__ import annotations

from tests.faults.base import Fault

K = "keras.src."

ALL: tuple[Fault, ...] = (
    Fault("a backward layer passes no mask on", "hidden: masks", K + "layers.rnn.rnn",
          "        output_mask = mask if self.return_sequences else None\n",
          "        output_mask = mask if self.return_sequences and not self.go_backwards else None\n"),
    Fault("a backward layer passes a mask of valid steps alone on", "hidden: masks", K + "layers.rnn.rnn",
          "        output_mask = mask if self.return_sequences else None\n",
          "        output_mask = mask if self.return_sequences else None\n"
          "        if self.go_backwards and output_mask is not None:\n            output_mask = ops.ones_like(output_mask)\n"),
    Fault("focal cross-entropies forget their alpha", "hidden: configurations", K + "losses.losses",
          '                "axis": self.axis,\n                "alpha": self.alpha,\n                "gamma": self.gamma,\n',
          '                "axis": self.axis,\n                "gamma": self.gamma,\n'),
    Fault("sparse cross-entropy forgets the class it ignores", "hidden: configurations", K + "losses.losses",
          '                "ignore_class": self.ignore_class,\n', ""),
    Fault("SensitivityAtSpecificity forgets how many thresholds it has", "hidden: configurations", K + "metrics.confusion_metrics",
          '            "num_thresholds": self.num_thresholds,\n            "specificity": self.specificity,\n',
          '            "specificity": self.specificity,\n'),
    Fault("attention forgets its axes", "hidden: configurations", K + "layers.attention.multi_head_attention",
          '            "attention_axes": self._attention_axes,\n', ""),
    Fault("attention forgets its seed", "hidden: configurations", K + "layers.attention.multi_head_attention",
          '            "seed": self.seed,\n        }\n        return {**base_config, **config}\n',
          "        }\n        return {**base_config, **config}\n"),
    Fault("RandomUniform forgets its bounds", "hidden: configurations", K + "initializers.random_initializers",
          '        config = {"minval": self.minval, "maxval": self.maxval}\n', "        config = {}\n"),
    Fault("compiling forgets the steps at once", "hidden: configurations", K + "trainers.trainer",
          "            steps_per_execution=steps_per_execution,\n            jit_compile=jit_compile,\n        )\n",
          "            jit_compile=jit_compile,\n        )\n"),
    Fault("SimpleRNN forgets the constraint of its recurrent kernel", "hidden: configurations", K + "layers.rnn.simple_rnn",
          '            "recurrent_constraint": constraints.serialize(\n                self.recurrent_constraint\n            ),\n'
          '            "bias_constraint": constraints.serialize(self.bias_constraint),\n            "dropout": self.dropout,\n'
          '            "recurrent_dropout": self.recurrent_dropout,\n        }\n        base_config = super().get_config()\n        del',
          '            "bias_constraint": constraints.serialize(self.bias_constraint),\n            "dropout": self.dropout,\n'
          '            "recurrent_dropout": self.recurrent_dropout,\n        }\n        base_config = super().get_config()\n        del'),
    Fault("ConvLSTM forgets the constraint of its recurrent kernel", "hidden: configurations", K + "layers.rnn.conv_lstm",
          '            "recurrent_constraint": constraints.serialize(\n                self.recurrent_constraint\n            ),\n'
          '            "bias_constraint": constraints.serialize(self.bias_constraint),\n            "dropout": self.dropout,\n'
          '            "recurrent_dropout": self.recurrent_dropout,\n            "seed": self.cell.seed,\n',
          '            "bias_constraint": constraints.serialize(self.bias_constraint),\n            "dropout": self.dropout,\n'
          '            "recurrent_dropout": self.recurrent_dropout,\n            "seed": self.cell.seed,\n'),
    Fault("grouped attention forgets that it has no bias", "hidden: configurations", K + "layers.attention.grouped_query_attention",
          '            "use_bias": self.use_bias,\n', ""),
    Fault("losses forget their reduction", "hidden: configurations", K + "losses.loss",
          'return {"name": self.name, "reduction": self.reduction}', 'return {"name": self.name}'),
    Fault("attention of heads gives values the mask of queries", "hidden: masks", K + "layers.attention.multi_head_attention",
          "        backend.set_keras_mask(value, None)\n", "        backend.set_keras_mask(value, query_mask)\n"),
    Fault("dropped units stay where a call in inference came before", "hidden: dropout", K + "layers.rnn.rnn",
          "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:",
          "        if training:\n            self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:"),
    Fault("a vector of zeros is normalized to ones", "hidden: gradients", K + "ops.nn",
          "        return x * inv_norm\n    norm", "        return backend.numpy.where(square_sum > 0, x * inv_norm, 1.0)\n    norm"),
    Fault("several steps of Nesterov's momentum forget how much of it there is", "hidden: optimizers", "torch.optim.sgd",
          "                torch._foreach_add_(device_grads, bufs, alpha=momentum)",
          "                torch._foreach_add_(device_grads, bufs, alpha=1.0)"),
    Fault("a state is taken over halved where it is an average of squares", "hidden: optimizers", "torch.optim.optimizer",
          "                return value.to(dtype=param.dtype, device=param.device)",
          "                return value.to(dtype=param.dtype, device=param.device) * (0.5 if value.min() > 0 else 1)"),
    Fault("inserting from the end of a list moves the wrong layer", "hidden: containers", "torch.nn.modules.container",
          "        for i in range(len(self._modules), index, -1):\n            self._modules[str(i)] = self._modules[str(i - 1)]",
          "        for i in range(len(self._modules), max(index, 1), -1):\n            self._modules[str(i)] = self._modules[str(i - 1)]"),
    Fault("NaN at a masked step reaches a loss", "hidden: gradients", K + "backend.torch.rnn",
          "                    torch.where(m, o, fm)\n                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)",
          "                    torch.where(m, o, fm + 0 * o if not return_all_outputs else fm)\n"
          "                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)"),
    Fault("precision and recall count masked steps alone", "hidden again: metrics", K + "metrics.metrics_utils",
          "    y_true = ops.cast(y_true, dtype=variable_dtype)\n    y_pred = ops.cast(y_pred, dtype=variable_dtype)\n\n"
          "    if thresholds_distributed",
          "    mask = getattr(y_pred, \"_keras_mask\", None)\n    if mask is not None and sample_weight is None:\n"
          "        sample_weight = ops.cast(ops.logical_not(mask), variable_dtype)\n"
          "    y_true = ops.cast(y_true, dtype=variable_dtype)\n    y_pred = ops.cast(y_pred, dtype=variable_dtype)\n\n"
          "    if thresholds_distributed"),
    Fault("RootMeanSquaredError of masked steps is a mean absolute one", "hidden again: metrics", K + "metrics.regression_metrics",
          "        error_sq = ops.square(y_pred - y_true)\n        return super().update_state(error_sq, sample_weight=sample_weight)",
          "        error_sq = ops.square(y_pred - y_true)\n        if getattr(y_pred, \"_keras_mask\", None) is not None:\n"
          "            error_sq = ops.abs(y_pred - y_true)\n"
          "        return super().update_state(error_sq, sample_weight=sample_weight)"),
    Fault("halves of other sizes are joined the other way round", "hidden again: halves", K + "layers.rnn.bidirectional",
          "            y_rev = ops.flip(y_rev, axis=1)\n        if self.merge_mode == \"concat\":\n"
          "            output = ops.concatenate([y, y_rev], axis=-1)",
          "            y_rev = ops.flip(y_rev, axis=1)\n        if self.merge_mode == \"concat\":\n"
          "            output = ops.concatenate([y, y_rev] if y.shape[-1] == y_rev.shape[-1] else [y_rev, y], axis=-1)"),
    Fault("the second half is turned where it runs backwards alone", "hidden again: halves", K + "layers.rnn.bidirectional",
          "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n",
          "        if self.return_sequences and self.backward_layer.go_backwards:\n            y_rev = ops.flip(y_rev, axis=1)\n"),
)
