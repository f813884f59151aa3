"""One module per command; each holds one click command and the talk around it."""
