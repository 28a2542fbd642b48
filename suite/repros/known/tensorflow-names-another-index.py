"""The error for an index out of range names that index.

TensorFlow's strided_slice adds the size to a negative index and only then looks whether it is inside: -4 of 3
columns is told as -1, which would be right. NumPy and PyTorch name -4.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

x = keras.ops.convert_to_tensor(np.ones((2, 3), "float32"))
try:
    x[:, -4]
    found = "no error"
except Exception as error:
    found = f"{type(error).__name__} {error}"
print("expected an error that names -4")
print("found   ", found)
sys.exit(int("index -1" in found and "-4" not in found))
