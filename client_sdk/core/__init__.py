"""Everything a subsystem does with the center, without a web framework.

An adapter makes one `Site`, hands it each request as an `Incoming`, and sends back the `Answer`. Below
the `Site`, each step with the center is a pair of functions without I/O, one that builds the request
and one that processes the response; a `Transport` carries it. Time, randomness and HTTP are arguments.

    site.py      the one object that an adapter needs
    login/       signing in and out, and the center's logout tokens
    tokens/      guarding an API, keeping tokens to call APIs with, signed links
    liveness/    does the session of a request still count
    endings/     what ended: the view of this process, and the feed that keeps it fresh
    sessions/    local sessions, in a signed cookie or in Redis
    http/        the way to the center: transport, discovery, keys
    web/         a browser's request and the answer: messages, pages, addresses
    threads/     what threads share and forked processes must renew

Imports run down this list (setup.cfg holds them to it); derived_keys.py, settings.py, errors.py and clock.py
lie below all rooms.
"""
