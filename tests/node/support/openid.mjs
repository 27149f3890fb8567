// A real OpenID provider (npm oidc-provider) in the test's process, and browsers that keep cookies.
import http from "node:http";

import { consent } from "./consent.mjs";
import { check, packageOrSkip } from "./processes.mjs";

// exchanged: how many codes became tokens. secrets: every code, verifier and token that it gave or got.
export class OpenIdProvider {
  exchanged = 0;
  secrets = new Set();
  grants = new Set();

  // redirects: the callbacks that are registered for the client "web".
  async listen(redirects) {
    const { Provider } = await packageOrSkip("oidc-provider");
    // It remarks on its own defaults; nobody here needs them.
    console.warn = console.info = () => {};
    this.server = http.createServer();
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    const provider = new Provider(this.url, {
      clients: [{ client_id: "web", client_secret: "web-secret-7f31", redirect_uris: redirects,
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"], response_types: ["code"] }],
      features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true }, revocation: { enabled: true } },
      pkce: { required: () => true },
      scopes: ["openid", "offline_access"],
      findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
      cookies: { keys: ["test"] },
    });
    this.provider = provider;
    provider.on("refresh_token.saved", (token) => this.grants.add(token.grantId));
    provider.on("grant.success", (ctx) => { this.exchanged += ctx.oidc.params.grant_type === "authorization_code" ? 1 : 0; });
    for (const kind of ["authorization_code", "access_token", "refresh_token", "device_code"])
      provider.on(`${kind}.saved`, (one) => [one.jti, one.userCode].forEach((secret) => secret && this.secrets.add(secret)));
    provider.on("grant.success", (ctx) => ctx.oidc.params.code_verifier && this.secrets.add(ctx.oidc.params.code_verifier));
    const callback = provider.callback();
    this.server.on("request", (request, response) => {
      if (!request.url.startsWith("/interaction/")) return callback(request, response);
      return consent(provider, request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
    return this;
  }

  // Ends every grant, as a person does in the provider's settings.
  async revoke() {
    for (const id of this.grants) {
      await this.provider.AccessToken.adapter.revokeByGrantId(id);
      await this.provider.RefreshToken.adapter.revokeByGrantId(id);
      await this.provider.Grant.adapter.destroy(id);
    }
  }
}

export class Browser {
  cookies = [];  // {host, name, value, path}

  // One page: {status, location, cookies (as set), type, text}.
  async get(url, headers = {}) {
    const { host, pathname } = new URL(url);
    const mine = this.cookies.filter((one) => one.host === host && pathname.startsWith(one.path));
    const response = await fetch(url, { redirect: "manual",
      headers: { Accept: "text/html", ...(mine.length ? { Cookie: mine.map(({ name, value }) => `${name}=${value}`).join("; ") } : {}), ...headers } });
    const set = response.headers.getSetCookie();
    for (const line of set) this.keep(host, line);
    const location = response.headers.get("location");
    return { status: response.status, location: location && new URL(location, url).href, cookies: set,
      headers: response.headers, text: await response.text() };
  }

  keep(host, line) {
    const [pair, ...attributes] = line.split(/;\s*/);
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const attribute = (wanted) => attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute("path") ?? "/";
    this.cookies = this.cookies.filter((one) => !(one.host === host && one.name === name && one.path === path));
    const over = attribute("max-age") === "0" || attribute("expires")?.includes("1970");
    if (!over) this.cookies.push({ host, name, value, path });
  }

  // Follows redirects from a page until one leads below `stop`; gives that URL, not opened.
  async follow(url, stop) {
    for (let hop = 0; hop < 20; ++hop) {
      const page = await this.get(url);
      check(page.location, `no redirect from ${url}: ${page.status} ${page.text}`);
      if (page.location.startsWith(stop)) return page.location;
      url = page.location;
    }
    throw new Error("too many redirects");
  }
}
