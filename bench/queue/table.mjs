// One table from the rows of all systems: node table.mjs <rows as JSON lines>
import { readFileSync } from 'node:fs';

const rows = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const middle = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const shapes = [...new Set(rows.map((row) => row.test))];
const number = (value) => Math.round(value).toLocaleString('en');

for (const shape of shapes) {
  const systems = [];
  for (const system of new Set(rows.filter((row) => row.test === shape).map((row) => row.system))) {
    const runs = rows.filter((row) => row.test === shape && row.system === system);
    const of = (key) => middle(runs.map((run) => run[key] ?? 0));
    systems.push({ system, rate: of('rate'), p50: of('p50_ms'), p99: of('p99_ms'), other: of('other_cpu'),
      perCommit: of('requests_per_commit') });
  }
  const ours = Object.fromEntries(systems.map(({ system, rate }) => [system, rate]));
  const ratio = (name, rate) => (ours[name] ? (ours[name] / rate).toFixed(2) : '-').padStart(9);
  systems.sort((a, b) => b.rate - a.rate);
  console.log(`\n${shape}`.padEnd(33), 'msgs/s'.padStart(9), 'p50 ms'.padStart(9), 'p99 ms'.padStart(9),
    'other %'.padStart(8), 'req/sync'.padStart(9), 'SQLite ×'.padStart(9), 'PostgreSQL ×'.padStart(12));
  for (const s of systems) {
    const time = (value) => (value ? value.toFixed(2) : '-').padStart(9);
    console.log(`  ${s.system}`.padEnd(32), number(s.rate).padStart(9), time(s.p50), time(s.p99),
      Math.round(s.other).toString().padStart(8), (s.perCommit ? s.perCommit.toFixed(1) : '-').padStart(9),
      ratio('Junctor SQLite', s.rate), ratio('Junctor PostgreSQL', s.rate).padStart(12));
  }
}
console.log(`
"×": Junctor's rate on that store divided by this row's. other %: of one core, used by processes outside the test.
req/sync: requests of callers for each commit that waits for the disk; of others unknown.`);
