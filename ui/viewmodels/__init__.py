"""What the panels show and do, without a widget: each can be tested with plain values."""
