"""Walking tours: what is added to the center next, added in one place, in front of your eyes."""
