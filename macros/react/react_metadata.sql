{#- The metadata, with a question and a text that became no message put back. -#}
{% macro react_metadata(metadata, messages_text, pieces, question, text) -%}
    {%- set asks = "len(" ~ list_where(pieces, 'piece', "piece.speaker = 'u'") ~ ") > 0" -%}
    nullif({{ json_patched(
        json_patched(
            "coalesce(" ~ metadata ~ ", '{}')",
            "case when " ~ question ~ " is not null and (" ~ messages_text ~ " is not null or coalesce("
            ~ asks ~ ", false)) then '{\"question\": ' || " ~ as_json(question)
            ~ "::varchar || '}' else '{}' end"
        ),
        "case when " ~ text ~ " is not null and " ~ messages_text ~ " is not null then '{\"text\": ' || "
        ~ as_json(text) ~ "::varchar || '}' else '{}' end"
    ) }}::varchar, '{}')
{%- endmacro %}
