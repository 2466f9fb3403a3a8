-- Names unused() only here.
--! args: text
return {long(text)}
