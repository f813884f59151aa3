{#- The tokenizer to build with, as a SQL text: var tokenizer, else TRAJHOUSE_TOKENIZER. -#}
{% macro tokenizer() -%}
    {%- set name = var('tokenizer', env_var('TRAJHOUSE_TOKENIZER', '') or 'Qwen/Qwen3-8B') -%}
    {{ sql_text(name) }}
{%- endmacro %}
