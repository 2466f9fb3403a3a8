"""The wheel, installed the three ways it can be."""
