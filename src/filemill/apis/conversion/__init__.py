"""The API `conversion-sessions`: whoever comes by may convert a file, without an account."""
