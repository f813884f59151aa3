{#-
  The published six-role form read back: a JSON list of {role, content}, each content in the tags of
  its role. The inverse of `six_role_json`; tags that are not there are not missed.

  In order: json_parse(messages_text, six_role_shape()) as source_messages, then
  six_role_starts('source_messages') as turn_marks, then six_role_messages and six_role_faults.
-#}
{% macro six_role_shape() -%}
    [{"role": "VARCHAR", "content": "VARCHAR"}]
{%- endmacro %}

{#- Whether messages are in this form: one has a role that no chat has. -#}
{% macro is_six_role(messages_text) -%}
    coalesce(
        list_has_any(
            {{ json_text_at(messages_text, "'$[*].role'") }},
            ['reasoning', 'tool_call', 'tool_output', 'answer']
        ),
        false
    )
{%- endmacro %}

{#- Where turns begin, one letter a message: `x` begins one, `-` goes on with it. -#}
{% macro six_role_starts(source_messages) -%}
    {%- set own = source_messages ~ '[source_number].role' -%}
    {%- set before = source_messages ~ '[source_number - 1].role' -%}
    coalesce({{ list_join(list_map(
        'range(1, len(' ~ source_messages ~ ') + 1)',
        'source_number',
        "case when source_number > 1 and " ~ own ~ " in ('commentary', 'tool_call', 'answer') and "
        ~ before ~ " in ('reasoning', 'commentary', 'tool_call') then '-' else 'x' end"
    )) }}, '')
{%- endmacro %}

{#- A content without the tags of its role. -#}
{% macro six_role_untagged(role, content) -%}
    {%- set tags = {
        'reasoning': 'think', 'tool_call': 'tool_call', 'tool_output': 'tool_response',
        'answer': 'answer',
    } -%}
    case
        {%- for name, tag in tags.items() %}
        when {{ role }} = '{{ name }}' and starts_with({{ content }}, '<{{ tag }}>')
            and ends_with({{ content }}, '</{{ tag }}>')
            then {{ content }}[{{ tag | length + 3 }}:-{{ tag | length + 4 }}]
        {%- endfor %}
        else {{ content }}
    end
{%- endmacro %}

{#- The call that an untagged content spells, as JSON; null where it spells none. -#}
{% macro six_role_call(content) -%}
    case
        when {{ is_json(content) }} and {{ json_kind(content ~ '::json') }} = 'OBJECT'
            then {{ content }}::json
    end
{%- endmacro %}

{#- Canonical messages; `turn_marks` is of `six_role_starts`. -#}
{% macro six_role_messages(source_messages, turn_marks) -%}
    {%- set source = source_messages ~ '[source_number]' -%}
    {%- set before = source_messages ~ '[source_number - 1]' -%}
    {%- set call = six_role_call(six_role_untagged(source ~ '.role', source ~ '.content')) -%}
    {%- set call_before = six_role_call(six_role_untagged(before ~ '.role', before ~ '.content')) -%}
    {%- set answers_call = source ~ ".role = 'tool_output' and " ~ before ~ ".role = 'tool_call'" -%}
    {{ list_map(
        'range(1, len(' ~ source_messages ~ ') + 1)',
        'source_number',
        struct_of([
            ['role', source ~ '.role'],
            ['content', 'case ' ~ source ~ ".role when 'tool_call' then null when 'system' then "
                ~ six_role_system_text(source ~ '.content') ~ ' else '
                ~ six_role_untagged(source ~ '.role', source ~ '.content') ~ ' end'],
            ['tool_name', 'case when ' ~ source ~ ".role = 'tool_call' then "
                ~ json_text_at(call, "'$.name'") ~ ' when ' ~ answers_call ~ ' then '
                ~ json_text_at(call_before, "'$.name'") ~ ' end'],
            ['tool_arguments', 'case when ' ~ source ~ ".role = 'tool_call' then "
                ~ call_arguments(json_at(call, "'$.arguments'")) ~ ' end'],
            ['call_id', 'case when ' ~ source ~ ".role = 'tool_call' then 'call_' || source_number "
                ~ 'when ' ~ answers_call ~ " then 'call_' || (source_number - 1) end"],
            ['turn', "len(replace(" ~ turn_marks ~ "[:source_number], '-', ''))::integer"],
            ['extra', 'null::varchar'],
        ])
    ) }}
{%- endmacro %}

{#- Why messages cannot be read, as `message_faults` has it. -#}
{% macro six_role_faults(source_messages, turn_marks) -%}
    {%- set source = source_messages ~ '[source_number]' -%}
    {%- set call = six_role_call(six_role_untagged(source ~ '.role', source ~ '.content')) -%}
    {{ list_where(
        list_map(
            'range(1, len(' ~ source_messages ~ ') + 1)',
            'source_number',
            struct_of([
                ['reason', 'case when ' ~ source ~ ".role is null then 'message_not_object' when "
                    ~ source ~ ".role = 'tool_call' and coalesce("
                    ~ json_text_at(call, "'$.name'") ~ ", '') = '' then 'tool_calls_malformed' end"],
                ['turn', "len(replace(" ~ turn_marks ~ "[:source_number], '-', ''))::integer"],
                ['detail', 'case when ' ~ source ~ ".role is null then 'a message without a role' "
                    ~ "else 'a call that is not JSON with a name' end"],
            ])
        ),
        'fault',
        'fault.reason is not null'
    ) }}
{%- endmacro %}

{#- The system message proper, without the protocol and tools that `six_role_json` put before it. -#}
{% macro six_role_system_text(content) -%}
    case
        when {{ six_role_has_protocol(content) }} then {{ content }}[
            strpos({{ content }}, {{ six_role_protocol_end() }})
            + len({{ six_role_protocol_end() }}):
        ]
        else {{ content }}
    end
{%- endmacro %}

{#-
  The tools that a system message shows, as canonical JSON: those of our protocol, or else what stands
  between `<tools>` tags; null where it shows none.
-#}
{% macro six_role_tools(content) -%}
    case
        when {{ six_role_has_protocol(content) }} then {{ shown_tools(
            content ~ '[len(' ~ six_role_protocol() ~ ') + 1:strpos(' ~ content ~ ', '
            ~ six_role_protocol_end() ~ ') - 1]'
        ) }}
        else {{ tools_in_tags(content) }}
    end
{%- endmacro %}

{#- Whether a system message begins with our protocol. -#}
{% macro six_role_has_protocol(content) -%}
    (
        starts_with({{ content }}, {{ six_role_protocol() }})
        and contains({{ content }}, {{ six_role_protocol_end() }})
    )
{%- endmacro %}
