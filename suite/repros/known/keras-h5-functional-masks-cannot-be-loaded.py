"""A model that was saved can be loaded, and predicts the same.

A functional model with Embedding(mask_zero=True) before a recurrent layer, saved as .h5, raises `Unknown
layer: 'NotEqual'`: the mask is an operation of the graph, the file names it among the layers, and the legacy
loader knows layers alone. The same model as Sequential, or as .keras, is loaded.
Exits 1 while the fault is there, else 0.
"""
import os
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.array([[1, 2, 0]])
ids = keras.Input((3,))
model = keras.Model(ids, keras.layers.LSTM(2)(keras.layers.Embedding(3, 2, mask_zero=True)(ids)))
expected = keras.ops.convert_to_numpy(model(x))
print("expected", expected.round(4))
with tempfile.TemporaryDirectory() as folder:
    model.save(f"{folder}/model.h5")
    try:
        loaded = keras.models.load_model(f"{folder}/model.h5")
    except (TypeError, ValueError) as error:
        if "NotEqual" not in str(error):
            raise
        print("found   ", type(error).__name__, str(error).splitlines()[0])
        sys.exit(1)
found = keras.ops.convert_to_numpy(loaded(x))
print("found   ", found.round(4))
sys.exit(int(np.abs(found - expected).max() > 1e-5))
