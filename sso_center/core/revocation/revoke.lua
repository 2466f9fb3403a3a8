-- Revokes one family or token; it is refused for `kept` ms unless that is recorded.
--! args: id, about, kept
revoke(id, about, kept)
return 'OK'
