{#- The names of the tools that were called, each once, sorted. -#}
{% macro tools_used_in(messages) -%}
    list_sort(list_distinct({{ list_map(
        list_where(messages, 'message', "message.role = 'tool_call'"),
        'message',
        'message.tool_name'
    ) }}))
{%- endmacro %}

{#- One letter a message; `?` for a role that is not known. -#}
{% macro role_path_of(messages) -%}
    coalesce({{ list_join(list_map(messages, 'message', role_letter('message.role'))) }}, '')
{%- endmacro %}

{#- The letter of a role. -#}
{% macro role_letter(role) -%}
    case {{ role }}
        when 'system' then 's'
        when 'user' then 'u'
        when 'reasoning' then 'r'
        when 'commentary' then 'c'
        when 'tool_call' then 't'
        when 'tool_output' then 'o'
        when 'answer' then 'a'
        else '?'
    end
{%- endmacro %}

{#-
  Everything that is said in a trajectory as one JSON text, which two trajectories share only if they
  are the same; call ids and what a source adds are left out.
-#}
{% macro content_text_of(messages) -%}
    coalesce({{ as_json(list_map(
        messages,
        'message',
        "[message.role, coalesce(message.content, ''), coalesce(message.tool_name, ''), "
        ~ "coalesce(message.tool_arguments, '')]"
    )) }}::varchar, '')
{%- endmacro %}

{#- What a reader of the content should know: characters that hide, text that is not NFC, and
    observations that were cut. -#}
{% macro content_flags(messages, all_text) -%}
    {%- set hidden -%}
        [\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}\x{E0000}-\x{E007F}]
    {%- endset -%}
    list_concat(
        case
            when regexp_matches({{ all_text }}, '{{ hidden }}') then ['hidden_unicode']
            else []::varchar[]
        end,
        case when {{ all_text }} != {{ nfc(all_text) }} then ['not_nfc'] else []::varchar[] end,
        case
            when len({{ list_where(
                messages,
                'message',
                "message.role = 'tool_output' and ends_with(rtrim(message.content), '...')"
            ) }}) > 0 then ['truncated_observation']
            else []::varchar[]
        end
    )
{%- endmacro %}
