"""A model of any number of steps, exported to ONNX, runs all steps that it is given.

On torch it runs the first one alone, in silence: keras/src/export/onnx.py traces the model on an input of one
step, by TorchScript, which writes the loop over that one step into the graph, and then declares the axis
dynamic. A model of a fixed number of steps is exported rightly.
Exits 1 while the fault is there, else 0.
"""
import os
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import onnxruntime

keras.utils.set_random_seed(0)
x = np.arange(6, dtype="float32").reshape(1, 3, 2) / 10
model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(2, return_sequences=True)])
expected = keras.ops.convert_to_numpy(model(x))
with tempfile.TemporaryDirectory() as folder:
    model.export(f"{folder}/model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: x})[0]
print("expected", expected.astype(float).round(4).tolist())
print("found   ", found.astype(float).round(4).tolist())
sys.exit(int(found.shape != expected.shape or np.abs(found - expected).max() > 1e-4))
