{#-
  The messages of a snapshot as the published chat template sees them: role, content (null is ""),
  reasoning_content, tool_calls, tool_call_id and name, nothing else. Arguments keep the source's own
  text. Thinking that stands in the text is taken out of it, as the template would do.
-#}
{% macro seta_chat(source_messages) -%}
    {%- set read = list_map(source_messages, 'source', struct_of([
        ['role', source_role(json_text('source.role'))],
        ['text', "coalesce(" ~ content_text('source.content') ~ ", '')"],
        ['reasoning', content_text('source.reasoning_content')],
        ['calls', seta_calls(openai_calls('source'))],
        ['call_id', json_text('source.tool_call_id')],
        ['tool_name', json_text('source.name')],
        ['extra', 'null::varchar'],
    ])) -%}
    {{ list_map(
        list_map(read, 'source', reasoning_taken_out('source')),
        'source_turn',
        struct_of([
            ['role', 'source_turn.role'],
            ['content', 'source_turn.content'],
            ['reasoning_content', 'source_turn.reasoning'],
            ['tool_calls', 'source_turn.calls'],
            ['tool_call_id', 'source_turn.call_id'],
            ['name', 'source_turn.tool_name'],
        ])
    ) }}
{%- endmacro %}

{#- The calls of a message, arguments as they are: text in `arguments`, other JSON in `arguments_json`. -#}
{% macro seta_calls(tool_calls) -%}
    {%- set arguments -%}
        {{ first_json_at('raw_call', "['$.function.arguments', '$.arguments']") }}
    {%- endset -%}
    {%- set name -%}
        coalesce(
            {{ json_text_at('raw_call', "'$.function.name'") }},
            {{ json_text_at('raw_call', "'$.name'") }}
        )
    {%- endset -%}
    {%- set call = struct_of([
        ['id', json_text_at('raw_call', "'$.id'")],
        ['type', "'function'"],
        ['function', struct_of([
            ['name', name],
            ['arguments', "case when " ~ json_kind(arguments) ~ " = 'VARCHAR' then "
                ~ json_text(arguments) ~ " when " ~ arguments ~ " is null then '{}' end"],
            ['arguments_json', "case when " ~ json_kind(arguments) ~ " != 'VARCHAR' then "
                ~ arguments ~ "::varchar end"],
        ])],
    ]) -%}
    case
        when {{ json_kind(tool_calls) }} = 'ARRAY' and {{ tool_calls }}::varchar != '[]'
            then {{ list_map(json_parse(tool_calls, '["JSON"]'), 'raw_call', call) }}
    end
{%- endmacro %}

{#-
  A chat for a model that is not to think: no reasoning, and the soft switch ` /no_think` at the end of
  the system message. A chat without a system message gets one of the switch alone.
-#}
{% macro seta_chat_without_thinking(chat) -%}
    {%- set is_system = "chat_message.role = 'system' and chat_number = 1" -%}
    {%- set switched = list_map(
        chat,
        'chat_message',
        struct_of([
            ['role', 'chat_message.role'],
            ['content', "case when " ~ is_system
                ~ " then chat_message.content || ' /no_think' else chat_message.content end"],
            ['reasoning_content', 'null::varchar'],
            ['tool_calls', 'chat_message.tool_calls'],
            ['tool_call_id', 'chat_message.tool_call_id'],
            ['name', 'chat_message.name'],
        ]),
        'chat_number'
    ) -%}
    case
        when {{ chat }}[1].role = 'system' then {{ switched }}
        else list_prepend(
            {{ struct_of([
                ['role', "'system'"], ['content', "'/no_think'"],
                ['reasoning_content', 'null::varchar'], ['tool_calls', 'null'],
                ['tool_call_id', 'null::varchar'], ['name', 'null::varchar'],
            ]) }},
            {{ switched }}
        )
    end
{%- endmacro %}
