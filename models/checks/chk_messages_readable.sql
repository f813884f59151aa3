-- Grain: one source message that could not be read: not an object, a part that is not text, calls
-- that are no calls.
with

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
    where len(faults) > 0
),

faults as (
    select
        record_id,
        unnest(faults) as fault
    from trajectories
),

violations as (
    select
        record_id,
        null::integer as position,
        fault['reason'] as reason,
        fault['detail'] as detail,
        fault['turn'] as turn
    from faults
)

select * from violations
