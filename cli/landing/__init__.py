"""Raw files to landed Parquet parts: find, read, split, judge, write."""
