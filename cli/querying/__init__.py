"""SQL over a published build: a closed sandbox, output formats and suggestions."""
