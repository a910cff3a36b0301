"""The songs: one module each, with `CREDITS`, `TERMS` and `arrange(band)`."""
