"""The mask of one row changes nothing in another row.

On JAX a row without padding has other outputs as soon as a mask is given, if the batch has as many rows as an
image has columns; else an error is raised. keras/src/backend/jax/rnn.py keeps the mask of a step as (batch,
1), and where() broadcasts that against (batch, rows, columns, filters): it masks columns. TensorFlow and
torch, and unroll=True, are right.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).uniform(-1, 1, (4, 3, 2, 4, 1)).round(2).astype("float32")  # 4 rows, images of 2 x 4
mask = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]], bool)
layer = keras.layers.ConvLSTM2D(1, 1)
expected = keras.ops.convert_to_numpy(layer(x))[0, ..., 0]  # the first row has no padding
found = keras.ops.convert_to_numpy(layer(x, mask=mask))[0, ..., 0]
print("expected", expected.astype(float).round(4).tolist())
print("found   ", found.astype(float).round(4).tolist())
sys.exit(int(np.abs(found - expected).max() > 1e-5))
