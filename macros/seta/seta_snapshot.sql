{#- What is read from a snapshot of a conversation: one request to the model, and its response. -#}
{% macro seta_snapshot_shape() -%}
    {"model": "JSON", "request": {"messages": "JSON", "model_config_dict": {"tools": "JSON"}}, "response": "JSON"}
{%- endmacro %}

{#- The message in the response, as JSON; null where the response is no chat completion. -#}
{% macro seta_response_message(snapshot) -%}
    case
        when {{ json_kind(json_at(snapshot ~ '.response', "'$.choices[0].message'")) }} = 'OBJECT'
            then {{ json_at(snapshot ~ '.response', "'$.choices[0].message'") }}
    end
{%- endmacro %}

{#- The messages of the request and the one of the response, as a list of JSON values. -#}
{% macro seta_source_messages(snapshot) -%}
    list_concat(
        case
            when {{ json_kind(snapshot ~ '.request.messages') }} = 'ARRAY'
                then {{ json_parse(snapshot ~ '.request.messages', '["JSON"]') }}
            else []::json[]
        end,
        {{ list_where(
            '[' ~ seta_response_message(snapshot) ~ ']', 'answer', 'answer is not null'
        ) }}
    )
{%- endmacro %}

{#- The tools that the request declares, as text; null where it declares none. -#}
{% macro seta_declared_tools(snapshot) -%}
    case
        when {{ json_kind(snapshot ~ '.request.model_config_dict.tools') }} = 'ARRAY'
            then nullif(
                {{ canonical_json(snapshot ~ '.request.model_config_dict.tools::varchar') }}, '[]'
            )
    end
{%- endmacro %}

{#- What the provider counted: `usage` of the response, else the published row's own counts. -#}
{% macro seta_token_counts(snapshot, metadata) -%}
    {%- set usage = json_at(snapshot ~ '.response', "'$.usage'") -%}
    {%- set counts -%}
        case
            when {{ json_kind(usage) }} = 'OBJECT' then {{ usage }}
            else {{ json_at(metadata, "'$.provider_token_counts'") }}
        end
    {%- endset -%}
    {{ struct_of([
        ['cached_tokens', 'try_cast(' ~ json_text(first_json_at(
            counts, "['$.cached_tokens', '$.prompt_tokens_details.cached_tokens']"
        )) ~ ' as bigint)'],
        ['completion_tokens', 'try_cast(' ~ json_text_at(counts, "'$.completion_tokens'")
            ~ ' as bigint)'],
        ['prompt_tokens', 'try_cast(' ~ json_text_at(counts, "'$.prompt_tokens'") ~ ' as bigint)'],
        ['total_tokens', 'try_cast(' ~ json_text_at(counts, "'$.total_tokens'") ~ ' as bigint)'],
    ]) }}
{%- endmacro %}

{#- Those counts as JSON. -#}
{% macro seta_token_counts_shape() -%}
    {"cached_tokens": "BIGINT", "completion_tokens": "BIGINT", "prompt_tokens": "BIGINT", "total_tokens": "BIGINT"}
{%- endmacro %}
