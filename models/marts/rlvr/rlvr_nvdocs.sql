-- Grain: one question of the environment nvdocs with the trajectory that answers it, in the
-- published six-role form.
{{ rlvr_mart('rlvr_nvdocs') }}
