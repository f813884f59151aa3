{#- What each token's loss is computed against: the token itself where it is trained, -100 elsewhere. -#}
{% macro labels_of(input_ids, loss_mask) -%}
    {{ list_map(
        loss_mask,
        'is_trained',
        'case when is_trained = 1 then ' ~ input_ids ~ '[place] else -100 end',
        'place'
    ) }}
{%- endmacro %}
