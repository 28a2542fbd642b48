"""Faults in lines that no check ran before 2026-11-30: layers of pictures and volumes, folders of files, what layers write
themselves, kernels of cards where both directions are merged, grouped heads."""

from tests.faults.base import faults

FAMILY = "lines that were not met"
LAYERS = "keras.src.layers."

ALL = (
    *faults(FAMILY, LAYERS + "reshaping.up_sampling3d", {
        "UpSampling3D: with channels first rows and columns change places": (
            "            output = ops.repeat(output, height_factor, axis=3)\n            output = ops.repeat(output, width_factor, axis=4)\n",
            "            output = ops.repeat(output, width_factor, axis=3)\n            output = ops.repeat(output, height_factor, axis=4)\n"),
        "UpSampling3D: the shape that is told has not grown along its last axis": (
            "                self.size[2] * input_shape[4]\n", "                input_shape[4]\n"),
    }),
    *faults(FAMILY, LAYERS + "reshaping.zero_padding2d", {
        "ZeroPadding2D: with channels first rows are padded as columns": (
            "            all_dims_padding = ((0, 0), (0, 0), *self.padding)\n", "            all_dims_padding = ((0, 0), (0, 0), *self.padding[::-1])\n"),
    }),
    *faults(FAMILY, LAYERS + "pooling.global_max_pooling3d", {
        "GlobalMaxPooling3D: the first axis is not pooled": (
            "            return ops.max(inputs, axis=[1, 2, 3], keepdims=self.keepdims)\n",
            "            return ops.max(inputs, axis=[2, 3], keepdims=self.keepdims)[:, 0]\n"),
    }),
    *faults(FAMILY, LAYERS + "attention.grouped_query_attention", {
        "GroupQueryAttention: the shape that is told is the value's": ("        return query_shape\n", "        return value_shape\n"),
    }),
    *faults(FAMILY, LAYERS + "rnn.bidirectional", {
        "Bidirectional on a card: an LSTM's sum is its mean": (
            "            output = y + y_rev\n        elif self.merge_mode == \"ave\":\n            output = (y + y_rev) / 2\n"
            "        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n"
            "            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n"
            "                f\"Received: {self.merge_mode}. \"\n                'Expected one of {\"concat\", \"sum\", \"ave\", \"mul\"}.'\n"
            "            )\n\n        if self.return_state:\n            states = tuple(fwd_states + bwd_states)\n"
            "            if self.merge_mode is None:\n                return output + states\n            return (output,) + states\n"
            "        return output\n\n    def _can_attempt_fused_gru",
            "            output = (y + y_rev) / 2\n        elif self.merge_mode == \"ave\":\n            output = (y + y_rev) / 2\n"
            "        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n"
            "            output = (y, y_rev)\n        else:\n            raise ValueError(\"Unrecognized value for `merge_mode`.\")\n\n"
            "        if self.return_state:\n            states = tuple(fwd_states + bwd_states)\n"
            "            if self.merge_mode is None:\n                return output + states\n            return (output,) + states\n"
            "        return output\n\n    def _can_attempt_fused_gru"),
    }),
    *faults(FAMILY, "keras.src.saving.saving_lib", {
        "folders: what layers within others write is not there": (
            "        asset_store = DiskIOStore(assert_dirpath, mode=\"w\")\n        _save_state(\n            model,\n            weights_store=weights_store,\n",
            "        asset_store = DiskIOStore(assert_dirpath, mode=\"w\")\n        _save_state(\n            model.layers[0] if len(model.layers) == 1 else model,\n"
            "            weights_store=weights_store,\n"),
        "files that layers write are not read": (
            "        else:\n            saveable.load_assets(assets_store.get(inner_path))\n", "        else:\n            pass\n"),
        "files that layers write within layers are those of the outer one": (
            "        saveable.save_assets(assets_store.make(inner_path))\n", "        saveable.save_assets(assets_store.make(inner_path.partition('/inner')[0]))\n"),
    }),
)
