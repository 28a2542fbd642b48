"""At a masked step the last output is repeated.

Where a cell's output is not its first state, JAX repeats the state: keras/src/backend/jax/rnn.py assumes that
the first state is the previous output. This cell adds up, and its output is ten times the sum. With states
and outputs of different sizes it raises an error. TensorFlow and torch are right.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

class Sum(keras.Layer):
    state_size = output_size = 1

    def call(self, inputs, states):
        total = states[0] + inputs
        return 10 * total, [total]


layer = keras.layers.RNN(Sum(), return_sequences=True)
x, mask = np.array([[[1], [2], [3]]], "float32"), np.array([[True, True, False]])
expected = [10.0, 30.0, 30.0]
found = keras.ops.convert_to_numpy(layer(x, mask=mask))[0, :, 0].tolist()
print("expected", expected)
print("found   ", found)
sys.exit(int(found != expected))
