// Evaluations per second of the reference: node reference.mjs FILE SECONDS
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const jsonata = createRequire(path.join(here, '../../tests/node/package.json'))('jsonata');
const { expr, input } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const nanoseconds = BigInt(Math.round(Number(process.argv[3]) * 1e9));
const expression = jsonata(expr);
const until = async (limit) => {
  const start = process.hrtime.bigint();
  let count = 0;
  let now;
  let round = 1;
  do {
    for (let i = 0; i < round; i++) await expression.evaluate(input);
    count += round;
    round = Math.min(round * 2, 64);
    now = process.hrtime.bigint();
  } while (now - start < limit);
  return count / (Number(now - start) / 1e9);
};
await until(nanoseconds / 2n); // warm
console.log(await until(nanoseconds));
