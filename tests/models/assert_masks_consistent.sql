-- Of every tokenized row: ids, labels and mask are equally long, the mask is 0 or 1, the counts are
-- right, and a label is the id where the mask is 1 and -100 elsewhere.
with

tokenized as (
    select * from {{ ref('sft_tokenized') }}
),

tokens as (
    select
        trajectory_id,
        unnest(input_ids) as input_id,
        unnest(labels) as label,
        unnest(loss_mask) as is_trained
    from tokenized
),

wrong_tokens as (
    select trajectory_id
    from tokens
    where
        is_trained is null
        or is_trained not in (0, 1)
        or {{ is_distinct('label', 'case is_trained when 1 then input_id else -100 end') }}
),

wrong_counts as (
    select trajectory_id
    from tokenized
    where
        len(input_ids) != n_tokens
        or len(labels) != n_tokens
        or len(loss_mask) != n_tokens
        or list_sum(loss_mask) != n_trained_tokens
        or n_trained_tokens = 0
),

violations as (
    select distinct trajectory_id from wrong_tokens
    union
    select trajectory_id from wrong_counts
)

select * from violations
