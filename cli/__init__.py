"""The command line: ingest, build, query and export a trajectory warehouse."""
