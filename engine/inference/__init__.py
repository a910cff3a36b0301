"""Models on the user's own machine: packs, the runtime, separation and restyling."""
