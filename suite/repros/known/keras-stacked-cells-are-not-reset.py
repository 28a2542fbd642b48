"""reset_state sets every state of a stateful RNN back, so that the same call gives the same outputs again.

Over several cells it raises AttributeError: RNN.reset_state assigns to each item of self.states, and with
StackedRNNCells an item is a list of one cell's states (RNN.call flattens them before it assigns).
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
layer = keras.layers.RNN([keras.layers.LSTMCell(2), keras.layers.LSTMCell(3)], stateful=True)
x = np.ones((1, 2, 2), "float32")
first = keras.ops.convert_to_numpy(layer(x))
print("expected", first.round(4))
try:
    layer.reset_state()
except AttributeError as error:
    if "has no attribute 'assign'" not in str(error):
        raise
    print("found    AttributeError", error)
    sys.exit(1)
again = keras.ops.convert_to_numpy(layer(x))
print("found   ", again.round(4))
sys.exit(int(np.abs(again - first).max() > 1e-5))
