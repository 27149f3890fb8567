// Generated expressions over generated inputs: Junctor's engine and the reference must agree on the
// result, or on the error code.
//
//   node differential.mjs --tool PATH [--pairs 5000] [--seed 1] [--show 20]
//
// Exit code 1 when they differ. What the reference answers with an internal error of JavaScript
// (no code) is counted as "crashed" and not compared, nor is what ran into a limit on either side.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator } from './generator.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const jsonata = createRequire(path.join(here, '../node/package.json'))('jsonata');

function argument(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}
const tool = argument('tool');
const pairs = Number(argument('pairs', 5000));
const seed = Number(argument('seed', 1));
const show = Number(argument('show', 20));
const chunk = 1000;

const child = spawn(tool, tool.endsWith('junctor') ? ['jsonata', '--batch'] : [], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

// Functions leave results: out of objects, null in arrays, undefined alone.
const isFunction = (v) =>
  typeof v === 'function' || (v && typeof v === 'object' && (v._jsonata_lambda || v._jsonata_function));
const plain = (v) => {
  if (isFunction(v)) return undefined;
  const text = JSON.stringify(v, (key, value) => (isFunction(value) ? undefined : value));
  return text === undefined ? undefined : JSON.parse(text);
};

async function reference({ expr, input }) {
  try {
    const compiled = jsonata(expr, { timeout: 2000, stack: 300 });
    const result = plain(await compiled.evaluate(input));
    return result === undefined ? { undefined: true } : { result };
  } catch (error) {
    if (error && error.code && /^[STDU]\d{4}$/.test(error.code)) return { error: error.code };
    return { crashed: String(error && error.message) };
  }
}

function same(a, b) {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.prototype.hasOwnProperty.call(b, key) && same(a[key], b[key]));
}

const limits = new Set(['U1001', 'U1002', 'D1011', 'D1012', 'D2014', 'D2015']);
function agree(theirs, ours) {
  if (theirs.error !== undefined) return ours.error?.code === theirs.error;
  if (theirs.undefined) return ours.undefined === true;
  return 'result' in ours && same(theirs.result, ours.result);
}

// Documented: where the update of a transform meets an empty array, the reference adds a null to it.
function knownTransform({ expr }, theirs, ours) {
  if (!expr.includes('|') || !('result' in theirs) || !('result' in ours)) return false;
  const without = (v) => JSON.stringify(v).replaceAll('[null]', '[]');
  return without(theirs.result) === without(ours.result);
}

const generator = new Generator(seed);
const counts = { equal: 0, equalErrors: 0, crashed: 0, otherMember: 0, known: 0, limited: 0, different: 0 };
const started = Date.now();
for (let done = 0; done < pairs; done += chunk) {
  const batch = [];
  for (let i = 0; i < Math.min(chunk, pairs - done); i++) batch.push(generator.pair());
  child.stdin.write(batch.map((p) => JSON.stringify({ ...p, timeLimitMs: 2000 })).join('\n') + '\n');
  for (const pair of batch) {
    const theirs = await reference(pair);
    const { value, done: ended } = await lines.next();
    if (ended) {
      console.error(`the engine ended at ${JSON.stringify(pair)}`);
      process.exit(1);
    }
    const ours = JSON.parse(value);
    if (theirs.crashed !== undefined) {
      counts.crashed++;
    } else if (limits.has(theirs.error) || limits.has(ours.error?.code)) {
      counts.limited++;
    } else if (agree(theirs, ours)) {
      counts[theirs.error ? 'equalErrors' : 'equal']++;
    } else if (knownTransform(pair, theirs, ours)) {
      counts.known++;
    } else if (theirs.error && ours.error && /[[{]/.test(pair.expr)) {
      // Of several failing members the reference reports the one that failed first in time.
      counts.otherMember++;
    } else if (++counts.different <= show) {
      console.log(JSON.stringify({ ...pair, reference: theirs, junctor: ours }));
    }
  }
}
child.stdin.end();
console.log(JSON.stringify({ seed, pairs, ...counts, seconds: (Date.now() - started) / 1000 }));
process.exit(counts.different ? 1 : 0);
