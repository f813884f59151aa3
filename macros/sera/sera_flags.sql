{#- What conversion did to a raw trajectory, as flags. -#}
{% macro sera_step_flags(steps, step_path, reasonings, letters, path, parts, end_position) -%}
    {%- set is_filled = list_where(
        'range(1, len(' ~ steps ~ ') + 1)',
        'step_number',
        reasonings ~ '[step_number] is null and (' ~ letters ~ '[' ~ steps
        ~ "[step_number]] = 'c' or " ~ steps ~ '[step_number] = ' ~ end_position ~ ')'
    ) -%}
    {%- set flags = {
        'reasoning_filled': 'len(' ~ is_filled ~ ') > 0',
        'answer_filled': letters ~ '[' ~ end_position ~ "] = 'x' and coalesce(" ~ parts ~ '['
            ~ end_position ~ "].argument, " ~ parts ~ '[' ~ end_position ~ "].visible, '') = ''",
        'answers_folded': "regexp_matches(" ~ step_path ~ ", '[tx].')",
        'replies_dropped': "regexp_matches(" ~ path ~ "[:coalesce(" ~ end_position
            ~ ", len(" ~ path ~ "))], '[tx]d*[ou]')",
        'submits_trimmed': "contains(" ~ path ~ '[' ~ end_position ~ " + 1:], 'x')",
        'tail_dropped': "regexp_matches(" ~ path ~ '[' ~ end_position ~ " + 1:], '[stu?]')",
        'demonstrations_dropped': "contains(" ~ path ~ ", 'd')",
    } -%}
    list_concat(
        {%- for flag, condition in flags.items() %}
        case when {{ condition }} then ['{{ flag }}'] else []::varchar[] end{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Whether published messages hold a reasoning that we filled, as a flag. -#}
{% macro sera_published_flags(messages, fillers) -%}
    case
        when len({{ list_where(
            messages,
            'message',
            "message.role = 'reasoning' and list_contains(" ~ fillers ~ ', message.content)'
        ) }}) > 0 then ['reasoning_filled']
        else []::varchar[]
    end
{%- endmacro %}
