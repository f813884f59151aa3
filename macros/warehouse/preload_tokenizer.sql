{#-
  A hook: the tokenizer is loaded while other models are built. It takes seconds, which the model that
  needs it would wait for.
-#}
{% macro preload_tokenizer() -%}
    {%- if 'model.trajhouse.int_trajectories_tokenized' in selected_resources -%}
    select bool_and(preload_tokenizer({{ tokenizer() }}, tokenization_policy))
    from (
        select distinct {{ tokenization_policy('family') }} as tokenization_policy
        from (select unnest({{ var('families') }}) as family)
        where not {{ is_one_of('family', var('untokenized_families')) }}
    )
    {%- endif -%}
{%- endmacro %}
