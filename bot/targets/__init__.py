"""Foreign bots that Theseus looks after: found, inspected and described without running them."""
