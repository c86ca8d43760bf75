"""The grammar that writes the phrasebook: a lexicon, two morphologies and one syntax that both languages are read off."""
