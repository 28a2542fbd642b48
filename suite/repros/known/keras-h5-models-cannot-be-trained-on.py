"""A model that was saved after training, and loaded, is trained on as before.

Saved as .h5 it raises an error: legacy_h5_format.load_model_from_hdf5 builds the optimizer with
model._trainable_variables, those that are the model's own and none of its layers', an empty list.
Exits 1 while the fault is there, else 0.
"""
import os
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x, y = np.ones((2, 3, 1), "float32"), np.ones((2, 2), "float32")
model = keras.Sequential([keras.Input((3, 1)), keras.layers.LSTM(2)])
model.compile("adam", loss=keras.losses.MeanSquaredError())
model.train_on_batch(x, y)
with tempfile.TemporaryDirectory() as folder:
    model.save(f"{folder}/model.h5")
    loaded = keras.models.load_model(f"{folder}/model.h5")
expected = round(float(model.train_on_batch(x, y)), 4)
print("expected a loss of", expected)
try:
    found = round(float(loaded.train_on_batch(x, y)), 4)
except (ValueError, KeyError) as error:
    if "Unknown variable" not in str(error) and "corresponding 1:1 to the trainable variables" not in str(error):
        raise
    print("found   ", type(error).__name__, str(error)[:150])
    sys.exit(1)
print("found   ", found)
sys.exit(int(abs(found - expected) > 1e-4))
