-- Grain: one call of a tool that the trajectory does not declare. A trajectory that declares no
-- tools is not judged.
with

declared as (
    select
        record_id,
        {{ declared_tools('tools') }} as tool_names
    from {{ ref('int_trajectories_unioned') }}
    where tools is not null
),

calls as (
    select * from {{ ref('int_messages_unnested') }}
    where role = 'tool_call'
),

violations as (
    select
        calls.record_id,
        'tool_not_declared' as reason,
        calls.position,
        calls.turn,
        calls.tool_name || ' is not among the declared tools' as detail
    from calls
    inner join declared
        on calls.record_id = declared.record_id
    where not list_contains(declared.tool_names, calls.tool_name)
)

select * from violations
