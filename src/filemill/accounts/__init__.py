"""Who is asking: accounts, sign-ins, tokens."""
