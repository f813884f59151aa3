-- Grain: one sample, with the correct trajectory that takes precedence.
{{ ipw_mart('ipw_sft') }}
