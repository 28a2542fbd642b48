"""A cell with dropout inside a cell of one's own drops anew in every call.

RNN resets the masks of its own cell and of StackedRNNCells alone: the first mask stays, and does not fit
another batch. On JAX it is a tracer that leaked.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

class Residual(keras.layers.Layer):
    def __init__(self, cell):
        super().__init__()
        self.cell, self.state_size = cell, cell.state_size

    def build(self, shape):
        self.cell.build(shape)

    def call(self, inputs, states, training=False):
        outputs, states = self.cell(inputs, states, training=training)
        return outputs + inputs, states

layer = keras.layers.RNN(Residual(keras.layers.GRUCell(4, dropout=0.5)))
try:
    layer(np.ones((2, 3, 4), "float32"), training=True)
    found = tuple(layer(np.ones((3, 3, 4), "float32"), training=True).shape)
except Exception as error:
    found = f"{type(error).__name__} {error}"[:200]
print("expected", (3, 4))
print("found   ", found)
sys.exit(int(found != (3, 4)))
