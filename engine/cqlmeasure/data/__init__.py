"""Where subjects come from: Bundles, folders, NDJSON and lists of resources, one ``SubjectData`` per patient.

Owns reading and grouping; knows nothing of measures.  Always holds: Bundles stream (one is parsed, handed out and
forgotten before the next), what belongs to a patient is decided by references and the patient compartment unless
``bundle_is_patient`` says that a Bundle is the patient, and what cannot be read is a ``DataError`` that names the file.
"""

from cqlmeasure.data.bundles import Folder, Resources, bundles, folder, from_resources
from cqlmeasure.data.ndjson import Ndjson, ndjson
from cqlmeasure.data.opening import open_data
from cqlmeasure.data.selection import Clause, Selection, Wanted
from cqlmeasure.data.store import Store
from cqlmeasure.data.subjects import DataSource, Screened, Selecting, SubjectData, subject_from_resources

__all__ = [
    "Clause",
    "DataSource",
    "Folder",
    "Ndjson",
    "Resources",
    "Screened",
    "Selecting",
    "Selection",
    "Store",
    "SubjectData",
    "Wanted",
    "bundles",
    "folder",
    "from_resources",
    "ndjson",
    "open_data",
    "subject_from_resources",
]
