"""`theseus rolling-restart`: restarts the bots behind a load balancer, one after another."""
