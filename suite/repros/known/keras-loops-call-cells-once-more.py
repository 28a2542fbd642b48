"""What a cell does at every step it does once.

The loop calls the cell on the first inputs once more, to learn the shape of its output. Unrolled it does not.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

def moved(unroll):
    cell = Cell()
    keras.layers.RNN(cell, unroll=unroll)(np.ones((2, 3, 4), "float32"))
    return int(cell.steps.value)

class Cell(keras.layers.Layer):
    state_size = 4

    def build(self, shape):
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs, states):
        self.steps.assign(self.steps + 1)
        return inputs, [inputs]

expected, found = moved(True), moved(False)
print("expected", expected, "steps")
print("found   ", found)
sys.exit(int(found != expected))
