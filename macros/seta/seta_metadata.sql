{#-
  The metadata of a trial: without what a published row holds but is computed anew, and with what the
  published marts need of the snapshot, its own text first of all.
-#}
{% macro seta_metadata(metadata, snapshot_text, snapshot, source_messages) -%}
    {%- set computed = {
        'local_token_count': none, 'n_assistant_tokens': none, 'n_messages': none,
        'chat_template_str': none, 'input_ids': none, 'loss_mask': none,
    } -%}
    {{ json_patched(
        json_patched("coalesce(" ~ metadata ~ ", '{}')", "'" ~ tojson(computed) ~ "'"),
        as_json(struct_of([
            ['provider_token_counts', seta_token_counts(snapshot, metadata)],
            ['call_arguments', seta_call_arguments(source_messages)],
            ['raw_conv_json', snapshot_text],
        ]))
    ) }}::varchar
{%- endmacro %}
