"""A stateful layer can be trained.

On torch backward raises RuntimeError for LSTM and GRU without a mask: the fast path computes with the state
variable's own tensor, which RNN.call then overwrites in place; RNN.inner_loop copies it. use_cudnn=False
hides it.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

layer = keras.layers.LSTM(2, stateful=True)
x = np.ones((1, 3, 2), "float32")
layer(x)
print("expected a gradient")
try:
    keras.ops.sum(layer(x)).backward()
except RuntimeError as error:
    if "modified by an inplace operation" not in str(error):
        raise
    print("found    RuntimeError", error)
    sys.exit(1)
found = layer.trainable_variables[0].value.grad
print("found   ", found)
sys.exit(int(found is None))
