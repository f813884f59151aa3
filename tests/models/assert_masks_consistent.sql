-- Of every tokenized row: ids, labels and mask are as long as it says, the mask is 0 or 1, and it
-- and the labels train as many tokens as it says. One list at a time: rows are long.
with

tokenized as (
    select * from {{ ref('sft_tokenized') }}
),

violations as (
    select
        trajectory_id,
        'input_ids' as list_name
    from tokenized
    where len(input_ids) != n_tokens or n_trained_tokens not between 1 and n_tokens
    union all
    select
        trajectory_id,
        'loss_mask' as list_name
    from tokenized
    where
        len(loss_mask) != n_tokens
        or list_sum(loss_mask) != n_trained_tokens
        or list_max(loss_mask) != 1
        or list_min(loss_mask) not in (0, 1)
    union all
    select
        trajectory_id,
        'labels' as list_name
    from tokenized
    where
        len(labels) != n_tokens
        or len({{ list_where('labels', 'label', 'label = -100') }}) != n_tokens - n_trained_tokens
)

select * from violations
