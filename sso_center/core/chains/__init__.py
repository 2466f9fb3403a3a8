"""Chains: secrets that rotate without ever logging an honest browser out.

Owns the token's form (`chain.generation.secret`, signed), how a successor follows from a secret, and
the verdict on a presented one (chain.lua). Knows nothing of what a chain protects: the scripts of
sessions and tokens compose chain.lua and act on its verdict.
"""
