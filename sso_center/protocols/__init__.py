"""HTTP façades over the core, one package a protocol: parse, check, call core, answer. They hold no rule.

What stands here rather than in one of them serves them all: the parameters of a form or query, the shape of a
call from a program and of its answer, and how a client proves who it is.
"""
