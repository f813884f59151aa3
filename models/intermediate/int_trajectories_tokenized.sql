-- Grain: one trajectory as tokens. The conversation is rendered whole by the tokenizer's chat
-- template; a row whose mask cannot be proven has a reason instead of tokens.
with

trajectories as (
    select * from {{ ref('int_trajectories_chat') }}
    where not {{ is_one_of('family', var('untokenized_families')) }}
),

tokenized as (
    select
        record_id,
        trajectory_id,
        dataset,
        task_id,
        {{ udf('tokenize_messages', [
            'chat_messages', 'tools', tokenizer(), control_tokens_of('family'),
        ]) }} as tokenization
    from trajectories
),

unpacked as (
    select
        record_id,
        trajectory_id,
        dataset,
        task_id,
        tokenization['input_ids'] as input_ids,
        tokenization['labels'] as labels,
        tokenization['loss_mask'] as loss_mask,
        tokenization['n_tokens'] as n_tokens,
        tokenization['n_trained_tokens'] as n_trained_tokens,
        tokenization['tokenizer'] as tokenizer,
        tokenization['reason'] as reason,
        tokenization['detail'] as detail
    from tokenized
)

select * from unpacked
