"""Before a row's first valid step the output is zero.

On JAX it is the initial state: keras/src/backend/jax/rnn.py assumes that the first state is the previous
output. On TensorFlow and torch, and with unroll=True, it is zero.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

x, mask = np.ones((1, 3, 1), "float32"), np.array([[False, True, True]])
state = np.full((1, 2), 0.5, "float32")
layer = keras.layers.GRU(2, return_sequences=True)
found = keras.ops.convert_to_numpy(layer(x, mask=mask, initial_state=state))[0, 0]
print("expected", [0, 0])
print("found   ", found)
sys.exit(int(found.any()))
