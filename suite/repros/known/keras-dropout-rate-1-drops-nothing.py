"""With a recurrent dropout rate of 1 nothing of the state reaches the recurrent kernel.

LSTM and GRU drop nothing then, wherever the loop over their cell runs: the cells apply their mask only where
0 < rate < 1, though rates up to 1 are documented. SimpleRNN is right. The same holds of `dropout` on
TensorFlow, and of LSTM on JAX.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.ones((1, 3, 2), "float32")
wrong = False
for kind in (keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM):
    layer = kind(2, recurrent_dropout=1.0)
    found = keras.ops.convert_to_numpy(layer(x, training=True))
    layer.cell.recurrent_kernel.assign(0 * layer.cell.recurrent_kernel)
    expected = keras.ops.convert_to_numpy(layer(x, training=True))
    print(kind.__name__)
    print("expected", expected.round(4), "as with a recurrent kernel of zeros")
    print("found   ", found.round(4))
    wrong |= np.abs(found - expected).max() > 1e-5
sys.exit(int(wrong))
