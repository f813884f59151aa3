from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from trajhouse.cli.querying.documentation import MartTest, read_docs

PROPERTIES = """
models:
  - name: other
    data_tests: [never]
  - name: mart
    data_tests:
      - unique_together: {arguments: {columns: [a, b]}}
    columns:
      - name: a
        description: '{{ doc("a") }}'
        data_tests: [unique]
      - name: b
        tests:
          - accepted_values: {values: [x]}
"""
NODES = {
    "model.p.mart": {"resource_type": "model", "name": "mart"},
    "model.p.other": {"resource_type": "model", "name": "other"},
    "test.p.not_null": {
        "resource_type": "test",
        "name": "not_null_mart_a",
        "attached_node": "model.p.mart",
        "column_name": "a",
        "test_metadata": {"name": "not_null", "kwargs": {"column_name": "a", "model": "m"}},
        "depends_on": {"nodes": ["model.p.mart"]},
    },
    "test.p.refers": {
        "resource_type": "test",
        "name": "relationships_other_a",
        "attached_node": "model.p.other",
        "column_name": "a",
        "test_metadata": {"name": "relationships", "kwargs": {}},
        "depends_on": {"nodes": ["model.p.mart", "model.p.other"]},
    },
    "test.p.assert_x": {
        "resource_type": "test",
        "name": "assert_x",
        "depends_on": {"nodes": ["model.p.mart"]},
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    models = tmp_path / "models"
    models.mkdir()
    (models / "mart.sql").write_text("-- Grain: one thing. More.\nselect 1\n")
    (models / "mart.yml").write_text(PROPERTIES)
    (tmp_path / "target").mkdir()
    return tmp_path


def test_tests_from_model_files(project: Path) -> None:
    docs = read_docs(project, "mart")
    assert docs.grain == "one thing."
    assert docs.tests == [
        MartTest("unique_together", None, {"columns": ["a", "b"]}),
        MartTest("unique", "a", {}),
        MartTest("accepted_values", "b", {"values": ["x"]}),
    ]


def test_tests_from_a_manifest_that_is_newer(project: Path) -> None:
    (project / "target" / "manifest.json").write_text(json.dumps({"nodes": NODES}))
    assert read_docs(project, "mart").tests == [
        MartTest("assert_x", None, {}),
        MartTest("not_null", "a", {}),
    ]


def test_manifest_that_is_older_is_not_read(project: Path) -> None:
    manifest = project / "target" / "manifest.json"
    manifest.write_text(json.dumps({"nodes": NODES}))
    os.utime(manifest, (0, 0))
    assert MartTest("unique", "a", {}) in (read_docs(project, "mart").tests or [])


def test_unknown_mart_has_no_docs(project: Path) -> None:
    docs = read_docs(project, "nowhere")
    assert (docs.grain, docs.tests) == (None, None)
