{#-
  Canonical messages as the published six-role form: a JSON list of {role, content}, each content in
  the tags of its role. Commentary has no place in this form; families that publish it fold commentary
  into reasoning before.

  Arguments that are a JSON text, null, or no JSON are written as a JSON text of what they are, for
  reading takes a text's inside.

  messages: canonical messages
  tools: the declared tools as canonical JSON text, shown in the system message; or null
-#}
{% macro six_role_json(messages, tools) -%}
    {%- set call -%}
        '<tool_call>{"name": ' || {{ as_json("coalesce(message.tool_name, '')") }}::varchar
        || ', "arguments": ' || case
            when {{ is_json('message.tool_arguments') }}
                and not regexp_matches(message.tool_arguments, '^("|null$)')
                then message.tool_arguments
            else {{ as_json("coalesce(message.tool_arguments, '')") }}::varchar
        end || '}</tool_call>'
    {%- endset -%}
    {%- set content -%}
        case message.role
            when 'system' then {{ six_role_system('message.content', tools) }}
            when 'reasoning' then '<think>' || coalesce(message.content, '') || '</think>'
            when 'tool_call' then {{ call }}
            when 'tool_output'
                then '<tool_response>' || coalesce(message.content, '') || '</tool_response>'
            when 'answer' then '<answer>' || coalesce(message.content, '') || '</answer>'
            else coalesce(message.content, '')
        end
    {%- endset -%}
    '[' || {{ list_join(
        list_map(
            messages,
            'message',
            "'{\"role\": ' || " ~ as_json('message.role') ~ "::varchar || ', \"content\": ' || "
            ~ as_json(content) ~ "::varchar || '}'"
        ),
        "', '"
    ) }} || ']'
{%- endmacro %}

{#- A system message with the protocol and the tools before it; as it is where there are none, or where it shows
    tools already. -#}
{% macro six_role_system(content, tools) -%}
    case
        when {{ tools }} is null or contains({{ content }}, '<tools>') then coalesce({{ content }}, '')
        else {{ six_role_protocol() }} || {{ tools }} || {{ six_role_protocol_end() }}
            || coalesce({{ content }}, '')
    end
{%- endmacro %}

{#- How a model is told to think, call and answer. Ours; published datasets word it differently. -#}
{% macro six_role_protocol() -%}
    'Think before every step, inside <think> and </think>. Then either call one tool, as JSON with'
    || ' "name" and "arguments" inside <tool_call> and </tool_call>, and wait for its result in'
    || ' <tool_response>; or give the final answer inside <answer> and </answer>.' || chr(10)
    || '<tools>' || chr(10)
{%- endmacro %}

{#- What stands between the tools and the system message proper. -#}
{% macro six_role_protocol_end() -%}
    chr(10) || '</tools>' || chr(10) || chr(10)
{%- endmacro %}
