{#-
  Assistant text that carries its own `<think>…</think>`, taken apart as chat templates do it: line
  breaks at the seams belong to the tags.
-#}

{#- Whether the text has exactly one end of thinking, and nothing before it but thinking. -#}
{% macro has_inline_reasoning(text) -%}
    len({{ text }}) - len(replace({{ text }}, '</think>', '')) = 8
    and (
        regexp_matches({{ text }}, '^\s*<think>')
        or not contains(split_part({{ text }}, '</think>', 1), '<think>')
    )
{%- endmacro %}

{#- The thinking in the text. -#}
{% macro inline_reasoning(text) -%}
    trim(regexp_replace(split_part({{ text }}, '</think>', 1), '^\s*<think>', ''), chr(10))
{%- endmacro %}

{#- The text after the thinking. -#}
{% macro after_reasoning(text) -%}
    ltrim(split_part({{ text }}, '</think>', 2), chr(10))
{%- endmacro %}

{#-
  A turn whose reasoning stands apart from its text. A field for reasoning decides; without one, the
  text's own thinking is taken out.
-#}
{% macro reasoning_taken_out(source) -%}
    {%- set is_inline -%}
        {{ source }}.role = 'assistant' and {{ source }}.reasoning is null
        and {{ has_inline_reasoning(source ~ '.text') }}
    {%- endset -%}
    {{ struct_of([
        ['role', source ~ '.role'],
        ['content', 'case when ' ~ is_inline ~ ' then ' ~ after_reasoning(source ~ '.text')
            ~ ' else ' ~ source ~ '.text end'],
        ['reasoning', 'case when ' ~ is_inline ~ ' then ' ~ inline_reasoning(source ~ '.text')
            ~ ' else ' ~ source ~ '.reasoning end'],
        ['calls', source ~ '.calls'],
        ['call_id', source ~ '.call_id'],
        ['tool_name', source ~ '.tool_name'],
        ['extra', source ~ '.extra'],
    ]) }}
{%- endmacro %}
