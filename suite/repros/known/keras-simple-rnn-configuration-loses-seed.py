"""Two layers with the same seed and the same weights draw the same dropout.

Bidirectional over SimpleRNN does not: SimpleRNN.get_config leaves `seed` out, and Bidirectional makes both
its layers from it, so that they have seeds by chance.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.ones((1, 3, 8), "float32")
wrong = False
for kind in (keras.layers.LSTM, keras.layers.SimpleRNN):
    one, other = (keras.layers.Bidirectional(kind(16, dropout=0.5, seed=1)) for _ in range(2))
    for layer in (one, other):
        layer.build(x.shape)
    other.set_weights(one.get_weights())
    expected, found = (keras.ops.convert_to_numpy(layer(x, training=True)) for layer in (one, other))
    print(kind.__name__)
    print("expected", expected[0, :4].round(4))
    print("found   ", found[0, :4].round(4), "of another layer with this seed")
    wrong |= np.abs(found - expected).max() > 1e-5
sys.exit(int(wrong))
