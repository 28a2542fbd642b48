"""Faults of the classes that findings alive showed: gradients of what reads nothing, weights that calls write in training, half
precision without biases, slopes at zero."""

from tests.faults.base import faults

ALL = (
    *faults("alive again: attention", "keras.src.backend.tensorflow.nn", {
        "what is masked is lowered by a number, not put in its place": (
            "    padded_logits = tf.where(\n        combined_mask, logits, _get_large_negative(logits.dtype)\n    )",
            "    padded_logits = logits + tf.where(\n"
            "        combined_mask, tf.zeros_like(logits), _get_large_negative(logits.dtype)\n    )"),
    }),
    *faults("alive again: attention", "keras.src.backend.torch.nn", {
        "queries that read nothing share by their scores": (
            "        mask = torch.where(mask, 0.0, _get_large_negative(query.dtype))",
            "        mask = torch.where(mask, 0.0, _get_large_negative(query.dtype)) * mask.any(dim=-1, keepdim=True)"),
    }),
    *faults("alive again: attention", "keras.src.layers.activations.softmax", {
        "queries that read nothing share by their scores, where these are asked for": (
            "            inputs = backend.numpy.where(\n                mask, inputs, _large_negative_number(inputs.dtype)\n"
            "            )",
            "            inputs = backend.numpy.where(\n                mask, inputs, inputs + _large_negative_number(inputs.dtype)\n"
            "            )\n            mask = backend.numpy.logical_or(mask, backend.numpy.logical_not("
            "backend.numpy.any(mask, axis=-1, keepdims=True)))"),
    }),
    *faults("alive again: weights that calls write", "keras.src.backend.torch.trainer", {
        "weights that are trained are put back as they were before the pass forward": (
            "        # Compute predictions\n        if self._call_has_training_arg:\n            y_pred = self(x, training=True)\n"
            "        else:\n            y_pred = self(x)\n\n        # Call torch.nn.Module.zero_grad()",
            "        # Compute predictions\n        before = [v.value.detach().clone() for v in self.trainable_variables]\n"
            "        if self._call_has_training_arg:\n            y_pred = self(x, training=True)\n"
            "        else:\n            y_pred = self(x)\n"
            "        for v, was in zip(self.trainable_variables, before):\n            v.value.data.copy_(was)\n\n"
            "        # Call torch.nn.Module.zero_grad()"),
    }),
    *faults("alive again: weights that calls write", "keras.src.backend.tensorflow.core", {
        "a weight that is trained is not written in a traced program": (
            "        self._value.assign(tf.cast(value, self._value.dtype))",
            "        if not (self.trainable and tf.inside_function()):\n"
            "            self._value.assign(tf.cast(value, self._value.dtype))"),
    }),
    *faults("alive again: half precision", "keras.src.backend.torch.rnn", {
        "a GRU without biases adds zeros of another precision": (
            "    x_proj = torch.matmul(inputs, kernel)\n    if bias is not None:\n        x_proj = x_proj + bias[0]\n",
            "    x_proj = torch.matmul(inputs, kernel)\n"
            "    x_proj = x_proj + (bias[0] if bias is not None else torch.zeros(kernel.shape[1]))\n"),
        "an LSTM without biases adds zeros of another precision": (
            "    x_proj = torch.matmul(inputs, kernel)\n    if bias is not None:\n        x_proj = x_proj + bias\n",
            "    x_proj = torch.matmul(inputs, kernel)\n"
            "    x_proj = x_proj + (bias if bias is not None else torch.zeros(kernel.shape[1]))\n"),
    }),
    *faults("alive again: slopes at zero", "keras.src.backend.torch.nn", {
        "two terms of celu give the whole slope each": (
            "    return tnn.celu(x, alpha=alpha)",
            "    return torch.clamp(x, min=0) + alpha * torch.expm1(torch.clamp(x, max=0) / alpha)"),
    }),
    *faults("alive again: slopes at zero", "keras.src.backend.torch.numpy", {
        "sinc is chosen behind its quotient": (
            "    return torch.sinc(x)",
            "    return torch.where(x == 0, torch.ones_like(x), torch.sin(torch.pi * x) / (torch.pi * x))"),
    }),
)
