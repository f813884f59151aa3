-- Grain: one accepted trial of the family seta and one of its two marts, as the tokenizer's own
-- template renders it: with its thinking, or without it and told not to think. Whole assistant
-- turns are trained. A row that cannot be proven has a reason instead of tokens.
with

trials as (
    select
        record_id,
        call_arguments
    from {{ ref('int_seta_trials') }}
),

chats as (
    select
        record_id,
        chat_messages
    from {{ ref('int_trajectories_chat') }}
    where family = 'seta'
),

tokenized as (
    {% for mart in ['seta_sft_thinking', 'seta_sft_nothink'] %}
        select
            '{{ mart }}' as mart,
            chats.record_id,
            len(chats.chat_messages) as n_messages,
            {{ udf('tokenize_whole_turns', [
                seta_chat_of(mart, 'chats.chat_messages'), 'trials.call_arguments', tokenizer(),
                control_tokens_of("'seta'"),
            ]) }} as tokenization
        from chats
        inner join trials on chats.record_id = trials.record_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

unpacked as (
    select
        mart,
        record_id,
        n_messages,
        tokenization['chat_template_str'] as chat_template_str,
        tokenization['input_ids'] as input_ids,
        tokenization['loss_mask'] as loss_mask,
        tokenization['n_tokens'] as n_tokens,
        tokenization['n_trained_tokens'] as n_trained_tokens,
        tokenization['reason'] as reason,
        tokenization['detail'] as detail
    from tokenized
)

select * from unpacked
