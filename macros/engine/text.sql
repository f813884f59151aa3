{#- Text functions whose names or patterns differ between engines. -#}

{#- Every match of a pattern's group, as a list. -#}
{% macro matches_of(text, pattern, group=0) -%}
    regexp_extract_all({{ text }}, '{{ pattern }}', {{ group }})
{%- endmacro %}

{#- Texts that are not null joined with something between them. -#}
{% macro joined(texts, separator) -%}
    concat_ws({{ separator }}, {{ texts | join(', ') }})
{%- endmacro %}

{#- A text without spaces, tabs and line ends at either end. -#}
{% macro trimmed(text) -%}
    trim({{ text }}, ' ' || chr(9) || chr(10) || chr(13))
{%- endmacro %}

{#- A text without the white space of patterns at either end, form feeds included. -#}
{% macro without_outer_space(text) -%}
    regexp_replace({{ text }}, '^\s+|\s+$', '', 'g')
{%- endmacro %}

{#- The first characters of a text. -#}
{% macro beginning_of(text, length) -%}
    {{ text }}[:{{ length }}]
{%- endmacro %}
