"""From conversations to token ids with a proven loss mask.

`stand_ins` and `outline` find out what of a render is template and what is content, `turns` what
the model is to produce, `placing` where every token lies, and `masking` proves the mask by that.
"""
