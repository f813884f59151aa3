"""From conversations to token ids with a proven loss mask.

`stand_ins` and `outline` find out what of a render is template and what is content, `turns` what the
model is to produce, `assembly` renders from what was learnt, `encoding` proves ids and mask.
"""
