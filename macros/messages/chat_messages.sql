{#- The positions where a turn begins, and the position after the last message. -#}
{% macro turn_starts(messages) -%}
    list_append(
        {{ list_where(
            'range(1, len(' ~ messages ~ ') + 1)',
            'start',
            'start = 1 or ' ~ messages ~ '[start].turn != ' ~ messages ~ '[start - 1].turn'
        ) }},
        len({{ messages }}) + 1
    )
{%- endmacro %}

{#-
  The turns of canonical messages as positions: `first`, `text` (the visible text, after reasoning),
  `call` (the first call, after the text) and `next` (where the next turn begins).
-#}
{% macro turn_bounds(messages, starts) -%}
    {%- set text -%}
        start + case {{ messages }}[start].role when 'reasoning' then 1 else 0 end
    {%- endset -%}
    {{ list_map(
        starts ~ '[:-2]',
        'start',
        struct_of([
            ['first', 'start'],
            ['text', text],
            ['call', text ~ ' + case ' ~ messages ~ '[' ~ text
                ~ "].role when 'tool_call' then 0 else 1 end"],
            ['next', starts ~ '[turn_number + 1]'],
        ]),
        'turn_number'
    ) }}
{%- endmacro %}

{#-
  Canonical messages as OpenAI chat messages, one a turn. What a turn holds stands together in the
  list (reasoning, text, calls), so it is picked by position, not regrouped. Content that is not there
  is an empty text; other fields are null.
-#}
{% macro chat_messages(messages, bounds) -%}
    {%- set first = messages ~ '[turn.first]' -%}
    {%- set is_assistant -%}
        {{ first }}.role in ('reasoning', 'commentary', 'tool_call', 'answer')
    {%- endset -%}
    {%- set calls = list_map('range(turn.call, turn.next)', 'call', struct_of([
        ['id', messages ~ '[call].call_id'],
        ['type', "'function'"],
        ['function', struct_of([
            ['name', messages ~ '[call].tool_name'],
            ['arguments', messages ~ '[call].tool_arguments'],
        ])],
    ])) -%}
    {{ list_map(bounds, 'turn', struct_of([
        ['role', 'case when ' ~ is_assistant ~ " then 'assistant' when " ~ first
            ~ ".role = 'tool_output' then 'tool' else " ~ first ~ '.role end'],
        ['content', 'case when turn.text < turn.next then coalesce(' ~ messages
            ~ "[turn.text].content, '') else '' end"],
        ['reasoning_content', 'case when turn.text > turn.first then ' ~ first ~ '.content end'],
        ['tool_calls', 'case when turn.call < turn.next then ' ~ calls ~ ' end'],
        ['tool_call_id', 'case when not ' ~ is_assistant ~ ' then ' ~ first ~ '.call_id end'],
        ['name', 'case when not ' ~ is_assistant ~ ' then ' ~ first ~ '.tool_name end'],
    ])) }}
{%- endmacro %}
