"""Write the phrasebook anew: `python corpora/translate/phrasebook/generate.py [OUT_DIR]`, by default beside this file.

The files are the same bytes every time, on every Python from 3.11 on.
"""

import sys
from pathlib import Path

from grammar.splits import write

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    write(folder)
