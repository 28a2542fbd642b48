"""Faults around Keras' recurrent layers, on torch, where those written afresh had survived: functions of tensors and the shapes that they
tell, layers of several axes, what is shown to layers, callbacks, wrapped modules. Half of them show only where two conditions meet."""

from tests.faults.base import faults

LAYERS = "keras.src.layers."
TORCH = "keras.src.backend.torch."
FAMILY = "judged, around_afresh again"

SHAPES = faults(FAMILY, "keras.src.ops.numpy", {
    "take along an axis that is counted from the end tells the axes behind it twice": (
        "        axis = canonicalize_axis(self.axis, len(x_shape))\n        output_shape = x_shape[:axis] + indices_shape + x_shape[axis + 1 :]\n",
        "        axis = self.axis\n        output_shape = x_shape[:axis] + indices_shape + x_shape[axis + 1 :]\n"),
    "where tells the shape of its condition and its first numbers": (
        "        output_shape = broadcast_shapes(output_shape, x2_shape)\n        output_dtype = dtypes.result_type(\n            getattr(x1",
        "        output_dtype = dtypes.result_type(\n            getattr(x1"),
    "moveaxis of several axes tells them as they were where two change places": (
        "            output_shape[dst] = x_shape[sc]\n", "            output_shape[dst] = x_shape[dst if len(sources) > 1 and dst in sources else sc]\n"),
    "stack along an axis that is counted from the end tells one further in front": (
        "        axis = canonicalize_axis(self.axis, len(first_shape) + 1)\n        dtypes_to_resolve = []\n        for a in x:\n            if not shape_equal(a.shape, first_shape",
        "        axis = canonicalize_axis(self.axis, len(first_shape))\n        dtypes_to_resolve = []\n        for a in x:\n            if not shape_equal(a.shape, first_shape"),
}) + faults(FAMILY, "keras.src.ops.core", {
    "slice to the end from a place further in tells the whole axis": (
        "                final_shape.append(input_dim - start_indices[i])\n", "                final_shape.append(input_dim)\n"),
    "unstack of symbols tells the axis that is taken apart": (
        "        output_shapes = x.shape[:axis] + x.shape[axis + 1 :]\n", "        output_shapes = x.shape[: self.axis] + x.shape[self.axis + 1 :]\n"),
    "map of symbols tells the dtype that it was given": (
        "        y = backend.compute_output_spec(f, x)\n\n        def append_batch_axis(t):\n",
        "        y = backend.compute_output_spec(f, x)\n        y = tree.map_structure(lambda t: KerasTensor(t.shape, dtype=tree.flatten(xs)[0].dtype), y)\n\n        def append_batch_axis(t):\n"),
}, explained={"slice to the end from a place further in tells the whole axis":
              "no size of -1 is documented, and at once it is none"}) + faults(FAMILY, "keras.src.ops.math", {
    "top_k tells places as numbers": (
        '            KerasTensor(shape=output_shape, dtype="int32"),\n', "            KerasTensor(shape=output_shape, dtype=x.dtype),\n"),
}) + faults(FAMILY, "keras.src.ops.nn", {
    "one_hot along the first axes tells the classes last": (
        "            x_shape.insert(self.axis, self.num_classes)\n", "            x_shape.insert(max(self.axis, 1), self.num_classes)\n", 2),
})
TENSORS = faults(FAMILY, TORCH + "numpy", {
    "searchsorted on the right searches on the left": (
        "        sorted_sequence, values, side=side, out_int32=out_int32\n", '        sorted_sequence, values, side="left", out_int32=out_int32\n'),
    "max that begins with a number begins with it where it is kept alone": (
        "    if initial is not None:\n        dtype = to_torch_dtype(result.dtype)\n        initial = convert_to_tensor(initial, dtype=dtype)\n        return torch.maximum(\n",
        "    if initial is not None and not keepdims:\n        dtype = to_torch_dtype(result.dtype)\n        initial = convert_to_tensor(initial, dtype=dtype)\n        return torch.maximum(\n"),
}) + faults(FAMILY, TORCH + "nn", {
    "sparsemax along another axis counts along the last": ("    r_shape[axis] = -1  # Broadcast", "    r_shape[-1] = -1  # Broadcast"),
    "dot_product_attention with a bias forgets that it is causal": (
        "    if bias is not None:\n        bias = convert_to_tensor(bias, dtype=compute_dtype)\n", "    if bias is not None:\n        is_causal = False\n        bias = convert_to_tensor(bias, dtype=compute_dtype)\n"),
})
PARTS = faults(FAMILY, LAYERS + "reshaping.cropping2d", {
    "Cropping2D, channels first: nothing is cut at the end of rows where nothing is cut at the end of columns": (
        "                return inputs[\n                    :,\n                    :,\n                    self.cropping[0][0] : -self.cropping[0][1],\n                    self.cropping[1][0] :,\n                ]\n",
        "                return inputs[\n                    :,\n                    :,\n                    self.cropping[0][0] :,\n                    self.cropping[1][0] :,\n                ]\n"),
}) + faults(FAMILY, LAYERS + "reshaping.up_sampling2d", {
    "UpSampling2D, channels first, tells its width by the factor of its height": (
        "                self.size[1] * input_shape[3]\n", "                self.size[0] * input_shape[3]\n"),
}) + faults(FAMILY, LAYERS + "pooling.global_average_pooling3d", {
    "GlobalAveragePooling3D, channels first, averages channels": (
        "        return ops.mean(inputs, axis=[2, 3, 4], keepdims=self.keepdims)\n", "        return ops.mean(inputs, axis=[1, 2, 3], keepdims=self.keepdims)\n"),
}) + faults(FAMILY, LAYERS + "preprocessing.category_encoding", {
    "CategoryEncoding counts without the weights that it is given": (
        "            count_weights=count_weights,\n            backend_module", "            backend_module"),
    "CategoryEncoding: one_hot of a last axis of one tells both": (
        "            else:\n                return tuple(input_shape[:-1]) + (self.num_tokens,)\n        return", "            else:\n                return tuple(input_shape) + (self.num_tokens,)\n        return"),
}) + faults(FAMILY, LAYERS + "preprocessing.discretization", {
    "Discretization of one_hot has no place for what lies beyond the last boundary": (
        "            depth=len(self.bin_boundaries) + 1,\n", '            depth=len(self.bin_boundaries) + (self.output_mode != "one_hot"),\n'),
}) + faults(FAMILY, LAYERS + "input_spec", {
    "layers take inputs of more axes than they say": (
        "            if ndim is not None and ndim > spec.max_ndim:\n", "            if ndim is not None and ndim > spec.max_ndim + 1:\n"),
})
CALLBACKS = faults(FAMILY, "keras.src.callbacks.terminate_on_nan", {
    "TerminateOnNaN that is to raise an error ends training in silence": ("                if self.raise_error:\n", "                if self.raise_error and not np.isnan(loss):\n"),
}) + faults(FAMILY, "keras.src.callbacks.callback_list", {
    "callbacks are not told of the ends of predicted batches": (
        "        for callback in self.callbacks:\n            callback.on_predict_batch_end(batch, logs=logs)\n", "        pass\n"),
}) + faults(FAMILY, "keras.src.callbacks.model_checkpoint", {
    "ModelCheckpoint of whole models takes any name": ('                self.filepath.endswith(ext) for ext in (".keras", ".h5")\n', '                "." in self.filepath for ext in (".keras", ".h5")\n'),
})
WRAPPED = faults(FAMILY, "keras.src.utils.torch_utils", {
    "TorchModuleWrapper trains what is frozen in its module": ("                initializer=param, trainable=param.requires_grad\n", "                initializer=param, trainable=True\n"),
}) + faults(FAMILY, "keras.src.losses.losses", {
    "a loss of a function, made again, has the function's defaults": (
        '        config.update({"fn": serialization_lib.serialize_keras_object(self.fn)})\n        config.update(serialization_lib.serialize_keras_object(self._fn_kwargs))\n',
        '        config.update({"fn": serialization_lib.serialize_keras_object(self.fn)})\n'),
}, explained={"a loss of a function, made again, has the function's defaults":
              "no public class tells its function and options: each loss has a configuration of its own"})
ALL = (*SHAPES, *TENSORS, *PARTS, *CALLBACKS, *WRAPPED)
