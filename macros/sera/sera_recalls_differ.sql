{#- Whether the recorded recall and the computed one are two values; records may round to two digits. -#}
{% macro sera_recalls_differ() -%}
    coalesce(abs(recorded_recall - computed_recall) > 0.005, true)
{%- endmacro %}
