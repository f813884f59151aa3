-- Grain: one landed record that is no trajectory but is joined to some, with the reason why it
-- cannot be, where it cannot.
{{ config(materialized='view') }}

with

unioned as (
    {% for reference in var('references') %}
    select
        record_id,
        dataset,
        family,
        file_id,
        source_file,
        source_line,
        record_number,
        landed_at,
        reason,
        detail
    from {{ ref('stg_' ~ reference) }}
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        record_id,
        dataset,
        family,
        file_id,
        source_file,
        source_line,
        record_number,
        landed_at,
        null::varchar as reason,
        null::varchar as detail
    from {{ ref('records') }}
    where false
    {% endfor %}
)

select * from unioned
