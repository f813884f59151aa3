{#- Whether a canonical role is one of an assistant's turn. -#}
{% macro ipw_is_assistant(role) -%}
    {{ role }} in ('reasoning', 'commentary', 'tool_call', 'answer')
{%- endmacro %}

{#-
  Canonical messages as the published `conversations`: role, content, name. An assistant's text is the
  source's: the protocol spelled from the canonical messages, or what `extra` kept where that differs.
-#}
{% macro ipw_conversations(messages, bounds) -%}
    {%- set first = messages ~ '[turn.first]' -%}
    {%- set calls = list_map('range(turn.call, turn.next)', 'call_at', struct_of([
        ['name', messages ~ '[call_at].tool_name'], ['arguments', messages ~ '[call_at].tool_arguments'],
    ])) -%}
    {%- set reasoning = "case when " ~ first ~ ".role = 'reasoning' then " ~ first ~ '.content end' -%}
    {%- set answer -%}
        case when {{ messages }}[turn.text].role = 'answer' then {{ messages }}[turn.text].content end
    {%- endset -%}
    {{ list_map(bounds, 'turn', struct_of([
        ['role', 'case when ' ~ ipw_is_assistant(first ~ '.role') ~ " then 'assistant' when " ~ first
            ~ ".role = 'tool_output' then 'tool' else " ~ first ~ '.role end'],
        ['content', 'case when ' ~ ipw_is_assistant(first ~ '.role') ~ ' then coalesce('
            ~ json_text_at(first ~ '.extra', "'$.protocol_text'") ~ ', '
            ~ ipw_text(reasoning, calls, answer) ~ ') else ' ~ first ~ '.content end'],
        ['name', 'coalesce(' ~ first ~ '.tool_name, '
            ~ json_text_at(first ~ '.extra', "'$.name'") ~ ')'],
    ])) }}
{%- endmacro %}

{#-
  The calls of a trajectory with their outputs: tool, input, output. The outputs of a turn's calls come
  next and in their order; a last call may have none.
-#}
{% macro ipw_tool_calls(messages, bounds) -%}
    {%- set output_at = '(call_at + turn.next - turn.call)' -%}
    {{ list_flat(list_map(
        bounds,
        'turn',
        list_map('range(turn.call, turn.next)', 'call_at', struct_of([
            ['tool', messages ~ '[call_at].tool_name'],
            ['input', json_text_at(messages ~ '[call_at].tool_arguments', "'$.input'")],
            ['output', 'case when ' ~ messages ~ '[' ~ output_at ~ "].role = 'tool_output' then "
                ~ messages ~ '[' ~ output_at ~ '].content end'],
        ]))
    )) }}
{%- endmacro %}
