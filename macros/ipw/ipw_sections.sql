{#- A keyword of the protocol at the beginning of a line, in any case. -#}
{% macro ipw_by_line() -%}
    (?i)(?:^|\n)[ \t]*(?:{{ ipw_call_pattern() }}|{{ keyword_pattern('THOUGHT|TOOL|INPUT|FINAL[_ ]?ANSWER') }})
{%- endmacro %}

{#-
  A keyword anywhere in a line: in capitals, the final answer in any case, and a tool with its input in
  any case.
-#}
{% macro ipw_anywhere() -%}
    (?:(?i:(?:^|\s){{ ipw_call_pattern() }})|(?i:(?:^|\n)[ \t]*{{ keyword_pattern('THOUGHT|TOOL|INPUT') }})|\s{{ keyword_pattern('THOUGHT|TOOL|INPUT') }}|(?i:(?:^|\s){{ keyword_pattern('FINAL[_ ]?ANSWER') }}))
{%- endmacro %}

{#- A tool and its input in one line: `TOOL: calculator INPUT:`. -#}
{% macro ipw_call_pattern() -%}
    {{ keyword_pattern('TOOL') }}[^\s*]+(?:\*\*)?[ \t]+{{ keyword_pattern('INPUT') }}
{%- endmacro %}

{#-
  Whether the text keeps its keywords at the beginnings of lines: the final answer does, the tool does, or
  the input does whose tool does not stand at the end of another line. A tool or input that is not in
  capitals does not count where the final answer is in the midst of a line after a thought in capitals,
  nor does an input after a final answer in the midst of a line: they are lines of that answer.
-#}
{% macro ipw_is_by_line(text) -%}
    (
        regexp_matches({{ text }}, '(?i)(?:^|\n)[ \t*]*FINAL[_ ]?ANSWER[ \t*]*:')
        or regexp_matches({{ text }}, '(?:^|\n)[ \t*]*TOOL[ \t*]*:')
        or (
            regexp_matches({{ text }}, '(?i)(?:^|\n)[ \t*]*(?:TOOL|INPUT)[ \t*]*:')
            and not regexp_matches({{ text }}, '\sTOOL[ \t*]*:[ \t*]*\S+[ \t]*\n[ \t*]*INPUT[ \t*]*:')
            and not (
                regexp_matches({{ text }}, '(?:^|\n)[ \t*]*THOUGHT[ \t*]*:')
                and regexp_matches(
                    regexp_replace({{ text }}, '(?is)(?:^|\n)[ \t*]*(?:TOOL|INPUT)[ \t*]*:.*$', ''),
                    'FINAL[_ ]?ANSWER[ \t*]*:'
                )
            )
        )
    )
{%- endmacro %}

{#-
  The place of the first header that opens an input or an answer in capitals, 0 without one: after it a
  keyword that is indented or not in capitals only looks like one.
-#}
{% macro ipw_first_capital(cut) -%}
    coalesce({{ list_where(
        'range(1, len(' ~ cut ~ '.headers) + 1)',
        'place',
        "regexp_matches(" ~ cut ~ ".headers[place], 'INPUT|FINAL[_ ]?ANSWER')"
    ) }}[1], 0)
{%- endmacro %}

{#- A text cut at the protocol's keywords; what the assistant did not write is not cut. -#}
{% macro ipw_cut(source) -%}
    {{ keyword_cut(
        'case when ' ~ source ~ ".role = 'assistant' then " ~ source ~ ".text else '' end",
        ipw_is_by_line(source ~ '.text'),
        ipw_by_line(),
        ipw_anywhere()
    ) }}
{%- endmacro %}

{#- The sections of a cut text, see `keyword_draft`. The name of a tool is a word on a line of its own. -#}
{% macro ipw_sections(cut, first_capital) -%}
    {%- set body = keyword_body('header', cut ~ '.bodies[section_number + 1]') -%}
    {%- set is_lookalike -%}
        ({{ first_capital }} > 0 and section_number > {{ first_capital }} and (
            regexp_matches(header, '^\n?[ \t]') and starts_with(header, chr(10))
            or not regexp_matches(header, 'THOUGHT|TOOL|INPUT|FINAL[_ ]?ANSWER')
        ))
    {%- endset -%}
    {%- set is_call = "regexp_matches(header, '(?i)TOOL[*\\s]*:.*INPUT')" -%}
    {%- set word = "upper(regexp_replace(header, '[^A-Za-z]', '', 'g'))" -%}
    {%- set name -%}
        regexp_extract(
            case
                when {{ is_call }}
                    then regexp_extract(header, '(?i)TOOL[*\s]*:[*\s]*([^\s*]+)', 1)
                when {{ word }} = 'TOOL'
                    then trim(split_part({{ body }}, chr(10), 1), ' *`"' || chr(9) || chr(13))
                else ''
            end,
            '^\S{1,100}$'
        )
    {%- endset -%}
    {{ list_map(cut ~ '.headers', 'header', struct_of([
        ['letter', 'case when ' ~ is_lookalike ~ " then 'z' when " ~ is_call ~ " then 'x' when " ~ word ~ " = 'THOUGHT' then 't' when "
            ~ word ~ " = 'TOOL' then 'n' when " ~ word ~ " = 'INPUT' then 'i' else 'f' end"],
        ['name', name],
        ['text', body],
        ['rest', 'case when ' ~ word ~ " = 'TOOL' then "
            ~ without_outer_space("regexp_replace(" ~ body ~ ", '^[^\\n]*', '')") ~ " else '' end"],
        ['header', 'header'],
        ['body', cut ~ '.bodies[section_number + 1]'],
        ['whole', 'header || ' ~ cut ~ '.bodies[section_number + 1]'],
    ]), 'section_number') }}
{%- endmacro %}

{#-
  The last section of a final answer: all that follows is the answer's but a thought or another answer on
  a line of its own, in the case of the turn's keywords.
-#}
{% macro ipw_answer_end(draft, sections) -%}
    coalesce({{ list_where(
        'range(' ~ draft ~ '.answer_at + 1, len(' ~ sections ~ ') + 1)',
        'place',
        sections ~ "[place].letter in ('t', 'f') and starts_with(" ~ sections ~ '[place].whole, chr(10))'
    ) }}[1] - 1, len({{ sections }}))
{%- endmacro %}

{#- A draft of `keyword_draft` with the reading decided: an output that follows says that a call was made. -#}
{% macro ipw_decided(draft, sections, next_message) -%}
    {%- set named = list_where(draft ~ '.calls_at', 'place', 'lower(' ~ sections
        ~ '[place].name) = lower(' ~ next_message ~ '.tool_name)') -%}
    {{ struct_of([
        ['letters', draft ~ '.letters'],
        ['preamble', draft ~ '.preamble'],
        ['answer_at', draft ~ '.answer_at'],
        ['answer_end', ipw_answer_end(draft, sections)],
        ['calls_at', draft ~ '.calls_at'],
        ['is_answer', draft ~ '.answer_at > 0 and not (len(' ~ draft ~ '.calls_at) > 0 and ' ~ draft
            ~ '.n_outputs > 0)'],
        ['kept_at', 'case when len(' ~ draft ~ '.calls_at) <= ' ~ draft ~ '.n_outputs then ' ~ draft
            ~ '.calls_at when ' ~ draft ~ '.n_outputs = 1 and len(' ~ named ~ ') > 0 then ' ~ named
            ~ '[:1] else ' ~ draft ~ '.calls_at[:greatest(1, ' ~ draft ~ '.n_outputs)] end'],
        ['output_name', 'case when ' ~ draft ~ '.n_outputs = 1 then ' ~ next_message
            ~ '.tool_name end'],
    ]) }}
{%- endmacro %}
