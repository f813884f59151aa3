{#-
  The arguments of every call of a conversation as the source has them, in order, as a JSON list: text
  as text, JSON as JSON. Chat messages have them in canonical form; the published text has them as
  they were.
-#}
{% macro seta_call_arguments(source_messages) -%}
    {%- set calls = openai_calls('source.fields') -%}
    {{ as_json(list_flat(list_map(
        source_messages,
        'source',
        list_map(
            "case when " ~ json_kind(calls) ~ " = 'ARRAY' then " ~ json_parse(calls, '["JSON"]')
            ~ " else []::json[] end",
            'raw_call',
            first_json_at('raw_call', "['$.function.arguments', '$.arguments']")
        )
    ))) }}
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

{#- The chat that a mart renders. -#}
{% macro seta_chat_of(mart, chat) -%}
    {{ chat if mart == 'seta_sft_thinking' else seta_chat_without_thinking(chat) }}
{%- endmacro %}
