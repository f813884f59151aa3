-- Grain: one row of the Statistics table of the rlvr card: a metric, and its value in each of the
-- three published marts.
with

rlvr_nvdocs as (
    select * from {{ ref('rlvr_nvdocs') }}
),

rlvr_nvdocs_counted as (
    {{ rlvr_statistics('rlvr_nvdocs') }}
),

rlvr_search_py as (
    select * from {{ ref('rlvr_search_py') }}
),

rlvr_search_py_counted as (
    {{ rlvr_statistics('rlvr_search_py') }}
),

rlvr_search_js as (
    select * from {{ ref('rlvr_search_js') }}
),

rlvr_search_js_counted as (
    {{ rlvr_statistics('rlvr_search_js') }}
),

final as (
    select
        rlvr_nvdocs_counted.position,
        rlvr_nvdocs_counted.metric,
        rlvr_nvdocs_counted.text as nvdocs,
        rlvr_search_py_counted.text as search_py,
        rlvr_search_js_counted.text as search_js,
        rlvr_nvdocs_counted.value as nvdocs_value,
        rlvr_search_py_counted.value as search_py_value,
        rlvr_search_js_counted.value as search_js_value
    from rlvr_nvdocs_counted
    inner join rlvr_search_py_counted
        on rlvr_nvdocs_counted.position = rlvr_search_py_counted.position
    inner join rlvr_search_js_counted
        on rlvr_nvdocs_counted.position = rlvr_search_js_counted.position
)

select * from final
