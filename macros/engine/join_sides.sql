{#-
  Hooks around a model whose joins have the wide rows on the left: they stay on the left, and stream.
  The engine otherwise chooses by estimates, which take landed records for fewer than landed files
  where each file holds one; it would then keep all texts in memory.
-#}
{% macro keep_join_sides() -%}
    set disabled_optimizers = 'build_side_probe_side'
{%- endmacro %}

{% macro free_join_sides() -%}
    reset disabled_optimizers
{%- endmacro %}
