-- Names unused() only here.
return {long(args[1])}
