"""How values are made, converted and compared, so that nothing wraps, is cut or becomes infinite."""
