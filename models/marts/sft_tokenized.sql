-- Grain: one accepted trajectory as tokens with its loss mask, proven row by row.
with

trajectories as (
    select * from {{ ref('trajectories') }}
),

tokenized as (
    select * from {{ ref('int_trajectories_tokenized') }}
),

final as (
    select
        trajectories.trajectory_id,
        trajectories.dataset,
        trajectories.task_id,
        tokenized.input_ids,
        tokenized.labels,
        tokenized.loss_mask,
        tokenized.n_tokens,
        tokenized.n_trained_tokens,
        tokenized.tokenizer
    from trajectories
    inner join tokenized on trajectories.record_id = tokenized.record_id
)

select * from final
