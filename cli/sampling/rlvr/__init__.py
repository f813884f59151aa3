"""Raw input of the family rlvr."""
