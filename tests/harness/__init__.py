"""What tests stand on: a real center as a process, a browser, a site, and a receiver of logout tokens."""
