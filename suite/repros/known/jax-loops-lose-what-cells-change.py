"""A cell with a Dropout layer inside drops anew in every call, and can be trained.

On JAX the loop is a scan that does not carry the variables that the cell assigns: the seed stays, in silence, and
its next value is a tracer that leaked, which fit meets.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

class Cell(keras.layers.Layer):
    state_size = 4

    def build(self, shape):
        self.drop = keras.layers.Dropout(0.5)

    def call(self, inputs, states, training=False):
        outputs = self.drop(inputs + states[0], training=training)
        return outputs, [outputs]

layer, x = keras.layers.RNN(Cell()), np.ones((2, 3, 4), "float32")
draws = [keras.ops.convert_to_numpy(layer(x, training=True)) for _ in range(4)]
same = all((one == draws[0]).all() for one in draws)
print("expected calls that differ")
print("found   ", "four calls that dropped the same" if same else "they differ")
sys.exit(int(same))
