{#- Why a trial cannot be used whatever its messages are, as faults: see `message_faults`. -#}
{% macro seta_faults(snapshot_text, reward) -%}
    {{ list_where(
        '[' ~ struct_of([
            ['reason', "case when " ~ snapshot_text ~ " is null then 'conversation_missing' end"],
            ['turn', 'null::integer'],
            ['detail', "'no snapshot of the conversation'"],
        ]) ~ ', ' ~ struct_of([
            ['reason', "case when " ~ reward ~ " is null then 'verdict_missing' end"],
            ['turn', 'null::integer'],
            ['detail', "'neither verifier/ctrf.json nor result.json gives a reward'"],
        ]) ~ ']',
        'fault',
        'fault.reason is not null'
    ) }}
{%- endmacro %}

{#- What is odd about a trial but does not keep it from being used, as flags. -#}
{% macro seta_flags(snapshot, metadata) -%}
    list_concat(
        case
            when {{ snapshot }} is not null and {{ seta_response_message(snapshot) }} is null
                then ['response_unreadable']
            else []::varchar[]
        end,
        {%- for report in ['run_info', 'result'] %}
        case
            when {{ json_at(metadata, "'$.unreadable." ~ report ~ "'") }} is not null
                then ['{{ report }}_unreadable']
            else []::varchar[]
        end{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
