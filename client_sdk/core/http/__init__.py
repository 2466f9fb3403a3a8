"""The way to the center: transport, discovery, keys, and how this site proves who it is."""
