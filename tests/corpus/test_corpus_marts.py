"""What a build makes of the corpus: canonical ids, one form of arguments, duplicates, metadata."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from corpus_cases import Case, read_manifest, write_case

pytestmark = pytest.mark.slow

ENTRIES = [entry for entry in read_manifest() if entry.get("after_build")]


def trajhouse(root: Path, *arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("trajhouse")), "--warehouse", str(root)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRAJHOUSE_")}
    subprocess.run([*command, *arguments], check=True, capture_output=True, env=environment)


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case with an outcome after the build, each its own dataset, built at once."""
    folder = tmp_path_factory.mktemp("corpus")
    for entry in ENTRIES:
        case: Case = write_case(entry, folder)
        options = [word for field in case.fields for word in ("--field", field)]
        paths = map(str, case.paths)
        trajhouse(
            folder / "warehouse", "ingest", case.family, *paths, "--dataset", case.dataset, *options
        )
    trajhouse(folder / "warehouse", "build")
    return folder / "warehouse" / "warehouse.duckdb"


def held(marts: Path, dataset: str) -> dict[str, Any]:
    """What the marts hold of a dataset, by the keys that the manifest uses."""
    with duckdb.connect(str(marts), read_only=True) as connection:

        def values(sql: str) -> list[Any]:
            found = connection.execute(sql, {"dataset": dataset} if "$dataset" in sql else None)
            return [value for (value,) in found.fetchall()]

        arguments = values(
            "select distinct tool_arguments from marts.tool_calls where dataset = $dataset"
        )
        return {
            "accepted": values("select count(*) from marts.trajectories where dataset = $dataset")[
                0
            ],
            "duplicates": values("select count(*) from marts.duplicates where dataset = $dataset")[
                0
            ],
            "rejected": values("select count(*) from marts.rejections where dataset = $dataset")[0],
            "source_keys": values(
                "select source_key from marts.trajectories where dataset = $dataset order by all"
            ),
            "flags": values(
                "select distinct unnest(flags) from marts.trajectories"
                " where dataset = $dataset order by all"
            ),
            "n_messages": values(
                "select n_messages from marts.trajectories where dataset = $dataset order by all"
            ),
            "tool_arguments": arguments,
            "distinct_tool_arguments": len(arguments),
            "kept_record_number": min(
                values(
                    "select split_part(record_id, ':', 2)::int from marts.trajectories"
                    " where dataset = $dataset"
                )
            ),
            "metadata": {
                "last": values(
                    "select metadata::json from marts.trajectories where dataset = $dataset"
                    " order by split_part(record_id, ':', 2)::int desc limit 1"
                )[0]
            },
        }


@pytest.mark.parametrize("entry", ENTRIES, ids=[f"{e['case']}-{e['name']}" for e in ENTRIES])
def test_case_gets_its_place_in_the_marts(marts: Path, entry: dict[str, Any]) -> None:
    found = held(marts, entry["name"].replace("_", "-"))
    expected = dict(entry["after_build"])
    if "metadata" in expected:
        last = json.loads(found["metadata"]["last"])
        wanted = expected.pop("metadata")["last"]
        assert {key: last[key] for key in wanted} == wanted
    assert {key: found[key] for key in expected} == expected
    assert found["rejected"] == 0
    records = sum(file["landed"] for file in entry["files"].values())
    assert found["accepted"] + found["duplicates"] == records
