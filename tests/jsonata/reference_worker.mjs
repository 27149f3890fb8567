// Evaluates pairs with the npm package and answers each with its result, its error code, or what it
// crashed with; for differential.mjs.
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';

const jsonata = createRequire(new URL('../node/package.json', import.meta.url))('jsonata');

// Functions leave results: out of objects, null in arrays, undefined alone.
const isFunction = (v) =>
  typeof v === 'function' || (v && typeof v === 'object' && (v._jsonata_lambda || v._jsonata_function));
const plain = (v) => {
  if (isFunction(v)) return undefined;
  const text = JSON.stringify(v, (key, value) => (isFunction(value) ? undefined : value));
  return text === undefined ? undefined : JSON.parse(text);
};

async function evaluate({ expr, input }) {
  try {
    const compiled = jsonata(expr, { timeout: 2000, stack: 300 });
    const result = plain(await compiled.evaluate(input));
    return result === undefined ? { undefined: true } : { result };
  } catch (error) {
    if (error && error.code && /^[STDU]\d{4}$/.test(error.code)) return { error: error.code };
    return { crashed: String(error && error.message) };
  }
}

parentPort.on('message', async (pair) => parentPort.postMessage(await evaluate(pair)));
