{#-
  Hooks around a model whose rows are wide: its commit goes to the file at once. The engine judges by
  the number of rows what goes to the log first, where wide rows take twice the time and memory. Hooks
  of Python models run outside of the transaction, which otherwise would not see the table. Each
  thread of the engine would hold 2,048 wide rows: one is enough, the cores have other work. The
  memory limit is what such a model lowered.
-#}
{% macro write_at_once() -%}
    set checkpoint_threshold = '1KB'; set auto_checkpoint_skip_wal_threshold = 0;
    set threads = 1
{%- endmacro %}

{% macro write_as_usual() -%}
    reset checkpoint_threshold; reset auto_checkpoint_skip_wal_threshold;
    reset threads;
    set memory_limit = '{{ env_var('TRAJHOUSE_MEMORY_LIMIT', '3GB') }}'
{%- endmacro %}
