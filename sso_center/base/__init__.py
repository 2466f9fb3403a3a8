"""What everything else stands on: settings, errors, clock, secrets, urls. Knows no session and no HTTP."""
