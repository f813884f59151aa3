"""What becomes of the bundled sample, whose faults are planted and known."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from tests.pipeline.processes import SAMPLE, Built, built

pytestmark = pytest.mark.slow

REJECTED = {
    ("check", "role_start"),
    ("check", "call_without_output"),
    ("check", "no_messages"),
    ("check", "unsupported_part"),
    ("check", "role_unknown"),
    ("ingest", "type_mismatch"),
    ("ingest", "truncated_json"),
    ("ingest", "duplicate_key"),
    ("tokenize", "control_token"),
}


def test_the_sample_is_what_its_generator_writes(tmp_path: Path) -> None:
    made = runpy.run_path(str(SAMPLE / "generate.py"))
    written = (SAMPLE / "support.jsonl").read_text(encoding="utf-8")
    assert "\n".join(made["support_lines"]()) + "\n" == written
    for number in range(8):
        name = f"bookshop__shop-{number + 1}.traj"
        text = (SAMPLE / "repairs" / name).read_text(encoding="utf-8")
        assert json.loads(text) == made["repair"](number)


def test_each_planted_fault_is_rejected_once_with_its_reason(sample: Built) -> None:
    found = sample.rows("select stage, reason from marts.rejections order by all")
    assert found == sorted(REJECTED)


def test_planted_duplicates_are_dropped_for_the_first_of_their_kind(sample: Built) -> None:
    found = sample.rows(
        "select trajectory_id, kept_trajectory_id, rule, is_same_content"
        " from marts.duplicates order by all"
    )
    assert found == [
        ("support/support-004", "support/support-004", "same_id", True),
        ("support/support-006", "support/support-006", "same_id", False),
        ("support/support-again", "support/support-005", "same_content", True),
    ]


def test_odd_but_sound_trajectories_are_accepted_and_flagged(sample: Built) -> None:
    found = sample.rows(
        "select trajectory_id, flags from marts.trajectories"
        " where dataset = 'support' and flags != [] order by all"
    )
    assert found == [
        ("support/support-906", ["args_invalid"]),
        ("support/support-907", ["tool_not_declared"]),
        ("support/support-909", ["role_normalized", "text_parts"]),
    ]


def test_every_file_is_accounted_for(sample: Built) -> None:
    # 24 good chats, 12 faulty ones of which 9 are rejected, 3 duplicates; 8 repairs
    fates = sample.rows(
        """
        select dataset, 'accepted', count(*) from marts.trajectories group by all
        union all
        select dataset, 'rejected', count(*) from marts.rejections group by all
        union all
        select dataset, 'duplicate', count(*) from marts.duplicates group by all
        order by all
        """
    )
    assert fates == [
        ("repairs", "accepted", 8),
        ("support", "accepted", 24 + 12 - 9),
        ("support", "duplicate", 3),
        ("support", "rejected", 9),
    ]
    assert sample.rows("select sum(n_records) from raw.files") == [(39 + 8,)]


def test_both_layouts_of_a_repair_read_alike(sample: Built) -> None:
    found = sample.rows(
        """
        select distinct role_path, tools_used, task_id = 'bookshop__shop-' || source_file[-6:-6]
        from marts.trajectories
        where dataset = 'repairs'
        order by all
        """
    )
    assert found == [("suctoctoctoct", ["bash"], True), ("suctoctoctoct", ["bash", "submit"], True)]


def test_canonical_messages_survive_the_way_through_openai_messages(
    sample: Built, tmp_path: Path
) -> None:
    """Canonical to OpenAI messages, landed again, to canonical: nothing is lost but `extra`."""
    said = (
        "select trajectory_id, list_transform(messages, lambda m: [m.role, m.content, m.tool_name,"
        " m.tool_arguments, m.call_id, m.turn::varchar]) from marts.trajectories order by all"
    )
    chats = sample.rows("select trajectory_id, messages, tools from marts.sft_messages")
    lines = [
        json.dumps({"id": key, "messages": messages, "tools": json.loads(tools or "[]")})
        for key, messages, tools in chats
    ]
    file = tmp_path / "again.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    again = built(tmp_path / "warehouse", ("openai", str(file), "--dataset", "again"))
    found = [(key.removeprefix("again/"), messages) for key, messages in again.rows(said)]
    assert found == sample.rows(said)
