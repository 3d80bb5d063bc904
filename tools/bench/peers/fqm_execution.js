// Rounds of fqm-execution: one call for all patients, without anything but populations.
const { Calculator } = require('fqm-execution');
const { bundle, start, end, run } = require('./rounds.js');

// Libraries and value sets are read once and kept.
const options = () => ({
  measurementPeriodStart: start,
  measurementPeriodEnd: end,
  calculateHTML: false,
  calculateSDEs: false,
  calculateRAVs: false,
  calculateClauseCoverage: false,
  useElmJsonsCaching: true
});

run(async patients => {
  const { results } = await Calculator.calculate(bundle, patients, options());
  return Object.fromEntries(results.map(one => [
    one.patientId,
    one.detailedResults.map(group =>
      group.populationResults.filter(population => population.result).map(population => population.populationType))
  ]));
});
