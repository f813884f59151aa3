from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.cli.landing.documents import Element, split_document
from trajhouse.cli.landing.records import Oversized


def pieces_of(text: bytes, size: int) -> list[bytes]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        (b'[{"a": 1}, {"b": 2},\n 3]', [(b'{"a": 1}', 1, 1), (b'{"b": 2}', 1, 11), (b"3", 2, 22)]),
        (b"[]", []),
        (b"[ \n]", []),
        (b'{\n"a": "}]"}\n', [(b'{\n"a": "}]"}', 1, 0)]),
        (b'[{"a": 1},]', [(b'{"a": 1}', 1, 1), (b"]", 1, 10)]),
        (b"[,1]", [(b",", 1, 1), (b"1", 1, 2)]),
        (b'[{"a": 1}', [(b'{"a": 1}', 1, 1), (b"", 1, 9)]),
        (b'[{"a": 1},', [(b'{"a": 1}', 1, 1), (b"", 1, 10)]),
        (b'[{"a": 1}, {"b', [(b'{"a": 1}', 1, 1), (b'{"b', 1, 11)]),
        (b"[1}, 2]", [(b"1", 1, 1), (b"}, 2]", 1, 2)]),
        (b'[{"a": "\\\\"}, {"b": "\\","}]', [(b'{"a": "\\\\"}', 1, 1), (b'{"b": "\\","}', 1, 14)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_document_is_cut_the_same_however_it_arrives(
    text: bytes, elements: list[tuple[bytes, int, int]], size: int
) -> None:
    found = [(item.data, item.line, item.offset) for item in split_document(pieces_of(text, size))]
    assert found == elements


@given(
    st.lists(
        st.dictionaries(st.text(max_size=3), st.lists(st.text('\\"[]{},\n\u00e9x', max_size=6)))
        | st.text('\\"[]{},', max_size=5)
        | st.integers()
    ),
    st.sampled_from([None, 0, 2]),
    st.integers(1, 9),
)
def test_elements_are_those_of_the_list(
    values: list[object], indent: int | None, size: int
) -> None:
    text = json.dumps(values, indent=indent).encode()
    elements = list(split_document(pieces_of(text, size), offset=5))
    assert [json.loads(element.data) for element in elements] == values
    for element in elements:
        start = element.offset - 5
        assert text[start : start + len(element.data)] == element.data
        assert element.line == text[:start].count(b"\n") + 1


def test_what_follows_the_document_is_marked() -> None:
    first, second = split_document([b'{"a": 1}\n', b"more ", b"text\n"])
    assert first == Element(b'{"a": 1}', 1, 0)
    assert second == Element(b"more text", 2, 9, is_trailing=True)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_large_element_is_measured_but_not_kept(size: int) -> None:
    text = b"[1, " + b'"' + b"x" * 100 + b'"' + b", 2]"
    one, large, two = split_document(pieces_of(text, size), limit=50)
    assert isinstance(large.data, Oversized)
    assert large.data.n_bytes == 102
    assert large.data.head == b'"' + b"x" * 100 + b'"'
    assert (one.data, two.data) == (b"1", b"2")
