-- Of every tokenized row: ids, labels and mask are equally long, the mask is 0 or 1, the counts are
-- right, and a label is the id where the mask is 1 and -100 elsewhere.
with

tokenized as (
    select * from {{ ref('sft_tokenized') }}
),

violations as (
    select trajectory_id
    from tokenized
    where
        len(input_ids) != n_tokens
        or len(labels) != n_tokens
        or len(loss_mask) != n_tokens
        or list_sum(loss_mask) != n_trained_tokens
        or n_trained_tokens = 0
        or len({{ list_where(
            'labels',
            'label',
            "label != case loss_mask[label_position] when 1 then input_ids[label_position] else -100 end",
            'label_position'
        ) }}) > 0
)

select * from violations
