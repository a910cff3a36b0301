"""Sample values that several tests build upon."""
