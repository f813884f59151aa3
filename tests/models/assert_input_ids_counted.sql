-- Of every tokenized row: the ids are as many as it says, and some but not more are trained.
select trajectory_id
from {{ ref('int_trajectories_tokenized') }}
where len(input_ids) != n_tokens or n_trained_tokens not between 1 and n_tokens
