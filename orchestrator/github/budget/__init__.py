"""How many requests may go out, counted together for all processes that speak with one credential."""
