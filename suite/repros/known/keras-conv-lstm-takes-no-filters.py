"""A convolution with no filters, or with strides of 0, is refused when the layer is made.

Conv1D refuses both (`Expected a strictly positive value`); ConvLSTMCell looks at the form of these options
and not at their values, and a call of the layer fails with words of the engine.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras

taken = []
for kind in (keras.layers.Conv1D, keras.layers.ConvLSTM1D):
    for options in ({"filters": 0}, {"filters": 2, "strides": 0}):
        try:
            kind(**options, kernel_size=3)
            taken.append(f"{kind.__name__}({', '.join(f'{name}={value}' for name, value in options.items())})")
        except ValueError as error:
            print(kind.__name__, "refuses it:", str(error).splitlines()[0])
print("expected ValueError each time")
print("found   ", f"no error for {', '.join(taken)}" if taken else "ValueError each time")
sys.exit(int(bool(taken)))
