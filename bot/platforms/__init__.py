"""Where people talk to Sabio: one platform a file. The terminal is one of them."""
