{#- A hook: whether the tokens of an earlier build may be taken; `--full-refresh` says no. -#}
{% macro reuse_of_tokens() -%}
    set variable reuses_tokens = {{ 'false' if flags.FULL_REFRESH else 'true' }}
{%- endmacro %}
