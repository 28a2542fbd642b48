"""Faults of the classes that findings alive showed: rows of nested tensors, reductions with masks, waves of signals, steps in one
kernel."""

from tests.faults.base import faults

ALL = (
    *faults("alive thirteen: nested rows", "torch.nested._internal.ops", {
        "means over steps are over the longest row's": (
            "        out = intermediate_sum / lengths", "        out = intermediate_sum / lengths.amax()"),
        "what comes back of a softmax is turned": (
            "        func(grad_out._values, output._values, **new_kwargs), **extract_kwargs(grad_out)",
            "        func(grad_out._values, output._values, **new_kwargs).flip(0), **extract_kwargs(grad_out)"),
    }),
    *faults("alive thirteen: masked reductions", "torch.masked._ops", {
        "means count masked steps": (
            "            count = inmask.sum(dim=dim, keepdim=bool(keepdim))\n",
            "            count = torch.ones_like(inmask).sum(dim=dim, keepdim=bool(keepdim))\n"),
        "variances without a correction have one": (
            "        correction = 1.0 if unbiased else 0.0", "        correction = 1.0"),
    }),
    *faults("alive thirteen: waves", "keras.src.backend.torch.math", {
        "hamming windows of longer transforms are symmetric": (
            "                win = torch.hamming_window(\n                    sequence_length,\n                    periodic=True,\n"
            "                    dtype=x.dtype,",
            "                win = torch.hamming_window(\n                    sequence_length,\n"
            "                    periodic=sequence_length == fft_length,\n                    dtype=x.dtype,"),
        "windows that overlap are not squared on the way back": (
            "        denom = torch.square(win)\n", "        denom = win + 1e-3\n"),
    }),
    *faults("alive thirteen: fused steps", "torch.optim.sgd", {
        "momentum in one kernel begins anew beside late gradients": (
            "            is_first_step=is_first_step,\n            grad_scale", "            is_first_step=True,\n            grad_scale"),
        "a kernel for all weights looks ahead where none is asked": (
            "            nesterov=nesterov,\n            maximize=maximize,\n            is_first_step=is_first_step,",
            "            nesterov=momentum > 0,\n            maximize=maximize,\n            is_first_step=is_first_step,"),
    }),
    *faults("alive thirteen: fused adam", "torch.optim.adam", {
        "a step that is left out counts": (
            "            torch._foreach_sub_(\n                device_state_steps, [device_found_inf] * len(device_state_steps)\n            )",
            "            pass"),
    }),
)
