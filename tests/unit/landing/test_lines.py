from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.cli.landing.lines import count_lines, split_lines
from trajhouse.cli.landing.records import Oversized


@given(st.text("ab \r\t\n", max_size=60), st.integers(1, 20), st.integers(0, 3))
def test_blocks_are_whole_lines_and_rightly_numbered(text: str, size: int, offset: int) -> None:
    data = text.encode()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    blocks = list(split_lines(pieces, offset))
    assert b"".join(block.data for block in blocks) == data
    for block in blocks:
        before = data[: block.offset - offset]
        assert before == b"" or before.endswith(b"\n")
        assert block.line == before.count(b"\n") + 1
        full = [line for line in before.split(b"\n") if line.strip(b" \t\r")]
        assert block.record == len(full) + 1


@pytest.mark.parametrize(
    ("data", "counts"),
    [(b"", (0, 0)), (b"a\n", (1, 1)), (b"a\n\n \r\nb", (4, 2)), (b"\n\n", (2, 0)), (b" a", (1, 1))],
)
def test_lines_are_counted(data: bytes, counts: tuple[int, int]) -> None:
    assert count_lines(data) == counts


@pytest.mark.parametrize("size", [1, 7, 32])
def test_line_over_the_limit_is_a_block_of_its_own(size: int) -> None:
    long = b"x" * 90 + b"\n"
    data = b"first\n" + long + b"third\n\nfifth"
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    blocks = list(split_lines(pieces, limit=40))
    (large,) = [block for block in blocks if isinstance(block.data, Oversized)]
    assert large.data == Oversized(long, len(long), sha256(long).hexdigest())
    assert (large.line, large.record, large.offset) == (2, 2, 6)
    after = blocks[blocks.index(large) + 1]
    assert (after.line, after.record, after.offset) == (3, 3, 6 + len(long))


def test_long_line_is_never_held_whole() -> None:
    import tracemalloc

    def endless() -> object:
        for _ in range(200):
            yield b"x" * 100_000
        yield b"\n"

    tracemalloc.start()
    (block,) = split_lines(endless(), limit=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert block.n_bytes == 20_000_001
    assert peak < 3_000_000
