-- Grain: one example of an accepted trajectory, or a stretch of one, as tokens with its loss mask,
-- proven row by row.
with

accepted as (
    select * from {{ ref('int_trajectories_accepted') }}
),

tokenized as (
    select * from {{ ref('int_examples_fitted') }}
    where reason is null
),

final as (
    select
        tokenized.example_id,
        tokenized.trajectory_id,
        tokenized.dataset,
        tokenized.task_id,
        tokenized.input_ids,
        {{ labels_of('tokenized.input_ids', 'tokenized.loss_mask') }} as labels,
        tokenized.loss_mask,
        tokenized.loss_weight,
        tokenized.turn_ends,
        tokenized.n_tokens,
        tokenized.n_trained_tokens,
        tokenized.n_tokens_whole,
        tokenized.over_length,
        tokenized.tokenizer
    from tokenized
    semi join accepted on tokenized.record_id = accepted.record_id
)

select * from final
