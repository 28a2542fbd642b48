"""Faults in what earlier rounds left: draws by name, rare losses, fresh biases, weights of classes."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("left over", "keras.src.backend.torch.random", {
        "whole numbers reach the upper bound": ("        low=minval,\n        high=maxval,\n        size=shape,\n        generator", "        low=minval,\n        high=maxval + 1,\n        size=shape,\n        generator"),
        "classes are drawn by logits that are halved": ("    probs = torch.softmax(logits, dim=-1)\n", "    probs = torch.softmax(logits / 2, dim=-1)\n"),
        "gamma: all columns by the first parameter": ("    beta = torch.ones(shape, device=get_device())\n", "    beta = torch.ones(shape, device=get_device())\n    alpha = alpha[..., :1].expand(shape)\n"),
        "binomial: the seed moves other draws": ("    sample = binomial_distribution.sample().type(dtype)\n    torch.random.set_rng_state(prev_rng_state)\n", "    sample = binomial_distribution.sample().type(dtype)\n"),
        "beta: its parameters change places": ("        concentration1=alpha, concentration0=beta\n", "        concentration1=beta, concentration0=alpha\n"),
    }),
    *faults("left over", "keras.src.losses.losses", {
        "circle: the optimum of others is one less": ("    optim_neg = 1 + margin\n", "    optim_neg = 1 - margin\n"),
        "circle: its scale is 64 by default": ("    remove_diagonal=True,\n    gamma=80,\n    margin=0.4,\n):\n    \"\"\"Computes", "    remove_diagonal=True,\n    gamma=64,\n    margin=0.4,\n):\n    \"\"\"Computes"),
        "ctc: labels are counted with their padding": ("        ops.sum(y_true != mask_index, axis=-1), dtype=\"int32\"\n", "        ops.sum(y_true >= mask_index, axis=-1), dtype=\"int32\"\n"),
    }),
    *faults("left over", "keras.src.trainers.data_adapters.data_adapter_utils", {
        "weights of classes: a column of one row loses its axis of rows": ("            y_numpy = np.squeeze(y_numpy, axis=-1)\n", "            y_numpy = np.squeeze(y_numpy)\n"),
    }),
    *faults("left over", "keras.src.layers.rnn.conv_lstm", {
        "without a forget bias all gates begin with one draw": (
            "            else:\n                bias_initializer = self.bias_initializer\n",
            "            else:\n\n                def bias_initializer(_, *args, **kwargs):\n                    one = self.bias_initializer((self.filters,), *args, **kwargs)\n"
            "                    return ops.concatenate([one] * 4)\n\n"),
    }),
)
