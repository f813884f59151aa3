-- Every trajectory has a task, which splits are cut by.
select trajectory_id
from {{ ref('trajectories') }}
where task_id is null or task_id = ''
