"""What README.md shows of the sample is what the command prints."""

from __future__ import annotations

import re

import pytest

from tests.pipeline.processes import PROJECT, Built

pytestmark = pytest.mark.slow

SHOWN = re.compile(r"`trajhouse (show \S+ --mask)`[^\n]*\n\n```\n(.*?)\n```\n", re.DOTALL)


def test_the_picture_of_a_mask_is_what_show_prints(sample: Built) -> None:
    """Each piece of it, between two lines of `…`, is printed, in that order."""
    ((command, picture),) = SHOWN.findall((PROJECT / "README.md").read_text(encoding="utf-8"))
    done = sample.run(*command.split())
    assert done.returncode == 0, done.stderr
    rest = f"\n{done.stdout}"
    pieces = [piece for piece in picture.split("…\n") if piece.strip("…")]
    assert len(pieces) == 2
    for piece in pieces:
        whole_lines = "\n" + piece.removesuffix("\n…").rstrip("\n") + "\n"
        assert whole_lines in rest, piece
        rest = rest.partition(whole_lines)[2]
