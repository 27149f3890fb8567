// ajv on the same document and the same measures as schema_bench.cpp; prints one JSON object.
// usage: node ajv_bench.mjs FOLDER SECONDS NODE_MODULES
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [folder, seconds, modules] = [process.argv[2], Number(process.argv[3] ?? 1), process.argv[4]];
const require = createRequire(modules + '/');
const Ajv = require('ajv').default;
const addFormats = require('ajv-formats').default;

const read = (name) => readFileSync(`${folder}/employee.${name}.json`, 'utf8');
const compile = (schema) => {
  const ajv = new Ajv();
  addFormats(ajv);
  return ajv.compile(schema);
};

// The best of many short rounds, in calls per second: what else the machine does counts least there.
const rate = (call, batch = 16) => {
  let best = 0;
  for (let spent = 0; spent < seconds;) {
    const start = performance.now();
    let count = 0;
    let elapsed = 0;
    do {
      for (let i = 0; i < batch; ++i) call();
      count += batch;
      elapsed = (performance.now() - start) / 1000;
    } while (elapsed < 0.005);
    spent += elapsed;
    best = Math.max(best, count / elapsed);
  }
  return Math.floor(best);
};

const schema = JSON.parse(read('schema'));
const text = read('valid');
const [good, bad] = [JSON.parse(text), JSON.parse(read('invalid'))];
const validate = compile(schema);
if (!validate(good) || validate(bad)) throw new Error('wrong answer');
console.log(JSON.stringify({
  validate_valid: rate(() => validate(good)),
  validate_invalid: rate(() => validate(bad)),
  parse: rate(() => JSON.parse(text)),
  parse_validate: rate(() => validate(JSON.parse(text))),
  compile: rate(() => compile(schema), 1),
}));
