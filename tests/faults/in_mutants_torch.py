"""Small changes of one place each, drawn by chance from the adapter for PyTorch, from PyTorch's recurrent modules and packing and
from Keras' loop on JAX: those that nothing noticed at first, and some that were noticed at once."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch", {
        "every layer is said to run one way alone": (
            "    if kernel != \"generic\" and layer.direction == \"backward\":",
            "    if kernel != \"generic\":"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_layers", {
        "construct: options lost, so that everything is refused": (
            "    given = {names[name]: value for name, value in options.items() if name != \"cell\"}",
            "    given = {names[name]: value for name, value in options.items() if name == \"cell\"}"),
        "construct: made of nothing, so that everything is refused": (
            "    return LAYERS[options[\"cell\"]](**given)",
            "    return LAYERS[options[\"cell\"]]()"),
        "kernels: every operator is looked up": (
            "    inner = [f\"{n} ({LIBRARIES[n]})\" for n in ran if n in LIBRARIES]",
            "    inner = [f\"{n} ({LIBRARIES[n]})\" for n in ran if True]"),
        "states named by layer alone": (
            "    return {name: parts[n % each][n // each] for n, name in enumerate(layer.state_keys())}",
            "    return {name: parts[n // each][n // each] for n, name in enumerate(layer.state_keys())}"),
        "loop: masks turned where nothing runs backwards": (
            "            if layer.direction == \"backward\" and mask is not None:",
            "            if (layer.direction == \"backward\") or (mask is not None):"),
        "loop: both halves turned back": (
            "                if direction == \"backward\" and layer.direction == \"bidirectional\":",
            "                if layer.direction == \"bidirectional\":"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_cells", {
        "cells by hand: outputs are one row": (
            "    return Observation({\"outputs\": to_numpy(answer[0] if isinstance(answer, tuple) else answer)})",
            "    return Observation({\"outputs\": to_numpy(answer[0] if True else answer)})"),
        "chains: a reset is run like a batch": (
            "                continue",
            "                pass"),
        "cells by hand: time and batch change places": (
            "    return torch.stack(outputs, dim=outputs[0].ndim - 1), finals",
            "    return torch.stack(outputs, dim=outputs[0].ndim - 2), finals"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_modules", {
        "computed weights: what was before is not told": (
            "        arrays |= {f\"before/{n}\": a for n, a in held.items()}",
            "        pass"),
        "kept gradients: zeroed whatever the way": (
            "        if way == \"zeroed_by_optimizer\":",
            "        if way != \"zeroed_by_optimizer\":"),
        "hooks: outputs lose what follows": (
            "        return (given[0] * part, *given[1:])",
            "        return (given[0] * part, *given[2:])"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_quantized", {
        "quantized: weights given are not set": (
            "        layers.set_weights(module, layer, options[\"weights\"])",
            "        pass"),
        "quantized: nothing is said to be": (
            "    if kernel == \"fused\" and layer.cell == \"simple_rnn\":",
            "    if True:"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_weights", {
        "fresh weights: none are said to be drawn": (
            "    if reason := NOT_DRAWN if layer.convolution else unsupported_layer(layer, \"fused\"):",
            "    if reason := unsupported_layer(layer, \"fused\") if layer.convolution else NOT_DRAWN:"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_models", {
        "models: none is said to have one dtype": (
            "    if len({layer.dtype for layer in recurrent_layers(request.model)}) > 1:",
            "    if True:"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_attention", {
        "attention: the future is read": (
            "        allowed = allowed.tril()",
            "        pass"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_crf", {
        "CRF: the first step counts twice": (
            "    alpha = start + emissions[:, 0]\n    for step in range(1, emissions.shape[1]):",
            "    alpha = start + emissions[:, 0]\n    for step in range(0, emissions.shape[1]):"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_data", {
        "stateful training: gradients add up": (
            "                _, last = network.parts[place](x, None, tuple(state[None] for state in carried))\n            stepper.optimizer.zero_grad()",
            "                _, last = network.parts[place](x, None, tuple(state[None] for state in carried))\n            pass"),
    }),
    *faults("mutants: PyTorch adapter", "suite.backends.pytorch_losses", {
        "losses: labels smoothed away": (
            "\"label_smoothing\": options.get(\"smoothing\", 0.0)}", "\"label_smoothing\": options.get(\"smoothing\", 1.0)}"),
        "embedding: divided by its cotangents": (
            "        (outputs * torch.tensor(np.array(options[\"cotangents\"], \"float32\"))).sum().backward()",
            "        (outputs / torch.tensor(np.array(options[\"cotangents\"], \"float32\"))).sum().backward()"),
    }),
    *faults("mutants: PyTorch modules", "torch.nn.modules.rnn", {
        "RNN: zeros to start from are of the usual dtype": (
            "            unsorted_indices = None\n            if hx is None:\n                hx = torch.zeros(\n                    self.num_layers * num_directions,\n                    max_batch_size,\n                    self.hidden_size,\n                    dtype=input.dtype,\n                    device=input.device,\n                )\n            else:",
            "            unsorted_indices = None\n            if hx is None:\n                hx = torch.zeros(self.num_layers * num_directions, max_batch_size, self.hidden_size, device=input.device)\n            else:"),
        "GRU, unbatched, batch first: steps are taken for rows": (
            "                    f\"GRU: Expected input to be 2D or 3D, got {input.dim()}D instead\"\n                )\n            is_batched = input.dim() == 3\n            batch_dim = 0 if self.batch_first else 1\n            if not is_batched:\n                input = input.unsqueeze(batch_dim)",
            "                    f\"GRU: Expected input to be 2D or 3D, got {input.dim()}D instead\"\n                )\n            is_batched = input.dim() == 3\n            batch_dim = 1 if self.batch_first else 1\n            if not is_batched:\n                input = input.unsqueeze(batch_dim)"),
        "weights in the flat list are none": (
            "        ]\n        self._flat_weight_refs = [\n            weakref.ref(w) if w is not None else None for w in self._flat_weights\n        ]",
            "        ]\n        self._flat_weight_refs = [\n            weakref.ref(w) if w is None else None for w in self._flat_weights\n        ]"),
        "LSTM: initial states not sorted": (
            "                # Each batch of the hidden state should match the input sequence that\n                # the user believes he/she is passing in.\n                hx = self.permute_hidden(hx, sorted_indices)\n        else:\n            if input.dim() not in (2, 3):",
            "                # Each batch of the hidden state should match the input sequence that\n                # the user believes he/she is passing in.\n                pass\n        else:\n            if input.dim() not in (2, 3):"),
        "LSTM: the carry is checked against time": (
            "            mini_batch = int(batch_sizes[0])\n        else:\n            mini_batch = input.size(0) if self.batch_first else input.size(1)\n        num_directions = 2 if self.bidirectional else 1\n        expected_hidden_size = (",
            "            mini_batch = int(batch_sizes[0])\n        else:\n            mini_batch = input.size(1) if self.batch_first else input.size(0)\n        num_directions = 2 if self.bidirectional else 1\n        expected_hidden_size = ("),
        "LSTM: width of inputs not looked at": (
            "    ) -> None:\n        self.check_input(input, batch_sizes)\n        self.check_hidden_size(",
            "    ) -> None:\n        pass\n        self.check_hidden_size("),
        "weights that changed are those that did not": (
            "            weight = getattr(self, name) if hasattr(self, name) else None",
            "            weight = getattr(self, name) if not (hasattr(self, name)) else None"),
    }),
    *faults("mutants: PyTorch packing", "torch.nn.utils.rnn", {
        "packed: half() gives itself": (
            "        return self.to(dtype=torch.half)",
            "        return self"),
        "packed: char() gives itself": (
            "        return self.to(dtype=torch.int8)",
            "        return self"),
        "packed: byte() gives itself": (
            "        return self.to(dtype=torch.uint8)",
            "        return self"),
        "packed: long() casts to nothing": (
            "        return self.to(dtype=torch.long)",
            "        return self.to()"),
        "packed: double() casts to nothing": (
            "        return self.to(dtype=torch.double)",
            "        return self.to()"),
        "packed: short() casts to nothing": (
            "        return self.to(dtype=torch.short)",
            "        return self.to()"),
        "packed: not made of a pair": (
            "        if not (isinstance(data, (list, tuple)) and len(data) == 2):",
            "        if not (not (isinstance(data, (list, tuple)) and len(data) == 2)):"),
        "pad_sequence: takes no generator": (
            "        sequences = tuple(sequences)  # type: ignore[assignment]",
            "        pass  # type: ignore[assignment]"),
        "pad_sequence: rows in a program along time": (
            "            sequences = sequences.unbind(0)  # type: ignore[assignment]",
            "            sequences = sequences.unbind(1)  # type: ignore[assignment]"),
        "unpacked padding is on the wrong side of sorting": (
            "    unsorted_indices = sequence.unsorted_indices",
            "    unsorted_indices = sequence.sorted_indices"),
        "packed, cast: sorted the other way": (
            "            return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)",
            "            return type(self)(data, self.batch_sizes, sorted_indices, sorted_indices)"),
        "unpadded: one step more": (
            "        mask = idx < length",
            "        mask = idx <= length"),
        "unpadded: fewer lengths than rows": (
            "    for seq, length in zip(padded_sequences, lengths, strict=True):",
            "    for seq, length in zip(padded_sequences, lengths):"),
    }),
    *faults("mutants: JAX's loop", "keras.src.backend.jax.rnn", {
        "JAX: three stacked cells hold what the second gave": (
            "                        output_tm1 = states[-1][0]",
            "                        output_tm1 = states[1][0]"),
    }),
)
