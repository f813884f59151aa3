{#-
  The key of a trajectory: its sample and its teacher, so that two teachers' trajectories of one sample
  are no duplicates, and two runs of one teacher are. White space in it becomes `_`.
-#}
{% macro ipw_source_id(sample_id, teacher_model) -%}
    regexp_replace(
        {{ sample_id }} || coalesce('/' || nullif(trim({{ teacher_model }}), ''), ''), '\s+', '_', 'g'
    )
{%- endmacro %}

{#- Why a record cannot be a trajectory of the family at all, as `message_faults` has it. -#}
{% macro ipw_record_faults(sample_id) -%}
    case
        when {{ sample_id }} is null then [{{ message_fault('key_missing', 'null', "'no sample_id'") }}]
        else []
    end
{%- endmacro %}
