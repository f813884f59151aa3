-- Grain: one record whose roles are not a word of its dataset's grammar, with the first message
-- that breaks it. The grammars are data: seeds/role_transitions.csv.
with

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
    where n_messages > 0
),

ruled as (
    select
        record_id,
        role_path,
        messages,
        {{ role_grammar_of('dataset', 'family') }} as grammar
    from trajectories
),

judged as (
    select
        *,
        {{ udf('role_grammar_violations', ['role_path', 'grammar']) }} as violation
    from ruled
),

violations as (
    select
        record_id,
        violation['code'] as reason,
        violation['position'] as position,
        grammar || ' grammar, at ' || violation['position'] || ' of ' || role_path as detail,
        messages[least(violation['position'], len(messages))]['turn'] as turn
    from judged
    where violation is not null
)

select * from violations
