-- Grain: one trajectory that passed the checks, as OpenAI chat messages: what a chat template
-- renders.
with

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
),

rejected as (
    select * from {{ ref('int_records_rejected') }}
),

kept as (
    select trajectories.*
    from trajectories
    anti join rejected on trajectories.record_id = rejected.record_id
),

turns_found as (
    select
        *,
        {{ turn_starts('messages') }} as starts
    from kept
),

turns_bounded as (
    select
        *,
        {{ turn_bounds('messages', 'starts') }} as bounds
    from turns_found
),

rendered as (
    select
        record_id,
        trajectory_id,
        family,
        dataset,
        task_id,
        model,
        success,
        reward,
        tools,
        {{ chat_messages('messages', 'bounds') }} as chat_messages
    from turns_bounded
),

measured as (
    select
        *,
        {{ chat_bytes('chat_messages') }} as n_bytes
    from rendered
)

select * from measured
