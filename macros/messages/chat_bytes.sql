{#- Bytes of the texts of chat messages. -#}
{% macro chat_bytes(messages) -%}
    {%- set arguments = list_map('message.tool_calls', 'call', 'strlen(call.function.arguments)') -%}
    list_sum({{ list_map(
        messages,
        'message',
        'coalesce(strlen(message.content), 0) + coalesce(strlen(message.reasoning_content), 0)'
        ~ ' + coalesce(list_sum(' ~ arguments ~ '), 0)'
    ) }})
{%- endmacro %}
