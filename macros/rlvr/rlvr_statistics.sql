{#-
  The statistics of one published mart, one row a metric: `text` as the card prints it, `value` as a
  number. Averages and shares of no rows are null.
-#}
{% macro rlvr_statistics(mart) -%}
    {%- set counts = [
        ('Rows', none),
        ('Completed', "status = 'completed'"),
        ('Completed (forced)', "status = 'completed_forced'"),
        ('GT seen in search', 'gt_seen_in_search'),
        ('GT opened', 'gt_opened'),
        ('GT cited', 'gt_cited'),
    ] -%}
    {%- set averages = [
        ('Avg searches/row', 'n_searches'),
        ('Avg opens/row', 'n_opens'),
        ('Avg tool actions/row', 'n_tool_actions'),
    ] -%}
    {%- for metric, condition in counts %}
    select
        {{ loop.index }} as position,
        '{{ metric }}' as metric,
        format('{:,}', count(*){{ ' filter (where ' ~ condition ~ ')' if condition }})
        {%- if condition %}
        || coalesce(
            format(' ({:.1f}%)', 100.0 * (count(*) filter (where {{ condition }})) / nullif(count(*), 0)),
            ''
        )
        {%- endif %} as text,
        (count(*){{ ' filter (where ' ~ condition ~ ')' if condition }})::double as value
    from {{ mart }}
    union all
    {%- endfor %}
    {%- for metric, column in averages %}
    select
        {{ loop.index + counts | length }} as position,
        '{{ metric }}' as metric,
        format('{:.1f}', avg({{ column }})) as text,
        avg({{ column }})::double as value
    from {{ mart }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
