"""What everything else stands on: settings, errors, clock, secrets, urls. Knows nothing of sessions or HTTP."""
