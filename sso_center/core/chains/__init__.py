"""Chains: secrets that rotate without ever logging an honest browser out.

Owns the token's form (`chain.generation.secret`, signed), the derivation of a successor, and the verdict on a
presented secret (chain.lua). Knows nothing of what a chain protects: the scripts of sessions and tokens
compose chain.lua and act on its verdict.
"""
