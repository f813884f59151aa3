-- Grain: one accepted trajectory as OpenAI chat messages and tools, ready for any chat template.
with

trajectories as (
    select * from {{ ref('trajectories') }}
),

chats as (
    select * from {{ ref('int_trajectories_chat') }}
),

final as (
    select
        trajectories.trajectory_id,
        trajectories.dataset,
        trajectories.task_id,
        trajectories.model,
        trajectories.success,
        trajectories.reward,
        trajectories.tools,
        chats.chat_messages as messages
    from trajectories
    inner join chats on trajectories.record_id = chats.record_id
)

select * from final
