"""Calls that mean nothing to PyTorch's modules, its packing, its losses, optimizers and loaders, and options of which none is
made: they are refused, in words, and not taken in silence."""

from __future__ import annotations

from collections.abc import Mapping

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

CALLS: Mapping[str, tuple[str, ...]] = {
    "states": (
        "inputs in another dtype", "whole numbers for inputs", "states in another dtype", "a cell state in another dtype",
        "an output state in another dtype", "states in another dtype, packed", "inputs in another dtype, packed",
        "inputs of another width, packed", "inputs of four axes", "inputs of one axis", "bare states for a batch",
        "states of a batch for bare inputs", "a bare cell state for a batch", "a bare output state for a batch",
        "a cell state of a batch for bare inputs", "an output state of a batch for bare inputs", "one state of two",
        "two states of one", "three states of two", "a cell state of another width", "an output state as wide as the layer",
        "a cell state of one row", "states of too few layers", "one row's states of more layers",
        "one row's states of more layers, bare", "a cell state of too few layers", "states of more rows, packed",
        "a cell state of more rows, packed", "a cell state of one row, packed", "a cell state of more layers, packed"),
    "cells": (
        "a batch of sequences", "inputs of another width", "states of more rows", "states of another width",
        "inputs in another dtype", "states in another dtype", "a cell state in another dtype", "a cell state of more rows",
        "a bare cell state for a batch", "states of three axes", "an activation that there is not"),
    "packing": (
        "lengths that are not sorted", "two sequences that are not sorted", "a sequence without a step to pack",
        "sequences without a step to pack, unsorted", "sequences of other widths to pack", "no steps for a packed sequence",
        "fewer steps than there are", "no sequences",
        "a number for sequences", "a side that there is not", "sequences of other widths", "too few lengths to unpad",
        "a tensor to unpack", "too few lengths", "no batch sizes", "no sequences to pack"),
    "around": (
        "statistics of one row", "statistics of one step", "statistics of one row of one step", "statistics of one frame",
        "statistics of one row of one step, not tracked", "channels that are others", "an axis too many",
        "features that are others", "groups that do not fit", "an id beyond the table", "an id below zero",
        "ids that are no whole numbers", "weights for other ids",
        "padding of another shape", "a mask of another shape", "masks of other heads", "queries of another width",
        "causal, and no mask", "values for other keys", "a target of another batch", "a target of another width",
        "an odd number to halve", "an odd number of edges", "a rate above one", "no size to bring to", "two sizes to bring to"),
    "losses": (
        "a class that there is not", "targets of another batch", "a reduction that there is not",
        "labels smoothed by more than all", "a reduction of squares that there is not", "a share above one",
        "targets of another shape", "logits of another shape",
        "a variance below zero", "variances of another shape", "a turn below zero", "a smooth turn below zero",
        "weights for other classes", "more steps than there are", "a blank that there is not", "signs for each feature",
        "a row for rows", "one sign for rows", "a class beyond the clusters", "classes of another batch"),
    "training": (
        "the same weights again", "a state of other groups", "a state of other weights", "more steps than a cycle has",
        "functions for other groups", "milestones for other schedules", "schedules of two optimizers",
        "schedules of another optimizer", "an epoch to go on from", "groups for one that takes none", "dampened lookahead",
        "a result for a weight", "the same weights in two groups", "numbers for weights", "a tensor for a parameter",
        "a name that is taken", "a name of two parts", "a number for a module", "sizes that do not fit",
        "gradients unscaled twice", "gradients unscaled behind a step", "two steps of one scale", "a scale of no step",
        "gradients of halves unscaled"),
    "modules": (
        "no layers", "no units", "a projection below zero", "a projection of a layer that has none",
        "an activation that there is not", "states of three axes", "two states of three axes", "no heads",
        "no features to attend", "features that heads do not share", "an activation of a transformer that there is not",
        "padding beyond the table", "a table of another shape", "a table of three axes", "a rate below zero",
        "channels that groups do not share", "statistics with a negative epsilon", "channels that are others",
        "bounds that cross", "clusters out of order", "parts of a size", "a turn that is a word", "triplets without a margin",
        "distances without a margin", "three rows without a margin", "three distances without a margin",
        "several numbers for one"),
    "optimizers": (
        "a rate below zero", "a rate of two numbers", "a mean that keeps all", "one mean's share a tensor",
        "an epsilon below zero", "a decay below zero", "steps that never grow", "no weights", "one tensor for weights",
        "weights in no order", "names of some weights", "a group without names", "a list for a group",
        "both together and fused"),
    "schedules": (
        "a schedule of no optimizer", "no schedules in a row", "no chain", "a plateau in a row", "a plateau in a chain",
        "a factor that is no function", "factors of other groups", "a plateau that does not fall", "a plateau of neither",
        "least rates of other groups", "a constant above one", "a line from nothing", "restarts after no epochs",
        "restarts that come sooner", "a cycle without its length", "a cycle of epochs without steps",
        "a way up that there is not", "a cycle that there is not", "a way to the average that there is not",
        "an average that keeps more than all", "averages that keep less than nothing", "two ways to average"),
    "rows": (
        "tensors of other lengths", "sets of other lengths", "named sets of other lengths", "sets with names and without",
        "no sets to stack", "no sets to join", "a stream to join", "a row before the first", "parts of other rows",
        "a share above one", "batches of nothing", "fewer workers than none", "an order, and another one",
        "batches, and their size", "a stream in another order", "a wait of less than nothing", "weights that are none",
        "sparse rows", "rows of no kind"),
}


@statement("What a module, a loss or an optimizer cannot do, and is called for even so, is refused in words.",
           {"calls": tuple(CALLS)}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.nn, torch.nn.utils.rnn, torch.nn.functional, torch.optim, torch.utils.data")
def calls_for_nothing_are_refused(ask, calls) -> list[Deviation]:
    """Array `refused`: 1 where a call was refused, in the order of the fact `said`: (call, what was said)."""
    seen = ask(FunctionRequest("calls_for_nothing", (("calls", calls),)))
    said = dict(seen.facts["said"])
    unlike = sorted({*said} ^ {*CALLS[calls]})
    found = [Deviation("calls", f"{unlike} were asked, or were not")] if unlike else []
    for (call, words), refused in zip(said.items(), seen["refused"], strict=True):
        if refused != 1:
            found.append(Deviation(call, f"{call}: taken in silence"))
        elif not words.strip():
            found.append(Deviation(call, f"{call}: refused without a word"))
    return found


WARNED = ("dropout behind one layer", "dropout behind one layer, both ways", "a schedule before its optimizer",
          "gradients of nothing")
NONE = ("dropout behind two layers", "no dropout", "a schedule behind its optimizer", "gradients of one")
"""What is likely to be a mistake; and what is none."""


@statement("What is likely to be a mistake is warned of, and what is like it and is none is not.", strength=(1, 1, 1), sparing=0,
           source="PyTorch: nn.LSTM(dropout), LRScheduler.step, clip_grad_norm_")
def likely_mistakes_are_warned_of(ask) -> list[Deviation]:
    """Array `warned`: 1 where there was a warning, of all of `WARNED` and then of `NONE`."""
    seen = ask(FunctionRequest("warned_of", ()))["warned"]
    return [Deviation(what, f"{what}: {'not warned of' if what in WARNED else 'warned of, and is none'}")
            for what, warned in zip((*WARNED, *NONE), seen, strict=True) if warned != (what in WARNED)]
