"""What SQL cannot do: the role grammar, tokenization and masks, as Arrow-in, Arrow-out functions."""
