"""What threads share and forked processes must renew."""
