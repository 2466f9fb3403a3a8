"""A browser's request and the site's answer: messages, pages, addresses and cookie names."""
