"""Everything that users are shown: cards, answers and labels. Records go in, posts come out."""
