{#-
  The metadata of a trial: without what is computed anew from the conversation, and with the snapshot's
  own text, which the published marts hold and render.
-#}
{% macro seta_metadata(metadata, snapshot_text) -%}
    {%- set computed = {
        'local_token_count': none, 'n_assistant_tokens': none, 'n_messages': none,
        'chat_template_str': none, 'input_ids': none, 'loss_mask': none,
    } -%}
    {{ json_patched(
        json_patched(
            "coalesce(" ~ metadata ~ ", '{}')", "'" ~ tojson(computed) ~ "'"
        ),
        as_json(struct_of([['raw_conv_json', snapshot_text]]))
    ) }}::varchar
{%- endmacro %}
