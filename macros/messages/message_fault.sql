{#-
  One element of `faults`: why a record cannot be read.

  reason: a code of the seed `rejection_reasons`; turn, detail: SQL
-#}
{% macro message_fault(reason, turn, detail) -%}
    {{ struct_of([
        ['reason', "'" ~ reason ~ "'"],
        ['turn', '(' ~ turn ~ ')::integer'],
        ['detail', detail],
    ]) }}
{%- endmacro %}
