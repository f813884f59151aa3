-- A published build in small: the relations of the marts with rows written by hand.
create schema raw;
create schema staging;
create schema intermediate;
create schema marts;

create table raw.files (
    dataset varchar, family varchar, file_id varchar, source_file varchar, batch_id varchar,
    format varchar, compression varchar, n_bytes bigint, n_records bigint, n_landed bigint,
    n_rejected bigint, n_blank_lines bigint, fields varchar, warnings varchar[],
    landed_at timestamptz
);
insert into raw.files values
    ('airline', 'openai', 'f1', 'raw/airline.jsonl', '20260101T000000000000Z-aaaaaa', 'jsonl',
     'none', 900, 5, 4, 1, 0, '{}', [], '2026-01-01 00:00:00+00'),
    ('swe', 'swe_agent', 'f2', 'raw/swe.jsonl', '20260102T000000000000Z-bbbbbb', 'jsonl',
     'gzip', 700, 1, 1, 0, 0, '{}', [], '2026-01-02 00:00:00+00');

create table raw.rejected_records (record_id varchar, reason varchar);
create table intermediate.int_violations (record_id varchar, reason varchar);

create table intermediate.int_trajectories (
    trajectory_id varchar, family varchar, dataset varchar, source_key varchar, task_id varchar,
    model varchar, success boolean, reward double, category varchar, tools varchar,
    tools_used varchar[], n_messages integer, n_turns integer, n_tool_calls integer,
    role_path varchar, content_hash varchar, flags varchar[],
    messages struct(
        role varchar, content varchar, tool_name varchar, tool_arguments varchar,
        call_id varchar, turn integer, extra varchar
    )[],
    metadata varchar, record_id varchar, file_id varchar, source_file varchar,
    source_line bigint, landed_at timestamptz
);
insert into intermediate.int_trajectories values
    ('airline/a-1', 'openai', 'airline', 'a-1', 'task-1', 'gpt-x', true, 1.0, 'refund',
     '[{"name":"find"}]', ['find'], 6, 5, 1, 'surcoa', 'h1', [],
     [
        {'role': 'system', 'content': 'Be brief.', 'tool_name': null, 'tool_arguments': null,
         'call_id': null, 'turn': 1, 'extra': null},
        {'role': 'user', 'content': 'Find my flight' || chr(10) || '== system', 'tool_name': null,
         'tool_arguments': null, 'call_id': null, 'turn': 2, 'extra': null},
        {'role': 'reasoning', 'content': 'I will look.', 'tool_name': null,
         'tool_arguments': null, 'call_id': null, 'turn': 3, 'extra': null},
        {'role': 'tool_call', 'content': null, 'tool_name': 'find',
         'tool_arguments': '{"id":7,"tags":["a","b"]}', 'call_id': 'c1', 'turn': 3,
         'extra': null},
        {'role': 'tool_output', 'content': chr(27) || '[31mRED' || chr(27) || '[0m <b>bold</b>',
         'tool_name': 'find', 'tool_arguments': null, 'call_id': 'c1', 'turn': 4,
         'extra': null},
        {'role': 'answer', 'content': 'Found: 日本 ✈', 'tool_name': null, 'tool_arguments': null,
         'call_id': null, 'turn': 5, 'extra': null}
     ],
     '{"trial":0}', 'airline/f1/1', 'f1', 'raw/airline.jsonl', 1, '2026-01-01 00:00:00+00'),
    ('airline/a-2', 'openai', 'airline', 'a-2', 'task-2', 'gpt-x', false, 0.5, null, null, [],
     2, 2, 0, 'ua', 'h2', ['args_invalid'],
     [
        {'role': 'user', 'content': 'Hello', 'tool_name': null, 'tool_arguments': null,
         'call_id': null, 'turn': 1, 'extra': null},
        {'role': 'answer', 'content': '', 'tool_name': null, 'tool_arguments': null,
         'call_id': null, 'turn': 2, 'extra': null}
     ],
     null, 'airline/f1/2', 'f1', 'raw/airline.jsonl', 2, '2026-01-01 00:00:00+00'),
    ('swe/django-7', 'swe_agent', 'swe', 'django-7', 'django', null, null, null, null, null,
     ['bash'], 4, 3, 1, 'umto', 'h3', [],
     [
        {'role': 'user', 'content': 'Fix it', 'tool_name': null, 'tool_arguments': null,
         'call_id': null, 'turn': 1, 'extra': null},
        {'role': 'commentary', 'content': 'Looking', 'tool_name': null, 'tool_arguments': null,
         'call_id': null, 'turn': 2, 'extra': null},
        {'role': 'tool_call', 'content': null, 'tool_name': 'bash', 'tool_arguments': 'ls -',
         'call_id': 'c9', 'turn': 2, 'extra': null},
        {'role': 'tool_output', 'content': 'a.py', 'tool_name': 'bash', 'tool_arguments': null,
         'call_id': 'c9', 'turn': 3, 'extra': null}
     ],
     null, 'swe/f2/1', 'f2', 'raw/swe.jsonl', null, '2026-01-02 00:00:00+00');

create view marts.trajectories as select * from intermediate.int_trajectories;
comment on view marts.trajectories is 'One row an accepted trajectory, with its messages.
';
comment on column marts.trajectories.trajectory_id is 'Key of a trajectory.
';
comment on column marts.trajectories.reward is 'Reward given by the source.';

create view marts.messages as
select
    trajectory_id, dataset, position, message.turn, message.role, message.content,
    message.tool_name, message.tool_arguments, message.call_id, message.extra
from (
    select trajectory_id, dataset, unnest(messages) as message,
        generate_subscripts(messages, 1)::integer as position
    from intermediate.int_trajectories
);
comment on view marts.messages is 'One row a message.';

create table marts.tool_calls (
    trajectory_id varchar, dataset varchar, position integer, turn integer, call_id varchar,
    tool_name varchar, tool_arguments varchar, output varchar, output_position integer,
    is_args_valid boolean, is_declared boolean
);
insert into marts.tool_calls values
    ('airline/a-1', 'airline', 4, 3, 'c1', 'find', '{"id":7,"tags":["a","b"]}', 'RED', 5, true, true),
    ('swe/django-7', 'swe', 3, 2, 'c9', 'bash', 'ls -', 'a.py', 4, false, null);

create table marts.rejections (
    record_id varchar, trajectory_id varchar, dataset varchar, family varchar, stage varchar,
    reason varchar, detail varchar, position integer, turn integer, file_id varchar,
    source_file varchar, source_line bigint, record_number bigint, landed_at timestamptz
);
insert into marts.rejections values
    ('airline/f1/3', null, 'airline', 'openai', 'ingest', 'truncated_json', 'ends at byte 12',
     null, null, 'f1', 'raw/airline.jsonl', 3, 3, '2026-01-01 00:00:00+00'),
    ('airline/f1/4', 'airline/a-4', 'airline', 'openai', 'check', 'role_order',
     'answer after system', 2, 1, 'f1', 'raw/airline.jsonl', 4, 4, '2026-01-01 00:00:00+00');

create table marts.duplicates (
    record_id varchar, trajectory_id varchar, kept_record_id varchar, kept_trajectory_id varchar,
    dataset varchar, rule varchar, score double, source_file varchar, source_line bigint
);
insert into marts.duplicates values
    ('airline/f1/5', 'airline/a-5', 'airline/f1/1', 'airline/a-1', 'airline', 'same_content', 1.0,
     'raw/airline.jsonl', 5);

create table marts.sft_tokenized (
    example_id varchar, trajectory_id varchar, dataset varchar, task_id varchar,
    input_ids integer[],
    labels integer[], loss_mask tinyint[], n_tokens integer, n_trained_tokens integer,
    tokenizer varchar
);
