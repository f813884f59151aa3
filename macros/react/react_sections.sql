{#- The keywords of ReAct text, numbered or not. -#}
{% macro react_words() -%}
    Thought(?:[ \t]+\d+)?|Action(?:[ \t]+\d+)?|Action[ \t]+Input(?:[ \t]+\d+)?|Final[ \t]+Answer
{%- endmacro %}

{#- The keywords of a whole episode in one text. -#}
{% macro react_episode_words() -%}
    {{ react_words() }}|Observation(?:[ \t]+\d+)?|Question(?:[ \t]+\d+)?
{%- endmacro %}

{#- A keyword at the beginning of a line, in any case. -#}
{% macro react_by_line(words) -%}
    (?i)(?:^|\n)[ \t]*{{ keyword_pattern(words) }}
{%- endmacro %}

{#- A keyword anywhere, in any case where it begins a line. -#}
{% macro react_anywhere(words) -%}
    (?:(?i:(?:^|\n)[ \t]*{{ keyword_pattern(words) }})|\s{{ keyword_pattern(words) }})
{%- endmacro %}

{#- Whether the text keeps its keywords at the beginnings of lines: those that end a step do. -#}
{% macro react_is_by_line(text) -%}
    regexp_matches(
        {{ text }}, '(?i)(?:^|\n)[ \t*]*(?:Action(?:[ \t]+\d+)?|Final[ \t]+Answer)[ \t*]*:'
    )
{%- endmacro %}

{#- An assistant's text cut at its keywords; what somebody else says is not cut. -#}
{% macro react_cut(source) -%}
    {{ keyword_cut(
        'case when ' ~ source ~ ".role = 'assistant' then " ~ source ~ ".text else '' end",
        react_is_by_line(source ~ '.text'),
        react_by_line(react_words() ~ '|Observation(?:[ \\t]+\\d+)?'),
        react_anywhere(react_words() ~ '|Observation(?:[ \\t]+\\d+)?')
    ) }}
{%- endmacro %}

{#- The word of a header, in capitals and without a number. -#}
{% macro react_word(header) -%}
    upper(regexp_replace({{ header }}, '[^A-Za-z]', '', 'g'))
{%- endmacro %}

{#-
  The sections of a cut text, see `keyword_draft`. `name[input]` is a whole call, and `finish[answer]` the
  final answer; an action in any other form is a name that an `Action Input` may follow.
-#}
{% macro react_sections(cut) -%}
    {%- set body = keyword_body('header', cut ~ '.bodies[section_number + 1]') -%}
    {%- set call = '(?s)^([\\w.:/-]+)\\s*\\[(.*)\\]([^\\]]*)$' -%}
    {%- set is_call -%}
        {{ react_word('header') }} = 'ACTION' and regexp_matches({{ body }}, '{{ call }}')
    {%- endset -%}
    {%- set called = "regexp_extract(" ~ body ~ ", '" ~ call ~ "', 1)" -%}
    {{ list_map(cut ~ '.headers', 'header', struct_of([
        ['letter', 'case when ' ~ is_call ~ ' and lower(' ~ called ~ ") = 'finish' then 'f' when "
            ~ is_call ~ " then 'x' else case " ~ react_word('header')
            ~ " when 'THOUGHT' then 't' when 'ACTION' then 'n' when 'ACTIONINPUT' then 'i'"
            ~ " when 'FINALANSWER' then 'f' else 'q' end end"],
        ['name', 'case when ' ~ is_call ~ ' then ' ~ called ~ ' when ' ~ react_word('header')
            ~ " = 'ACTION' then regexp_extract(" ~ body ~ ", '^[\\w.:/-]{1,100}$') else '' end"],
        ['text', 'case when ' ~ is_call ~ ' then regexp_extract(' ~ body ~ ", '" ~ call
            ~ "', 2) else " ~ body ~ ' end'],
        ['rest', 'case when ' ~ is_call ~ ' then trim(regexp_extract(' ~ body ~ ", '" ~ call
            ~ "', 3)) else '' end"],
        ['header', 'header'],
        ['body', cut ~ '.bodies[section_number + 1]'],
        ['whole', 'header || ' ~ cut ~ '.bodies[section_number + 1]'],
    ]), 'section_number') }}
{%- endmacro %}

{#- A draft of `keyword_draft` with the reading decided: the first action of a turn is carried out. -#}
{% macro react_decided(draft) -%}
    {{ struct_of([
        ['letters', draft ~ '.letters'],
        ['preamble', draft ~ '.preamble'],
        ['answer_at', draft ~ '.answer_at'],
        ['calls_at', draft ~ '.calls_at'],
        ['is_answer', draft ~ '.answer_at > 0 and (len(' ~ draft ~ '.calls_at) = 0 or ' ~ draft
            ~ '.answer_at < ' ~ draft ~ '.calls_at[1])'],
        ['answer_end', draft ~ '.answer_at'],
        ['kept_at', draft ~ '.calls_at[:1]'],
        ['output_name', 'null::varchar'],
    ]) }}
{%- endmacro %}

{#- The text of an assistant's turn as the protocol has it; null where nothing was read of it. -#}
{% macro react_text(plan) -%}
    concat_ws(
        chr(10),
        'Thought: ' || {{ plan }}.reasoning,
        'Action: ' || {{ plan }}.calls[1].name || '['
        || {{ json_text_at(plan ~ '.calls[1].arguments', "'$.input'") }} || ']',
        'Action: finish[' || {{ plan }}.answer || ']'
    )
{%- endmacro %}
