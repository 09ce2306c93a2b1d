"""One file for each kind of request.

Each file has the same names: `INTENTS`, what the grammar calls the kind; `Request`, what was
decided; and `Handler`, whose `decide` reads a message and changes nothing, and whose `perform`
carries a request out and returns the reply.
"""
