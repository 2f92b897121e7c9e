"""Files in, finished files out: one room per family, one small file per capability."""
