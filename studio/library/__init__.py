"""The library: the person's sounds and licensed recordings at rest, and the licences that open them."""
