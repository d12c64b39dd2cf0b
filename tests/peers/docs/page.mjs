// The page of /docs in a browser of fifty lines: `node page.mjs http://host:port`. It loads what the
// daemon serves, and looks at every operation and schema as a reader would. Prints "ok".
import assert from "node:assert/strict";
import { writeFileSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";

const [url] = process.argv.slice(2);
const elements = new Map();
const listeners = new Map();

class Element {
    constructor(name) {
        Object.assign(this, { name, attributes: {}, children: [], value: "", dataset: {} });
    }
    setAttribute(name, value) { this.attributes[name] = String(value); }
    getAttribute(name) { return this.attributes[name] ?? null; }
    removeAttribute(name) { delete this.attributes[name]; }
    append(...children) { this.children.push(...children); }
    replaceChildren(...children) { this.children = children; }
    get childNodes() { return this.children; }
    set textContent(text) { this.children = [text]; }
    addEventListener(event, listener) { listeners.set(`${this.name} ${event}`, listener); }
    focus() { document.activeElement = this; }
    all(name) {
        const below = this.children.filter((child) => child instanceof Element);
        return below.flatMap((child) => [...(child.name === name ? [child] : []), ...child.all(name)]);
    }
    get text() { return this.children.map((child) => child?.text ?? String(child)).join(""); }
}

const byId = (id) => elements.get(id) ?? elements.set(id, new Element(id)).get(id);
globalThis.document = {
    documentElement: new Element("html"),
    activeElement: null,
    createElement: (name) => new Element(name),
    getElementById: byId,
    querySelectorAll: () => byId("list").all("a"),
    addEventListener: (event, listener) => listeners.set(`document ${event}`, listener),
};
globalThis.window = {
    addEventListener: (event, listener) => listeners.set(`window ${event}`, listener),
    scrollTo() {},
};
globalThis.location = { hash: "" };
globalThis.localStorage = { getItem: () => null, setItem() {} };
globalThis.matchMedia = () => ({ matches: false });
const fetchReal = globalThis.fetch;
globalThis.fetch = (path) => fetchReal(new URL(path, `${url}/docs`));

const script = await (await fetch("docs/app.js")).text();
const file = join(mkdtempSync(join(tmpdir(), "docs-")), "app.mjs");
writeFileSync(file, script);
await import(file);
for (let i = 0; i < 100 && !byId("list").children.length; ++i) {
    await new Promise((resolve) => { setTimeout(resolve, 20); });
}

const api = await (await fetch("docs/openapi.json")).json();
const links = () => byId("list").all("a").map((link) => link.getAttribute("href"));
const operations = Object.values(api.paths).flatMap((item) =>
    ["get", "put", "post", "patch", "delete"].filter((method) => item[method]).map((method) => item[method]));
assert.ok(operations.length > 40);
const wanted = [...operations.map((each) => `#operation/${each.operationId}`),
    ...Object.keys(api.components.schemas).map((name) => `#schema/${name}`)];
assert.deepEqual(links().sort(), wanted.sort());

for (const hash of wanted) {
    location.hash = hash;
    listeners.get("window hashchange")();
    const { text } = byId("content");
    assert.doesNotMatch(text, /undefined|\[object|null,null/, hash);
    assert.ok(text.length > 10, hash);
}
location.hash = "#operation/putQueue";
listeners.get("window hashchange")();
for (const words of ["/v1/queues/{queue}", "owner", "201", "Example"]) {
    assert.ok(byId("content").text.includes(words), words);
}

const press = (key) => listeners.get("document keydown")({ key, preventDefault() {} });
press("/");
assert.equal(document.activeElement, byId("search"));
byId("search").value = "PURGE queue";
listeners.get("search input")();
assert.deepEqual(links(), ["#operation/purgeQueue"]);
press("ArrowDown");
assert.equal(document.activeElement.getAttribute("href"), "#operation/purgeQueue");
press("ArrowUp");
press("Escape");
assert.equal(links().length, wanted.length);
byId("search").value = "no such words";
listeners.get("search input")();
assert.deepEqual(links(), []);
listeners.get("theme click")();
assert.equal(document.documentElement.dataset.theme, "dark");
console.log("ok");
