"""Faults in attention whose queries are masked, or where several masks are joined."""

from tests.faults.base import Fault, faults

ATTENTION = "keras.src.layers.attention."
KINDS = (("GroupQueryAttention", "grouped_query_attention", "ops.cast(attention_mask, bool)"),
         ("MultiHeadAttention", "multi_head_attention", "attention_mask"))
ALL: tuple[Fault, ...] = tuple(fault for kind, module, own in KINDS for fault in faults("masked queries", ATTENTION + module, {
    f"{kind}: masked queries are keys that nobody reads": (
        "            auto_mask = ops.expand_dims(query_mask, -1)  # shape is [B, T, 1]\n",
        "            auto_mask = ops.expand_dims(query_mask, -2) & ops.expand_dims(query_mask, -1)\n"),
    f"{kind}: a mask of one's own hides what is later": (
        f"else {own} & auto_mask", f"else {own} | auto_mask"),
    f"{kind}: where queries are masked the mask of values is not read": (
        "            auto_mask = mask if auto_mask is None else auto_mask & mask\n        if key_mask",
        "            auto_mask = mask if auto_mask is None else auto_mask\n        if key_mask"),
}))
