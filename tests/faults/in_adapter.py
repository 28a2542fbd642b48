"""Faults in the adapter for PyTorch: what a vendor who writes a backend may get wrong."""

from tests.faults.base import faults

LAYERS = faults("PyTorch adapter", "suite.backends.pytorch_layers", {
    "loop: state goes on through padding": ("states = tuple(torch.where(valid, new, old) for new, old in zip(stepped, states, strict=False))", "states = stepped"),
    "loop: outputs hold in padding": ("outputs.append(torch.where(valid, stepped[0], torch.zeros_like(stepped[0])))", "outputs.append(states[0])"),
    "loop: backward outputs in the order of processing": ("                    outputs = outputs.flip(1)\n", "                    outputs = outputs.flip(1) if mask is None else outputs\n"),
    "loop: mask of the second layer not turned": ('            if layer.direction == "backward" and mask is not None:\n', "            if False:\n"),
    "loop: cell state not held": ("states = tuple(torch.where(valid, new, old) for new, old in zip(stepped, states, strict=False))", "states = (torch.where(valid, stepped[0], states[0]), *stepped[1:])"),
    "loop: padding is read": ("                here = torch.where(valid, here, torch.zeros_like(here))\n", ""),
    "loop: states of the first layer for all": ("return tuple(part[place] for part in (states", "return tuple(part[0] for part in (states"),
    "states named in another order": ("return {name: parts[n % each][n // each] for n, name in enumerate(layer.state_keys())}", "return {name: parts[n % each][-1 - n // each] for n, name in enumerate(layer.state_keys())}"),
    "states stacked in reverse": ("torch.stack([named[key] for key in keys], axis)", "torch.stack([named[key] for key in keys[::-1]], axis)"),
    "carried states not detached": ("return tuple(part.detach() for part in stacked) if isinstance(stacked, tuple) else stacked.detach()", "return stacked"),
    "rebuilt without bias": ('names = ["input_size", "hidden_size", "bias"]', 'names = ["input_size", "hidden_size"]'),
    "rebuilt in one direction": ('names += ["num_layers", "batch_first", "dropout", "bidirectional"]', 'names += ["num_layers", "batch_first", "dropout"]'),
    "saved through half": ("        torch.save(module.state_dict(), path)\n", "        torch.save({n: p.half().to(p.dtype) for n, p in module.state_dict().items()}, path)\n"),
    "not loaded": ("        fresh.load_state_dict(torch.load(path, weights_only=True))\n", ""),
})
ADAPTER = faults("PyTorch adapter", "suite.backends.pytorch", {
    "reset forgets nothing": ("                if isinstance(step, Reset):\n                    carried = None\n", "                if isinstance(step, Reset):\n"),
    "stateful: carried states not used": ('leaves, states = {"inputs": x}, carried if layer.stateful else None', 'leaves, states = {"inputs": x}, None'),
    "given states not used with a mask": ("        if batch.initial_states is not None:\n            given", "        if batch.initial_states is not None and (batch.mask is None or differentiate):\n            given"),
    "lengths one too short": ("mask = self.torch.tensor(batch.lengths)", "mask = self.torch.tensor(np.maximum(batch.lengths - 1, 1))"),
    "float64 through float32": ("return self.torch.tensor(copy, dtype=dtype, device=self.place, requires_grad=requires_grad)", 'return self.torch.tensor(copy.astype("float32") if copy.dtype.kind == "f" else copy, dtype=dtype, device=self.place, requires_grad=requires_grad)'),
    "tensors read as they lie in memory": ("self.torch.from_numpy(laid_out(array.astype(layer.dtype), layout))", 'self.torch.from_numpy(laid_out(array.astype(layer.dtype), layout).ravel("K").reshape(array.shape))'),
    "weights of the first request kept": ("            self.layers.set_weights(module, layer, request.weights)\n", "            if not getattr(module, 'set', False):\n                self.layers.set_weights(module, layer, request.weights)\n                module.set = True\n"),
    "unused inputs have a gradient": ("materialize_grads=True", "materialize_grads=False"),
}, {"unused inputs have a gradient": "a module uses all that it is given: no gradient is missing"})

ALL = (*LAYERS, *ADAPTER)
