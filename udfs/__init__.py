"""What SQL cannot do: the role grammar, tokenization and masks; Arrow in, Arrow out."""
