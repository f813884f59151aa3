-- No record has two fates.
with

fates as (
    select
        record_id,
        'accepted' as fate
    from {{ ref('trajectories') }}
    union all
    select
        record_id,
        'rejected' as fate
    from {{ ref('rejections') }}
    union all
    select
        record_id,
        'duplicate' as fate
    from {{ ref('duplicates') }}
),

violations as (
    select
        record_id,
        list(fate) as fates
    from fates
    group by record_id
    having count(*) > 1
)

select * from violations
