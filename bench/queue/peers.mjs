// One peer, the shapes of bench/queue: prints a JSON line per run. Started by ./run, which sets
// PEER, PEERS_FOLDER, SERVER_PID, PEER_URL or PEER_PORT, BODY_FILE, SECONDS_PER_SHAPE, RUNS_PER_SHAPE.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';

const { PEER, PEERS_FOLDER, SERVER_PID, PEER_URL, PEER_PORT, BODY_FILE } = process.env;
const seconds = Number(process.env.SECONDS_PER_SHAPE ?? 2);
const runs = Number(process.env.RUNS_PER_SHAPE ?? 1);
const load = createRequire(`${PEERS_FOLDER}/`);
const version = (name) => JSON.parse(readFileSync(`${PEERS_FOLDER}/node_modules/${name}/package.json`)).version;
const body = readFileSync(BODY_FILE, 'utf8');
const data = JSON.parse(body);
const callers = 64, batch = 100;
const repeat = (count, make) => Array.from({ length: count }, (_, i) => make(i));

// --- what else used the processors: percent of one core ---
const fields = (path) => readFileSync(path, 'latin1');
const busy = () => {
  const parts = fields('/proc/stat').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number);
  return (parts.reduce((a, b) => a + b) - parts[3] - parts[4]) / 100;
};
const ownCpu = () => {
  const children = new Map(), used = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = fields(`/proc/${pid}/stat`);
      const parts = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      children.set(parts[1], [...(children.get(parts[1]) ?? []), pid]);
      used.set(pid, (Number(parts[11]) + Number(parts[12])) / 100);
    } catch { /* it has ended */ }
  }
  let total = 0;
  for (const open = [String(process.pid), SERVER_PID]; open.length;) {
    const pid = open.pop();
    total += used.get(pid) ?? 0;
    open.push(...(children.get(pid) ?? []));
  }
  return total;
};

async function loop(workers, call) {
  const times = [];
  let messages = 0;
  const start = performance.now(), end = start + seconds * 1000;
  await Promise.all(repeat(workers, async (worker) => {
    while (performance.now() < end) {
      const from = performance.now();
      const done = await call(worker);
      if (!done) return;
      times.push(performance.now() - from);
      messages += done;
    }
  }));
  times.sort((a, b) => a - b);
  return { rate: (messages / (performance.now() - start)) * 1000, p50_ms: times[times.length >> 1],
    p99_ms: times[Math.floor(times.length * 0.99)] };
}

async function measure(system, test, prepare, body_) {
  for (let run = 0; run < runs; ++run) {
    await prepare();
    const [busyBefore, ownBefore, from] = [busy(), ownCpu(), performance.now()];
    const result = await body_();
    const other = (busy() - busyBefore - (ownCpu() - ownBefore)) / ((performance.now() - from) / 1000);
    console.log(JSON.stringify({ system, test, ...result, other_cpu: other * 100 }));
  }
}

// A peer: how to empty, fill, publish and take; take() answers how many it took and acknowledged.
async function four(system, peer) {
  const fill = (count) => async () => { await peer.reset(); await peer.fill(count); };
  const take = (workers, count) => peer.work ? () => peer.work(workers, count) : () => loop(workers, (w) => peer.take(w, count));
  await measure(system, 'enqueue b100 p1', peer.reset, () => loop(1, () => peer.publishMany(batch).then(() => batch)));
  await measure(system, 'enqueue b1 p64', peer.reset, () => loop(callers, (w) => peer.publish(w).then(() => 1)));
  await measure(system, 'lease+ack b100 c1', fill(peer.most ?? 150_000), take(1, batch));
  await measure(system, 'lease+ack b1 c64', fill(peer.mostSingly ?? 60_000), take(callers, 1));
}

const peers = {
  async pgmq() {
    const { Pool } = load('pg');
    const pool = new Pool({ connectionString: PEER_URL, max: 16 });
    await pool.query(`CREATE TABLE work (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, reads int NOT NULL DEFAULT 0,
      added timestamptz NOT NULL DEFAULT now(), visible timestamptz NOT NULL DEFAULT now(), message jsonb NOT NULL);
      CREATE INDEX ON work (visible)`);
    const lease = `WITH next AS (SELECT id FROM work WHERE visible <= clock_timestamp() ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
      UPDATE work SET visible = clock_timestamp() + interval '30 s', reads = reads + 1 FROM next WHERE work.id = next.id
      RETURNING work.id, message`;
    const many = repeat(batch, () => body);
    await four('SKIP LOCKED SQL (PGMQ style)', {
      reset: () => pool.query('TRUNCATE work'),
      fill: async (count) => {
        await pool.query('INSERT INTO work (message) SELECT $1::jsonb FROM generate_series(1, $2::int)', [body, count]);
        await pool.query('ANALYZE work');
      },
      publish: () => pool.query({ name: 'one', text: 'INSERT INTO work (message) VALUES ($1::jsonb)', values: [body] }),
      publishMany: () => pool.query({ name: 'many', text: 'INSERT INTO work (message) SELECT unnest($1::jsonb[])', values: [many] }),
      take: async (_, count) => {
        const { rows } = await pool.query({ name: 'lease', text: lease, values: [count] });
        if (!rows.length) return 0;
        await pool.query({ name: 'ack', text: 'DELETE FROM work WHERE id = ANY($1::bigint[])', values: [rows.map((row) => row.id)] });
        return rows.length;
      },
    });
    await pool.end();
  },

  async graphile() {
    const { run, makeWorkerUtils, Logger } = load('graphile-worker');
    const { Pool } = load('pg');
    const pool = new Pool({ connectionString: PEER_URL, max: 20 });
    pool.on('error', (error) => console.error(error));
    const logger = new Logger(() => () => {});
    const utils = await makeWorkerUtils({ pgPool: pool, logger });
    await utils.migrate();
    const publishMany = (count) => utils.addJobs(repeat(count, () => ({ identifier: 'nothing', payload: data })));
    await four(`graphile-worker ${version('graphile-worker')}`, {
      most: 60_000, mostSingly: 20_000, publishMany,
      reset: () => pool.query('TRUNCATE graphile_worker._private_jobs CASCADE'),
      fill: async (count) => {
        for (let i = 0; i < count; i += 1000) await publishMany(1000);
        await pool.query('ANALYZE graphile_worker._private_jobs');
      },
      publish: () => utils.addJob('nothing', data),
      // It takes by itself; completions of a batch are written together.
      work: async (workers, count) => {
        let done = 0;
        const preset = count > 1 ? { worker: { localQueue: { size: count }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } } : undefined;
        const start = performance.now();
        const runner = await run({ pgPool: pool, logger, concurrency: workers, noHandleSignals: true, pollInterval: 100, preset,
          taskList: { nothing: async () => { ++done; } } });
        const all = (count > 1 ? 60_000 : 20_000);
        while (performance.now() - start < seconds * 1000 && done < all) await new Promise((wake) => setTimeout(wake, 5));
        const result = { rate: (done / (performance.now() - start)) * 1000 };
        await runner.stop();
        return result;
      },
    });
    await utils.release();
    await pool.end();
  },

  async pgboss() {
    const library = load('pg-boss');
    const Boss = library.PgBoss ?? library.default ?? library;
    const { Client } = load('pg');
    const client = new Client({ connectionString: PEER_URL });
    await client.connect();
    const boss = new Boss({ connectionString: PEER_URL, max: 16, supervise: false, schedule: false });
    boss.on('error', (error) => console.error(error));
    await boss.start();
    let queue, made = 0;
    await four(`pg-boss ${version('pg-boss')}`, {
      most: 60_000, mostSingly: 20_000,
      reset: async () => {
        if (queue) await boss.deleteQueue(queue);
        await boss.createQueue(queue = `work${++made}`);
      },
      fill: async (count) => {
        for (let i = 0; i < count; i += 500) await boss.insert(queue, repeat(500, () => ({ data })));
        await client.query('ANALYZE');
      },
      publish: () => boss.send(queue, data),
      publishMany: (count) => boss.insert(queue, repeat(count, () => ({ data }))),
      take: async (_, count) => {
        const jobs = await boss.fetch(queue, { batchSize: count });
        if (!jobs?.length) return 0;
        await boss.complete(queue, jobs.map((job) => job.id));
        return jobs.length;
      },
    });
    await boss.stop({ graceful: false, wait: false });
    await client.end();
  },

  async bullmq() {
    const { Queue, Worker } = load('bullmq');
    const library = load('ioredis');
    const Redis = library.Redis ?? library.default ?? library;
    const connect = () => new Redis(Number(PEER_PORT), '127.0.0.1', { maxRetriesPerRequest: null });
    const admin = connect();
    const queues = repeat(8, () => new Queue('work', { connection: connect(), defaultJobOptions: { removeOnComplete: true, removeOnFail: true } }));
    const publishMany = (count) => queues[0].addBulk(repeat(count, () => ({ name: 'job', data })));
    const most = 40_000;
    await four(`BullMQ ${version('bullmq')}, appendfsync always`, {
      most, mostSingly: most, publishMany,
      reset: () => admin.flushall(),
      fill: async (count) => { for (let i = 0; i < count; i += 500) await publishMany(500); },
      publish: (w) => queues[w % 8].add('job', data),
      // It has no batches for consumers: 100 at once instead.
      work: async (workers, count) => {
        let done = 0;
        const start = performance.now();
        const worker = new Worker('work', async () => { ++done; },
          { connection: connect(), concurrency: Math.max(workers, count), removeOnComplete: { count: 0 } });
        while (performance.now() - start < seconds * 1000 && done < most) await new Promise((wake) => setTimeout(wake, 5));
        const result = { rate: (done / (performance.now() - start)) * 1000 };
        await worker.close(true);
        return result;
      },
    });
  },

  async beanstalkd() {
    // Commands and answers of one connection are in order, so a batch is sent whole.
    const connect = () => {
      const socket = net.connect(Number(PEER_PORT), '127.0.0.1').setNoDelay(true);
      let rest = Buffer.alloc(0);
      const waiting = [];
      socket.on('data', (bytes) => {
        rest = rest.length ? Buffer.concat([rest, bytes]) : bytes;
        let at = 0;
        while (waiting.length) {
          const end = rest.indexOf('\r\n', at);
          if (end < 0) break;
          const line = rest.toString('latin1', at, end);
          const after = end + 2 + (line.startsWith('RESERVED') ? Number(line.split(' ')[2]) + 2 : 0);
          if (rest.length < after) break;
          at = after;
          waiting.shift()(line);
        }
        rest = rest.subarray(at);
      });
      return (commands) => {
        const answers = Promise.all(commands.map(() => new Promise((resolve) => waiting.push(resolve))));
        socket.write(commands.join(''));
        return answers;
      };
    };
    const connections = repeat(callers, connect);
    const put = `put 100 0 60 ${body.length}\r\n${body}\r\n`;
    const take = async (w, count) => {
      const lines = await connections[w](repeat(count, () => 'reserve-with-timeout 0\r\n'));
      const ids = lines.filter((line) => line.startsWith('RESERVED')).map((line) => line.split(' ')[1]);
      if (ids.length) await connections[w](ids.map((id) => `delete ${id}\r\n`));
      return ids.length;
    };
    await four('beanstalkd, -f 0', {
      most: 25_000, mostSingly: 25_000, take,
      reset: async () => { while (await take(0, 500)); },
      // It syncs each: where a sync is dear, what comes in within some seconds must do.
      fill: async (count) => {
        const end = performance.now() + 4_000;
        for (let i = 0; i < count && performance.now() < end; i += 500) await connections[0](repeat(500, () => put));
      },
      publish: (w) => connections[w]([put]),
      publishMany: (count) => connections[0](repeat(count, () => put)),
    });
  },

  async nats() {
    const { connect, RetentionPolicy, StorageType, AckPolicy } = load('nats');
    const connections = await Promise.all(repeat(8, () => connect({ servers: `127.0.0.1:${PEER_PORT}` })));
    const streams = connections.map((connection) => connection.jetstream());
    const manager = await connections[0].jetstreamManager();
    const bytes = new TextEncoder().encode(body);
    let consumers = [];
    const publishMany = (count) => Promise.all(repeat(count, () => streams[0].publish('work.a', bytes)));
    await four('NATS JetStream (syncs every 2 min)', {
      most: 60_000, mostSingly: 40_000, publishMany,
      reset: async () => {
        await manager.streams.delete('WORK').catch(() => {});
        await manager.streams.add({ name: 'WORK', subjects: ['work.>'], retention: RetentionPolicy.Workqueue, storage: StorageType.File });
        await manager.consumers.add('WORK', { durable_name: 'c', ack_policy: AckPolicy.Explicit, max_ack_pending: 20_000, ack_wait: 60e9 });
        consumers = await Promise.all(streams.map((stream) => stream.consumers.get('WORK', 'c')));
      },
      fill: async (count) => { for (let i = 0; i < count; i += 200) await publishMany(200); },
      publish: (w = 0) => streams[w % 8].publish('work.a', bytes),
      take: async (w, count) => {
        if (count === 1) {
          const message = await consumers[w % 8].next({ expires: 1000 });
          if (!message) return 0;
          await message.ackAck();
          return 1;
        }
        const acks = [];
        for await (const message of await consumers[0].fetch({ max_messages: count, expires: 1000 })) acks.push(message.ackAck());
        await Promise.all(acks);
        return acks.length;
      },
    });
  },
};

await peers[PEER]();
process.exit(0);
