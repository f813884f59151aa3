"""A small warehouse written by hand, and the command as a real process, for tests of exports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

Row = dict[str, Any]

TRAJHOUSE = Path(sys.executable).with_name("trajhouse")

_CALL = pa.struct(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("function", pa.struct([("name", pa.string()), ("arguments", pa.string())])),
    ]
)
_CHAT_MESSAGE = pa.struct(
    [
        ("role", pa.string()),
        ("content", pa.string()),
        ("reasoning_content", pa.string()),
        ("tool_calls", pa.list_(_CALL)),
        ("tool_call_id", pa.string()),
        ("name", pa.string()),
    ]
)
CHATS = pa.schema(
    [
        ("trajectory_id", pa.string()),
        ("dataset", pa.string()),
        ("task_id", pa.string()),
        ("model", pa.string()),
        ("success", pa.bool_()),
        ("reward", pa.float64()),
        ("tools", pa.string()),
        ("messages", pa.list_(_CHAT_MESSAGE)),
    ]
)
TOKENS = pa.schema(
    [
        ("trajectory_id", pa.string()),
        ("dataset", pa.string()),
        ("task_id", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("loss_mask", pa.list_(pa.int8())),
        ("n_tokens", pa.int32()),
        ("n_trained_tokens", pa.int32()),
        ("tokenizer", pa.string()),
    ]
)
REJECTIONS = pa.schema(
    [
        ("record_id", pa.string()),
        ("trajectory_id", pa.string()),
        ("dataset", pa.string()),
        ("reason", pa.string()),
        ("position", pa.int32()),
    ]
)


def _message(role: str, content: str | None, **fields: Any) -> Row:
    empty = {"reasoning_content": None, "tool_calls": None, "tool_call_id": None, "name": None}
    return {"role": role, "content": content, **empty, **fields}


def chat(number: int, words: int = 3) -> Row:
    """The trajectory of that number: three in a row share a task, every 11th has none.

    Its messages hold what is easily lost: nulls, empty texts and lists, other scripts, JSON.
    """
    dataset = ("airline", "retail")[number % 2]
    call = {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": "find", "arguments": json.dumps({"query": f'"{number}" ünï'})},
    }
    filler = " ".join(f"w{number * 31 + word * 7}" for word in range(words))
    messages = [
        _message("system", ""),
        _message("user", f"Grüße 👋 {number}\n{filler}"),
        _message("assistant", None, reasoning_content="hmm", tool_calls=[call]),
        _message("tool", f"{{}} {filler}", tool_call_id=f"call_{number}", name="find"),
        _message("assistant", "<b>done</b>", tool_calls=[]),
    ]
    return {
        "trajectory_id": f"{dataset}/{(number * 7919) % 10007:05d}-{number}",
        "dataset": dataset,
        "task_id": None if number % 11 == 10 else f"task-{number // 3}",
        "model": None if number % 5 == 0 else "some-model",
        "success": None if number % 7 == 0 else number % 2 == 0,
        "reward": None if number % 7 == 0 else number / 8,
        "tools": '[{"name":"find"}]' if number % 3 else None,
        "messages": messages if number % 13 else messages[:1],
    }


def tokens(number: int, length: int = 5) -> Row:
    """The same trajectory as tokens; `length` and a few of them, every other one trained on."""
    trajectory = chat(number)
    ids = [(number * 131 + place * 17) % 151_000 for place in range(length + number % 4)]
    mask = [place % 2 for place in range(len(ids))]
    return {
        "trajectory_id": trajectory["trajectory_id"],
        "dataset": trajectory["dataset"],
        "task_id": trajectory["task_id"],
        "input_ids": ids,
        "labels": [token if on else -100 for token, on in zip(ids, mask, strict=True)],
        "loss_mask": mask,
        "n_tokens": len(ids),
        "n_trained_tokens": sum(mask),
        "tokenizer": "0123abcd",
    }


def rejection(number: int) -> Row:
    """A rejected record; most have no trajectory."""
    return {
        "record_id": f"airline/file#{99 - number:03d}",
        "trajectory_id": f"airline/{number}" if number % 3 == 0 else None,
        "dataset": "airline",
        "reason": "truncated_json",
        "position": None,
    }


@dataclass(frozen=True)
class Fixture:
    """A warehouse folder, and the rows that its marts hold, in the order of their key."""

    root: Path
    chats: list[Row]
    tokens: list[Row]

    def run(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """`trajhouse --warehouse … ARGUMENTS` as a process."""
        return run("--warehouse", self.root, *arguments, **options)


def make_warehouse(
    root: Path, rows: int = 40, words: int = 3, length: int = 5, shuffled: bool = True
) -> Fixture:
    """Write a published build with marts as views over joins, as the project's own are."""
    root.mkdir(parents=True, exist_ok=True)
    chats = [chat(number, words) for number in range(rows)]
    tokenized = [tokens(number, length) for number in range(rows)]
    by_id = {row["trajectory_id"]: row for row in chats}
    assert len(by_id) == rows
    if not shuffled:
        chats.sort(key=lambda row: str(row["trajectory_id"]))
        tokenized.sort(key=lambda row: str(row["trajectory_id"]))
    connection = duckdb.connect(str(root / "warehouse.duckdb"))
    tables = {
        "chats": pa.Table.from_pylist(chats, CHATS),
        "tokens": pa.Table.from_pylist(tokenized, TOKENS),
        "rejected": pa.Table.from_pylist([rejection(number) for number in range(9)], REJECTIONS),
    }
    connection.execute("create schema intermediate; create schema marts")
    for name, table in tables.items():
        connection.register("given", table)
        connection.execute(f"create table intermediate.{name} as select * from given")
        connection.unregister("given")
    connection.execute(MARTS)
    connection.close()
    chats.sort(key=lambda row: str(row["trajectory_id"]))
    tokenized.sort(key=lambda row: str(row["trajectory_id"]))
    return Fixture(root, chats, tokenized)


MARTS = """
create table intermediate.accepted as
    select trajectory_id from intermediate.chats;
create view marts.trajectories as
    select chats.* from intermediate.chats join intermediate.accepted using (trajectory_id);
create view marts.sft_messages as
    select chats.* from intermediate.chats join intermediate.accepted using (trajectory_id);
create view marts.sft_tokenized as
    select tokens.* from intermediate.tokens join intermediate.accepted using (trajectory_id);
create view marts.messages as
    select trajectory_id, dataset, position, message.role, message.content
    from (
        select trajectory_id, dataset,
            unnest(range(1, len(messages) + 1))::integer as position,
            unnest(messages) as message
        from marts.trajectories
    );
create view marts.rejections as select * from intermediate.rejected;
create table marts.stats_models as
    select coalesce(model, 'unknown') as model, 'x' as label, map {'a': 1} as counts,
        sum(n_tokens)::hugeint as total, 'high'::enum('high', 'low') as level
    from intermediate.chats join intermediate.tokens using (trajectory_id) group by 1;
create table marts.repeated as select 'same' as name, range % 3 as value from range(9);
comment on view marts.sft_messages is 'Accepted trajectories as chats.';
comment on column marts.sft_messages.task_id is 'What must never straddle | two splits.';
"""


def run(
    *arguments: str | Path, env: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """`trajhouse ARGUMENTS` as a process, its output as text."""
    return subprocess.run(
        [str(TRAJHOUSE), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
        **options,
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
