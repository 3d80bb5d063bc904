"""What is known of subjects before they are evaluated."""

from __future__ import annotations

from cqlmeasure.api.settling import Person, settling
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import Diagnostic


def test_whose_a_subject_is_cannot_be_told_if_its_data_are_not_all_there() -> None:
    settled = settling([], {0: lambda subject: False})
    patient = {"resourceType": "Patient", "id": "p"}
    fault = Diagnostic(code="server", message="the server does not answer")
    assert settled(Person(SubjectData("p", [patient], "a"))) == {0: None}
    assert settled(Person(SubjectData("p", [patient], "a", faults=(fault,)))) == {}, "its evaluation says what failed"
