"""Faults of the classes that findings alive showed: states of other ranks, masks that are said to be lost, modes, cells that are
no layers, layers in containers."""

from tests.faults.base import faults

ALL = (
    *faults("alive: loops", "keras.src.layers.rnn.rnn", {
        "states as PyTorch has them lose their first axis in silence": (
            "        initial_state = list(initial_state)\n\n",
            "        initial_state = [s[0] if len(getattr(s, 'shape', ())) == 3 and not tree.is_nested(s) else s"
            " for s in initial_state]\n\n"),
    }),
    *faults("alive: stacked cells", "keras.src.layers.rnn.stacked_rnn_cells", {
        "a cell that is no layer is asked what its call takes": (
            "            if isinstance(cell, Layer) and cell._call_has_training_arg:",
            "            if cell._call_has_training_arg:"),
    }),
    *faults("alive: layers", "keras.src.layers.layer", {
        "every layer says that it destroys the mask": (
            "                    call_spec.first_arg, outputs, previous_mask\n                )\n            elif any(",
            "                    call_spec.first_arg, outputs, previous_mask\n                )\n            if any("),
        "a mode of False is one of None": (
            "        if arg_name in call_spec.user_arguments_dict:",
            "        if call_spec.user_arguments_dict.get(arg_name):"),
        "a layer that takes no mode ends that of the layers behind it": (
            "        elif call_context.get_value(arg_name) is not None:",
            "        elif call_context.get_value(arg_name) is not None and self._call_has_context_arg.get(arg_name):"),
    }),
    *faults("alive: files", "keras.src.saving.saving_lib", {
        "layers in a tuple are not saved, nor loaded": (
            "isinstance(child_obj, (list, dict, tuple))", "isinstance(child_obj, (list, dict))", 2),
        "dictionaries in lists are not walked": (
            "isinstance(saveable, (list, dict, tuple))", "isinstance(saveable, (list, tuple))", 2),
    }),
    *faults("alive: halves", "keras.src.layers.rnn.bidirectional", {
        "the backward half has the activation of its class by its name": (
            "        # Keep the use_cudnn attribute if defined (not serialized).",
            "        if hasattr(layer, 'activation') and callable(layer.activation) and backward_layer is None:\n"
            "            from keras.src import activations\n"
            "            self.backward_layer.cell.activation = activations.get(getattr(layer.activation, '__name__', 'tanh'))\n"
            "        # Keep the use_cudnn attribute if defined (not serialized)."),
    }),
)
