"""The ports, one `Protocol` each. Adapters implement them; the core imports only the ports."""
