"""Hands pytest the suite's plugin; nothing else."""

import os

from suite import bytecode

# Before numpy is imported: the reference multiplies small matrices, and BLAS threads would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

bytecode.keep()
pytest_plugins = ["suite.plugin"]
