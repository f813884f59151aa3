-- Grain: one landed record that is no trajectory but is joined to some, with the reason why it
-- cannot be, where it cannot.
{{ config(materialized='view') }}

with

unioned as (
    {% for reference in var('references') %}
    select
        {{ reference_columns() }},
        reason,
        detail
    from {{ ref('stg_' ~ reference) }}
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        {{ reference_columns() }},
        null::varchar as reason,
        null::varchar as detail
    from {{ ref('records') }}
    where false
    {% endfor %}
)

select * from unioned
