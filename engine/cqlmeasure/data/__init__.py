"""Where subjects come from: Bundles, folders, NDJSON, lists of resources, FHIR servers; one ``SubjectData`` each.

Owns reading and grouping; knows nothing of measures.  Always holds: Bundles stream (one is parsed, handed out and
forgotten before the next), what belongs to a patient is decided by references and the patient compartment unless
``bundle_is_patient`` says that a Bundle is the patient, and what cannot be read is a ``DataError`` that names the file.
"""

from cqlmeasure.data.bundles import Folder, Resources, Texts, bundles, folder, from_resources, from_texts
from cqlmeasure.data.ndjson import Ndjson, ndjson
from cqlmeasure.data.opening import open_data
from cqlmeasure.data.selection import Answers, Clause, Question, Selection, Times, Wanted
from cqlmeasure.data.store import Store
from cqlmeasure.data.subjects import (
    Answering,
    ById,
    DataSource,
    Divisible,
    Each,
    Screened,
    Selecting,
    SubjectData,
    one_by_one,
    subject_from_resources,
)

__all__ = [
    "Answering",
    "Answers",
    "ById",
    "Clause",
    "DataSource",
    "Divisible",
    "Each",
    "Folder",
    "Ndjson",
    "Question",
    "Resources",
    "Screened",
    "Selecting",
    "Selection",
    "Store",
    "SubjectData",
    "Texts",
    "Times",
    "Wanted",
    "bundles",
    "folder",
    "from_resources",
    "from_texts",
    "ndjson",
    "one_by_one",
    "open_data",
    "subject_from_resources",
]
