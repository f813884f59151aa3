{#-
  The order of a raw SERA trajectory, found on one letter a source message:

    s system  u user  c calls a tool  x submits  t says text alone  o tool output
    d demonstration  ? anything else

  Steps are the messages c, x and t up to the one that ends the trajectory. A step x or t that is
  not the last is a mid-trajectory answer: it is folded into the reasoning of the step after it.
-#}

{#- What is read from one message. -#}
{% macro sera_message_shape() -%}
    {{ swe_agent_message_shape()[:-1] }}, "is_demo": "JSON"}
{%- endmacro %}

{#- Whether any message has a role of the published form. -#}
{% macro sera_is_published(source_messages) -%}
    len({{ list_where(
        source_messages,
        'source',
        json_text('source.fields.role')
        ~ " in ('reasoning', 'commentary', 'tool_call', 'tool_output', 'answer')"
    ) }}) > 0
{%- endmacro %}

{#-
  How each message carries its action, as `swe_agent_layout` has it. Where messages have calls of
  their own, text is never an action: an answer may end in a fenced block.
-#}
{% macro sera_layouts(read_messages) -%}
    case
        when len({{ list_where(read_messages, 'source', 'len(source.calls) > 0') }}) > 0
            then {{ list_map(
                read_messages,
                'source',
                "case when source.role = 'assistant' and len(source.calls) > 0 then 'calls'"
                ~ " else 'none' end"
            ) }}
        else {{ list_map(read_messages, 'source', swe_agent_layout('source')) }}
    end
{%- endmacro %}

{#- Whether calls are submits, one or more, by that name or as a shell command. -#}
{% macro sera_is_submit(calls) -%}
    (
        len({{ calls }}) > 0
        and len({{ list_where(calls, 'one_call', sera_call_submits('one_call')) }}) = len({{ calls }})
    )
{%- endmacro %}

{#- Whether a call is a submit; of the shell, the word alone or with one argument that is no option. -#}
{% macro sera_call_submits(one_call) -%}
    {%- set arguments = one_call ~ '.arguments' -%}
    case
        when {{ one_call }}.name = 'submit' then true
        when {{ one_call }}.name = 'bash' and contains({{ arguments }}, 'submit')
            and {{ is_json(arguments) }}
            then coalesce(regexp_full_match(
                {{ trimmed(json_text_at(arguments, "'$.command'")) }},
                'submit(?:\s+(?:''(?:[^''-][^'']*)?''|"(?:[^"-][^"]*)?"|[^-\s''"|&;<>][^\s''"|&;<>]*))?'
            ), false)
        else false
    end
{%- endmacro %}

{#-
  What a submit hands in by itself, as where the task asks for a flag; null where nothing. Of several
  calls the first that hands in something counts.
-#}
{% macro sera_submit_argument(calls) -%}
    {%- set handed_in = list_map(calls, 'one_call', sera_handed_in('one_call')) -%}
    {{ list_where(handed_in, 'argument', 'argument is not null') }}[1]
{%- endmacro %}

{#- What one call of submit hands in. -#}
{% macro sera_handed_in(one_call) -%}
    {%- set arguments = one_call ~ '.arguments' -%}
    case
        when {{ arguments }} = '{}' or not {{ is_json(arguments) }} then null
        when {{ one_call }}.name = 'submit'
            then nullif({{ trimmed(json_text_at(arguments, "'$.*'") ~ '[1]') }}, '')
        else nullif(trim(regexp_replace(
            {{ trimmed(json_text_at(arguments, "'$.command'")) }}, '^submit\s*', ''
        ), chr(39) || '"'), '')
    end
{%- endmacro %}

{#- The letter of a message. -#}
{% macro sera_letter(source, calls, layouts, turn_number) -%}
    case
        when {{ source }}.is_demo or {{ source }}.message_type = 'demonstration' then 'd'
        when {{ source }}.role = 'system' then 's'
        when {{ source }}.role = 'tool' then 'o'
        when {{ swe_agent_is_observation(source, layouts, turn_number) }} then 'o'
        when {{ source }}.role = 'user' and {{ source }}.message_type = 'observation'
            and {{ turn_number }} > 1 and {{ layouts }}[{{ turn_number }} - 1] = 'calls' then 'o'
        when {{ source }}.role = 'user' then 'u'
        when {{ source }}.role = 'assistant' and {{ sera_is_submit(calls) }} then 'x'
        when {{ source }}.role = 'assistant' and len({{ calls }}) > 0 then 'c'
        when {{ source }}.role = 'assistant' then 't'
        else '?'
    end
{%- endmacro %}

{#- The position of the last message that calls a tool; 0 where none does. -#}
{% macro sera_last_call(path) -%}
    case
        when contains({{ path }}, 'c')
            then len({{ path }}) + 1 - strpos(reverse({{ path }}), 'c')
        else 0
    end
{%- endmacro %}

{#-
  The position of the message that ends the trajectory: after the last call, the first submit; where
  there is none, the last text; null where there is neither.
-#}
{% macro sera_end(path, last_call) -%}
    {%- set tail = path ~ '[' ~ last_call ~ ' + 1:]' -%}
    case
        when contains({{ tail }}, 'x') then {{ last_call }} + strpos({{ tail }}, 'x')
        when contains({{ tail }}, 't')
            then len({{ path }}) + 1 - strpos(reverse({{ path }}), 't')
    end
{%- endmacro %}

{#- Positions of the steps. -#}
{% macro sera_steps(letters, end_position) -%}
    {{ list_where(
        'range(1, coalesce(' ~ end_position ~ ', len(' ~ letters ~ ')) + 1)',
        'step_position',
        letters ~ "[step_position] in ('c', 'x', 't')"
    ) }}
{%- endmacro %}

{#- Two answers in a row before another step: folding one would nest it in the other. -#}
{% macro sera_nested_pattern() -%}
    ^(.*?)[tx][tx].
{%- endmacro %}

{#- Why a raw trajectory cannot be converted, as `message_faults` has it. -#}
{% macro sera_step_faults(steps, step_path, end_position, path, parts, exit_status) -%}
    {%- set nested_step -%}
        (len(regexp_extract({{ step_path }}, '{{ sera_nested_pattern() }}', 1)) + 2)
    {%- endset -%}
    {%- set last_words = parts ~ '[' ~ end_position ~ '].visible' -%}
    {%- set is_ended = "lower(trim(" ~ exit_status ~ ")) != 'submitted'" -%}
    {%- set faults = [
        [
            "regexp_matches(" ~ step_path ~ ", '" ~ sera_nested_pattern() ~ "')",
            message_fault(
                'nested_answer', steps ~ '[' ~ nested_step ~ ']',
                "'an answer after an answer, and the trajectory goes on'"
            ),
        ],
        [
            is_ended,
            message_fault(
                'not_submitted', 'len(' ~ path ~ ')', "'info.exit_status is ' || " ~ exit_status
            ),
        ],
        [
            'not coalesce(' ~ is_ended ~ ', false) and starts_with(' ~ last_words
            ~ ", 'Exit due to ')",
            message_fault(
                'not_submitted', end_position, "'the harness ended it: ' || " ~ last_words
            ),
        ],
        [
            'not coalesce(' ~ is_ended ~ ', false) and ' ~ end_position ~ ' is null and len('
            ~ path ~ ') > 0',
            message_fault(
                'not_submitted', 'len(' ~ path ~ ')',
                "'no submit and no answer after the last call'"
            ),
        ],
    ] -%}
    list_concat(
        {%- for condition, fault in faults %}
        case when {{ condition }} then [{{ fault }}] else [] end{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
