"""Everything a subsystem does with the center, without a web framework.

An adapter makes one `Site`, hands it each request as an `Incoming`, and sends back the `Answer`. Below
the `Site`, each step with the center is a pair of functions without I/O, one that builds the request
and one that processes the response; a `Transport` carries it. Time, randomness and HTTP are arguments.

    a person comes    standing.py: whose session, and does it still count (decision.py, view.py, asker.py)
    what ends there   follower.py: feed.py, listener.py, event_stream.py, ending.py, hearing.py, uses.py
    signs in          signing_in.py: login.py, attempts.py, callback.py, id_token.py
    signs out         signing_out.py: logout.py, logout_token.py
    local sessions    cookie_sessions.py or redis_sessions.py
    a token comes     token_guard.py: bearer.py, token_checks.py, access_token.py, introspection.py
    calls to APIs     browser_tokens.py: kept_tokens.py, refresher.py, refresh.py
    images, videos    signed_links.py
    the center        center.py: discovery.py, keys.py, transport.py
"""
