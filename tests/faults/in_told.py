"""Faults in what Keras tells beforehand and in what it refuses: shapes of open axes, options that mean nothing, alpha dropout."""

from tests.faults.base import Fault, faults

LAYERS = "keras.src.layers."
SHAPES, OPTIONS, WHOLE = "told shapes", "options of nothing", "whole configurations"

ALL: tuple[Fault, ...] = (
    *faults(SHAPES, LAYERS + "merging.concatenate", {
        "Concatenate: an axis that is open in one input alone is told": (
            "            if output_shape[self.axis] is None or shape[self.axis] is None:\n                output_shape[self.axis] = None\n"
            "                break\n",
            "            if output_shape[self.axis] is None or shape[self.axis] is None:\n"
            "                output_shape[self.axis] = output_shape[self.axis] or shape[self.axis]\n                break\n"),
    }),
    *faults(SHAPES, LAYERS + "reshaping.repeat_vector", {
        "RepeatVector: tells one step": ("return (input_shape[0], self.n, input_shape[1])", "return (input_shape[0], 1, input_shape[1])"),
    }),
    *faults(OPTIONS, LAYERS + "attention.attention", {
        "Attention: takes any score": ('        if self.score_mode not in ["dot", "concat"]:\n', "        if not self.score_mode:\n"),
    }),
    *faults(OPTIONS, LAYERS + "rnn.bidirectional", {
        "Bidirectional: takes any merge": (
            '        if merge_mode not in ["sum", "mul", "ave", "concat", None]:\n', '        if merge_mode == "":\n'),
    }),
    *faults(WHOLE, LAYERS + "convolutional.base_conv_transpose", {
        "transposed convolutions: the configuration has no output padding": (
            '                "output_padding": self.output_padding,\n', ""),
    }),
    *faults(WHOLE, LAYERS + "normalization.group_normalization", {
        "GroupNormalization: the configuration has no epsilon": ('            "epsilon": self.epsilon,\n', ""),
    }),
    *faults(WHOLE, LAYERS + "pooling.base_global_pooling", {
        "global pooling: the configuration says that no axis is kept": ('"keepdims": self.keepdims,', '"keepdims": False,'),
    }),
    *faults("noise and statistics", LAYERS + "regularization.alpha_dropout", {
        "AlphaDropout: the scale forgets the rate": ("(1 + self.rate * alpha_p**2)", "(1 + alpha_p**2)"),
        "AlphaDropout: nothing is shifted": ("return a * x + b", "return a * x"),
    }),
)
