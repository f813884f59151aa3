{#-
  Canonical messages from the turns of a source, in one pass over the list.

  turns: a list of structs with `role` (system, user, assistant, tool, or what the source says),
  `content`, `reasoning`, `calls` (name, arguments, call_id), `call_id`, `tool_name` and `extra`.
  An assistant turn becomes reasoning, then commentary and calls, or an answer. All messages of a
  turn share its number (`turn`, SQL over source_turn or turn_number); `extra` stays with the first of them.
-#}
{% macro canonical_messages(turns, turn='turn_number') -%}
    {%- set nothing = 'null::varchar' -%}
    {%- set reasoning = struct_of([
        ['role', "'reasoning'"], ['content', 'source_turn.reasoning'], ['tool_name', nothing],
        ['tool_arguments', nothing], ['call_id', nothing],
    ]) -%}
    {%- set text = struct_of([
        ['role', "case when has_calls then 'commentary' else 'answer' end"],
        ['content', 'source_turn.content'], ['tool_name', nothing],
        ['tool_arguments', nothing], ['call_id', nothing],
    ]) | replace('has_calls', 'len(source_turn.calls) > 0') -%}
    {%- set calls = list_map('source_turn.calls', 'source_call', struct_of([
        ['role', "'tool_call'"], ['content', nothing], ['tool_name', 'source_call.name'],
        ['tool_arguments', 'source_call.arguments'], ['call_id', 'source_call.call_id'],
    ])) -%}
    {%- set other = struct_of([
        ['role', "case source_turn.role when 'tool' then 'tool_output' else source_turn.role end"],
        ['content', 'source_turn.content'], ['tool_name', 'source_turn.tool_name'],
        ['tool_arguments', nothing], ['call_id', 'source_turn.call_id'],
    ]) -%}
    {%- set parts -%}
        case
            when source_turn.role != 'assistant' or source_turn.role is null then [{{ other }}]
            else list_concat(
                case when source_turn.reasoning != '' then [{{ reasoning }}] else [] end,
                case
                    when len(source_turn.calls) = 0 or source_turn.content != '' then [{{ text }}]
                    else []
                end,
                {{ calls }}
            )
        end
    {%- endset -%}
    {{ list_flat(list_map(
        turns,
        'source_turn',
        list_map(parts, 'message', struct_of([
            ['role', 'message.role'], ['content', 'message.content'],
            ['tool_name', 'message.tool_name'], ['tool_arguments', 'message.tool_arguments'],
            ['call_id', 'message.call_id'], ['turn', turn ~ '::integer'],
            ['extra', 'case when message_number = 1 then source_turn.extra end'],
        ]), 'message_number'),
        'turn_number'
    )) }}
{%- endmacro %}
