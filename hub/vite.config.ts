import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { defineConfig, type Plugin } from "vite";

const mostBytes = 100 * 1024;

// NAME.gz beside every file that becomes smaller by it: the binary sends it as it is.
function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      let total = 0;
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = path.join(entry.parentPath ?? entry.path, entry.name);
        const bytes = readFileSync(file);
        const small = gzipSync(bytes, { level: 9 });
        if (small.length < bytes.length * 0.9) writeFileSync(`${file}.gz`, small);
        total += small.length;
      }
      if (total > mostBytes) throw new Error(`the hub is ${total} bytes compressed, expected at most ${mostBytes}`);
    },
  };
}

const engine = process.env.JUNCTOR_URL ?? "http://127.0.0.1:8400";

export default defineConfig({
  base: "/hub/",
  plugins: [compressed()],
  build: {
    target: "es2022",
    // The policy of the engine allows no inline script, style or data: address.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: {
    proxy: Object.fromEntries(["/v1", "/readyz", "/metrics", "/oauth"].map((where) => [where, engine])),
  },
});
