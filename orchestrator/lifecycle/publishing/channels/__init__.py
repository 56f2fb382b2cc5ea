"""How each kind of publication reaches GitHub: look whether it is there, then create or change it."""
