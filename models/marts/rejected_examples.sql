-- Grain: one example that could not be tokenized, or did not fit. Its trajectory is accepted all
-- the same where another of its examples is sound.
with

fitted as (
    select * from {{ ref('int_examples_fitted') }}
    where reason is not null
),

rejected as (
    select record_id
    from {{ ref('rejections') }}
    where stage = 'tokenize'
),

accepted as (
    select record_id
    from {{ ref('int_trajectories_accepted') }}
),

final as (
    select
        fitted.record_id,
        fitted.example_id,
        fitted.trajectory_id,
        fitted.dataset,
        fitted.task_id,
        fitted.reason,
        fitted.detail,
        fitted.n_tokens_whole,
        fitted.tokenizer,
        accepted.record_id is not null as is_accepted
    from fitted
    left join accepted on fitted.record_id = accepted.record_id
    left join rejected on fitted.record_id = rejected.record_id
    where accepted.record_id is not null or rejected.record_id is not null
)

select * from final
