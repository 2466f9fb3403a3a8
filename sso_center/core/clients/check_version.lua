-- Does nothing: the guard in front of it refuses a caller that has not heard of the latest clients and keys.
-- Returns 1
return 1
