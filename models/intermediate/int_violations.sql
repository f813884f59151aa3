-- Grain: one violation of one check, with what the configuration makes of it (var checks).
with

violations as (
    {% for check, severity in var('checks').items() %}
    select
        '{{ check }}' as check_name,
        {{ loop.index }} as check_order,
        '{{ severity }}' as severity,
        record_id,
        reason,
        detail,
        position,
        turn
    from {{ ref('chk_' ~ check) }}
    where '{{ severity | lower }}' not in ('off', 'false')
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from violations
