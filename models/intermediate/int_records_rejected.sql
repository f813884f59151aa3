-- Grain: one record that a check rejects, with the first violation: by the order of the checks,
-- then by position.
with

violations as (
    select * from {{ ref('int_violations') }}
    where severity = 'reject'
),

first_violations as (
    select
        record_id,
        check_name,
        reason,
        detail,
        position,
        turn
    from violations
    qualify row_number() over (
        partition by record_id
        order by check_order, position nulls first, turn nulls first, reason, detail
    ) = 1
)

select * from first_violations
