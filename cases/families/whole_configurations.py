"""Layers by package, losses, metrics and the like: every option of a constructor is in the configuration, and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation, Note

PACKAGES = ("activations", "attention", "convolutional", "core", "merging", "normalization", "pooling", "regularization",
            "reshaping", "rnn", "preprocessing", "losses", "metrics", "optimizers", "schedules", "initializers",
            "regularizers", "constraints", "compile", "policies")
SIZES: Mapping[str, Any] = {
    "units": 3, "filters": 2, "kernel_size": 2, "pool_size": 3, "output_size": 3, "input_dim": 5, "output_dim": 3, "rate": 0.25,
    "stddev": 0.5, "num_heads": 2, "key_dim": 3, "head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2,
    "equation": "abc,cd->abd", "output_shape": (None, 3), "target_shape": (6, 1), "dims": (2, 1), "n": 3, "axes": 1,
    "function": "relu", "activation": "relu", "num_classes": 3, "target_class_ids": (0,), "recall": 0.5, "precision": 0.5,
    "specificity": 0.5, "sensitivity": 0.5, "initial_learning_rate": 0.25, "decay_steps": 7, "decay_rate": 0.5,
    "boundaries": [2], "values": [1.0, 0.5], "first_decay_steps": 3, "num_tokens": 5, "num_bins": 4,
    "scale": 0.5,
}
"""What a constructor needs -> a value of it."""
NEEDED = {"CategoryEncoding": ("num_tokens",), "Discretization": ("num_bins",)}
"""What a constructor needs, though it has a default."""
OPTIONS: Mapping[str, Any] = {
    "activation": "relu", "recurrent_activation": "tanh", "data_format": "channels_first", "padding": "same", "merge_mode": "sum",
    "dtype": "float64", "axis": 1, "seed": 5, "noise_shape": (None, 1), "attention_axes": (1,), "value_dim": 5, "lora_rank": 2,
    "lora_alpha": 3.0, "score_mode": "concat", "use_cudnn": False, "strides": 2, "dilation_rate": 2, "flash_attention": True,
    "interpolation": "bilinear", "max_value": 0.75, "implementation": 1, "output_padding": 1, "trainable": False,
    "sliding_window": 2, "output_shape": (3,), "bias_axes": "d", "reverse_dtype": "float64", "logit_soft_cap": 2.0,
    "shared_axes": (1,), "name": "told", "groups": 2, "reduction": "sum", "clipnorm": 0.5, "clipvalue": 0.5,
    "global_clipnorm": 0.5, "weight_decay": 0.25, "ema_overwrite_frequency": 3, "loss_scale_factor": 2.0,
    "gradient_accumulation_steps": 2, "thresholds": [0.25], "threshold": 0.25, "class_id": 1, "top_k": 2, "ignore_class": 1,
    "average": "macro", "curve": "PR", "summation_method": "minoring", "warmup_target": 0.75, "input_axes": (0,),
}
"""What a constructor may be told -> a value that is not the default. Other flags are turned, numbers doubled and a bit, and parts
of weights have words of their own (`initializer`, `regularizer`, `constraint`)."""
COMPILED: Mapping[str, Any] = {
    "optimizer": "sgd", "loss": "mean_absolute_error", "loss_weights": [0.5], "metrics": ["mean_squared_error"],
    "weighted_metrics": ["mean_absolute_error"], "run_eagerly": True, "auto_scale_loss": False,
}
"""What a model is told when it is compiled."""
POLICIES: Mapping[str, str] = {"encoder/lstm": "bfloat16", "decoder": "mixed_bfloat16"}
"""The precision of layers, by their paths."""
KNOWN = ("module", "use_cudnn", "seed", "activity_regularizer", "flash_attention", "dtype", "axis", "delta", "gain")
"""What some are known to lose, told last."""
PARTS: Mapping[str, str] = {"initializer": "ones", "regularizer": "l2", "constraint": "non_neg"}


@statement("Every option that the constructor of a layer, loss, metric, optimizer or the like takes is in its configuration, as "
           "it was given, and in that of one that is made of it; where a file names the class, it names a public one, which "
           "every engine has; and a policy that is told of stays what it is.", {"package": PACKAGES},
           dear={"package": ("rnn", "optimizers", "metrics", "convolutional", "initializers", "preprocessing")},
           source="Keras: get_config, from_config")
def configurations_are_whole(ask, package) -> list[Deviation | Note]:
    """Facts: `lost` (class, option), `kept` (class, option, given, told, told again), `left` (class, option, why): what could not
    be asked, `named` (class, module): the module by which a file names it."""
    facts = ask(FunctionRequest("whole_configurations", (("package", package),))).facts
    lost, kept, left = (facts.get(name, ()) for name in ("lost", "kept", "left"))
    found = [
        Deviation(f"{kind} {option}", f"{kind}: {option} is not in the configuration") for kind, option in lost
    ]
    for kind, option, given, made, again in kept:
        if made != given:
            found.append(Deviation(f"{kind} {option}", f"{kind}: {option}={given} was given, the configuration says {made}"))
        elif again != given:
            found.append(Deviation(f"{kind} {option}", f"{kind}: {option}={given} was given, a layer made again has {again}"))
    found += [Deviation(f"{kind} module", f"{kind}: a file names it as one of {module}")
              for kind, module in facts.get("named", ()) if "src" in module.split(".")]
    found.sort(key=lambda one: one.where.rpartition(" ")[2] in KNOWN)
    if not kept:
        found.append(Deviation("options", "no option was looked at"))
    table = {"head": ["layer", "option", "why"], "rows": [list(each) for each in left]}
    return [*found, *([Note("Options that were not asked about", table)] if left else [])]
