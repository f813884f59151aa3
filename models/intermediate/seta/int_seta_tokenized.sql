-- Grain: one accepted trial of the family seta and one of its two marts, as the tokenizer's own chat
-- template renders it: with its thinking, or without it and told not to think. Whole assistant turns
-- are trained. A row that cannot be proven has a reason instead of tokens.
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

{% for mart in ['seta_sft_thinking', 'seta_sft_nothink'] -%}
{{ mart }} as (
    select
        '{{ mart }}' as mart,
        chats.record_id,
        len(chats.chat_messages) as n_messages,
        {{ udf('tokenize_whole_turns', [
            seta_chat_of(mart, 'chats.chat_messages'), 'trials.call_arguments', tokenizer(),
            "'" ~ var('control_tokens') ~ "'",
        ]) }} as tokenization
    from chats
    inner join trials on chats.record_id = trials.record_id
),

{% endfor -%}
tokenized as (
    select * from seta_sft_thinking
    union all
    select * from seta_sft_nothink
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
