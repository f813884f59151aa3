-- Grain: one landed file of one dataset. The manifest that every count is checked against.
with

landed as (
    {{ landed('files', [
        ['dataset', 'varchar'], ['family', 'varchar'], ['file_id', 'varchar'],
        ['source_file', 'varchar'], ['batch_id', 'varchar'], ['format', 'varchar'],
        ['compression', 'varchar'], ['n_bytes', 'bigint'], ['n_records', 'bigint'],
        ['n_landed', 'bigint'], ['n_rejected', 'bigint'], ['n_blank_lines', 'bigint'],
        ['fields', 'varchar'], ['warnings', 'varchar[]'], ['landed_at', 'timestamptz'],
    ]) }}
)

select * from landed
