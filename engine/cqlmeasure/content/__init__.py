"""Where knowledge comes from: Measures, Libraries, ValueSets, CodeSystems and test cases found in what authors have.

Owns finding and reading; knows nothing of evaluation.  Always holds: opening looks at the head of each file only, test
cases and base64 content are read when asked for, nothing is written to disk, and what cannot be read is a warning that
names the file, or a ``ContentError`` where the caller asked for it.
"""

from cqlmeasure.content.cases import CaseData, TestCase
from cqlmeasure.content.content import Content, open_content
from cqlmeasure.content.libraries import LibrarySource
from cqlmeasure.content.resources import MeasureEntry

__all__ = ["CaseData", "Content", "LibrarySource", "MeasureEntry", "TestCase", "open_content"]
