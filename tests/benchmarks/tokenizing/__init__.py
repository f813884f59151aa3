"""The parts of `bench_tokenize.py`: data, the peers, trajhouse itself, memory, stages, tables."""
