// The rounds of a script beside it, as rounds.py asks for them: one for each line of standard input.
const fs = require('fs');
const readline = require('readline');

const [measureFile, patientsFile, start, end] = process.argv.slice(2);
const bundle = JSON.parse(fs.readFileSync(measureFile, 'utf8'));
const texts = fs.readFileSync(patientsFile, 'utf8').split('\n').filter(line => line);

// Standard output is for answers; what engines log goes beside it.
console.log = console.info = console.error;

// once(patients): the populations of parsed Bundles, { patient: [[population, ...] for each group] }
async function serve(once) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const before = process.cpuUsage();
    const found = await once(texts.map(text => JSON.parse(text)));
    const used = process.cpuUsage(before);
    process.stdout.write(JSON.stringify({ ms: (used.user + used.system) / 1000, found }) + '\n');
  }
}

function run(once) {
  serve(once).catch(error => {
    process.stderr.write(String(error && error.stack || error));
    process.exit(1);
  });
}

module.exports = { bundle, start, end, run };
