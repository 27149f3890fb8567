// Medians and ratios of what run has measured. usage: node summary.mjs FILE
// The file has two JSON objects a round, ajv's and Junctor's; a measure is {rate, cpu_ns}.
import { readFileSync } from 'node:fs';

const lines = readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const ajv = lines.filter((_, i) => i % 2 === 0);
const junctor = lines.filter((_, i) => i % 2 === 1);

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const number = (value) => Math.round(value).toLocaleString('en');
const row = (title, theirs, ours) => {
  const ratios = ajv.map((round, i) => junctor[i][ours].rate / round[theirs].rate);
  const of = (rounds, name, what) => median(rounds.map((round) => round[name][what]));
  const range = `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`;
  console.log(
    title.padEnd(36), `${number(of(ajv, theirs, 'rate'))}/s`.padStart(12), `${number(of(junctor, ours, 'rate'))}/s`.padStart(12),
    `${median(ratios).toFixed(2)} (${range})`.padStart(20),
    `${number(of(ajv, theirs, 'cpu_ns'))} ns`.padStart(12), `${number(of(junctor, ours, 'cpu_ns'))} ns`.padStart(12),
    (of(ajv, theirs, 'cpu_ns') / of(junctor, ours, 'cpu_ns')).toFixed(2).padStart(6));
};

console.log(`rounds: ${ajv.length}`.padEnd(36), 'ajv'.padStart(12), 'junctor'.padStart(12), 'ratio (range)'.padStart(20),
  'ajv CPU'.padStart(12), 'junctor CPU'.padStart(12), 'ratio'.padStart(6));
row('validate a parsed document', 'validate_valid', 'validate_valid');
row('refuse a parsed document', 'validate_invalid', 'validate_invalid');
row('parse and validate a text', 'parse_validate', 'text_validate');
row('parse and refuse a text', 'parse_refuse', 'text_refuse');
row('parse to a value, validate', 'parse_validate', 'parse_validate');
row('parse', 'parse', 'parse');
row('compile', 'compile', 'compile');
console.log("beside ajv with formats in mode 'fast', which takes 2021-02-31 for a date:");
row('validate a parsed document', 'fast_validate_valid', 'validate_valid');
row('parse and validate a text', 'fast_parse_validate', 'text_validate');
