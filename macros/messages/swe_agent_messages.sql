{#- What is read from one SWE-agent message. -#}
{% macro swe_agent_message_shape() -%}
    {"role": "JSON", "content": "JSON", "thought": "JSON", "action": "JSON", "message_type": "JSON", "reasoning_content": "JSON", "name": "JSON", "tool_calls": "JSON", "tool_call_id": "JSON", "tool_call_ids": ["VARCHAR"], "thinking_blocks": "JSON"}
{%- endmacro %}

{#- What a message holds beyond that, as JSON text; null where there is nothing. -#}
{% macro swe_agent_message_extra(raw) -%}
    nullif({{ json_patched(
        raw,
        "'{\"role\": null, \"content\": null, \"thought\": null, \"action\": null, "
        ~ "\"reasoning_content\": null, \"name\": null, \"tool_calls\": null, \"tool_call_id\": null, "
        ~ "\"tool_call_ids\": null, \"thinking_blocks\": null}'"
    ) }}::varchar, '{}')
{%- endmacro %}

{#- The text of a message's thinking blocks; null where it has none. -#}
{% macro swe_agent_thinking(blocks) -%}
    case
        when {{ json_kind(blocks) }} = 'ARRAY' then {{ list_join(
            list_map(
                json_parse(blocks, '[{"thinking": "VARCHAR"}]'),
                'block',
                "coalesce(block.thinking, '')"
            )
        ) }}
    end
{%- endmacro %}

{#- The call that a tool's message answers; null where it does not say, and its place decides. -#}
{% macro swe_agent_output_id(fields) -%}
    case
        when {{ source_role(json_text(fields ~ '.role')) }} = 'tool'
            then nullif(coalesce(
                {{ fields }}.tool_call_ids[1], {{ json_text(fields ~ '.tool_call_id') }}
            ), '')
    end
{%- endmacro %}

{#-
  How a message carries its action: `calls` (tool calls of its own), `xml` (a trailing
  `<function=…>` block), `action` (the field), `fence` (a trailing fenced block in a row without that
  field), or `none`.
-#}
{% macro swe_agent_layout(source) -%}
    case
        when {{ source }}.role is distinct from 'assistant' then 'none'
        when len({{ source }}.calls) > 0 then 'calls'
        when regexp_matches({{ source }}.text, '{{ swe_agent_xml_pattern() }}')
            and len({{ source }}.text) - len(replace({{ source }}.text, '</function>', '')) = 11
            then 'xml'
        when {{ source }}.action != '' then 'action'
        when {{ source }}.action is null
            and regexp_matches({{ source }}.text, '{{ swe_agent_fence_pattern() }}') then 'fence'
        else 'none'
    end
{%- endmacro %}

{#- Text, function name and body of a message that ends in one XML call, the last `<function=`. -#}
{% macro swe_agent_xml_pattern() -%}
    (?s)^(.*)<function=([^<>\s]+)>(.*)</function>\s*$
{%- endmacro %}

{#- Text and command of a message that ends in a fenced block, the last one. -#}
{% macro swe_agent_fence_pattern() -%}
    (?s)^(.*)```[a-z]*\n(.*?)\n?```\s*$
{%- endmacro %}

{#- The calls of a message, whatever its layout. -#}
{% macro swe_agent_calls(source, layout, turn_number) -%}
    {%- set call_id = "'call_' || " ~ turn_number -%}
    {%- set shell_arguments -%}
        '{"command": ' || {{ as_json('shell_command') }}::varchar || '}'
    {%- endset -%}
    {%- set action_arguments = shell_arguments | replace('shell_command', source ~ '.action') -%}
    {%- set fence_arguments = shell_arguments | replace(
        'shell_command',
        "regexp_extract(" ~ source ~ ".text, '" ~ swe_agent_fence_pattern() ~ "', 2)"
    ) -%}
    case {{ layout }}
        when 'calls' then {{ source }}.calls
        when 'xml' then [{{ struct_of([
            ['name', "regexp_extract(" ~ source ~ ".text, '" ~ swe_agent_xml_pattern() ~ "', 2)"],
            ['arguments', xml_arguments(
                "regexp_extract(" ~ source ~ ".text, '" ~ swe_agent_xml_pattern() ~ "', 3)"
            )],
            ['call_id', call_id],
        ]) }}]
        when 'action' then [{{ struct_of([
            ['name', "'bash'"], ['arguments', action_arguments], ['call_id', call_id],
        ]) }}]
        when 'fence' then [{{ struct_of([
            ['name', "'bash'"], ['arguments', fence_arguments], ['call_id', call_id],
        ]) }}]
        else {{ source }}.calls
    end
{%- endmacro %}

{#- `<parameter=k>v</parameter>` blocks as canonical JSON; a line break at either end of v is layout. -#}
{% macro xml_arguments(body) -%}
    {%- set parameters -%}
        regexp_extract_all({{ body }}, '(?s)<parameter=[^<>\s]+>.*?</parameter>')
    {%- endset -%}
    '{' || {{ list_join(
        list_map(
            parameters,
            'parameter',
            as_json("regexp_extract(parameter, '^<parameter=([^<>\s]+)>', 1)") ~ "::varchar || ': ' || "
            ~ as_json("regexp_extract(parameter, '(?s)^<parameter=[^<>\s]+>\\n?(.*?)\\n?</parameter>$', 1)")
            ~ "::varchar"
        ),
        "', '"
    ) }} || '}'
{%- endmacro %}

{#-
  The visible text of a message: its thought, where it has one, or what stands before the action.
  `thought` also decides where both it and the text hold thinking.
-#}
{% macro swe_agent_text(source, layout) -%}
    {%- set before_fence -%}
        case
            when regexp_matches({{ source }}.text, '{{ swe_agent_fence_pattern() }}')
                then regexp_extract({{ source }}.text, '{{ swe_agent_fence_pattern() }}', 1)
            else {{ source }}.text
        end
    {%- endset -%}
    case {{ layout }}
        when 'xml' then {{ without_last_space(
            "regexp_extract(" ~ source ~ ".text, '" ~ swe_agent_xml_pattern() ~ "', 1)"
        ) }}
        when 'action' then coalesce(
            nullif({{ source }}.thought, ''), {{ without_last_space(before_fence) }}
        )
        when 'fence' then {{ without_last_space(before_fence) }}
        else
            case
                when contains({{ source }}.thought, '</think>') then {{ source }}.thought
                else coalesce(nullif({{ source }}.text, ''), {{ source }}.thought, {{ source }}.text)
            end
    end
{%- endmacro %}

{#- A text without the white space at its end. -#}
{% macro without_last_space(text) -%}
    regexp_replace({{ text }}, '\s+$', '')
{%- endmacro %}

{#- Whether a user's message is the output of an action that the message before it wrote as text. -#}
{% macro swe_agent_is_observation(source, layouts, turn_number) -%}
    (
        {{ source }}.role = 'user'
        and coalesce({{ source }}.message_type, 'observation') = 'observation'
        and {{ turn_number }} > 1
        and {{ layouts }}[{{ turn_number }} - 1] in ('xml', 'action', 'fence')
    )
{%- endmacro %}

{#- The role of a turn, with such outputs seen as outputs. -#}
{% macro swe_agent_turn_role(source, layouts, turn_number) -%}
    case
        when {{ swe_agent_is_observation(source, layouts, turn_number) }} then 'tool'
        else {{ source }}.role
    end
{%- endmacro %}

{#- The call that a turn answers; null where it answers none. -#}
{% macro swe_agent_call_id(source, layouts, turn_number) -%}
    case
        when {{ swe_agent_is_observation(source, layouts, turn_number) }}
            then 'call_' || ({{ turn_number }} - 1)
        else {{ source }}.call_id
    end
{%- endmacro %}

{#- The task that a trajectory's file is named after: an instance id at the end, or the whole name. -#}
{% macro swe_agent_task_in_path(path) -%}
    {%- set stem -%}
        regexp_extract({{ path }}, '([^/]+)\.traj(\.gz|\.zst)?$', 1)
    {%- endset -%}
    coalesce(
        nullif(regexp_extract({{ stem }}, '([^_]+__[^_.]+\.[0-9a-f]{8}\.\w+)$', 1), ''),
        nullif(regexp_extract({{ stem }}, '([^_]+__[^_]+-i?\d+)$', 1), ''),
        nullif({{ stem }}, '')
    )
{%- endmacro %}

{#- The model in a `replay_config` that is JSON text. -#}
{% macro swe_agent_model_in_replay(metadata) -%}
    {%- set replay = json_text_at(metadata, "'$.replay_config'") -%}
    case
        when {{ is_json(replay) }} then {{ json_text_at(replay, "'$.agent.model.name'") }}
    end
{%- endmacro %}
