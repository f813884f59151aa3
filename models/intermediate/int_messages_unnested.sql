-- Grain: one message of any landed record, without its content: what the checks read.
{{ config(materialized='view') }}

with

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
),

unnested as (
    select
        record_id,
        unnest(range(1, n_messages + 1))::integer as position,
        unnest({{ list_map('messages', 'message', 'message.turn') }}) as turn,
        unnest({{ list_map('messages', 'message', 'message.role') }}) as role,
        unnest({{ list_map('messages', 'message', 'message.call_id') }}) as call_id,
        unnest({{ list_map('messages', 'message', 'message.tool_name') }}) as tool_name,
        unnest({{ list_map('messages', 'message', 'message.content is not null') }}) as has_content,
        unnest({{ list_map('messages', 'message', is_json('message.tool_arguments')) }})
            as has_json_arguments
    from trajectories
)

select * from unnested
