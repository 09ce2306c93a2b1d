"""The forges: one folder each, with the same file names; `registry` lists them."""
