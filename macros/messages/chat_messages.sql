{#- The positions where a turn begins. -#}
{% macro turn_starts(messages) -%}
    {{ list_where(
        'range(1, len(' ~ messages ~ ') + 1)',
        'start_position',
        'start_position = 1 or ' ~ messages ~ '[start_position].turn != '
        ~ messages ~ '[start_position - 1].turn'
    ) }}
{%- endmacro %}

{#-
  Canonical messages as OpenAI chat messages, one a turn: what one turn holds stands together in the
  list, so it is cut, not regrouped. Content that is not there is an empty text; other fields are
  null.
-#}
{% macro chat_messages(messages, starts) -%}
    {%- set turn -%}
        list_slice(
            {{ messages }},
            turn_start,
            coalesce({{ starts }}[turn_number + 1] - 1, len({{ messages }}))
        )
    {%- endset -%}
    {%- set is_assistant = "turn_messages[1].role in ('reasoning', 'commentary', 'tool_call', 'answer')" -%}
    {%- set texts = list_where(
        'turn_messages', 'message', "message.role not in ('reasoning', 'tool_call')"
    ) -%}
    {%- set thoughts = list_where('turn_messages', 'message', "message.role = 'reasoning'") -%}
    {%- set calls = list_where('turn_messages', 'message', "message.role = 'tool_call'") -%}
    {%- set call_structs = list_map(calls, 'call', struct_of([
        ['id', 'call.call_id'],
        ['type', "'function'"],
        ['function', struct_of([
            ['name', 'call.tool_name'], ['arguments', 'call.tool_arguments'],
        ])],
    ])) -%}
    {{ list_map(
        list_map(starts, 'turn_start', turn, 'turn_number'),
        'turn_messages',
        struct_of([
            ['role', "case when " ~ is_assistant ~ " then 'assistant' "
                ~ "when turn_messages[1].role = 'tool_output' then 'tool' "
                ~ "else turn_messages[1].role end"],
            ['content', "coalesce(" ~ texts ~ "[1].content, '')"],
            ['reasoning_content', thoughts ~ '[1].content'],
            ['tool_calls', 'case when len(' ~ calls ~ ') > 0 then ' ~ call_structs ~ ' end'],
            ['tool_call_id', "case when turn_messages[1].role = 'tool_output' "
                ~ "then turn_messages[1].call_id end"],
            ['name', "case when turn_messages[1].role not in "
                ~ "('reasoning', 'commentary', 'tool_call', 'answer') "
                ~ "then turn_messages[1].tool_name end"],
        ])
    ) }}
{%- endmacro %}
