"""Softmax behind Masking gives the softmax of each step: the mask is of steps, and changes no valid one.

Softmax.call takes an argument `mask` of the shape of its inputs, and Layer.__call__ gives it the mask of
steps, (batch, time), that came with the tensor. It is broadcast against (time, features): wrong numbers where
batch, time and features are equal, else an error.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.array([[[1, 2, 3], [3, 2, 1], [1, 3, 2]], [[2, 1, 3], [2, 3, 1], [0, 0, 0]], [[3, 1, 2], [0, 0, 0], [0, 0, 0]]], "float32")
valid = np.any(x != 0, axis=-1)
expected = keras.ops.convert_to_numpy(keras.layers.Softmax()(x))[valid]
found = keras.ops.convert_to_numpy(keras.layers.Softmax()(keras.layers.Masking()(x)))[valid]
wrong = np.abs(found - expected).max(axis=-1) > 1e-5
print("expected", expected[wrong].astype(float).round(4).tolist())
print("found   ", found[wrong].astype(float).round(4).tolist(), f"({wrong.sum()} of {wrong.size} valid steps are wrong)")
sys.exit(int(wrong.any()))
