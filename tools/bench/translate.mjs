// All libraries of a deck translated by the JavaScript build of the reference translator, in one process.
// usage: node translate.mjs NODE_MODULES DECK MODELINFO_FOLDER; prints how many libraries there were.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, deck, modelFolder] = process.argv.slice(2);
const entry = pathToFileURL(join(modules, "@cqframework", "cql", "cql-to-elm.mjs"));
const {
  CqlTranslator, LibraryManager, ModelManager, createLibrarySourceProvider, createModelInfoProvider, stringAsSource,
} = await import(entry);

const texts = new Map();
for (const file of readdirSync(join(deck, "libraries"))) {
  const library = JSON.parse(readFileSync(join(deck, "libraries", file), "utf8"));
  const content = library.content.find((item) => item.contentType === "text/cql");
  if (content) texts.set(`${library.name}|${library.version}`, Buffer.from(content.data, "base64").toString("utf8"));
}
const models = createModelInfoProvider((id, _system, version) => {
  const name = `${id.toLowerCase()}-modelinfo-`;
  const file = join(modelFolder, id === "System" ? `${name}1.0.0.xml` : `${name}${version ?? "4.0.1"}.xml`);
  return stringAsSource(readFileSync(file, "utf8"));
});
const modelManager = new ModelManager();
modelManager.modelInfoLoader.registerModelInfoProvider(models);
const libraryManager = new LibraryManager(modelManager);
libraryManager.librarySourceLoader.registerProvider(
  createLibrarySourceProvider((id, _system, version) => {
    const text = texts.get(`${id}|${version}`);
    return text === undefined ? null : stringAsSource(text);
  }),
);
let count = 0;
for (const text of texts.values()) {
  CqlTranslator.fromText(text, libraryManager).toJson();
  count += 1;
}
console.log(count);
