// Reads workflow files and action.yml with GitHub's own parser: node parse.mjs DIST FILE...
// Prints FILE:LINE:COLUMN: MESSAGE for each error, and ends with 1 where there are any.

import fs from "node:fs";
import { register } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// The package is written for bundlers and imports JSON without saying so, which Node refuses.
register(`data:text/javascript,${encodeURIComponent(`
  import fs from "node:fs/promises";
  import { fileURLToPath } from "node:url";
  export async function load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    const text = await fs.readFile(fileURLToPath(url), "utf8");
    return { format: "module", shortCircuit: true, source: "export default " + text };
  }`)}`);

const [dist, ...files] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(dist, name)).href);
const { parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = await load("index.js");
const { parseAction, convertActionTemplate } = await load("actions/index.js");

let failed = false;
for (const file of files) {
  const isAction = /^action\.ya?ml$/.test(path.basename(file));
  const source = { name: path.basename(file), content: fs.readFileSync(file, "utf8") };
  const { context, value } = (isAction ? parseAction : parseWorkflow)(source, new NoOperationTraceWriter());
  // Jobs, steps and conditions are only looked at while the tree is turned into the model.
  if (value && context.errors.getErrors().length === 0) {
    await (isAction ? convertActionTemplate : convertWorkflowTemplate)(context, value);
  }
  for (const error of context.errors.getErrors()) {
    const start = error.range?.start ?? { line: 1, column: 1 };
    console.log(`${path.relative("", file)}:${start.line}:${start.column}: ${error.rawMessage}`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
