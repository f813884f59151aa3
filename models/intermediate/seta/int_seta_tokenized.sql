-- Grain: one accepted trial of the family seta and one of its two marts, as the tokenizer's own chat
-- template renders it: with its thinking, or without it and told not to think. Whole assistant turns
-- are trained. A row that cannot be proven has a reason instead of tokens.
with

trials as (
    select * from {{ ref('int_seta_trials') }}
),

messages_parsed as (
    select
        record_id,
        {{ list_map(
            seta_source_messages('snapshot'),
            'raw_message',
            json_parse('raw_message', openai_message_shape())
        ) }} as source_messages
    from trials
),

chats_made as (
    select
        record_id,
        {{ seta_chat('source_messages') }} as chat
    from messages_parsed
),

tokenized as (
    select
        'seta_sft_thinking' as mart,
        record_id,
        len(chat) as n_messages,
        {{ udf('tokenize_whole_turns', [
            'chat', tokenizer(), "'" ~ var('control_tokens') ~ "'",
        ]) }} as tokenization
    from chats_made
    union all
    select
        'seta_sft_nothink' as mart,
        record_id,
        len(chat) as n_messages,
        {{ udf('tokenize_whole_turns', [
            seta_chat_without_thinking('chat'), tokenizer(), "'" ~ var('control_tokens') ~ "'",
        ]) }} as tokenization
    from chats_made
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
