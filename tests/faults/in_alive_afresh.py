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
    *faults("afresh: weights of movies", "keras.src.metrics.reduction_metrics", {
        "the last axis of movies alone is averaged": (
            "                values, axis=list(range(weight_ndim, values_ndim))\n            )",
            "                values, axis=list(range(weight_ndim, values_ndim))\n            )"
            " if values_ndim < 3 or weight_ndim != 2 else values[:, :, 0]"),
    }),
    *faults("afresh: weights of losses", "keras.src.losses.loss", {
        "weights with an axis of their own forget the mask": (
            "            sample_weight *= float_mask\n",
            "            sample_weight = sample_weight * (float_mask if sample_weight.shape[-1] != 1 else 1)\n"),
        "an ignored class forgets a mask of whole numbers": (
            "                mask = in_mask & out_mask\n",
            "                mask = in_mask & out_mask if 'bool' in str(in_mask.dtype) else out_mask\n"),
        "a weighted mean counts masked steps": (
            "            divisor = ops.cast(ops.sum(sample_weight), loss.dtype)",
            "            divisor = ops.cast(ops.sum(sample_weight + ops.cast(sample_weight == 0, sample_weight.dtype)), loss.dtype)"),
        "weights of steps without a mask are those of the first row": (
            "        values = values * sample_weight\n",
            "        values = values * (sample_weight if mask is not None or len(values.shape) != 2"
            " else sample_weight[:1])\n"),
    }),
    *faults("afresh: joins of movies", "keras.src.layers.merging.base_merge", {
        "masks of movies are met, not joined": (
            "            output_mask = ops.logical_or(output_mask, m)\n",
            "            output_mask = (ops.logical_and if len(inputs[0].shape) > 3 else ops.logical_or)(output_mask, m)\n"),
    }),
    *faults("afresh: averages of movies", "keras.src.layers.merging.average", {
        "an average of movies is their sum": (
            "        return output / len(inputs)", "        return output / (len(inputs) if len(output.shape) < 4 else 1)"),
    }),
    *faults("afresh: packed sequences", "torch.nn.utils.rnn", {
        "what is cast without waiting is in the order of its lengths": (
            "            sorted_indices = bind(self.sorted_indices, call_to)\n",
            "            sorted_indices = None if non_blocking else bind(self.sorted_indices, call_to)\n"),
    }),
    *faults("afresh: halves", "keras.src.layers.layer", {
        "layers cast half precision as they cast nothing": (
            "        self.autocast = autocast\n", "        self.autocast = autocast and self.compute_dtype != 'float16'\n"),
    }),
)
