{#- Numbers as the tables of dataset cards print them. -#}

{#- A whole number with commas between thousands; 0 where there is none. -#}
{% macro grouped_number(value) -%}
    format('{:,}', coalesce({{ value }}, 0)::bigint)
{%- endmacro %}

{#- A number with so many digits after the point; null where there is none. -#}
{% macro fixed_number(value, digits) -%}
    format('{:.{{ digits }}f}', {{ value }}::double)
{%- endmacro %}

{#- A whole number and its share of another in percent, as `12 (34.5%)`. -#}
{% macro number_with_share(value, whole) -%}
    {{ grouped_number(value) }} || case
        when {{ whole }} > 0
            then ' (' || format('{:.1f}', 100.0 * {{ value }} / {{ whole }}) || '%)'
        else ''
    end
{%- endmacro %}
