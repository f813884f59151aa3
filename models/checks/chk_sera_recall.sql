-- Grain: one SERA trajectory whose recorded line_level_recall is not what its patches give. Records
-- round it to two digits, so what differs by less than half of the last one agrees.
with

recalls as (
    select * from {{ ref('int_sera_recalls') }}
),

violations as (
    select
        record_id,
        'recall_mismatch' as reason,
        null::integer as position,
        null::integer as turn,
        'recorded ' || coalesce(recorded_recall::varchar, 'none') || ', computed '
        || coalesce(computed_recall::varchar, 'none') as detail
    from recalls
    where recorded_recall is not null and {{ sera_recalls_differ() }}
)

select * from violations
