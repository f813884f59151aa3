{#- The SHA-256 of a text, in hexadecimal. -#}
{% macro sha256_of(text) -%}
    sha256({{ text }})
{%- endmacro %}

{#- A text in Unicode normalization form C. -#}
{% macro nfc(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}
