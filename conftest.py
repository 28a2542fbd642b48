"""Hands pytest the suite's plugin, once the frameworks that the command line names begin to be imported; nothing else."""

import gc
import os
import sys

from suite import bytecode

# Before numpy is imported: the reference multiplies small matrices, and BLAS threads would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

bytecode.keep()
gc.disable()  # while modules are imported, and checks collected: none of it is garbage

from suite.subjects import ahead  # noqa: E402  it imports numpy

ahead.begin(sys.argv[1:])
pytest_plugins = ["suite.plugin"]
