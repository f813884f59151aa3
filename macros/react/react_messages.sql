{#- How an observation begins that an environment gives as a user's message. -#}
{% macro react_observation_pattern() -%}
    (?i)^\s*\**[ \t]*Observation(?:[ \t]+\d+)?[ \t]*\**[ \t]*:[ \t]*\**[ \t]?
{%- endmacro %}

{#- One letter a message: a assistant, o observation, x anything else. -#}
{% macro react_marks(read_messages) -%}
    coalesce({{ list_join(list_map(
        read_messages,
        'source',
        "case when source.role = 'assistant' then 'a' when source.role = 'tool' or (source.role = 'user' "
        ~ "and regexp_matches(source.text, '" ~ react_observation_pattern() ~ "')) then 'o' else 'x' end"
    )) }}, '')
{%- endmacro %}

{#- An observation without its keyword. -#}
{% macro react_observed(text) -%}
    regexp_replace({{ text }}, '{{ react_observation_pattern() }}', '')
{%- endmacro %}

{#-
  Whether the last message is what the environment says of an episode that the answer before it ended.
  It is no part of the conversation: it is kept in the answer's `extra` as `observation`.
-#}
{% macro react_has_epilogue(plans, marks) -%}
    (ends_with({{ marks }}, 'ao') and {{ plans }}[len({{ marks }}) - 1].answer is not null)
{%- endmacro %}

{#-
  A message with its part in the episode: what follows a call is the call's output, what the environment
  says elsewhere stays a user's message.
-#}
{% macro react_spoken(source, read_messages, plans, marks, number) -%}
    {%- set caller -%}
        len(rtrim({{ marks }}[:{{ number }} - 1], 'o'))
    {%- endset -%}
    {%- set is_output -%}
        {{ marks }}[{{ number }}] = 'o' and (
            {{ source }}.role = 'tool' or len({{ plans }}[{{ caller }}].calls) > 0
        )
    {%- endset -%}
    {%- set last = read_messages ~ '[len(' ~ marks ~ ')]' -%}
    {{ struct_of([
        ['role', 'case when ' ~ is_output ~ " then 'tool' else " ~ source ~ '.role end'],
        ['text', 'case when ' ~ is_output ~ ' then ' ~ react_observed(source ~ '.text') ~ ' else '
            ~ source ~ '.text end'],
        ['tool_name', source ~ '.tool_name'],
        ['extra', 'case when ' ~ number ~ ' = len(' ~ marks ~ ') - 1 and '
            ~ react_has_epilogue(plans, marks) ~ ' then ' ~ json_patched(
                'coalesce(' ~ source ~ ".extra, '{}')",
                "'{\"observation\": ' || " ~ as_json(react_observed(last ~ '.text'))
                ~ "::varchar || '}'"
            ) ~ '::varchar else ' ~ source ~ '.extra end'],
    ]) }}
{%- endmacro %}

{#-
  The pieces of an episode that is one text: what stands before the keywords, the question, each turn of
  the assistant and each observation, as `speaker` (p, u, a, o) and `whole` with its keyword.
-#}
{% macro react_pieces(cut) -%}
    {%- set speaker -%}
        case {{ react_word('header') }}
            when 'QUESTION' then 'u'
            when 'OBSERVATION' then 'o'
            else 'a'
        end
    {%- endset -%}
    list_concat(
        case
            when trim({{ cut }}.bodies[1], ' ' || chr(10) || chr(13) || chr(9)) != ''
                then [{{ struct_of([['speaker', "'p'"], ['whole', cut ~ '.bodies[1]']]) }}]
            else []
        end,
        {{ list_map(cut ~ '.headers', 'header', struct_of([
            ['speaker', speaker],
            ['whole', 'header || ' ~ cut ~ '.bodies[piece_number + 1]'],
        ]), 'piece_number') }}
    )
{%- endmacro %}

{#- Where messages begin among the pieces, and the place after the last: sections of one turn go together. -#}
{% macro react_piece_starts(pieces) -%}
    list_append(
        {{ list_where(
            'range(1, len(' ~ pieces ~ ') + 1)',
            'place',
            "place = 1 or not (" ~ pieces ~ "[place].speaker = 'a' and " ~ pieces
            ~ "[place - 1].speaker = 'a')"
        ) }},
        len({{ pieces }}) + 1
    )
{%- endmacro %}

{#-
  The messages of an episode in one text, as read messages. A field for the question asks it where the text
  does not; what stands before the keywords is then the system's, and else the question.
-#}
{% macro react_text_messages(pieces, starts, question) -%}
    {%- set asks = "len(" ~ list_where(pieces, 'piece', "piece.speaker = 'u'") ~ ") > 0" -%}
    {%- set speaker = pieces ~ '[start].speaker' -%}
    {%- set whole = without_outer_space(list_join(list_map(
        'range(start, ' ~ starts ~ '[start_number + 1])', 'place', pieces ~ '[place].whole'
    ))) -%}
    {%- set role -%}
        case {{ speaker }}
            when 'a' then 'assistant'
            when 'p' then case
                when {{ asks }} or {{ question }} is not null then 'system' else 'user'
            end
            else 'user'
        end
    {%- endset -%}
    {%- set text -%}
        case {{ speaker }}
            when 'u' then regexp_replace({{ whole }}, '^\**[ \t]*\w+(?:[ \t]+\d+)?[ \t]*\**[ \t]*:\s*', '')
            else {{ whole }}
        end
    {%- endset -%}
    {%- set messages = list_map(starts ~ '[:-2]', 'start', react_read_message(role, text),
                                'start_number') -%}
    case
        when {{ question }} is null or {{ asks }} then {{ messages }}
        when {{ pieces }}[1].speaker = 'p' then list_concat(
            {{ messages }}[:1], [{{ react_read_message("'user'", question) }}], {{ messages }}[2:]
        )
        else list_concat([{{ react_read_message("'user'", question) }}], {{ messages }})
    end
{%- endmacro %}

{#- A read message that is nothing but a role and a text. -#}
{% macro react_read_message(role, text) -%}
    {{ struct_of([
        ['role', role],
        ['text', text],
        ['tool_name', 'null::varchar'],
        ['extra', 'null::varchar'],
        ['role_text', role],
        ['kind', "'OBJECT'"],
        ['odd_parts', '[]::varchar[]'],
        ['calls', '[]::struct(name varchar)[]'],
        ['calls_kind', "'NULL'"],
        ['has_parts', 'false'],
    ]) }}
{%- endmacro %}
