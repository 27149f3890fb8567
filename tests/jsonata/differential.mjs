// Generated expressions over generated inputs: Junctor's engine and the reference must agree on the
// result, or on the error code.
//
//   node differential.mjs --tool PATH [--pairs 5000] [--seed 1] [--show 20]
//
// Exit code 1 when they differ. What the reference answers with an internal error of JavaScript
// (no code) is counted as "crashed" and not compared, nor is what ran into a limit on either side.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { Generator } from './generator.mjs';

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

// The reference runs in a thread of its own: what exhausts its memory or never comes back ends that
// thread and counts as crashed.
class Reference {
  start() {
    this.worker = new Worker(new URL('./reference_worker.mjs', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
      stderr: true,
    });
    this.worker.on('message', (answer) => this.finish(answer));
    this.worker.on('error', (error) => this.restart(String(error.code ?? error)));
  }
  restart(reason) {
    this.worker.removeAllListeners();
    this.worker.on('error', () => {});
    this.worker.terminate();
    this.worker = undefined;
    this.finish({ crashed: reason });
  }
  finish(answer) {
    clearTimeout(this.timer);
    const resolve = this.resolve;
    this.resolve = undefined;
    resolve?.(answer);
  }
  evaluate(pair) {
    if (!this.worker) this.start();
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.timer = setTimeout(() => this.restart('no answer within 20 s'), 20_000);
      this.worker.postMessage(pair);
    });
  }
}
const reference = new Reference();

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

// Documented: where {…} meets an empty array, the reference adds a null to that array.
function knownEmptyArray({ expr }, theirs, ours) {
  if (!expr.includes('{') || !('result' in theirs) || !('result' in ours)) return false;
  const without = (v) => JSON.stringify(v).replaceAll('[null]', '[]');
  return without(theirs.result) === without(ours.result);
}

// Documented: the reference tests the left side of ?? and ?: on a copy made through JSON, in which a
// regular expression has become the text "[object Object]" and a signature is gone.
function knownCopy({ expr }) {
  return /\?[?:]/.test(expr) && /\/|>\s*\{/.test(expr);
}

// Documented: a wildcard in a constructor that begins a path meets the reference's own marks.
const knownWildcard = ({ expr }) => /\[[^\]]*\*/.test(expr);

// Documented: behind an order-by the reference loses that its items are tuples of @, # or %, and shows
// them as objects.
const knownSortedTuples = ({ expr }) => /\^\(/.test(expr) && /[@#]\s*\$|%/.test(expr);

// Documented: library functions check their arguments when they were partially applied, too; the
// reference cannot apply $string partially, since it reads parameters from its own source.
const knownPartial = ({ expr }) =>
  /\$[a-zA-Z0-9]+\(([^()]*,)?\s*\?\s*[,)]/.test(expr);

// Documented: separators of an irregular picture stand between digits only.
function knownSeparators({ expr }, theirs, ours) {
  if (!/formatInteger|fromMillis/.test(expr) || !('result' in theirs) || !('result' in ours)) return false;
  const digits = (v) => JSON.stringify(v).replace(/[^0-9]/g, '');
  return digits(ours.result).endsWith(digits(theirs.result)) || digits(theirs.result) === digits(ours.result);
}

// Documented: a regular expression that is called finds nothing in what is no text; the reference
// looks through the text that JavaScript makes of it.
const knownSubject = ({ expr }) => /\$(map|filter|each|sift|single|reduce)\(.*\/.*\//.test(expr);

// Documented: $power is that of the C library, whose last digit may be another one than V8's.
function knownPower({ expr }, theirs, ours) {
  if (!expr.includes('$power')) return false;
  const rounded = (v) => JSON.stringify(v, (key, x) => (typeof x === 'number' ? Number(x.toPrecision(14)) : x));
  return rounded(theirs.result) === rounded(ours.result);
}

const known = [knownPower, knownSubject, knownSortedTuples, knownEmptyArray, knownCopy, knownWildcard, knownPartial, knownSeparators];
const generator = new Generator(seed);
const counts = { equal: 0, equalErrors: 0, crashed: 0, otherMember: 0, known: 0, limited: 0, different: 0 };
const started = Date.now();
for (let done = 0; done < pairs; done += chunk) {
  const batch = [];
  for (let i = 0; i < Math.min(chunk, pairs - done); i++) batch.push(generator.pair());
  child.stdin.write(batch.map((p) => JSON.stringify({ ...p, timeLimitMs: 2000 })).join('\n') + '\n');
  for (const pair of batch) {
    const theirs = await reference.evaluate(pair);
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
    } else if (known.some((is) => is(pair, theirs, ours))) {
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
