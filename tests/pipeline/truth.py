"""Compares a build with the truth that `trajhouse sample` wrote beside its records."""

from __future__ import annotations

from pathlib import Path

import duckdb

SHOWN = 10

# What became of every landed record, by the key that the truth has: file and number in it.
FATES = """
create or replace temp table fates as
select dataset, source_file, record_number, 'accepted' as fate, null as reason, trajectory_id
from warehouse.marts.trajectories
union all
select dataset, source_file, record_number, 'rejected', reason, trajectory_id
from warehouse.marts.rejections
union all
select dropped.dataset, dropped.source_file, dropped.record_number, 'duplicate', rule, null
from warehouse.marts.duplicates as dropped
union all
select dataset, source_file, record_number, 'reference', null, null
from warehouse.intermediate.int_references_unioned
where reason is null
"""

TRUTHS = """
create or replace temp table truths as
select * from read_json(
    $truth,
    format = 'newline_delimited',
    columns = {
        source_file: 'varchar', record_number: 'bigint', dataset: 'varchar', fate: 'varchar',
        reason: 'varchar', marts: 'varchar[]', left_out: 'map(varchar, varchar)',
        n_mended: 'bigint'
    }
)
"""

# Source files of the build end in the truth's; the longest end is the file.
FILES = """
create or replace temp table files as
select distinct on (found.dataset, found.source_file)
    found.dataset,
    found.source_file as landed_file,
    told.source_file
from (select distinct dataset, source_file from fates) as found
inner join (select distinct dataset, source_file from truths) as told
    on found.dataset = told.dataset
    and (
        found.source_file = told.source_file
        or ends_with(found.source_file, '/' || told.source_file)
    )
order by found.dataset, found.source_file, len(told.source_file) desc
"""

WRONG_FATES = """
select
    coalesce(told.dataset, found.dataset) as dataset,
    coalesce(told.source_file, found.source_file) as source_file,
    coalesce(told.record_number, found.record_number) as record_number,
    told.fate as fate_told, told.reason as reason_told,
    found.fate as fate_found, found.reason as reason_found
from truths as told
full join (
    select fates.* replace (files.source_file as source_file)
    from fates
    left join files on fates.dataset = files.dataset and fates.source_file = files.landed_file
) as found
    on told.dataset = found.dataset
    and told.source_file = found.source_file
    and told.record_number = found.record_number
where
    told.fate is distinct from found.fate
    or told.reason is distinct from found.reason
"""

WRONG_SELECTIONS = """
with told as (
    select dataset, source_file, record_number, unnest(marts) as mart, null as reason from truths
    union all
    select
        dataset, source_file, record_number,
        unnest(map_keys(left_out)) as mart, unnest(map_values(left_out)) as reason
    from truths
),

found as (
    select
        selections.dataset, files.source_file, selections.record_number,
        selections.mart, selections.reason
    from warehouse.marts.selections as selections
    inner join files
        on selections.dataset = files.dataset and selections.source_file = files.landed_file
)

select
    coalesce(told.dataset, found.dataset) as dataset,
    coalesce(told.source_file, found.source_file) as source_file,
    coalesce(told.record_number, found.record_number) as record_number,
    told.mart as mart_told, told.reason as reason_told,
    found.mart as mart_found, found.reason as reason_found
from told
full join found using (dataset, source_file, record_number, mart)
where told.mart is null or found.mart is null or told.reason is distinct from found.reason
"""

MENDINGS = """
select 1 from duckdb_views() where database_name = 'warehouse' and view_name = 'rlvr_mended_outputs'
union all
select 1 from duckdb_tables()
where database_name = 'warehouse' and table_name = 'rlvr_mended_outputs'
"""

WRONG_MENDINGS = """
with found as (
    select trajectory_id, count(*) as n_mended
    from warehouse.marts.rlvr_mended_outputs
    group by trajectory_id
)

select
    truths.dataset, truths.source_file, truths.record_number,
    truths.n_mended as told, coalesce(found.n_mended, 0) as found
from truths
inner join files using (dataset, source_file)
inner join fates
    on fates.dataset = files.dataset
    and fates.source_file = files.landed_file
    and fates.record_number = truths.record_number
    and fates.fate = 'accepted'
left join found on fates.trajectory_id = found.trajectory_id
where truths.n_mended != coalesce(found.n_mended, 0)
"""


def assert_truth(warehouse: Path, *samples: Path) -> None:
    """Check that every record of the samples met its fate, and that there is no other.

    Args:
        warehouse: A published build of nothing but these samples: the database file.
        samples: The samples' folders; no two may hold a dataset and file of the same name.
    """
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(FATES)
        connection.execute(TRUTHS, {"truth": [str(path / "truth.jsonl") for path in samples]})
        connection.execute(FILES)
        for name, query in (
            ("fates", WRONG_FATES),
            ("selections", WRONG_SELECTIONS),
            *(("mended outputs", WRONG_MENDINGS) for _ in connection.execute(MENDINGS).fetchall()),
        ):
            wrong = connection.execute(query)
            columns = [column[0] for column in wrong.description or []]
            rows = [dict(zip(columns, row, strict=True)) for row in wrong.fetchall()]
            shown = "\n".join(map(str, rows[:SHOWN]))
            assert not rows, f"{len(rows)} {name} are not as the truth says; the first:\n{shown}"
