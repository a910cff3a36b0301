"""What a person may do and who is paid: grants, policy and shares. Pure: no files, no network, no clock of its own."""
