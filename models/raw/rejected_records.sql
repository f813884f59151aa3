-- Grain: one record that the parser rejected at ingest, with the reason.
with

landed as (
    {{ landed('rejected', [
        ['dataset', 'varchar'], ['family', 'varchar'], ['file_id', 'varchar'],
        ['source_file', 'varchar'], ['record_number', 'bigint'], ['source_line', 'bigint'],
        ['byte_offset', 'bigint'], ['reason', 'varchar'], ['detail', 'varchar'],
        ['excerpt', 'varchar'], ['record_hash', 'varchar'], ['n_bytes', 'bigint'],
        ['landed_at', 'timestamptz'],
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
