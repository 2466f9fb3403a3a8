"""Local sessions: what a site keeps of somebody signed in, in a signed cookie or in Redis."""
