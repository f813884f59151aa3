-- Grain: one record that passed the parser at ingest. A table, not a view over the landing area, so
-- that a published build does not change when more files land.
with

landed as (
    {{ landed('records', [
        ['dataset', 'varchar'], ['family', 'varchar'], ['file_id', 'varchar'],
        ['source_file', 'varchar'], ['record_number', 'bigint'], ['source_line', 'bigint'],
        ['byte_offset', 'bigint'], ['record', 'varchar'], ['record_hash', 'varchar'],
        ['flags', 'varchar[]'], ['landed_at', 'timestamptz'],
    ]) }}
),

files as (
    select * from {{ ref('files') }}
),

identified as (
    select
        {{ record_id('landed') }} as record_id,
        landed.*
    from landed
    semi join files
        on landed.dataset = files.dataset and landed.file_id = files.file_id
)

select * from identified
