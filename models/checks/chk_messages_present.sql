-- Grain: one record without messages.
with

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
),

violations as (
    select
        record_id,
        'no_messages' as reason,
        'messages is missing, null or empty' as detail,
        null::integer as position,
        null::integer as turn
    from trajectories
    where n_messages = 0
)

select * from violations
