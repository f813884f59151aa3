-- Grain: one record that passed the parser at ingest, without its text: that is read once, by
-- staging, and stays in the landing area. A table, so that a published build does not change as
-- files land.
with

landed as (
    {{ landed('records', [
        ['dataset', 'varchar'], ['family', 'varchar'], ['file_id', 'varchar'],
        ['source_file', 'varchar'], ['record_number', 'bigint'], ['source_line', 'bigint'],
        ['byte_offset', 'bigint'], ['record_hash', 'varchar'],
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
