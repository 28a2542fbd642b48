"""The requests of families that the reference answers, by name: `run_NAME` of a module `reference_…` answers the request NAME."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

OTHERS: Mapping[str, str] = {
    "fresh_weights": "weights.run_fresh", "fresh_parameters": "weights.run_parameters", "pack_padded": "packed.run_pack",
    "pad_sequence": "packed.run_pad", "unpack": "packed.run_unpad", "ignored_class": "answers.run_ignored",
    "many_lengths": "answers.run_lengths", "declared_shapes": "wrappers.run_declared",
    "dropout_between_layers": "answers.run_dropout_between", "given_weights": "answers.run_given",
    "states_by_hand": "answers.run_cut", "training_logs": "training.run_logs", "loop_of_ops": "scans.run_loop",
    **dict.fromkeys(("exported", "other_dtype", "halved", "made_elsewhere", "quantizable", "made_ready"), "answers.run_request"),
    **dict.fromkeys(("crossed_modules", "crossed_cells", "crossed_attention"), "rows.run_crossed"),
}
"""Name of a request that another function answers -> its module and that."""


def collected() -> Mapping[str, Callable]:
    """Name of a function request -> what answers it: function(backend, request). Raises TypeError where two do."""
    found: dict[str, Callable] = {}
    names = sorted(path.stem for path in Path(__file__).parent.glob("reference_*.py") if path.stem != Path(__file__).stem)
    modules = {name.removeprefix("reference_"): import_module(f"suite.backends.{name}") for name in names}
    for module in modules.values():
        own = {name.removeprefix("run_"): each for name, each in vars(module).items()
               if name.startswith("run_") and each.__module__ == module.__name__}
        if twice := own.keys() & found.keys():
            raise TypeError(f"two functions answer {sorted(twice)[0]}")
        found |= own
    for name, place in OTHERS.items():
        module, function = place.split(".")
        found[name] = getattr(modules[module], function)
    return found


PROBES = collected()
