"""Faults beside findings alive: rows of different lengths without padding, movies and their masks, weights of losses."""

from tests.faults.base import faults

NESTED, EMBEDDING = "torch.nested._internal.ops", "torch.nn.functional"

ALL = (
    *faults("afresh: nested rows", NESTED, {
        "maxima over heads forget which axis is of steps": (
            '                    out_kwargs["_ragged_idx"] -= 1', '                    out_kwargs["_ragged_idx"] -= 0'),
        "maxima over steps begin at zero, as sums do": (
            "                inp.to_padded_tensor(identity_element), dim=dim_to_pass, **new_kwargs",
            "                inp.to_padded_tensor(0.0), dim=dim_to_pass, **new_kwargs"),
        "a slice of features begins at the first, of what offsets made": (
            '    return NestedTensor(func(inp._values, **new_kwargs), **extract_kwargs(inp))\n\n\n@register_jagged_func(\n'
            "    torch.ops.aten.index_put.default,",
            "    if inp._max_seqlen_tensor is None:\n        new_kwargs['end'] -= new_kwargs['start']\n"
            "        new_kwargs['start'] = 0\n"
            '    return NestedTensor(func(inp._values, **new_kwargs), **extract_kwargs(inp))\n\n\n@register_jagged_func(\n'
            "    torch.ops.aten.index_put.default,"),
        "what offsets made is padded to one step less": (
            "            else inp._values.size(0)\n", "            else inp._offsets.diff().max().item() - 1\n"),
    }),
    *faults("afresh: nested bags", EMBEDDING, {
        "weights of nested bags are read in reverse": (
            "            per_sample_weights = per_sample_weights.values().reshape(-1)",
            "            per_sample_weights = per_sample_weights.values().reshape(-1).flip(0)"),
        "the last id of nested bags is lost": (
            "        offsets = input.offsets()\n", "        offsets = input.offsets().clone()\n        offsets[-1] -= 1\n"),
    }),
)
