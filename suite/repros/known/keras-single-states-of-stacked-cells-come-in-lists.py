"""A call gives results in the structure that was told beforehand.

RNN over several cells with return_state=True tells one bare state for a GRUCell, and returns it in a list of
one, as StackedRNNCells keeps it: code that takes it as it was told fails.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

def shapes(results):
    return [shapes(each) if isinstance(each, (list, tuple)) else tuple(each.shape) for each in results]


layer = keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.GRUCell(3)], return_state=True)
told = shapes(layer(keras.Input((5, 1), batch_size=4)))
came = shapes(layer(np.ones((4, 5, 1), "float32")))
print("expected", told)
print("found   ", came)
sys.exit(int(came != told))
