"""The flat plan: a mix as plain memory that compiled code plays, in the device's callback and off line alike."""
