-- Grain: one accepted trajectory as tokens with its loss mask, proven row by row. No join: rows are
-- wide, and a join may have to hold them.
with

tokenized as (
    select * from {{ ref('int_trajectories_tokenized') }}
),

final as (
    select
        trajectory_id,
        dataset,
        task_id,
        input_ids,
        labels,
        loss_mask,
        n_tokens,
        n_trained_tokens,
        tokenizer
    from tokenized
    where reason is null
)

select * from final
