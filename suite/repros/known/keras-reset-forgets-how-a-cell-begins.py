"""After reset_state a stateful RNN begins as it began at first: with what its cell's get_initial_state gives.

RNN.reset_state assigns zeros to every state, whatever get_initial_state says. This cell counts steps and
begins with 5.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

class Counter(keras.Layer):
    state_size = output_size = 1

    def get_initial_state(self, batch_size=None):
        return [keras.ops.full((batch_size, 1), 5.0)]

    def call(self, inputs, states):
        count = states[0] + inputs
        return count, [count]


layer = keras.layers.RNN(Counter(), stateful=True)
x = np.ones((1, 2, 1), "float32")
first = float(layer(x)[0, 0])
layer.reset_state()
again = float(layer(x)[0, 0])
print("expected", first, "after two steps, and again after reset_state")
print("found   ", first, "and", again)
sys.exit(int(again != first))
