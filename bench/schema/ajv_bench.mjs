// ajv on the same document and the same measures as schema_bench.cpp; prints one JSON object.
// usage: node ajv_bench.mjs FOLDER SECONDS NODE_MODULES
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [folder, seconds, modules] = [process.argv[2], Number(process.argv[3] ?? 1), process.argv[4]];
const require = createRequire(modules + '/');
const Ajv = require('ajv').default;
const addFormats = require('ajv-formats').default;

const read = (name) => readFileSync(`${folder}/employee.${name}.json`, 'utf8');
const compile = (schema, mode = 'full') => {
  const ajv = new Ajv();
  addFormats(ajv, { mode });
  return ajv.compile(schema);
};

// `rate`: the best of many short rounds, in calls per second: what else the machine does counts least there.
// `cpu_ns`: what a call costs on average, collecting garbage included.
const rate = (call, batch = 16) => {
  let best = 0;
  let calls = 0;
  const cpu = process.cpuUsage();
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
    calls += count;
    best = Math.max(best, count / elapsed);
  }
  const { user, system } = process.cpuUsage(cpu);
  return { rate: Math.floor(best), cpu_ns: Math.round(((user + system) * 1000) / calls) };
};

const schema = JSON.parse(read('schema'));
const text = read('valid');
const bad_text = read('invalid');
const [good, bad] = [JSON.parse(text), JSON.parse(bad_text)];
const validate = compile(schema);
const fast = compile(schema, 'fast');
if (!validate(good) || validate(bad)) throw new Error('wrong answer');
console.log(JSON.stringify({
  validate_valid: rate(() => validate(good)),
  validate_invalid: rate(() => validate(bad)),
  parse: rate(() => JSON.parse(text)),
  parse_validate: rate(() => validate(JSON.parse(text))),
  parse_refuse: rate(() => validate(JSON.parse(bad_text))),
  fast_validate_valid: rate(() => fast(good)),
  fast_parse_validate: rate(() => fast(JSON.parse(text))),
  compile: rate(() => compile(schema), 1),
}));
