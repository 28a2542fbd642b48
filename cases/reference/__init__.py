"""The float64 reference: recurrent layers and small models in NumPy, written from the equations.

Sources of the equations: SimpleRNN, Elman (1990); LSTM with forget gate, Gers, Schmidhuber and Cummins (2000); GRU, Cho
et al. (2014), arXiv:1406.1078v1 (reset after the product) and v3 (reset before it). Gradients come from `autograd`.

    arithmetic   the elementary operations, and how they may be computed otherwise
    cells        one step of one cell
    stack        the scan over time with masks, directions, merges, stacks
    answer       a Request in, an Observation out
    models       a ModelRequest in, an Observation out
    crf          a conditional random field, by enumeration
    chains       cells of any kind, one after another at each step
    graphs       joins, pooling, attention and wrappers, and their masks

Modules import each other relatively, so that a copy of this package under another name is complete in itself.
"""

from .answer import run
from .chains import run_chain
from .crf import run_crf
from .graphs import run_graph
from .models import run_model

__all__ = ["run", "run_chain", "run_crf", "run_graph", "run_model"]
