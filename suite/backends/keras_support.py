"""What Keras has no way to be asked, and why."""

from __future__ import annotations

from cases.layers import Layer
from cases.requests import Execution, Request
from suite.backends import keras_layers as stacks


def unsupported(request: Request, compiling: bool) -> str | None:
    """None, or the reason why not. `compiling`: whether the engine compiles at a price that can be paid."""
    layer, execution = request.layer, request.execution
    if layer.layers > 1 and layer.merge == "none" and layer.direction == "bidirectional":
        return "a Bidirectional layer with merge_mode=None gives two outputs; the next layer reads one"
    if layer.convolution is not None and (reason := unconvolved(layer, execution)):
        return reason
    if execution.kernel == "compiled" and not compiling:
        return "torch.compile takes about 15 s a layer here, and again for every length; not run"
    if execution.layout != "usual":
        if "gradients" in request.wants or execution.kernel == "compiled":
            return "layouts are those of numpy's arrays; gradients, and compiled calls, are of Keras' tensors"
        if execution.mask_from != "argument" or request.layer.dtype != "float32":
            return "layouts are asked of arrays in float32 that are given as they are"
    if execution.entry == "predict":
        if "gradients" in request.wants:
            return "predict returns outputs; it has no gradients"
        if "mask" in request.wants:
            return "predict returns arrays, and arrays carry no mask"
        if execution.mode == "training":
            return "predict always runs in inference mode"
        if execution.kernel == "compiled":
            return "predict compiles by its own choice: ask for the fused kernel"
    if execution.mask_from == "embedding":
        if "gradients" in request.wants:
            return "the inputs of an embedding are ids, and ids have no gradients"
        if stacks.rows_needed(request) > stacks.ROWS:
            return f"an embedding of {stacks.ROWS} rows stands in front here, and these batches have more steps"
    if "gradients" in request.wants and request.batch.cotangents is None:
        return "gradients are of the loss that cotangents make, and the batch has none"
    return None


def unconvolved(layer: Layer, execution: Execution) -> str | None:
    """None, or why Keras has no such convolutional layer."""
    if execution.kernel == "generic":
        return "Keras exports no cell of ConvLSTM: its layers are asked as fused, unrolled or compiled"
    if execution.mask_from != "argument":
        return "Masking and Embedding in front give (batch, time, features), and a ConvLSTM reads images"
    if layer.implementation != 2:
        return "ConvLSTM layers have no implementation"
    return None
