select
    trajectory_id,
    n_messages,
    reward,
    success,
    tools_used,
    messages[5].content as "a|b",
    landed_at
from trajectories
order by trajectory_id
