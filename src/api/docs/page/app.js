// A browser for the OpenAPI document beside it: operations by tag, their parameters, bodies,
// answers and schemas. Everything is made as nodes with text, never as markup, so the document can
// say what it likes. Keys: "/" to the search, arrows through the list, Escape to clear.
const methods = ["get", "put", "post", "patch", "delete"];
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; null children are left out. */
function el(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
}

let api = null;

/** What a $ref names, and its last word. */
function resolve(node) {
    let name = null;
    while (node?.$ref) {
        const path = node.$ref.replace("#/", "").split("/");
        name = path.at(-1);
        node = path.reduce((at, key) => at?.[key], api);
    }
    return { node: node ?? {}, name };
}

/** Paragraphs, with `code` and **stress** as the document writes them. */
function prose(text) {
    if (!text) return [];
    return text.trim().split(/\n\s*\n/).map((paragraph) => {
        const parts = paragraph.split(/(`[^`]*`|\*\*[^*]*\*\*)/);
        return el("p", {}, parts.map((part) => {
            if (part.startsWith("`")) return el("code", {}, part.slice(1, -1));
            if (part.startsWith("**")) return el("strong", {}, part.slice(2, -2));
            return part;
        }));
    });
}

const inline = (text) => prose(text).flatMap((paragraph) => [...paragraph.childNodes]);

function methodMark(method) {
    return el("span", { class: `method ${method}` }, method.toUpperCase());
}

// ---- Schemas ----

const schemaLink = (name) => el("a", { href: `#schema/${name}` }, name);

/** "array of integer", "string (date-time)", "a | b": the kind in words and links. */
function kindOf(schema) {
    if (schema.$ref) return [schemaLink(resolve(schema).name)];
    if (schema.type === "array" && schema.items) return ["array of ", ...kindOf(schema.items)];
    const choice = schema.oneOf ?? schema.anyOf;
    if (choice) return choice.flatMap((each, i) => (i ? [" | ", ...kindOf(each)] : kindOf(each)));
    const type = [schema.type ?? (schema.properties ? "object" : "any")].flat().join(" | ");
    return [schema.format ? `${type} (${schema.format})` : type];
}

const ranges = { minimum: "≥", maximum: "≤", minLength: "length ≥", maxLength: "length ≤",
    minItems: "items ≥", maxItems: "items ≤", pattern: "matches" };

function rulesOf(schema) {
    const rules = Object.entries(ranges)
        .filter(([key]) => schema[key] !== undefined)
        .map(([key, word]) => `${word} ${schema[key]}`);
    const values = schema.enum?.map((value) => JSON.stringify(value)).join(", ");
    if (values) rules.push(`one of ${values}`);
    if (schema.const !== undefined) rules.push(`always ${JSON.stringify(schema.const)}`);
    if (schema.default !== undefined) rules.push(`default ${JSON.stringify(schema.default)}`);
    return rules.length ? el("span", { class: "faint" }, ` ${rules.join("; ")}`) : null;
}

/** A schema and what is in it; what has a name of its own is linked, not repeated. */
function schemaNode(schema, depth = 0) {
    if (schema.$ref && depth > 0) return null;
    const { node } = resolve(schema);
    const parts = [...(node.allOf ?? []), ...(node.oneOf ?? []), ...(node.anyOf ?? [])];
    const properties = Object.entries(node.properties ?? {});
    const rows = properties.map(([name, property]) => el("li", {},
        el("code", {}, name), " ", el("span", { class: "kind" }, kindOf(property)),
        node.required?.includes(name) ? el("span", { class: "required" }, " required") : null,
        rulesOf(property), property.description ? [" – ", ...inline(property.description)] : null,
        depth < 6 ? schemaNode(property, depth + 1) : null));
    for (const part of parts) {
        const inside = part.$ref ? schemaLink(resolve(part).name) : schemaNode(part, depth + 1);
        rows.push(el("li", {}, inside));
    }
    const further = node.additionalProperties;
    const inner = node.items ?? (typeof further === "object" ? further : null);
    const below = inner && depth < 6 ? schemaNode(inner, depth + 1) : null;
    if (!rows.length) return below;
    return el("ul", { class: "schema" }, rows, below);
}

function schemaPage(name) {
    const schema = api.components?.schemas?.[name];
    if (!schema) return null;
    return [el("h2", {}, name), el("p", { class: "kind" }, kindOf(schema), rulesOf(schema)),
        ...prose(schema.description), schemaNode(schema)];
}

// ---- Operations ----

function examplesOf(media) {
    const all = Object.entries(media.examples ?? {})
        .map(([name, each]) => [name, resolve(each).node.value]);
    if (media.example !== undefined) all.unshift([null, media.example]);
    const text = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
    return all.map(([name, value]) => el("figure", {},
        el("figcaption", { class: "faint" }, name ? `Example: ${name}` : "Example"),
        el("pre", { tabindex: "0" }, text(value))));
}

function contentNode(content) {
    return Object.entries(content ?? {}).flatMap(([type, media]) => [
        el("p", {}, el("code", {}, type), " ",
            el("span", { class: "kind" }, media.schema ? kindOf(media.schema) : "")),
        media.schema ? schemaNode(media.schema) : null, ...examplesOf(media)]);
}

function parameterTable(parameters) {
    if (!parameters.length) return null;
    const rows = parameters.map((each) => {
        const { node } = resolve(each);
        const schema = node.schema ? resolve(node.schema).node : {};
        return el("tr", {}, el("td", {}, el("code", {}, node.name),
            node.required ? el("span", { class: "required" }, " required") : null),
        el("td", {}, node.in),
        el("td", {}, el("span", { class: "kind" }, kindOf(node.schema ?? {})), rulesOf(schema)),
        el("td", {}, inline(node.description ?? schema.description)));
    });
    const head = ["Name", "In", "Kind", "What"].map((word) => el("th", { scope: "col" }, word));
    return [el("h3", {}, "Parameters"),
        el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows))];
}

function responseNode([status, response]) {
    const { node } = resolve(response);
    return [el("h4", {}, status === "default" ? "otherwise" : status),
        ...prose(node.description), ...contentNode(node.content)];
}

function operationPage(id) {
    const found = operations.find((each) => each.id === id);
    if (!found) return null;
    const { method, path, operation, shared } = found;
    const security = operation.security ?? api.security ?? [];
    const optional = security.some((each) => !Object.keys(each).length);
    const key = security.length === 0 ? "No key is asked for in the header."
        : optional ? "A key is asked for if the configuration says so." : null;
    const body = operation.requestBody ? resolve(operation.requestBody).node : null;
    return [el("h2", {}, methodMark(method), el("span", { class: "path" }, path)),
        el("p", {}, operation.summary ?? ""), ...prose(operation.description),
        key ? el("p", { class: "faint" }, key) : null,
        parameterTable([...shared, ...(operation.parameters ?? [])]),
        body ? [el("h3", {}, "Body"), ...prose(body.description),
            ...contentNode(body.content)] : null,
        el("h3", {}, "Answers"),
        Object.entries(operation.responses ?? {}).flatMap(responseNode)].flat();
}

const introduction = () => [el("h2", {}, api.info.title), ...prose(api.info.description)];

// ---- The list, and getting about in it ----

let operations = [];

function readOperations() {
    return Object.entries(api.paths).flatMap(([path, item]) => methods
        .filter((method) => item[method])
        .map((method) => ({ method, path, operation: item[method], shared: item.parameters ?? [],
            id: item[method].operationId, tag: item[method].tags?.[0] ?? "other" })));
}

function entry(href, words, ...children) {
    return { words: words.join(" ").toLowerCase(), node: el("a", { href }, ...children) };
}

function operationEntry(each) {
    const words = [each.method, each.path, each.id, each.tag, each.operation.summary ?? ""];
    return entry(`#operation/${each.id}`, words,
        methodMark(each.method), el("span", { class: "path" }, each.path));
}

function groups() {
    const named = (api.tags ?? []).map((tag) => tag.name);
    const tags = [...new Set([...named, ...operations.map((each) => each.tag)])];
    const all = tags.map((title) => ({ title,
        entries: operations.filter((each) => each.tag === title).map(operationEntry) }));
    const schemas = Object.keys(api.components?.schemas ?? {}).sort();
    all.push({ title: "schemas",
        entries: schemas.map((name) => entry(`#schema/${name}`, [name, "schema"], name)) });
    return all;
}

let listed = [];

function showList() {
    const wanted = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = listed
        .map(({ title, entries }) => ({ title,
            entries: entries.filter((each) => wanted.every((word) => each.words.includes(word))) }))
        .filter(({ entries }) => entries.length);
    byId("list").replaceChildren(...shown.flatMap(({ title, entries }) =>
        [el("h2", {}, title), ...entries.map((each) => each.node)]));
    if (!shown.length) byId("list").append(el("p", {}, "Nothing has these words."));
    markCurrent();
}

function pageOf(kind, name) {
    if (kind === "operation") return operationPage(name);
    return kind === "schema" ? schemaPage(name) : null;
}

function markCurrent() {
    for (const link of document.querySelectorAll("nav a")) {
        if (link.getAttribute("href") === location.hash) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
}

function showPage() {
    const [kind, name] = decodeURIComponent(location.hash.slice(1)).split("/");
    const page = pageOf(kind, name) ?? introduction();
    byId("content").replaceChildren(...page.flat().filter(Boolean));
    markCurrent();
    window.scrollTo(0, 0);
}

/** Whether the key was one of ours. */
function move(key) {
    const search = byId("search");
    const links = [...document.querySelectorAll("nav a")];
    const at = links.indexOf(document.activeElement);
    const searching = document.activeElement === search;
    if (key === "/" && !searching) {
        search.focus();
    } else if (key === "Escape" && search.value) {
        search.value = "";
        showList();
        search.focus();
    } else if (key === "ArrowDown" && (at >= 0 || searching)) {
        links[Math.min(at + 1, links.length - 1)]?.focus();
    } else if (key === "ArrowUp" && at >= 0) {
        (links[at - 1] ?? search).focus();
    } else {
        return false;
    }
    return true;
}

function setTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
}

function switchTheme() {
    const chosen = document.documentElement.dataset.theme;
    const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    setTheme(dark ? "light" : "dark");
    localStorage.setItem("theme", document.documentElement.dataset.theme);
}

async function start() {
    setTheme(localStorage.getItem("theme"));
    byId("theme").addEventListener("click", switchTheme);
    const response = await fetch("docs/openapi.json");
    if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
    api = await response.json();
    byId("version").textContent = api.info.version;
    operations = readOperations();
    listed = groups();
    byId("search").addEventListener("input", showList);
    document.addEventListener("keydown", (event) => {
        if (move(event.key)) event.preventDefault();
    });
    window.addEventListener("hashchange", () => {
        showPage();
        byId("content").focus();
    });
    showList();
    showPage();
}

start().catch((error) => {
    byId("content").replaceChildren(el("p", {}, `The document did not load: ${error.message}`));
});
