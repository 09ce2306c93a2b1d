"""What people are shown: cards, formats, words. Records in, posts out."""
