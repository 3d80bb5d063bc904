"""Options of ``cqlmeasure evaluate`` that set results beside what is expected of such patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cqlmeasure.cli.grouped import advanced, collected
from cqlmeasure.cli.report_options import read_json

if TYPE_CHECKING:
    import cqlmeasure as cm

_advanced = advanced("Results beside what is expected")
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    _advanced(
        "--risk-model",
        "models",
        metavar="[GROUP=]MODEL",
        multiple=True,
        help="What is expected of each patient: a JSON file with a table of coefficients, or the supplemental data or"
        " risk factor in which the CQL computes it; for each group, repeatable.",
    ),
    _advanced(
        "--reference",
        "references",
        metavar="[GROUP=]FILE",
        multiple=True,
        help="The reference population: its summary MeasureReport, or a JSON table with the rate of each stratum."
        " Without --risk-model what is expected comes from these rates (indirect standardisation); repeatable.",
    ),
    _advanced(
        "--reference-rate",
        type=float,
        metavar="RATE",
        help="The rate of the whole reference population, for the standardised rate.  [default: that of its report]",
    ),
    _advanced(
        "--standardise-by",
        metavar="STRATIFIER",
        help="The stratifier whose strata the reference population's rates are for.  [default: the group's first]",
    ),
)


class RiskArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The values of these options."""

    models: tuple[str, ...]
    references: tuple[str, ...]
    reference_rate: float | None
    standardise_by: str | None

    @property
    def given(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.models or self.references)

    def asked(self, measures: Sequence[cm.CompiledMeasure]) -> Adjusting | None:
        """What they ask for, with the files read; ``None`` for nothing."""
        if not self.given:
            for option, value in (
                ("--reference-rate", self.reference_rate),
                ("--standardise-by", self.standardise_by),
            ):
                if value is not None:
                    raise click.UsageError(f"{option} is for --risk-model or --reference")
            return None
        if len(measures) > 1:
            raise click.UsageError("--risk-model and --reference are for one measure")
        measure = measures[0]
        found = Adjusting(
            models={group: _model(text) for group, text in _by_group(measure, "--risk-model", self.models)},
            references={
                group: read_json(Path(text), "--reference")
                for group, text in _by_group(measure, "--reference", self.references)
            },
            rate=self.reference_rate,
            stratifier=self.standardise_by or 0,
        )
        found.check(measure)
        return found


class Adjusting(msgspec.Struct, frozen=True, kw_only=True):
    """Risk models and reference populations, by the label of the group."""

    models: Mapping[str, dict[str, Any] | str]
    references: Mapping[str, dict[str, Any]]
    rate: float | None
    stratifier: int | str

    def check(self, measure: cm.CompiledMeasure) -> None:
        """Whether it all fits the measure is known before anybody is evaluated."""
        # Loaded here so that --help does without the engine.
        from cqlmeasure.measure import adjustable_group, computed_risk, group_position, read_reference, read_risk_model
        from cqlmeasure.measure import stratifier_position as stratifier_of

        own = measure.definition
        for label, model in self.models.items():
            adjustable_group(own, group_position(own, label))
            if isinstance(model, str):
                computed_risk(own, model)
            else:
                read_risk_model(model).bind(own)
        for label, reference in self.references.items():
            position = group_position(own, label)
            read_reference(own, reference, position, stratifier_of(adjustable_group(own, position), self.stratifier))

    def applied(self, result: cm.MeasureResult) -> cm.MeasureResult:
        """The result, whose reports have what was observed beside what is expected."""
        return result.with_options(adjusted=dict(self._adjusted(result, result.report_options.confidence or 0.95)))

    def _adjusted(self, result: cm.MeasureResult, confidence: float) -> Iterator[tuple[str, cm.RiskAdjusted]]:
        for group in {**self.models, **self.references}:
            reference = self.references.get(group)
            if group in self.models:
                model = self.models[group]
                yield (
                    group,
                    result.risk_adjusted(
                        model, group=group, reference=reference, reference_rate=self.rate, confidence=confidence
                    ),
                )
            elif reference is not None:
                yield (
                    group,
                    result.standardised(
                        reference,
                        group=group,
                        stratifier=self.stratifier,
                        reference_rate=self.rate,
                        confidence=confidence,
                    ),
                )


# The function gets what they say as the argument ``risk``.
risk_options = collected(RiskArguments, "risk", *_OPTIONS)


def _model(text: str) -> dict[str, Any] | str:
    return read_json(Path(text), "--risk-model") if text.lower().endswith(".json") or Path(text).is_file() else text


def _by_group(measure: cm.CompiledMeasure, option: str, given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The values of an option with the first label of the group that each is for."""
    labels = [group.labels(number) for number, group in enumerate(measure.definition.groups, 1)]
    seen: set[str] = set()
    for text in given:
        name, _, value = text.partition("=")
        group = next((names[0] for names in labels if name in names and value), None)
        if group is None:
            if len(labels) != 1:
                known = ", ".join(names[0] for names in labels)
                raise click.UsageError(f"{option} {text!r}: say for which group, as GROUP={text} ({known})")
            group, value = labels[0][0], text
        if group in seen:
            raise click.UsageError(f"{option} is given twice for group {group}")
        seen.add(group)
        yield group, value
