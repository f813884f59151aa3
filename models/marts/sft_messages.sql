-- Grain: one accepted trajectory as OpenAI chat messages and tools, ready for any chat template.
with

accepted as (
    select * from {{ ref('int_trajectories_accepted') }}
),

chats as (
    select * from {{ ref('int_trajectories_chat') }}
),

final as (
    select
        chats.trajectory_id,
        chats.dataset,
        chats.task_id,
        chats.model,
        chats.success,
        chats.reward,
        chats.tools,
        chats.chat_messages as messages
    from chats
    semi join accepted on chats.record_id = accepted.record_id
)

select * from final
