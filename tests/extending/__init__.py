"""Walking tours: what is to come next is added to a copy of the product, in one place and one line."""
