-- Grain: one message that has to say something and holds null or nothing at all. An empty text is
-- content; a tool may answer nothing.
with

messages as (
    select * from {{ ref('int_messages_unnested') }}
),

violations as (
    select
        record_id,
        'missing_content' as reason,
        position,
        turn,
        role || ' message without content' as detail
    from messages
    where role in ('system', 'user', 'answer') and not has_content
)

select * from violations
