"""Marts to sharded Parquet with a card and a manifest, written aside and read back."""
