// Rounds of cql-execution over the ELM of the libraries, with cql-exec-fhir for the patients.
// Of the measure's library only the definitions that are criteria are asked for.
const cql = require('cql-execution');
const { PatientSource } = require('cql-exec-fhir');
const { bundle, start, end, run } = require('./rounds.js');

const resources = bundle.entry.map(entry => entry.resource);
const measure = resources.find(one => one.resourceType === 'Measure');
const libraries = resources.filter(one => one.resourceType === 'Library');

const elm = library => JSON.parse(Buffer.from(
  library.content.find(one => one.contentType === 'application/elm+json').data, 'base64').toString('utf8'));

const codes = contains => (contains || []).flatMap(one => [
  ...(one.code ? [{ code: one.code, system: one.system, version: one.version }] : []), ...codes(one.contains)]);

const valueSets = Object.fromEntries(resources.filter(one => one.resourceType === 'ValueSet')
  .map(one => [one.url, { [one.version || '']: codes(one.expansion && one.expansion.contains) }]));

const own = elm(libraries.find(one => one.url === measure.library[0].split('|')[0])).library.identifier;
const library = new cql.Repository(libraries.map(elm)).resolve(own.id, own.version);
const codeService = new cql.CodeService(valueSets);
const parameters = {
  'Measurement Period': new cql.Interval(
    cql.DateTime.parse(`${start}T00:00:00.000+00:00`), cql.DateTime.parse(`${end}T23:59:59.999+00:00`))
};
// The criteria of observations are functions, which are not populations.
const groups = measure.group.map(group => group.population
  .map(population => [population.code.coding[0].code, population.criteria.expression])
  .filter(([type]) => type !== 'measure-observation'));

run(async patients => {
  const source = PatientSource.FHIRv401({ requireProfileTagging: true });
  source.loadBundles(patients);
  const now = cql.DateTime.fromJSDate(new Date(), 0);
  const found = {};
  for (let patient = source.currentPatient(); patient; patient = source.nextPatient()) {
    // As cql.Executor does it for every definition of a library.
    const context = new cql.PatientContext(library, patient, codeService, parameters, now);
    const values = {};
    for (const [, expression] of groups.flat()) {
      if (!(expression in values)) values[expression] = await library.expressions[expression].execute(context);
    }
    found[patient.getId()] = groups.map(populations =>
      populations.filter(([, expression]) => values[expression] === true).map(([type]) => type));
  }
  return found;
});
