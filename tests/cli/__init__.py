"""The command line, run as people run it: in processes of its own, beside a center or without one."""
