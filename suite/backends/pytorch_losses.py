"""PyTorch's embedding and losses; of masked sequences its users take the loss by hand."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cases.families.losses_of_steps import ALONE, LEAST, NEW, OLD_WORDS, SMALL
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def run_masked_loss(backend: Any, request: FunctionRequest) -> Unsupported:
    """Not PyTorch's."""
    return Unsupported("PyTorch's losses know no masks and no sample weights: what their users write says nothing of PyTorch")


def run_ignored(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """CrossEntropyLoss(ignore_index=...): classes along axis 1."""
    options = dict(request.arguments)
    if options["mask"] is not None:
        return Unsupported("PyTorch's losses know no masks")
    with moment("run"):
        logits = torch.tensor(np.array(options["logits"], "float32"), requires_grad=True)
        classes = torch.tensor(np.array(options["classes"], "int64"))
        weights = options.get("weights")
        weights = None if weights is None else torch.tensor(np.array(weights, "float32"))
        how = {"reduction": options["reduction"], "label_smoothing": options.get("smoothing", 0.0)}
        loss = torch.nn.CrossEntropyLoss(weights, ignore_index=options["ignored"], **how)
        value = loss(logits.transpose(1, 2), classes)
        (slope,) = torch.autograd.grad(value.sum(), logits)
        shares = torch.tensor(np.array(options.get("shares", ()), "float32"))
        more = {}
        if shares.numel():  # of which no class can be ignored
            of_shares = torch.nn.CrossEntropyLoss(weights, **how)(logits.transpose(1, 2), shares.transpose(1, 2))
            more["of_shares"] = to_numpy(of_shares)
    return Observation({"loss": to_numpy(value), "gradients": to_numpy(slope), **more})


def run_embedding(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.embeddings.looked_up`."""
    options = dict(request.arguments)
    ids = torch.tensor(np.array(options["ids"], "int64"))
    table = torch.tensor(np.array(options["table"], "float32"))
    given = {"padding_idx": options["padding"], "max_norm": options["longest"] or None, "sparse": options["sparse"],
             "norm_type": options["norm"],
             "scale_grad_by_freq": options["by_frequency"]}
    with moment("build"):
        torch.manual_seed(5)
        if options["origin"] in ("pretrained", "thawed"):
            thawed = {"freeze": False} if options["origin"] == "thawed" else {}
            module = torch.nn.Embedding.from_pretrained(table, **thawed, **given)
        else:
            module = torch.nn.Embedding(*table.shape, **given if options["origin"] != "function" else {})
        if options["origin"] in ("given", "function"):
            module.load_state_dict({"weight": table})
    with moment("run"):
        frozen, before = not module.weight.requires_grad, to_numpy(module.weight)
        module.weight.requires_grad_(True)
        outputs = functional.embedding(ids, module.weight, **given) if options["origin"] == "function" else module(ids)
        (outputs * torch.tensor(np.array(options["cotangents"], "float32"))).sum().backward()
        sparse = module.weight.grad.is_sparse
        slope = module.weight.grad.to_dense() if sparse else module.weight.grad
    tensors = {"outputs": outputs, "gradients": slope, "after": module.weight}
    return Observation({"table": before, **{name: to_numpy(one) for name, one in tensors.items()}},
                       facts={"frozen": frozen, "sparse": sparse})


CTC_DEFAULTS = {"blank": 0, "reduction": "mean", "zero_infinity": False}
"""As documented: they are not given."""


def run_ctc(backend: Any, request: FunctionRequest) -> Observation:
    """CTCLoss of log-softmax, time first; labels as a padded array, or all of them in a row."""
    options = dict(request.arguments)
    logits = torch.tensor(np.array(options["logits"], "float32"), requires_grad=True)
    lengths, counts = (torch.tensor(options[name]) for name in ("lengths", "target_lengths"))
    targets = torch.tensor(options["targets"])
    if options["labels"] == "joined":
        targets = torch.cat([row[:count] for row, count in zip(targets, counts, strict=True)])
    with moment("run"):
        given = {name: options[name] for name, usual in CTC_DEFAULTS.items() if options[name] != usual}
        loss = torch.nn.CTCLoss(**given)
        value = loss(logits.transpose(0, 1).log_softmax(dim=2), targets, lengths, counts)
        (slope,) = torch.autograd.grad(value.sum(), logits)
    return Observation({"loss": to_numpy(value), "gradients": to_numpy(slope)})


def run_loss_of_numbers(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.losses_of_steps`."""
    options = dict(request.arguments)
    kind, reduction, bound = options["kind"], {"reduction": options["reduction"]}, options["bound"]
    given = torch.tensor(np.array(options["given"], "float32"), requires_grad=True)
    weights, positive, target = (None if a is None else torch.tensor(np.array(a, "float32"))
                                 for a in (options["weights"], options["positive"], options["target"]))
    weighted = {} if weights is None else {"weight": weights}
    ignored = {**weighted, "ignore_index": options["ignored"]}
    own = {"gaussian_full": target[..., 0], "gaussian_over_steps": target[:, :1]} if kind.startswith("gaussian_") else {}
    full = {"full": True, "eps": LEAST}
    variance = own.get(kind, target).abs().clamp(min=SMALL if kind == "gaussian_full" else 1.0).requires_grad_()
    target = target.long() if kind == "classes" else target
    rates = {"log_input": False, "full": True, "eps": LEAST}
    functions = {
        "mse": partial(functional.mse_loss, **weighted), "mae": partial(functional.l1_loss, **weighted),
        "huber": partial(functional.huber_loss, delta=bound, **weighted),
        "smooth_mae": partial(functional.smooth_l1_loss, beta=bound),
        "binary": partial(functional.binary_cross_entropy, **weighted),
        "binary_logits": partial(functional.binary_cross_entropy_with_logits, pos_weight=positive, **weighted),
        "soft_margin": functional.soft_margin_loss, "poisson": functional.poisson_nll_loss, "divergence": functional.kl_div,
        "gaussian": partial(functional.gaussian_nll_loss, var=variance), "classes": partial(functional.nll_loss, **ignored),
        "gaussian_full": partial(functional.gaussian_nll_loss, var=variance, **full),
        "gaussian_over_steps": partial(functional.gaussian_nll_loss, var=variance),
        "poisson_full": partial(functional.poisson_nll_loss, **rates),
        "divergence_of_logs": partial(functional.kl_div, log_target=True)}
    modules = {
        "mse": nn.MSELoss, "mae": nn.L1Loss, "huber": partial(nn.HuberLoss, delta=bound),
        "smooth_mae": partial(nn.SmoothL1Loss, beta=bound), "binary": partial(nn.BCELoss, **weighted),
        "binary_logits": partial(nn.BCEWithLogitsLoss, pos_weight=positive, **weighted), "soft_margin": nn.SoftMarginLoss,
        "poisson": nn.PoissonNLLLoss, "divergence": nn.KLDivLoss, "classes": partial(nn.NLLLoss, **ignored),
        "gaussian": lambda **how: partial(nn.GaussianNLLLoss(**how), var=variance),
        "gaussian_full": lambda **how: partial(nn.GaussianNLLLoss(**full, **how), var=variance),
        "gaussian_over_steps": lambda **how: partial(nn.GaussianNLLLoss(**how), var=variance),
        "poisson_full": partial(nn.PoissonNLLLoss, **rates), "divergence_of_logs": partial(nn.KLDivLoss, log_target=True)}
    with moment("run"):
        words, saved = OLD_WORDS.get(options["reduction"], reduction), ()
        words = words if kind not in NEW else reduction
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the old words are to be replaced
            if options["called"] == "function":
                value, again = (functions[kind](given, target, **how) for how in (reduction, words))
            else:
                value, again = (modules[kind](**how)(given, target) for how in (reduction, words))
                saved = () if kind.startswith("gaussian") else tuple(modules[kind](**reduction).state_dict())
        slope, *more = torch.autograd.grad(value.sum(), [given, variance] if kind.startswith("gaussian") else [given])
        more += [functional.gaussian_nll_loss(given, target, ALONE, reduction="none")] if more else []
    arrays = {"loss": value, "again": again, "gradients": slope} | dict(zip(("gradients/variance", "alone"), more, strict=False))
    if kind == "smooth_mae":
        arrays["unbounded"] = functional.smooth_l1_loss(given, target, beta=0.0, **reduction)
    return Observation({name: to_numpy(one) for name, one in arrays.items()}, facts={"saved": saved})
