{#-
  Why a record cannot be joined to trajectories: without its key, without what it is joined for, or
  with a key that an earlier record of its dataset has. Null where it can.

  key: SQL; key_number: SQL, the record's number among those of its key; has_value: SQL
-#}
{% macro reference_reason(key, key_number, has_value) -%}
    case
        when coalesce({{ key }}, '') = '' then 'key_missing'
        when not {{ has_value }} then 'value_missing'
        when {{ key_number }} > 1 then 'key_repeated'
    end
{%- endmacro %}
