"""What a build holds, and what changed since the one before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trajhouse.cli.warehouse import MARTS_SCHEMA, quote_identifier

COUNTS = """
select
    (select count(*) from raw.files) as n_files,
    (select coalesce(sum(n_records), 0)::bigint from raw.files) as n_records,
    (select count(*) from marts.trajectories) as n_accepted,
    (select count(*) from marts.rejections) as n_rejected,
    (select count(*) from marts.duplicates) as n_duplicates,
    (
        select count(*) from intermediate.int_references_unioned where reason is null
    ) as n_references
"""
REJECTED = """
select stage, reason, count(*) as n_records
from marts.rejections
group by all
order by n_records desc, stage, reason
"""
DUPLICATED = "select rule, count(*) as n_records from marts.duplicates group by all order by rule"
TOKENIZED = """
select is_reused, coalesce(encoder, ''), coalesce(renderer, ''), count(*) as n_examples
from intermediate.int_trajectories_tokenized
group by all
order by all
"""
FLAGGED = """
select flag, count(*) as n_trajectories
from (select unnest(flags) as flag from marts.trajectories)
group by all
order by n_trajectories desc, flag
"""


@dataclass(frozen=True)
class BuildSummary:
    """Counts of one build.

    Attributes:
        counts: files, records, accepted, rejected, duplicates and references.
        rejected: Records by (stage, reason).
        duplicates: Records by rule.
        flags: Accepted trajectories by flag.
        marts: Rows by mart.
        tokenized: Examples by (reused from the build before, encoder, renderer); the names are
            empty where nothing could be encoded.
    """

    counts: dict[str, int]
    rejected: dict[tuple[str, str], int]
    duplicates: dict[str, int]
    flags: dict[str, int]
    marts: dict[str, int]
    tokenized: dict[tuple[bool, str, str], int]

    @property
    def reused_examples(self) -> int:
        """Examples whose tokens the build before had."""
        return sum(count for (is_reused, _, _), count in self.tokenized.items() if is_reused)

    @property
    def tokenized_examples(self) -> int:
        """Examples that this build tokenized."""
        return sum(self.tokenized.values()) - self.reused_examples

    def made_by(self) -> str:
        """By which encoders and renderers the examples were made that this build tokenized.

        >>> counts = {(False, "gigatoken", "assembly"): 7, (False, "", ""): 1}
        >>> BuildSummary({}, {}, {}, {}, {}, counts).made_by()
        '7 by gigatoken and assembly, 1 by neither'
        """
        return ", ".join(
            f"{count:,} by {f'{encoder} and {renderer}' if encoder else 'neither'}"
            for (is_reused, encoder, renderer), count in sorted(
                self.tokenized.items(), key=lambda item: -item[1]
            )
            if not is_reused
        )

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            **self.counts,
            "rejected_by_reason": [
                {"stage": stage, "reason": reason, "n_records": count}
                for (stage, reason), count in self.rejected.items()
            ],
            "duplicates_by_rule": self.duplicates,
            "flags": self.flags,
            "marts": self.marts,
            "tokenized": [
                {
                    "is_reused": is_reused,
                    "encoder": encoder or None,
                    "renderer": renderer or None,
                    "n_examples": count,
                }
                for (is_reused, encoder, renderer), count in self.tokenized.items()
            ],
        }


def summarize(database: Path) -> BuildSummary:
    """Count what a finished build holds; `database` is opened read-only."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set enable_progress_bar = false")
        counted = connection.execute(COUNTS)
        names = [column[0].removeprefix("n_") for column in counted.description or []]
        values = counted.fetchone() or ()
        marts = connection.execute(
            "select table_name from information_schema.tables where table_schema = ? order by all",
            [MARTS_SCHEMA],
        ).fetchall()
        return BuildSummary(
            counts=dict(zip(names, values, strict=True)),
            rejected={
                (stage, reason): count
                for stage, reason, count in connection.execute(REJECTED).fetchall()
            },
            duplicates=dict(connection.execute(DUPLICATED).fetchall()),
            flags=dict(connection.execute(FLAGGED).fetchall()),
            marts={name: _rows(connection, name) for (name,) in marts},
            tokenized={
                (is_reused, encoder, renderer): count
                for is_reused, encoder, renderer, count in connection.execute(TOKENIZED).fetchall()
            },
        )


def _rows(connection: Any, mart: str) -> int:
    relation = f"{MARTS_SCHEMA}.{quote_identifier(mart)}"
    row = connection.execute(f"select count(*) from {relation}").fetchone()  # noqa: S608
    return int(row[0])
