"""An optimizer that was saved and loaded excludes the same weights from weight decay as before.

exclude_from_weight_decay sets attributes that get_config leaves out: the loaded optimizer excludes nothing,
and the bias of 1.0 goes to 0.95 by a gradient of zero.
Exits 1 while the fault is there, else 0.
"""
import os
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
import keras

def step(model):
    bias = model.layers[0].bias
    model.optimizer.apply([0 * each for each in model.trainable_variables])
    return round(float(bias[0]), 4)


model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, bias_initializer="ones")])
model.compile(keras.optimizers.SGD(0.1, weight_decay=0.5), loss="mse")
model.optimizer.exclude_from_weight_decay(var_names=["bias"])
model.optimizer.build(model.trainable_variables)
with tempfile.TemporaryDirectory() as folder:
    model.save(f"{folder}/model.keras")
    loaded = keras.models.load_model(f"{folder}/model.keras")
expected, found = step(model), step(loaded)
print("expected", expected)
print("found   ", found)
sys.exit(int(found != expected))
