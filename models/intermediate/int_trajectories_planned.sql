-- Grain: one trajectory to tokenize, with the examples that it is trained as, and by which
-- tokenizer and policy. An example is a beginning of the conversation, told by its length: no text
-- is copied.
{{ config(materialized='view') }}

with

trajectories as (
    select *, {{ row_place() }} as row_place
    from {{ ref('int_trajectories_chat') }}
    where not {{ is_one_of('family', var('untokenized_families')) }}
),

roles_found as (
    select
        *,
        {{ list_map('chat_messages', 'message', 'message.role') }} as chat_roles
    from trajectories
),

planned as (
    select
        record_id,
        trajectory_id,
        dataset,
        task_id,
        tools,
        chat_messages,
        row_place,
        n_bytes,
        {{ examples_of('trajectory_id', 'chat_roles', var('thinking')) }} as examples,
        {{ tokenizer() }} as tokenizer,
        {{ tokenization_policy('family') }} as tokenization_policy
    from roles_found
)

select * from planned
