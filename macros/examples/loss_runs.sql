{#-
  Whether each token is trained, 1 or 0, of the runs in which a row of tokens is stored: structs of
  `n_tokens` and their `weight` in the loss.
-#}
{% macro loss_mask_of(runs) -%}
    {{ each_token_of(runs, 'tinyint', '(run.weight > 0)::tinyint') }}
{%- endmacro %}

{#- The weight of each token in the loss, where var loss_weights asks for it. -#}
{% macro loss_weight_of(runs) -%}
    {%- if var('loss_weights') -%}
    {{ each_token_of(runs, 'float', 'run.weight') }}
    {%- else -%}
    null::float[]
    {%- endif -%}
{%- endmacro %}

{% macro each_token_of(runs, type, value) -%}
    flatten({{ list_map(runs, 'run', 'list_resize([]::' ~ type ~ '[], run.n_tokens, ' ~ value ~ ')') }})
{%- endmacro %}
