{#- Text functions whose names or patterns differ between engines. -#}

{#- Every match of a pattern's group, as a list. -#}
{% macro matches_of(text, pattern, group=0) -%}
    regexp_extract_all({{ text }}, '{{ pattern }}', {{ group }})
{%- endmacro %}

{#- Texts that are not null joined with something between them. -#}
{% macro joined(texts, separator) -%}
    concat_ws({{ separator }}, {{ texts | join(', ') }})
{%- endmacro %}

{#- The lines of a text, without what ends them. -#}
{% macro lines_of(text) -%}
    string_split(replace({{ text }}, chr(13), ''), chr(10))
{%- endmacro %}

{#- A text without white space at either end. -#}
{% macro trimmed(text) -%}
    trim({{ text }}, ' ' || chr(9) || chr(10) || chr(13))
{%- endmacro %}

{#- A whole number as text, with a comma between thousands. -#}
{% macro thousands_separated(number) -%}
    format('{:,}', ({{ number }})::bigint)
{%- endmacro %}

{#- The first characters of a text. -#}
{% macro beginning_of(text, length) -%}
    {{ text }}[:{{ length }}]
{%- endmacro %}
