"""A standalone single sign-on center: one login, every site; one logout, out everywhere."""

__version__ = "0.2.0"
