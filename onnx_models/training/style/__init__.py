"""Training of the production style model: from the sound of a stem and of a reference to the settings of a channel
strip."""
