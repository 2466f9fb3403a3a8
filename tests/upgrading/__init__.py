"""A data folder that an earlier version made, opened by this one."""
