-- Grain: one question of the environment search_js with the trajectory that answers it, in the
-- published six-role form.
{{ rlvr_mart('rlvr_search_js') }}
