"""JSON texts in one form, by whichever way the macro takes."""

from __future__ import annotations

import duckdb
import pytest

from tests.unit.macros.rendered import rendered

FORMS = {
    '{"a": "b"}': '{"a": "b"}',
    '{"a": "b", "c": ""}': '{"a": "b", "c": ""}',
    '{"a":"b","c":""}': '{"a": "b", "c": ""}',
    '{ "a": "b" }': '{"a": "b"}',
    '{"a": "b",}': '{"a": "b",}',
    '{"a": "\\u00e9"}': '{"a": "é"}',
    '{"a": "é: {, }"}': '{"a": "é: {, }"}',
    '{"a": "\\"b\\""}': '{"a": "\\"b\\""}',
    '{"a": 1, "b": "c"}': '{"a": 1, "b": "c"}',
    '{"a": ["b",{"c":null}]}': '{"a": ["b", {"c": null}]}',
    '{"a": "b\n"}': '{"a": "b\n"}',
    "open": "open",
}


@pytest.mark.parametrize("text", FORMS)
def test_a_json_text_has_one_form(text: str) -> None:
    sql = rendered("select {{ canonical_json('said') }} from (select unnest([$1]) as said)")
    assert duckdb.execute(sql, [text]).fetchone() == (FORMS[text],)
