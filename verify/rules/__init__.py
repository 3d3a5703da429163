"""Named rules: `benign/` explains one exact shape of difference each, `dangerous/` names one."""
