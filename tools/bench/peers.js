// Evaluates patients with fqm-execution and prints its CPU time and the populations that it found.
// usage: node peers.js MEASURE_BUNDLE PATIENTS PERIOD_START PERIOD_END ROUNDS; PATIENTS has a Bundle on each line.
const fs = require('fs');
const { Calculator } = require('fqm-execution');

const [bundleFile, patientsFile, start, end, rounds] = process.argv.slice(2);
const measure = JSON.parse(fs.readFileSync(bundleFile, 'utf8'));
const texts = fs.readFileSync(patientsFile, 'utf8').split('\n').filter(line => line);
const options = {
  measurementPeriodStart: start,
  measurementPeriodEnd: end,
  calculateHTML: false,
  calculateSDEs: false,
  calculateClauseCoverage: false,
  verboseCalculationResults: true
};

async function once() {
  const before = process.cpuUsage();
  // one call for all patients: the measure is prepared once
  const { results } = await Calculator.calculate(measure, texts.map(text => JSON.parse(text)), options);
  const found = results.map(result => (result.detailedResults || []).map(group =>
    (group.populationResults || []).map(one => [one.populationType, one.result])));
  const used = process.cpuUsage(before);
  return { ms: (used.user + used.system) / 1000 / texts.length, found };
}

(async () => {
  const times = [];
  let found;
  await once();
  for (let round = 0; round < Number(rounds); round++) {
    const result = await once();
    times.push(result.ms);
    found = result.found;
  }
  process.stdout.write(JSON.stringify({ times, found }));
})().catch(error => {
  process.stderr.write(String(error && error.stack || error));
  process.exit(1);
});
